"""Finding tables: filters, sorts and keyset pages over columns, without I/O.

Works a chunk at a time, so that nothing as large as the estate is allocated: a mask of the matching tables, their sort
values, and of those only as many as a page needs.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.errors import BadInput
from thirdeye.inventory.columns import (
    CHUNK,
    IN_USE,
    IN_USE_THROUGH_LINEAGE,
    PRESENT,
    RETAINED,
    ZOMBIE,
    Array,
    Columns,
    Mask,
    PackedColumns,
)
from thirdeye.inventory.verdicts import NO_SCORE, saved_share
from thirdeye.paging import decode_cursor, encode_cursor

SORT_KEYS: Final = (
    "cost", "size", "lastAccess", "lastWrite", "queries", "name", "purgeScore", "returnRisk", "saving",
)  # fmt: skip
MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class TableFilter:
    """What tables must be; None is not asked for. Masks are by number in the directory, days as `columns.py` has them.

    `..._after` includes its day, `..._before` does not; neither holds for an unknown day. `numbers`: tables by number.
    """

    services: Mask | None = None
    places: Mask | None = None
    owner_sets: Mask | None = None
    tag_sets: Mask | None = None
    domains: Mask | None = None
    tiers: frozenset[int] | None = None
    activities: frozenset[int] | None = None
    evidences: frozenset[int] | None = None
    zombie: bool | None = None
    in_use: bool | None = None
    in_use_through_lineage: bool | None = None
    minimum_bytes: int | None = None
    maximum_bytes: int | None = None
    minimum_cost: float | None = None
    maximum_cost: float | None = None
    accessed_after: int | None = None
    accessed_before: int | None = None
    written_after: int | None = None
    written_before: int | None = None
    verdicts: frozenset[int] | None = None
    # Bits, one of which must be set; 0 stands for tables without any blocker.
    blockers: int | None = None
    minimum_purge: float | None = None
    maximum_risk: float | None = None
    minimum_saving: float | None = None
    maximum_queries: int | None = None
    retained: bool | None = None
    numbers: Mask | None = None


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A sort key of SORT_KEYS and its direction; ties go by the table's number, the same way."""

    key: str = "cost"
    descending: bool = True

    @property
    def direction(self) -> str:
        return "desc" if self.descending else "asc"


