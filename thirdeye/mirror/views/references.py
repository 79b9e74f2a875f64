"""What texts of views name, as keys, kept from refresh to refresh."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np

from thirdeye.inventory.columns import Array, Columns, Mask, select
from thirdeye.inventory.table_names import head_key, path_key, schema_key, word_key
from thirdeye.mirror.views.sql_dialects import Path

# Texts of views by the number of the view. `state` is one of TextState.
TEXT_FIELDS: Final = {"view": "u4", "state": "u1"}
# What texts name: see Reference. `kind` is one of ReferenceKind.
REFERENCE_FIELDS: Final = {"view": "u4", "key": "u8", "other": "u8", "kind": "u1", "word": "u8", "schema": "u8"}
VIEW_GROUPS: Final = {"view-text": TEXT_FIELDS, "view-reference": REFERENCE_FIELDS}
# Where a name without a schema may mean a table, too: in the schemas that a session looks through.
_DEFAULT_SCHEMAS: Final[Mapping[str, str]] = {
    "postgres": "public", "redshift": "public", "snowflake": "public", "tsql": "dbo",
}  # fmt: skip
# In a text that was not read: `events_*`, and the `events_` of functions that read ranges of tables.
_STAR: Final = re.compile(r"([\w-]*)\*`")
_WORD: Final = re.compile(r"\w+")


class TextState(IntEnum):
    """What became of a text."""

    READ = 1
    # It could not be read, in this version.
    UNREADABLE = 2
    # Nobody has tried yet.
    PENDING = 3
    # It is longer than what is tried.
    TOO_LARGE = 4
    # A former version read it; what it found counts until this one has read the text.
    FORMER = 5


class ReferenceKind(IntEnum):
    """What the keys of a reference are."""

    # Of a path; the other one counts where nothing has the first.
    PATH = 0
    # Of two paths, of which both may be meant.
    EITHER = 1
    # Of the stems of two series.
    PARTS = 2
    # Of the first letters of names, 0 for all names: which of those tables are meant is not known.
    HEAD = 3


class Home(NamedTuple):
    """Where a view lies, for names that do not say it all."""

    service: str
    database: str | None
    schema: str | None
    dialect: str
    service_hash: str = ""


class Reference(NamedTuple):
    """What a text names, as keys; 0 for none.

    `word`: if no table has the keys, any of the service with this key as a word may be meant, unless `schema` is known.
    For a HEAD, `schema` is where the tables are, if that is known.
    """

    key: int
    other: int
    kind: ReferenceKind
    word: int = 0
    schema: int = 0


def references(path: Path, home: Home) -> Iterator[Reference]:
    """What a name in a text may mean."""
    default = _DEFAULT_SCHEMAS.get(home.dialect)
    database = path[-3] if len(path) > 2 else home.database
    schema = path[-2] if len(path) > 1 else home.schema
    if len(path) > 1 and not schema:
        schema = default
    name = path[-1]
    if name.endswith("*"):
        yield from _wildcard(name.rstrip("*"), home, database, schema)
        return

    def key_in(database: str | None, schema: str | None) -> int:
        return path_key(home.service, database, schema, name)

    first, other, kind = key_in(database, schema), 0, ReferenceKind.PATH
    if len(path) == 1 and default is not None:
        # Postgres gives the names bare that are visible, and those are mostly of the default schema.
        other, kind = key_in(database, default), ReferenceKind.EITHER
    elif len(path) > 2:
        # What OM calls the database is often not what the engine does.
        other = key_in(home.database, schema)
    word, place = word_key(home.service, name), schema_key(home.service_hash, database, schema) if len(path) > 1 else 0
    yield Reference(first, 0 if other == first else other, kind, word, place)


def _wildcard(prefix: str, home: Home, database: str | None, schema: str | None) -> Iterator[Reference]:
    """BigQuery: `events_*` stands for all tables whose names begin so; `events_2026*` for a part of a series."""
    stems = [prefix.rstrip("_-"), prefix.rstrip("0123456789_-.")]
    first, other = (path_key(home.service, database, schema, stem) if stem else 0 for stem in stems)
    yield Reference(first, 0 if other == first else other, ReferenceKind.PARTS)
    key = _prefix_key(home.service, prefix)
    yield Reference(key, 0, ReferenceKind.HEAD, schema=schema_key(home.service_hash, database, schema))


def _prefix_key(service: str, prefix: str) -> int:
    """The head key of the names that begin so; 0 where that may be any: those of `ev*` may go on with letters."""
    return head_key(service, prefix) if prefix and not prefix[-1].isalpha() else 0


def unread_wildcards(text: str, home: Home) -> Iterator[Reference]:
    """What the wildcards of a text that was not read may mean, in any schema."""
    if home.dialect == "bigquery":
        # Most texts have none, and looking for where one begins takes long.
        stars = set(_STAR.findall(text)) if "*`" in text else set()
        words = set(_WORD.findall(_STAR.sub(" ", text) if stars else text))
        prefixes = stars | {word for word in words if len(word) > 1 and word.endswith("_")}
        for key in sorted({_prefix_key(home.service, prefix) for prefix in prefixes}):
            yield Reference(key, 0, ReferenceKind.HEAD)


@dataclass
class ViewTexts:
    """What is known of the texts of views."""

    texts: Columns = field(default_factory=lambda: Columns(TEXT_FIELDS))
    references: Columns = field(default_factory=lambda: Columns(REFERENCE_FIELDS))

    def groups(self) -> dict[str, Columns]:
        """By group of blobs."""
        return dict(zip(VIEW_GROUPS, (self.texts, self.references), strict=True))

    def views(self, *states: TextState) -> Array:
        """The views with a text in one of these states."""
        views: Array = self.texts["view"][np.isin(self.texts["state"], states)]
        return views

    def unread(self, length: int) -> Mask:
        """Which of so many tables are views whose texts were tried or wait, and were not read."""
        return select(self.views(TextState.PENDING, TextState.UNREADABLE).tolist(), length)

    def forget(self, views: Mask) -> None:
        """Leaves out what is known of these views."""
        for columns in self.groups().values():
            chosen = ~views[columns["view"]]
            _replace(columns, {name: columns[name][chosen] for name in columns.fields})

    def outdate(self) -> None:
        """What a former version read counts until this one has read it; what that could not read, this one may."""
        states = self.texts["state"]
        read, unreadable = states == TextState.READ, states == TextState.UNREADABLE
        self.texts["state"] = np.select([read, unreadable], [TextState.FORMER, TextState.PENDING], states)

    def add(self, group: str, rows: Iterable[tuple[int, ...]]) -> None:
        """Adds rows to a group, in the order of its fields."""
        columns = self.groups()[group]
        first = columns.length
        values = list(zip(*rows, strict=True))
        if values:
            columns.grow(first + len(values[0]))
            for name, column in zip(columns.fields, values, strict=True):
                columns[name][first:] = np.array(column, dtype=columns.fields[name])

    def extend(self, others: Sequence["ViewTexts"]) -> None:
        """Adds what is known of other views."""
        for group, columns in self.groups().items():
            parts = [columns, *(other.groups()[group] for other in others)]
            _replace(columns, {name: np.concatenate([part[name] for part in parts]) for name in columns.fields})

    def sort(self) -> None:
        """Brings all into one order, whatever it came in."""
        for columns in self.groups().values():
            order = np.lexsort([columns[name] for name in reversed(list(columns.fields))])
            for name in columns.fields:
                columns[name] = columns[name][order]


def _replace(columns: Columns, values: Mapping[str, Array]) -> None:
    columns.length = len(next(iter(values.values())))
    for name, column in values.items():
        columns[name] = column
