"""Querying tables: filters, sorts and keyset pages over columns, without I/O.

Works a chunk at a time, so nothing as large as the estate is allocated: a mask of the matching tables, their sort
values, and of those only as many as a page needs.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from thirdeye.inventory.columns import (
    ABSENT,
    CHUNK,
    IN_USE,
    IN_USE_THROUGH_LINEAGE,
    PRESENT,
    RETAINED,
    TRIAL,
    ZOMBIE,
    Array,
    Columns,
    Mask,
    PackedColumns,
)
from thirdeye.inventory.priced_chunks import PricedChunk
from thirdeye.inventory.series_rows import SeriesRows
from thirdeye.inventory.sort_keys import Window, ascending, smallest
from thirdeye.inventory.storage_prices import Tariffs, costs
from thirdeye.inventory.verdicts import ALL_BLOCKERS, RISKS, STOP_REFRESH, UNKNOWN_PURGE_SCORE, saved_shares

# Counts stop here.
COUNT_LIMIT: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class TableFilter:
    """What tables must match; None matches all. Masks are by index into the directory, `numbers` by table number.

    Days are numbers as in `columns.py`: `..._after` includes its day, `..._before` does not, and an unknown day matches
    neither.
    """

    services: Mask | None = None
    places: Mask | None = None
    owner_sets: Mask | None = None
    # Sets of owners who left.
    departed: Mask | None = None
    owned_by_nobody: bool | None = None
    tag_sets: Mask | None = None
    domains: Mask | None = None
    series: Mask | None = None
    tiers: frozenset[int] | None = None
    activities: frozenset[int] | None = None
    unknown_reasons: frozenset[int] | None = None
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
    # Bits of which at least one must be set; 0 means tables without any blocker.
    blockers: int | None = None
    minimum_purge: float | None = None
    maximum_risk: float | None = None
    minimum_saving: float | None = None
    maximum_queries: int | None = None
    retained: bool | None = None
    absent: bool | None = None
    trial: bool | None = None
    numbers: Mask | None = None


@dataclass(frozen=True, kw_only=True)
class Sort:
    """A key of SORT_KEYS and a direction; ties are sorted by table number, in the same direction."""

    key: str = "cost"
    descending: bool = True

    @property
    def direction(self) -> str:
        return "desc" if self.descending else "asc"


@dataclass(frozen=True, kw_only=True)
class Position:
    """The sort value (None: unknown) and the number of the table that a page begins after or ends before."""

    value: float | None
    number: int


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Columns and what queries need beside them.

    `place_service` is the service of each place; `tariffs` are what storage costs by service; `shares` are the shares of a
    table's cost that following a verdict saves, by code.
    """

    columns: Columns | PackedColumns
    place_service: Array
    tariffs: Tariffs
    shares: Array = field(default_factory=lambda: saved_shares(0.0))
    # What the tables of each chunk cost, once somebody asked: eight bytes for a table.
    known_costs: dict[int, Array] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Page:
    """Table numbers in order with their sort values, and whether there are more on either side."""

    numbers: list[int]
    values: list[float | None]
    has_next: bool
    has_previous: bool


Chunk = dict[str, Array]
COST_COLUMNS: Final = ("flags", "place", "size", "written", "query_cost")
SAVING_COLUMNS: Final = (*COST_COLUMNS, "write_cost", "verdict")
# The columns that each field of a filter and each sort key needs, beside the flags.
_FILTER_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "services": ("place",), "places": ("place",), "owner_sets": ("owners",), "departed": ("departed",), "tag_sets": ("tags",),
    "owned_by_nobody": ("owners", "departed"), "domains": ("domains",), "series": ("series",),
    "tiers": ("tier",), "activities": ("activity",), "unknown_reasons": ("unknown",), "evidences": ("evidence",),
    "minimum_bytes": ("size",), "maximum_bytes": ("size",), "minimum_cost": COST_COLUMNS, "maximum_cost": COST_COLUMNS,
    "accessed_after": ("accessed",), "accessed_before": ("accessed",), "written_after": ("written",),
    "written_before": ("written",), "verdicts": ("verdict",), "blockers": ("blockers",), "minimum_purge": ("purge",),
    "maximum_risk": ("risk",), "minimum_saving": SAVING_COLUMNS, "maximum_queries": ("queries",),
}  # fmt: skip
_SORT_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "cost": COST_COLUMNS, "size": ("size",), "lastAccess": ("accessed",), "lastWrite": ("written",), "queries": ("queries",),
    "name": ("name_rank",), "purgeScore": ("purge",), "returnRisk": ("risk",), "saving": SAVING_COLUMNS,
}  # fmt: skip
SORT_KEYS: Final = tuple(_SORT_COLUMNS)