@dataclass(frozen=True, kw_only=True)
class Position:
    """Where a page begins or ends: beyond this value (None: unknown) and number."""

    value: float | None
    number: int


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Columns and what they are judged by: the service of each place and the price of each service.

    `prices` are USD per GB and month by service number; `risks` are the shares that numbers of the risk table stand for
    (NaN for none), `shares` what following a verdict saves of a table's cost, by its code.
    """

    columns: Columns | PackedColumns
    place_service: Array
    prices: Array
    risks: Array = field(default_factory=lambda: np.full(1, np.nan))
    shares: Array = field(default_factory=lambda: saved_share(0.0))


@dataclass(frozen=True, kw_only=True)
class Page:
    """Numbers in order with their sort values, and whether there are more on either side."""

    numbers: list[int]
    values: list[float | None]
    has_next: bool
    has_previous: bool


Chunk = dict[str, Array]
_COST: Final = ("place", "size", "query_cost")
# The columns that a filter's field needs, where they are not called the same; and those of a sort.
_FILTERED: Final[Mapping[str, tuple[str, ...]]] = {
    "services": ("place",), "places": ("place",), "owner_sets": ("owners",), "tag_sets": ("tags",), "domains": ("domain",),
    "tiers": ("tier",), "activities": ("activity",), "evidences": ("evidence",), "minimum_bytes": ("size",),
    "maximum_bytes": ("size",), "minimum_cost": _COST, "maximum_cost": _COST, "accessed_after": ("accessed",),
    "accessed_before": ("accessed",), "written_after": ("written",), "written_before": ("written",),
    "verdicts": ("verdict",), "blockers": ("blockers",), "minimum_purge": ("purge",), "maximum_risk": ("risk",),
    "minimum_saving": ("verdict", *_COST), "maximum_queries": ("queries",),
}  # fmt: skip
_SORTED: Final[Mapping[str, tuple[str, ...]]] = {
    "cost": _COST, "size": ("size",), "lastAccess": ("accessed",), "lastWrite": ("written",), "queries": ("queries",),
    "name": ("name_rank",), "purgeScore": ("purge",), "returnRisk": ("risk",), "saving": ("verdict", *_COST),
}  # fmt: skip


def fields_of(wanted: TableFilter, sort: Sort | None) -> set[str]:
    """The columns that finding looks at."""
    found = {"flags", *(_SORTED[sort.key] if sort is not None else ())}
    for name, columns in _FILTERED.items():
        if getattr(wanted, name) is not None:
            found.update(columns)
    return found


def _chunks(catalogue: Catalogue) -> Iterator[tuple[int, Chunk]]:
    columns = catalogue.columns
    for chunk in range(columns.chunks):
        yield chunk * CHUNK, columns.parts(chunk)


def cost_of(catalogue: Catalogue, chunk: Chunk) -> Array:
    """USD a month for storage and queries, as far as known; NaN where neither is."""
    # By place first: there are far fewer places than tables.
    return costs(chunk["size"], chunk["query_cost"], catalogue.prices[catalogue.place_service][chunk["place"]])


def costs(size: Array, queries: Array, price: Array) -> Array:
    """USD a month for bytes (-1: unknown) at prices per GB and month, and for queries (NaN: unknown)."""
    unsized, unasked = size < 0, np.isnan(queries)
    cost: Array = np.where(unsized, 0.0, size * price / 1e9) + np.where(unasked, 0.0, queries)
    cost[unsized & unasked] = np.nan
    return cost


def risk_of(catalogue: Catalogue, chunk: Chunk) -> Array:
    """The return risk of each table, 0 to 1; NaN for none."""
    found: Array = catalogue.risks[np.minimum(chunk["risk"], len(catalogue.risks) - 1)]
    return found


def saving_of(catalogue: Catalogue, chunk: Chunk) -> Array:
    """USD a month that following the verdict on each table saves; NaN where its cost is unknown."""
    share = catalogue.shares[chunk["verdict"]]
    return np.where(share > 0, share * cost_of(catalogue, chunk), 0.0)


def _mask(catalogue: Catalogue, chunk: Chunk, start: int, wanted: TableFilter) -> Mask:
    flags = chunk["flags"]
    mask: Mask = (flags & PRESENT) != 0
    for bit, value in (
        (ZOMBIE, wanted.zombie),
        (IN_USE, wanted.in_use),
        (IN_USE_THROUGH_LINEAGE, wanted.in_use_through_lineage),
        (RETAINED, wanted.retained),
    ):
        if value is not None:
            mask &= ((flags & bit) != 0) == value
    if wanted.services is not None:
        mask &= wanted.services[catalogue.place_service][chunk["place"]]
    for name, chosen in (
        ("place", wanted.places),
        ("owners", wanted.owner_sets),
        ("tags", wanted.tag_sets),
        ("domain", wanted.domains),
    ):
        if chosen is not None:
            mask &= chosen[chunk[name]]
    for name, codes in (
        ("tier", wanted.tiers),
        ("activity", wanted.activities),
        ("evidence", wanted.evidences),
        ("verdict", wanted.verdicts),
    ):
        if codes is not None:
            table = np.zeros(256, np.bool_)
            table[list(codes)] = True
            mask &= table[chunk[name]]
    if wanted.numbers is not None:
        mask &= wanted.numbers[start : start + len(mask)]
    _ranges(catalogue, chunk, wanted, mask)
    _advice(catalogue, chunk, wanted, mask)
    return mask


def _advice(catalogue: Catalogue, chunk: Chunk, wanted: TableFilter, mask: Mask) -> None:
    if wanted.blockers is not None:
        mask &= (chunk["blockers"] & wanted.blockers) != 0 if wanted.blockers else chunk["blockers"] == 0
    if wanted.minimum_purge is not None:
        mask &= (chunk["purge"] >= wanted.minimum_purge * 10) & (chunk["purge"] != NO_SCORE)
    if wanted.maximum_risk is not None:
        mask &= risk_of(catalogue, chunk) <= wanted.maximum_risk
    if wanted.minimum_saving is not None:
        mask &= saving_of(catalogue, chunk) >= wanted.minimum_saving


def _ranges(catalogue: Catalogue, chunk: Chunk, wanted: TableFilter, mask: Mask) -> None:
    if wanted.minimum_bytes is not None:
        mask &= chunk["size"] >= max(wanted.minimum_bytes, 0)
    if wanted.maximum_bytes is not None:
        mask &= (chunk["size"] >= 0) & (chunk["size"] <= wanted.maximum_bytes)
    if wanted.maximum_queries is not None:
        mask &= chunk["queries"] <= wanted.maximum_queries
    if wanted.minimum_cost is not None or wanted.maximum_cost is not None:
        cost = cost_of(catalogue, chunk)
        if wanted.minimum_cost is not None:
            mask &= cost >= wanted.minimum_cost
        if wanted.maximum_cost is not None:
            mask &= cost <= wanted.maximum_cost
    for name, after, before in (
        ("accessed", wanted.accessed_after, wanted.accessed_before),
        ("written", wanted.written_after, wanted.written_before),
    ):
        if after is not None:
            mask &= (chunk[name] >= after) & (chunk[name] > 0)
        if before is not None:
            mask &= (chunk[name] < before) & (chunk[name] > 0)


def _values(catalogue: Catalogue, chunk: Chunk, sort: Sort) -> Array:
    """The sort value of each table, as a float; NaN for unknown ones."""
    computed = {"cost": cost_of, "returnRisk": risk_of, "saving": saving_of}.get(sort.key)
    if computed is not None:
        return computed(catalogue, chunk)
    if sort.key == "purgeScore":
        return np.where(chunk["purge"] == NO_SCORE, np.nan, chunk["purge"] / 10)
    name = {"size": "size", "lastAccess": "accessed", "lastWrite": "written", "queries": "queries"}.get(sort.key)
    if name is None:
        return chunk["name_rank"].astype(np.float64)
    values = chunk[name].astype(np.float64)
    if name == "size":
        values[chunk[name] < 0] = np.nan
    elif name != "queries":
        values[chunk[name] == 0] = np.nan
    return values


def _ascending(values: Array, *, reverse: bool) -> Array:
    """Values whose ascending order is the one asked for, unknown ones last."""
    return np.where(np.isnan(values), np.inf, -values if reverse else values)


def page(
    catalogue: Catalogue,
    wanted: TableFilter,
    sort: Sort,
    size: int,
    *,
    after: Position | None = None,
    before: Position | None = None,
) -> Page:
    """The first `size` tables after a position, or with `before` the last ones before it, in the sort's order."""
    backwards = before is not None
    position = before if backwards else after
    best_keys, best_numbers = np.zeros(0), np.zeros(0, np.int64)
    for start, chunk in _chunks(catalogue):
        mask = _mask(catalogue, chunk, start, wanted)
        places = np.flatnonzero(mask)
        keys = _ascending(_values(catalogue, chunk, sort)[places], reverse=sort.descending)
        ties = (places + start) * (-1 if sort.descending else 1)
        if backwards:
            keys, ties = -keys, -ties
        if position is not None:
            keys, ties = _beyond(keys, ties, position, sort, backwards=backwards)
        keys, ties = _least(np.concatenate([best_keys, keys]), np.concatenate([best_numbers, ties]), size + 1)
        best_keys, best_numbers = keys, ties
    numbers = np.abs(best_numbers)
    more = len(numbers) > size
    chosen = numbers[:size][::-1] if backwards else numbers[:size]
    return Page(
        numbers=[int(number) for number in chosen],
        values=[_value_of(catalogue, int(number), sort) for number in chosen],
        has_next=position is not None if backwards else more,
        has_previous=more if backwards else position is not None,
    )


