"""Series: tables that are parts of one whole, such as partitions and shards by date.

A series is made of the tables of one schema whose names differ only in a suffix that is a date, at least three of them,
unless an undated table has the same name and is no `Partitioned` one; or of a `Partitioned` table and the tables whose
names are its own and a suffix that is a date or a number. Partitions of partitions belong to the whole.
Every table is a part or none whatever it is: a view without a date in its name takes it from the series, too.
"""

from dataclasses import dataclass
from typing import Final, TypedDict

import numpy as np

from thirdeye.inventory.columns import CHUNK, DATED, PARTITIONED, Array, Mask
from thirdeye.inventory.table_names import Grain

MIN_PARTS: Final = 3
# Parts that were not read for so many days are old if all that come after the first that was are younger.
READ_DAYS: Final = 365
# What names say of the age of parts is believed where the tables were known so many days after it.
_LATE_DAYS: Final = 31
_GRAIN_BITS: Final = 3
_DAY_SECONDS: Final = 86_400
# Keeps equal names of two schemas apart.
_SCHEMA_FACTOR: Final = np.uint64(0x9E37_79B9_7F4A_7C15)


@dataclass(frozen=True, kw_only=True)
class SeriesNames:
    """What series are found by, one value per table; the keys and bits of `columns.NAME_FIELDS`."""

    place: Array
    path_key: Array
    stem_key: Array
    form: Array


@dataclass(frozen=True, kw_only=True)
class SeriesParts:
    """The members of all series, series after series: the numbers of their tables, in ascending order within one.

    Series are numbered from 1 on. `series` is that of each member, and `starts` where each series begins.
    """

    numbers: Array
    series: Array
    starts: Array

    def __len__(self) -> int:
        return len(self.starts)

    def any_of(self, members: Mask) -> Mask:
        """By series, whether one of its members is in the mask."""
        return np.logical_or.reduceat(members, self.starts) if len(self) else np.zeros(0, np.bool_)

    def highest(self, values: Array) -> Array:
        """By series, the highest value of its members."""
        return np.maximum.reduceat(values, self.starts) if len(self) else values[:0]

    def lowest(self, values: Array) -> Array:
        """By series, the lowest value of its members."""
        return np.minimum.reduceat(values, self.starts) if len(self) else values[:0]

    def spread(self, values: Array) -> Array:
        """Values by series as values by member."""
        spread: Array = values[self.series - 1]
        return spread

    def mask(self, members: Mask, tables: int) -> Mask:
        """Members as a mask over all tables."""
        mask = np.zeros(tables, np.bool_)
        mask[self.numbers[members]] = True
        return mask


@dataclass(frozen=True, kw_only=True)
class SeriesMembers(SeriesParts):
    """The members of series that are numbered by their representatives.

    `wholes` tells which members are `Partitioned` tables that the others are named after.
    """

    wholes: Mask
    # The table that stands for each series: the whole, or the part with the lowest number.
    representatives: Array


class SeriesEntry(TypedDict):
    """A series as a refresh stores it. Costs are USD a month, of its parts as far as they are known; days as in columns."""

    # The name that its parts share, and an index into the places.
    name: str
    place: int
    # The number of the table that stands for it.
    table: int
    # The one that goes last if its parts go in order: the whole, or its newest part that is not absent.
    last: int
    # How many tables it has, and the whole if it is one of them.
    tables: int
    whole: bool
    # `throughLineage`: none of its tables is in use by itself.
    inUse: bool
    throughLineage: bool
    accessed: int
    known: int
    bytes: int
    cost: str
    # Whether old parts may be spoken of: nothing speaks against that.
    advised: bool
    # The parts to let go, by number: empty where nothing is advised.
    old: list[int]
    oldCost: str


def no_series() -> SeriesMembers:
    """The members of no series at all."""
    nothing = np.zeros(0, np.int64)
    return SeriesMembers(
        numbers=nothing, series=nothing, wholes=nothing.astype(np.bool_), starts=nothing, representatives=nothing
    )


