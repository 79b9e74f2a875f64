"""Ids and hashes as 16 bytes each, alone and in arrays. Packed texts hold them as 32 hexadecimal digits."""

from typing import Any, Final
from uuid import UUID

import numpy as np

from thirdeye.inventory.columns import Array

KEY: Final = np.dtype("S16")


def id_key(identifier: str) -> bytes | None:
    """The bytes of a UUID; None for any other text, and for the UUID of zeros, which is nobody's and no key."""
    digits = identifier.replace("-", "")
    if len(identifier) != 36 or len(digits) != 32:
        return None
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        return None
    return key if any(key) else None


def id_text(key: bytes) -> str:
    """A UUID as OM writes it; numpy drops zero bytes at the end of a key."""
    return str(UUID(bytes=bytes(key).ljust(16, b"\0")))


def records_of(digits: str, dtype: np.dtype[Any] = KEY) -> Array:
    """The keys, or the records of `dtype`, in a packed text."""
    return np.frombuffer(bytes.fromhex(digits), dtype=dtype)