def _beyond(keys: Array, ties: Array, position: Position, sort: Sort, *, backwards: bool) -> tuple[Array, Array]:
    value = np.array([np.nan if position.value is None else position.value])
    key = float(_ascending(value, reverse=sort.descending)[0])
    tie = -position.number if sort.descending else position.number
    if backwards:
        key, tie = -key, -tie
    kept = (keys > key) | ((keys == key) & (ties > tie))
    return keys[kept], ties[kept]


def _least(keys: Array, ties: Array, count: int) -> tuple[Array, Array]:
    if len(keys) > count:
        edge = _edge(keys, count)
        less, equal = np.flatnonzero(keys < edge), np.flatnonzero(keys == edge)
        # Of what ties at the edge, maybe half of the estate, as many as are missing, by number.
        missing = count - len(less)
        near = np.concatenate([less, equal[np.argpartition(ties[equal], missing - 1)[:missing]]])
        keys, ties = keys[near], ties[near]
    order = np.lexsort((ties, keys))
    return keys[order], ties[order]


def _edge(keys: Array, count: int) -> float:
    """The key that the last of the `count` least has."""
    least = keys.min()
    # Partitioning takes long where many are equal, as savings of nothing are.
    tied = np.count_nonzero(keys == least) >= count
    return float(least if tied else np.partition(keys, count - 1)[count - 1])


