"""Fully qualified names as OpenMetadata writes them: names with dots stand in quotes."""

import re
from hashlib import sha224
from typing import Final

_QUOTED: Final = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')


def split_fqn(fqn: str) -> list[str]:
    """The names in an FQN, without the quotes around those that hold dots."""
    if '"' not in fqn:
        return fqn.split(".")
    return [quoted.replace('""', '"') if quoted else plain for quoted, plain in _QUOTED.findall(fqn)] or [fqn]


def digest(text: str) -> bytes:
    """16 bytes that stand for an FQN or a hash of one; in SQL the hexadecimal digits are LEFT(SHA2(text, 224), 32)."""
    return sha224(text.encode()).digest()[:16]
