"""Keys of assets that outlive refreshes: of tables the number, which follows their identity, of others the id. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

_TABLE: Final = "table "


def table_key(number: int) -> str:
    """The key of a table."""
    return f"{_TABLE}{number}"


def asset_key(identifier: bytes) -> str:
    """The key of any other asset."""
    # numpy drops zero bytes at the end of a key.
    return bytes(identifier).ljust(16, b"\0").hex()


def table_numbers(keys: Iterable[str]) -> Iterator[int]:
    """The numbers of the tables among these keys."""
    return (int(key.removeprefix(_TABLE)) for key in keys if key.startswith(_TABLE))
