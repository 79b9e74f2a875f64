"""On which days which places had a row of usage, as bits: what evidence is judged by before the days are added up.

A row counts for the schema of its table, and so do OpenMetadata's rows for the schema itself; those for a database count
for the database alone. Rows of ids that OpenMetadata has no table for count for nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from thirdeye.inventory.columns import ABSENT, Array, Mask, day_number
from thirdeye.inventory.directory import Place
from thirdeye.inventory.feeds import RowDays, stopped_together
from thirdeye.inventory.rules import clamp_day_number
from thirdeye.mirror.state import Index, State

# Stands for the places of an estate without tables.
NO_PLACE: Final[Place] = (0, None, None)
# By day, in hexadecimal: the places and the databases.
DayBits = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Places:
    """The places of an estate, and how the rows of usage find theirs. `database` and `service` are by place.

    Databases are numbered in the order of their first place. `of_table` is the place of a table, -1 for one that
    is gone; the ids of schemas and databases lead to `id_places` and `id_databases`, -1 for none.
    """

    service: Array
    database: Array
    databases: int
    of_table: Array
    ids: Index
    id_places: Array
    id_databases: Array

    @property
    def service_of_database(self) -> Array:
        """By database."""
        services = np.zeros(self.databases, np.int64)
        services[self.database] = self.service
        return services


def places_of(state: State, hashes: Mapping[bytes, str]) -> Places:
    """The places of a state; `hashes` are the FQN hashes of schemas and databases by their ids."""
    items, numbers = state.places.items or [NO_PLACE], dict[tuple[int, str | None], int]()
    database = [numbers.setdefault((service, name), len(numbers)) for service, name, _ in items]
    by_hash = {hash_: place for place, hash_ in enumerate(state.place_hashes)}
    database_by_hash = {hash_.rsplit(".", 1)[0]: database[place] for place, hash_ in enumerate(state.place_hashes)}
    keys = list(hashes)
    counts = (state.source["stamp"] != 0) | state.query.has(ABSENT)
    return Places(
        service=np.array([service for service, _, _ in items], np.int64),
        database=np.array(database, np.int64),
        databases=len(numbers),
        of_table=np.where(counts, state.query["place"], -1).astype(np.int32),
        ids=Index(np.array(keys, "S16")),
        id_places=np.array([by_hash.get(hashes[key], -1) for key in keys], np.int64),
        id_databases=np.array([database_by_hash.get(hashes[key], -1) for key in keys], np.int64),
    )


def bits_of_days(places: Places, rows: Sequence[Array], ids: Sequence[Array]) -> list[DayBits]:
    """The bits of days: by day the tables (numbers) and the ids of other assets that have rows."""
    if not rows:
        return []
    seen = np.zeros((len(rows), len(places.service)), np.bool_)
    seen_databases = np.zeros((len(rows), places.databases), np.bool_)
    _mark(seen, _lines(rows), places.of_table[np.concatenate(rows)])
    lines, known = _lines(ids), places.ids.numbers(np.concatenate(ids))
    lines, known = lines[known >= 0], known[known >= 0]
    _mark(seen, lines, places.id_places[known])
    _mark(seen_databases, lines, places.id_databases[known])
    return list(zip(_hexadecimal(seen), _hexadecimal(seen_databases), strict=True))


def _lines(parts: Sequence[Array]) -> Array:
    """The number of the part that each item is in."""
    return np.repeat(np.arange(len(parts), dtype=np.uint16), [len(part) for part in parts])


def _mark(masks: Mask, lines: Array, found: Array) -> None:
    """Sets what was found on each line; -1 is nothing."""
    masks[lines[found >= 0], found[found >= 0]] = True


def _hexadecimal(masks: Mask) -> list[str]:
    return [line.tobytes().hex() for line in np.packbits(masks, axis=1)]


@dataclass(frozen=True, kw_only=True)
class RowMatrix:
    """The bits of all days: `days` are day numbers, ascending, the masks have a line a day."""

    days: Array
    places: Mask
    databases: Mask


def row_matrix(bits: Mapping[str, DayBits], places: Places, today: int) -> RowMatrix:
    """The bits of all days, those in the future as today."""
    numbers = {name: clamp_day_number(day_number(date.fromisoformat(name)), today) for name in sorted(bits)}
    names = [name for name, number in numbers.items() if number]
    return RowMatrix(
        days=np.array([numbers[name] for name in names], np.int64),
        places=_unpacked([bits[name][0] for name in names], len(places.service)),
        databases=_unpacked([bits[name][1] for name in names], places.databases),
    )


def _unpacked(lines: list[str], width: int) -> Mask:
    result = np.zeros((len(lines), width), np.bool_)
    for line, text in zip(result, lines, strict=True):
        # Fewer, of a day that was read when there were fewer places.
        stored = np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8))[:width]
        line[: len(stored)] = stored
    return result


def first_and_newest(days: Array, rows: Mask) -> tuple[Array, Array]:
    """By column of `rows` the first and the newest day, 0 for none."""
    if not len(days):
        none = np.zeros(rows.shape[1], np.int64)
        return none, none.copy()
    any_day = rows.any(axis=0)
    first = np.where(any_day, days[rows.argmax(axis=0)], 0)
    newest = np.where(any_day, days[len(days) - 1 - rows[::-1].argmax(axis=0)], 0)
    return first, newest


def row_days(days: tuple[Array, Array], group: Array, days_of_use: Array, last_use: Array) -> RowDays:
    """What feeds are judged by, of groups of tables (`group`, by table) with these first and newest days."""
    first, newest = days
    together = stopped_together(group, len(first), days_of_use, last_use, newest)
    return RowDays(first=first, newest=newest, stopped_together=together)


def spread(days: RowDays, group: Array) -> RowDays:
    """The same by place, of groups of places."""
    return RowDays(first=days.first[group], newest=days.newest[group], stopped_together=days.stopped_together[group])
