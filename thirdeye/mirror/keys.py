"""Ids and hashes as 16 bytes each, alone and in arrays. Packed texts hold them as 32 hexadecimal digits."""

from uuid import UUID

import numpy as np

from thirdeye.inventory.columns import Array

KEY = np.dtype("S16")


def id_key(identifier: str) -> bytes | None:
    """The bytes of a UUID; None for any other text."""
    digits = identifier.replace("-", "")
    if len(identifier) != 36 or len(digits) != 32:
        return None
    try:
        return bytes.fromhex(digits)
    except ValueError:
        return None


def id_text(key: bytes) -> str:
    """A UUID as OM writes it; numpy drops zero bytes at the end of a key."""
    return str(UUID(bytes=bytes(key).ljust(16, b"\0")))


def keys_of(digits: str) -> Array:
    """The keys in a packed text of 32 digits each."""
    return np.frombuffer(bytes.fromhex(digits), dtype=KEY)


def records_of(digits: str, dtype: np.dtype[np.void]) -> Array:
    """The records in a packed text; `dtype` says how wide each field is."""
    return np.frombuffer(bytes.fromhex(digits), dtype=dtype)


def key_array(keys: list[bytes]) -> Array:
    """Keys as an array."""
    return np.frombuffer(b"".join(keys), dtype=KEY) if keys else np.zeros(0, KEY)