def parts_of(series: Array) -> SeriesParts:
    """The members of series, given the number of each table's series, 0 for none."""
    numbers = np.flatnonzero(series)
    numbers = numbers[np.argsort(series[numbers], kind="stable")]
    _, starts, ranks = np.unique(series[numbers], return_index=True, return_inverse=True)
    return SeriesParts(numbers=numbers.astype(np.int32), series=(ranks + 1).astype(np.int32), starts=starts)


def find_series(names: SeriesNames, present: Mask) -> SeriesMembers:
    """The series among the tables that are present. Their numbers do not matter for which tables are together."""
    is_candidate = present & ((names.stem_key != 0) | ((names.form & PARTITIONED) != 0))
    tables = np.flatnonzero(is_candidate)
    keys = _Keys(
        path=_in_place(names.path_key, names.place, tables),
        stem=np.where(names.stem_key[tables] != 0, _in_place(names.stem_key, names.place, tables), np.uint64(0)),
        dated=(names.form[tables] & DATED) != 0,
        partitioned=(names.form[tables] & PARTITIONED) != 0,
    )
    return _members(tables, _groups(keys, _taken(keys.stem[keys.dated], names, present)), keys)


@dataclass(frozen=True, kw_only=True)
class _Keys:
    """Of the tables that may be members: keys of their names and stems in their schemas; a stem of 0 is none."""

    path: Array
    stem: Array
    dated: Mask
    partitioned: Mask


def _taken(stems: Array, names: SeriesNames, present: Mask) -> Array:
    """Those of the stems that are the names of tables which are not Partitioned."""
    stems = np.unique(stems)
    taken = np.zeros(len(stems), np.bool_)
    # A chunk at a time, for few of a million names are stems.
    for start in range(0, len(present) if len(stems) else 0, CHUNK):
        part = slice(start, start + CHUNK)
        tables = np.flatnonzero(present[part] & ((names.form[part] & PARTITIONED) == 0)) + start
        places = find_in_order(stems, _in_place(names.path_key, names.place, tables))
        taken[places[places >= 0]] = True
    return stems[taken]


def _in_place(keys: Array, place: Array, tables: Array) -> Array:
    placed: Array = keys[tables] ^ (place[tables].astype(np.uint64) * _SCHEMA_FACTOR)
    return placed


def _groups(keys: _Keys, taken: Array) -> Array:
    """For each table the key of the name that its series would have, 0 for none; `taken`: the stems that have a table."""
    wholes, stem_of_whole = _distinct(keys.path[keys.partitioned], keys.stem[keys.partitioned])
    # A whole that is itself a part belongs to the whole above it, up to the first.
    above, top = find_in_order(wholes, stem_of_whole), np.arange(len(wholes))
    while len(top) and (above[top] >= 0).any():
        top = np.where(above[top] >= 0, above[top], top)
    whole = np.where(keys.partitioned, find_in_order(wholes, keys.path), find_in_order(wholes, keys.stem))
    group = np.where(whole >= 0, wholes[top[whole]] if len(wholes) else np.uint64(0), np.uint64(0))
    # What has no whole above it may be a shard of a name that no table has.
    is_shard = keys.dated & ((group == 0) | (keys.partitioned & (group == keys.path)))
    is_shard &= find_in_order(taken, keys.stem) < 0
    stems, counts = np.unique(keys.stem[is_shard], return_counts=True)
    is_shard &= find_in_order(stems[counts >= MIN_PARTS], keys.stem) >= 0
    renamed, stem = _distinct(keys.path[is_shard & (group != 0)], keys.stem[is_shard & (group != 0)])
    group = np.where(is_shard, keys.stem, group)
    place = find_in_order(renamed, group)
    return np.where(place >= 0, stem[place] if len(stem) else np.uint64(0), group)


