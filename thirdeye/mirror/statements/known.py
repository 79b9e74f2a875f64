"""What is known of statements, kept from refresh to refresh, and which of them only write the tables that they name.

OpenMetadata relates a statement to every table that it names (MENTIONED_IN), the target of an INSERT among them. Whatever
could not be read, or is not known to write only, counts as use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from thirdeye.inventory.columns import Array, Columns, Fields, Mask
from thirdeye.inventory.table_names import word_key
from thirdeye.mirror.views.sql_dialects import Path

# By statement: its id, a checksum of when OpenMetadata changed it and of who ran it, one of how it was read, what became of it,
# the hash of its text, a checksum of the rules of what does not count, and what these say of it.
STATEMENT_FIELDS: Final[Fields] = {
    "query": "S16", "stamp": "u4", "how": "u4", "state": "u1", "hash": "S16", "rules": "u4", "uncounted": "u1",
}  # fmt: skip
# Bits of `uncounted`: somebody ran it whose use does not count, somebody whose use does, and its text does not count.
BY_UNCOUNTED, BY_OTHERS, UNCOUNTED_TEXT = 1, 2, 4
# The names of tables in those that were read: keys of the name and of the schema (0: the text has none), and whether the
# statement writes it.
NAME_FIELDS: Final[Fields] = {"query": "S16", "word": "u8", "schema": "u4", "written": "u1"}
GROUPS: Final = {"statement": STATEMENT_FIELDS, "statement-name": NAME_FIELDS}
# A statement with more names is not looked at, and so many mentions are compared with names at a time.
MOST_NAMES: Final = 200
_PART: Final = 50_000


class StatementState(IntEnum):
    """What became of a statement."""

    # Its names are known: it writes one or more.
    WRITES = 1
    # It has no word of writing, or it writes nothing that it does not read.
    READS = 2
    UNREADABLE = 3
    TOO_LARGE = 4
    # Nobody has tried yet.
    PENDING = 5


def schema_word(schema: str | None) -> int:
    """The key of the name of a schema, whatever its database; 0 for none."""
    return (crc32(schema.casefold().encode(errors="replace")) or 1) if schema else 0


class StatementName(NamedTuple):
    """A name in a statement, as keys."""

    word: int
    schema: int
    written: bool


def names_of(service: str, written: Sequence[Path], read: Sequence[Path]) -> list[StatementName] | None:
    """The names in a statement; None for one that may read what it does not name, or names too much."""
    if len(written) + len(read) > MOST_NAMES or any("*" in path[-1] for path in (*written, *read)):
        return None
    return [
        StatementName(word_key(service, path[-1]), schema_word(path[-2] if len(path) > 1 else None), is_written)
        for paths, is_written in ((written, True), (read, False))
        for path in paths
    ]


@dataclass
class Statements:
    """What is known of the statements that name tables, in the order of their ids."""

    rows: Columns = field(default_factory=lambda: Columns(STATEMENT_FIELDS))
    names: Columns = field(default_factory=lambda: Columns(NAME_FIELDS))

    def groups(self) -> dict[str, Columns]:
        """By group of blobs."""
        return dict(zip(GROUPS, (self.rows, self.names), strict=True))

    def places(self, queries: Array) -> Array:
        """The places of these statements in the rows, -1 for those that are not known."""
        return places_of(self.rows["query"], queries)


def places_of(keys: Array, wanted: Array) -> Array:
    """The places of the wanted keys among keys in order, -1 for those that are not there."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)


def only_writing(known: Statements, mentions: tuple[Array, Array], words: Array, schemas: Array) -> Mask:
    """Which mentions are of statements that only write the table. `words` and `schemas` are keys by table."""
    numbers, queries = mentions
    result = np.zeros(len(numbers), np.bool_)
    places = known.places(queries)
    writes = (places >= 0) & (numbers >= 0)
    writes[writes] = known.rows["state"][places[writes]] == StatementState.WRITES
    candidates = np.flatnonzero(writes)
    for start in range(0, len(candidates), _PART):
        part = candidates[start : start + _PART]
        result[part] = _only_write(known.names, queries[part], words[numbers[part]], schemas[numbers[part]])
    return result


def _only_write(names: Columns, queries: Array, words: Array, schemas: Array) -> Mask:
    first, end = (np.searchsorted(names["query"], queries, side) for side in ("left", "right"))
    counts = end - first
    of_mention = np.repeat(np.arange(len(queries)), counts)
    name = np.arange(len(of_mention)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first, counts)
    schema, is_written = names["schema"][name], names["written"][name] == 1
    is_named = names["word"][name] == words[of_mention]
    is_same_schema = schema == schemas[of_mention]

    def any_of(chosen: Mask) -> Mask:
        mask: Mask = np.bincount(of_mention[chosen], minlength=len(queries)) > 0
        return mask

    written = any_of(is_named & is_written & ((schema == 0) | is_same_schema))
    # Only of a table that is written under its full name it is known that the one of another schema is another table.
    by_full_name = any_of(is_named & is_written & (schema != 0) & is_same_schema)
    is_other = (schema != 0) & ~is_same_schema & by_full_name[of_mention]
    return written & ~any_of(is_named & ~is_written & ~is_other)


def only_written(tables: int, mentions: tuple[Array, Array], writes_only: Mask) -> Mask:
    """Which tables every statement that names them only writes, or is none that counts; not those that no statement names."""
    numbers = mentions[0]
    is_table = numbers >= 0
    named = np.bincount(numbers[is_table], minlength=tables) > 0
    read = np.bincount(numbers[is_table & ~writes_only], minlength=tables) > 0
    mask: Mask = named & ~read
    return mask


def batches(keys: Array, size: int) -> Iterator[Array]:
    """The keys, so many at a time."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]