def required_fields(table_filter: TableFilter, sort: Sort | None) -> set[str]:
    """The fields of the columns that a query needs."""
    fields = {"flags", *(_SORT_COLUMNS[sort.key] if sort is not None else ())}
    for name, columns in _FILTER_COLUMNS.items():
        if getattr(table_filter, name) is not None:
            fields.update(columns)
    return fields


def _chunks(catalogue: Catalogue, *, backwards: bool = False) -> Iterator[tuple[int, Chunk]]:
    columns, known = catalogue.columns, catalogue.known_costs
    for number in reversed(range(columns.chunks)) if backwards else range(columns.chunks):
        parts = columns.parts(number)
        # Others may be written to.
        if isinstance(columns, PackedColumns):
            parts = PricedChunk(parts, number, known, catalogue.tariffs, catalogue.place_service)
        yield number * CHUNK, parts


def cost_of(catalogue: Catalogue, chunk: Chunk) -> Array:
    """USD a month for storage and queries of each table, as far as known; NaN where neither is."""
    if isinstance(chunk, PricedChunk):
        return chunk.cost
    return costs(catalogue.tariffs, catalogue.place_service[chunk["place"]], chunk)


def risk_of(_: Catalogue, chunk: Chunk) -> Array:
    """The return risk of each table, 0 to 1; NaN for none."""
    risks: Array = RISKS[chunk["risk"]]
    return risks


def saving_of(catalogue: Catalogue, chunk: Chunk) -> Array:
    """USD a month that following the verdict on each table saves; NaN if a cost that counts is unknown."""
    share = catalogue.shares[chunk["verdict"]]
    saving = np.where(share > 0, share * cost_of(catalogue, chunk), 0.0)
    return np.where(chunk["verdict"] == STOP_REFRESH, chunk["write_cost"], saving)


def _matches(catalogue: Catalogue, chunk: Chunk, start: int, table_filter: TableFilter) -> Mask:
    flags = chunk["flags"]
    mask: Mask = (flags & PRESENT) != 0
    for bit, value in (
        (ZOMBIE, table_filter.zombie), (IN_USE, table_filter.in_use), (RETAINED, table_filter.retained),
        (IN_USE_THROUGH_LINEAGE, table_filter.in_use_through_lineage), (ABSENT, table_filter.absent),
        (TRIAL, table_filter.trial),
    ):  # fmt: skip
        if value is not None:
            mask &= ((flags & bit) != 0) == value
    if table_filter.services is not None:
        mask &= table_filter.services[catalogue.place_service][chunk["place"]]
    for field_name in ("places", "owner_sets", "departed", "tag_sets", "domains", "series"):
        chosen = getattr(table_filter, field_name)
        if chosen is not None:
            mask &= chosen[chunk[_FILTER_COLUMNS[field_name][0]]]
    for field_name in ("tiers", "activities", "unknown_reasons", "evidences", "verdicts"):
        codes = getattr(table_filter, field_name)
        if codes is not None:
            by_code = np.zeros(256, np.bool_)
            by_code[list(codes)] = True
            mask &= by_code[chunk[_FILTER_COLUMNS[field_name][0]]]
    if table_filter.owned_by_nobody is not None:
        mask &= ((chunk["owners"] == 0) & (chunk["departed"] > 0)) == table_filter.owned_by_nobody
    if table_filter.numbers is not None:
        mask &= table_filter.numbers[start : start + len(mask)]
    _match_ranges(catalogue, chunk, table_filter, mask)
    _match_verdicts(catalogue, chunk, table_filter, mask)
    return mask


