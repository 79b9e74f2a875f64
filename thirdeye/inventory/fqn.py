"""Fully qualified names (FQNs) as OpenMetadata writes them: a name that contains dots is quoted."""

import re
from collections.abc import Iterable
from hashlib import md5, sha224
from typing import Final

_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


def split_fqn(fqn: str) -> list[str]:
    """The names in an FQN, unquoted."""
    if '"' not in fqn:
        return fqn.split(".")
    return [quoted.replace('""', '"') if quoted else plain for quoted, plain in _QUOTED.findall(fqn)] or [fqn]


def join_fqn(names: Iterable[str]) -> str:
    """The FQN of these names, quoted as OpenMetadata quotes them."""
    return ".".join('"' + name.replace('"', '""') + '"' if {".", '"'} & set(name) else name for name in names)


def fqn_hash(fqn: str) -> str:
    """The hash of an FQN as OpenMetadata makes it: of each name, with its quotes."""
    names = [match[0] for match in _QUOTED.finditer(fqn)]
    return ".".join(md5(name.encode(), usedforsecurity=False).hexdigest() for name in names)


def digest(text: str) -> bytes:
    """The 16-byte key of an FQN, or of a hash of one. In SQL its hexadecimal digits are LEFT(SHA2(text, 224), 32)."""
    return sha224(text.encode()).digest()[:16]