def _value_of(catalogue: Catalogue, number: int, sort: Sort) -> float | None:
    chunk, place = divmod(number, CHUNK)
    row = {name: values[place : place + 1] for name, values in catalogue.columns.parts(chunk).items()}
    value = float(_values(catalogue, row, sort)[0])
    return None if math.isnan(value) else value


def count(catalogue: Catalogue, wanted: TableFilter, most: int = MOST_COUNTED) -> tuple[int, bool]:
    """How many tables match, up to `most`, and whether there are more."""
    found = 0
    for start, chunk in _chunks(catalogue):
        found += int(np.count_nonzero(_mask(catalogue, chunk, start, wanted)))
        if found > most:
            return most, True
    return found, False


def ordered(catalogue: Catalogue, wanted: TableFilter, sort: Sort | None) -> Array:
    """All matching numbers: in the sort's order, or without one by number. Four bytes a table, and more while it sorts."""
    numbers, keys = [np.zeros(0, np.int32)], [np.zeros(0)]
    for start, chunk in _chunks(catalogue):
        places = np.flatnonzero(_mask(catalogue, chunk, start, wanted))
        numbers.append((places + start).astype(np.int32))
        if sort is not None:
            keys.append(_ascending(_values(catalogue, chunk, sort)[places], reverse=sort.descending))
    found = np.concatenate(numbers)
    if sort is None:
        return found
    ties = -found if sort.descending else found
    result: Array = found[np.lexsort((ties, np.concatenate(keys)))]
    return result


def validate_sort(sort_by: str | None, sort_dir: str | None) -> Sort:
    """The sort asked for. Raises BadInput for an unknown key or direction."""
    key, direction = sort_by or "cost", (sort_dir or "desc").lower()
    if key not in SORT_KEYS:
        raise BadInput(f"sortBy: must be one of {', '.join(SORT_KEYS)}", "sortBy")
    if direction not in {"asc", "desc"}:
        raise BadInput("sortDir: must be asc or desc", "sortDir")
    return Sort(key=key, descending=direction == "desc")


def cursor_of(sort: Sort, value: float | None, number: int) -> str:
    """The cursor of a table in a list of this order."""
    return encode_cursor(sort.key, sort.direction, "" if value is None else repr(value), number)


def position_of(cursor: str | None, sort: Sort, argument: str) -> Position | None:
    """Where a cursor points. Raises BadInput for one that was not made by a list of this order."""
    if cursor is None:
        return None
    key, direction, text, number = decode_cursor(cursor, (str, str, str, int), argument)
    if (key, direction) != (sort.key, sort.direction):
        raise BadInput(f"{argument}: this cursor belongs to a list with another sortBy or sortDir", argument)
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if not 0 <= number < 2**31 or (value is not None and not math.isfinite(value)):
        raise BadInput(f"{argument}: this is no cursor of this list", argument)
    return Position(value=value, number=number)