def _match_verdicts(catalogue: Catalogue, chunk: Chunk, table_filter: TableFilter, mask: Mask) -> None:
    if table_filter.blockers is not None:
        mask &= ((chunk["blockers"] & (table_filter.blockers or ALL_BLOCKERS)) != 0) == bool(table_filter.blockers)
    if table_filter.minimum_purge is not None:
        mask &= (chunk["purge"] >= table_filter.minimum_purge * 10) & (chunk["purge"] != UNKNOWN_PURGE_SCORE)
    if table_filter.maximum_risk is not None:
        mask &= risk_of(catalogue, chunk) <= table_filter.maximum_risk
    if table_filter.minimum_saving is not None:
        mask &= saving_of(catalogue, chunk) >= table_filter.minimum_saving


def _match_ranges(catalogue: Catalogue, chunk: Chunk, table_filter: TableFilter, mask: Mask) -> None:
    if table_filter.minimum_bytes is not None:
        mask &= chunk["size"] >= max(table_filter.minimum_bytes, 0)
    if table_filter.maximum_bytes is not None:
        mask &= (chunk["size"] >= 0) & (chunk["size"] <= table_filter.maximum_bytes)
    if table_filter.maximum_queries is not None:
        mask &= chunk["queries"] <= table_filter.maximum_queries
    if table_filter.minimum_cost is not None or table_filter.maximum_cost is not None:
        cost = cost_of(catalogue, chunk)
        if table_filter.minimum_cost is not None:
            mask &= cost >= table_filter.minimum_cost
        if table_filter.maximum_cost is not None:
            mask &= cost <= table_filter.maximum_cost
    for name, after, before in (
        ("accessed", table_filter.accessed_after, table_filter.accessed_before),
        ("written", table_filter.written_after, table_filter.written_before),
    ):
        if after is not None:
            mask &= (chunk[name] >= after) & (chunk[name] > 0)
        if before is not None:
            mask &= (chunk[name] < before) & (chunk[name] > 0)


def _values(catalogue: Catalogue, chunk: Chunk, sort: Sort) -> Array:
    """The sort value of each table as a float; NaN if unknown."""
    computed = {"cost": cost_of, "returnRisk": risk_of, "saving": saving_of}.get(sort.key)
    if computed is not None:
        return computed(catalogue, chunk)
    column = chunk[_SORT_COLUMNS[sort.key][0]]
    if sort.key == "purgeScore":
        return np.where(column == UNKNOWN_PURGE_SCORE, np.nan, column / 10)
    values: Array = column.astype(np.float64)
    if sort.key == "size":
        values[column < 0] = np.nan
    elif sort.key in {"lastAccess", "lastWrite"}:
        values[column == 0] = np.nan
    return values


def select_page(
    catalogue: Catalogue,
    table_filter: TableFilter,
    sort: Sort,
    size: int,
    *,
    after: Position | None = None,
    before: Position | None = None,
    representatives: Array | None = None,
) -> Page:
    """The first `size` matching tables after a position, or the last ones before it, in the order of the sort.

    With `representatives` of series, these stand for all the parts that match.
    """
    backwards = before is not None
    position = before if backwards else after
    best_keys, best_ties = np.zeros(0), np.zeros(0, np.int64)
    rows = None if representatives is None else SeriesRows(representatives, sort.key)
    begin = -math.inf if position is None else _position_key(position, sort, backwards=backwards)[0]
    window = Window(begin, falling=sort.descending != backwards, unknown=-math.inf if backwards else math.inf)
    for numbers, values in _candidates(catalogue, table_filter, sort, rows, window):
        keys = ascending(values, reverse=sort.descending)
        ties = numbers * (-1 if sort.descending else 1)
        if backwards:
            keys, ties = -keys, -ties
        if position is not None:
            keys, ties = _after_position(keys, ties, position, sort, backwards=backwards)
        best_keys, best_ties = smallest(np.concatenate([best_keys, keys]), np.concatenate([best_ties, ties]), size + 1)
        if len(best_keys) > size:
            window.end = float(best_keys[-1])
    numbers = np.abs(best_ties)
    more = len(numbers) > size
    chosen = numbers[:size][::-1] if backwards else numbers[:size]
    return Page(
        numbers=[int(number) for number in chosen],
        values=_values_of(catalogue, chosen, sort, rows),
        has_next=position is not None if backwards else more,
        has_previous=more if backwards else position is not None,
    )


