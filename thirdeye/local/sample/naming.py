"""How OpenMetadata names things: quoted segments, fully qualified names and their hashes."""

import random
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b, md5
from uuid import UUID


def quote_name(name: str) -> str:
    """One segment of an FQN: a name with a dot in it stands in double quotes.

    OM refuses names that hold a double quote themselves; its connectors write `__reserved__quote__` instead.
    """
    return f'"{name}"' if "." in name else name


def join_fqn(parent: str, name: str) -> str:
    """The FQN of `name` below `parent`, which is itself an FQN."""
    return f"{parent}.{quote_name(name)}"


@lru_cache(maxsize=65536)
def segment_hash(segment: str) -> str:
    """Lower-hex MD5 of one segment as it stands in the FQN, with its quotes if it has any."""
    return md5(segment.encode(), usedforsecurity=False).hexdigest()


def hash_of_names(names: Iterable[str]) -> str:
    """The `fqnHash` of the entity with these names, outermost first: '.'-joined hashes of the quoted segments."""
    return ".".join(segment_hash(quote_name(name)) for name in names)


def join_hash(parent_hash: str, name: str) -> str:
    """The `fqnHash` of `name` below a parent with `parent_hash`."""
    return f"{parent_hash}.{segment_hash(quote_name(name))}"


def identifier(seed: int, kind: str, number: int) -> str:
    """A UUID (version 4 in form) that depends on nothing but its arguments."""
    digest = blake2b(f"{seed}/{kind}/{number}".encode(), digest_size=16).digest()
    return str(UUID(bytes=digest, version=4))


def dice(seed: int, aspect: int, number: int) -> random.Random:
    """Random numbers for one aspect of one thing, so that each can be generated alone and again."""
    return random.Random(((seed * 1_000_003 + aspect) << 40) ^ number)