def _distinct(keys: Array, values: Array) -> tuple[Array, Array]:
    """Distinct keys in order, with the lowest value of each."""
    order = np.lexsort((values, keys))
    keys, values = keys[order], values[order]
    first = np.append(True, keys[1:] != keys[:-1])[: len(keys)]
    return keys[first], values[first]


def find_in_order(ordered: Array, keys: Array) -> Array:
    """The place of each key among distinct ones in order, -1 for others; 0 is no key."""
    if not len(ordered):
        return np.full(len(keys), -1)
    places = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    return np.where((ordered[places] == keys) & (keys != 0), places, -1)


def _members(tables: Array, group: Array, keys: _Keys) -> SeriesMembers:
    # A whole without parts is no series.
    has_part = np.unique(group[(group != 0) & (keys.path != group)])
    chosen = np.flatnonzero(find_in_order(has_part, group) >= 0)
    if not len(chosen):
        return no_series()
    wholes = keys.partitioned[chosen] & (keys.path[chosen] == group[chosen])
    numbers, groups = tables[chosen], group[chosen]
    # Within a series the whole comes first, then what is named after it, then the lowest number.
    is_named = (keys.path[chosen] == group[chosen]) | (keys.stem[chosen] == group[chosen])
    order = np.lexsort((numbers, ~is_named, ~wholes, groups))
    first = np.append(True, groups[order][1:] != groups[order][:-1])
    by_group = np.cumsum(first) - 1
    representatives = numbers[order][first]
    rank = np.empty(len(representatives), np.int64)
    rank[np.argsort(representatives)] = np.arange(1, len(representatives) + 1)
    series = np.empty(len(chosen), np.int64)
    series[order] = rank[by_group]
    order = np.lexsort((numbers, series))
    series = series[order]
    return SeriesMembers(
        numbers=numbers[order].astype(np.int32),
        series=series.astype(np.int32),
        wholes=wholes[order],
        starts=np.flatnonzero(np.append(True, series[1:] != series[:-1])),
        representatives=np.sort(representatives),
    )


@dataclass(frozen=True, kw_only=True)
class PartFacts:
    """What is known of each member by its own name. `order` as in `table_names.Suffix`; days as in `columns.py`.

    `dated`: its suffix is a date. `needed`: something depends on it, or may have read it. `freeable`: there is something
    to let go.
    """

    order: Array
    dated: Mask
    accessed: Array
    known_since: Array
    needed: Mask
    freeable: Mask


def old_parts(members: SeriesMembers, parts: PartFacts, today: int) -> Mask:
    """Which members are older than the oldest one of their series that was read within READ_DAYS, or that is needed.

    None of a series of which no part was read by its own name. What nobody saw for a year, nor from its time on, may have
    been read as well.
    """
    grain = (parts.order & ((1 << _GRAIN_BITS) - 1)).astype(np.int64)
    is_part = parts.dated & (grain != Grain.NO_TIME) & ~members.wholes
    begins = (parts.order >> _GRAIN_BITS).astype(np.int64)
    was_read = is_part & (parts.accessed > 0) & (parts.accessed.astype(np.int64) >= today - READ_DAYS)
    known = parts.known_since.astype(np.int64)
    was_watched = (known <= today - READ_DAYS) | (known <= begins // _DAY_SECONDS + _LATE_DAYS)
    stays = was_read | (is_part & (parts.needed | ~was_watched))
    first = members.lowest(np.where(stays, parts.order, np.iinfo(np.uint64).max))
    oldest = members.spread(np.where(members.any_of(was_read), first, np.uint64(0)))
    # A part of a longer time may reach into that of the first one that stays.
    reaches = grain < (oldest & ((1 << _GRAIN_BITS) - 1)).astype(np.int64)
    # Where the order of some parts is unknown, so is which of them are the oldest.
    unordered = members.spread(members.any_of(parts.dated & (grain == Grain.NO_TIME)))
    is_old: Mask = (
        is_part & (begins < (oldest >> _GRAIN_BITS).astype(np.int64)) & ~reaches & parts.freeable & ~unordered
    )
    return is_old
