"""Ids and hashes as 16 bytes each, alone and in arrays. Packed texts hold them as 32 hexadecimal digits."""

from typing import Any, Final
from uuid import UUID

import numpy as np

from thirdeye.inventory.columns import Array, Mask

KEY: Final = np.dtype("S16")


def id_key(identifier: str) -> bytes | None:
    """The bytes of a UUID as OM writes it; None for any other text, and for the UUID of zeros, which is nobody's and no key."""
    digits = identifier.replace("-", "")
    if len(identifier) != 36 or len(digits) != 32 or not identifier[8] == identifier[13] == identifier[18] == "-":
        return None
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        return None
    # Two texts with the same digits would be one table twice.
    return key if any(key) and key.hex() == digits else None


def id_text(key: bytes) -> str:
    """A UUID as OM writes it; numpy drops zero bytes at the end of a key."""
    return str(UUID(bytes=bytes(key).ljust(16, b"\0")))


def are_odd(keys: Array) -> Mask:
    """Which keys stand for ids that are none, as `relations/store.py` makes them."""
    parts = np.ascontiguousarray(keys).view("u1").reshape(-1, 16)
    odd: Mask = (parts[:, 2:6] == 0xFF).all(axis=1)
    return odd


def records_of(digits: str, dtype: np.dtype[Any] = KEY) -> Array:
    """The keys, or the records of `dtype`, in a packed text."""
    return np.frombuffer(bytes.fromhex(digits), dtype=dtype)