def _candidates(
    catalogue: Catalogue, table_filter: TableFilter, sort: Sort, rows: SeriesRows | None, window: Window | None = None
) -> Iterator[tuple[Array, Array]]:
    """The numbers and the sort values of the rows of a list, chunk by chunk; last those that stand for series.

    With a window the chunks come in the order in which it takes what is equal; what lies outside is left out.
    """
    for start, chunk in _chunks(catalogue, backwards=window is not None and window.falling):
        mask, values = _matches(catalogue, chunk, start, table_filter), _values(catalogue, chunk, sort)
        if rows is not None:
            mask = rows.without_parts(chunk, mask, values)
        if window is not None:
            window.narrow(mask, values)
        places = np.flatnonzero(mask)
        yield places + start, values[places]
    if rows is not None:
        yield rows.rows(catalogue.columns)


def _after_position(
    keys: Array, ties: Array, position: Position, sort: Sort, *, backwards: bool
) -> tuple[Array, Array]:
    key, tie = _position_key(position, sort, backwards=backwards)
    kept = (keys > key) | ((keys == key) & (ties > tie))
    return keys[kept], ties[kept]


def _position_key(position: Position, sort: Sort, *, backwards: bool) -> tuple[float, int]:
    value = np.array([np.nan if position.value is None else position.value])
    key = float(ascending(value, reverse=sort.descending)[0])
    tie = -position.number if sort.descending else position.number
    return (-key, -tie) if backwards else (key, tie)


def _values_of(catalogue: Catalogue, numbers: Array, sort: Sort, rows: SeriesRows | None) -> list[float | None]:
    """The sort values of rows, None where they are unknown."""
    values, chunks = np.empty(len(numbers)), numbers // CHUNK
    for chunk in set(chunks.tolist()):
        in_chunk, columns = chunks == chunk, catalogue.columns.parts(chunk)
        part = {name: columns[name][numbers[in_chunk] % CHUNK] for name in _SORT_COLUMNS[sort.key]}
        values[in_chunk] = _values(catalogue, part, sort)
    shown = values.tolist() if rows is None else rows.values(numbers, values)
    return [None if math.isnan(value) else value for value in shown]


def count_matches(
    catalogue: Catalogue, table_filter: TableFilter, limit: int = COUNT_LIMIT, *, representatives: Array | None = None
) -> tuple[int, bool]:
    """How many tables match, or rows with one for each series, up to `limit`, and whether there are more."""
    count, rows = 0, None if representatives is None else SeriesRows(representatives, "cost")
    for start, chunk in _chunks(catalogue):
        mask = _matches(catalogue, chunk, start, table_filter)
        count += int(np.count_nonzero(mask if rows is None else rows.without_parts(chunk, mask)))
        if count + (0 if rows is None else rows.count) > limit:
            return limit, True
    return count + (0 if rows is None else rows.count), False


def matching_numbers(
    catalogue: Catalogue, table_filter: TableFilter, sort: Sort | None, *, representatives: Array | None = None
) -> Array:
    """The numbers of all matching tables, in the order of the sort or else ascending.

    With `representatives` of series, which takes a sort, these stand for all the parts that match. Takes four bytes a
    table, and more while it sorts.
    """
    none = np.zeros(0, np.int32)
    if sort is None:
        matches = ((start, _matches(catalogue, chunk, start, table_filter)) for start, chunk in _chunks(catalogue))
        return np.concatenate([none, *((np.flatnonzero(mask) + start).astype(np.int32) for start, mask in matches)])
    rows = None if representatives is None else SeriesRows(representatives, sort.key)
    parts, keys = [none], [np.zeros(0)]
    for found, values in _candidates(catalogue, table_filter, sort, rows):
        parts.append(found.astype(np.int32))
        keys.append(ascending(values, reverse=sort.descending))
    numbers: Array = np.concatenate(parts)
    in_order: Array = numbers[np.lexsort((-numbers if sort.descending else numbers, np.concatenate(keys)))]
    return in_order
