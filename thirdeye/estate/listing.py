"""Lists of tables: a filter and a search over the columns, then one statement for the rows. For GraphQL and exports."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from thirdeye.inventory.columns import CHUNK, Mask, select
from thirdeye.inventory.filters import Arguments, build_filter
from thirdeye.inventory.name_search import NameIndex, parse_search
from thirdeye.inventory.query import Page, Position, Sort, TableFilter, required_fields, select_page
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.pacing import in_thread


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """How many tables, and whether they end before a position (`backwards`) or begin after it."""

    size: int
    backwards: bool


async def parse_filter(
    reader: EstateReader,
    snapshot: Snapshot,
    arguments: Arguments | None,
    search: str | None,
    caller: str | None,
    *,
    strict: bool = True,
) -> TableFilter:
    """The filter that arguments and search mean over a snapshot. `caller` is the name behind `mine`, `strict` as in
    `build_filter`.

    Raises BadInput, and Superseded if a refresh was published meanwhile.
    """
    words, arguments = parse_search(search), arguments or {}
    numbers = await _numbers(reader, snapshot, arguments)
    table_filter = build_filter(arguments, snapshot.directory, caller, numbers, strict=strict)
    table_filter = replace(table_filter, series=_series(snapshot, arguments))
    if not words:
        return table_filter
    names = await reader.names(snapshot)
    await snapshot.load(("place",))
    matches = await in_thread(_search, snapshot, names, words)
    return replace(table_filter, numbers=matches if numbers is None else matches & numbers)


async def _numbers(reader: EstateReader, snapshot: Snapshot, arguments: Arguments) -> Mask | None:
    """The tables that match those arguments for which there is no column; None if there are none of these."""
    mask: Mask | None = None
    if arguments.get("duplicate") is not None:
        groups = await reader.document(snapshot, "duplicates")
        copies = (member for group in groups for member in group["members"] if member != group["original"])
        mask = _select(snapshot, copies, included=arguments["duplicate"])
    if arguments.get("growing") is not None:
        growing = _select(snapshot, await reader.growing_tables(), included=arguments["growing"])
        mask = growing if mask is None else mask & growing
    if arguments.get("oldParts") is not None:
        old = _select(snapshot, snapshot.with_old_parts, included=arguments["oldParts"])
        mask = old if mask is None else mask & old
    return mask


def _series(snapshot: Snapshot, arguments: Arguments) -> Mask | None:
    """The series that match, by number; 0 stands for tables that are no part of one. None for any."""
    names, included = arguments.get("series"), arguments.get("inSeries")
    if names is None and included is None:
        return None
    mask = np.ones(len(snapshot.series) + 1, np.bool_)
    if names is not None:
        mask = select((number for name in names for number in snapshot.series_numbers.get(name, ())), len(mask))
    if included is not None:
        mask &= (np.arange(len(mask)) > 0) == included
    return mask


def _select(snapshot: Snapshot, numbers: Iterable[int], *, included: bool) -> Mask:
    length = snapshot.catalogue.columns.length
    mask = select(numbers, length)[:length]
    return mask if included else ~mask


def _search(snapshot: Snapshot, names: NameIndex, words: list[str]) -> Mask:
    """Which tables have, for each word, a part that begins with it in their own name or in that of their place."""
    columns = snapshot.catalogue.columns
    mask = np.ones(columns.length, np.bool_)
    for word in words:
        in_names, in_places = names.find(word), snapshot.place_names.find(word)
        for chunk in range(columns.chunks):
            part = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
            matches = in_places[columns.parts(chunk)["place"]] if len(in_places) else np.zeros(0, np.bool_)
            matches[: len(in_names[part])] |= in_names[part][: len(matches)]
            mask[part] &= matches
    return mask


def services_of(snapshot: Snapshot, table_filter: TableFilter) -> list[int] | None:
    """The services that an answer to this filter depends on; None for all."""
    if table_filter.services is None and table_filter.places is None:
        return None
    mask = np.ones(len(snapshot.directory["services"]), np.bool_)
    if table_filter.services is not None:
        mask &= table_filter.services[: len(mask)]
    if table_filter.places is not None:
        with_places = np.zeros(len(mask), np.bool_)
        with_places[snapshot.catalogue.place_service[np.flatnonzero(table_filter.places)]] = True
        mask &= with_places
    return list(np.flatnonzero(mask).tolist())


async def find_page(
    snapshot: Snapshot,
    table_filter: TableFilter,
    sort: Sort,
    request: PageRequest,
    position: Position | None,
    *,
    collapse: bool = False,
) -> Page:
    """A page of matching tables, selected in a thread. Without a position, the first page or the last one.

    `collapse`: with one row for each series.
    """
    await snapshot.load(required_fields(table_filter, sort) | ({"series"} if collapse else set()))
    representatives = snapshot.representatives if collapse else None
    position = _current_position(snapshot, sort, position)
    beyond_all = Position(value=None, number=-1 if sort.descending else 2**31)
    bounds = {"before": position or beyond_all} if request.backwards else {"after": position}
    page = await in_thread(
        select_page, snapshot.catalogue, table_filter, sort, request.size, **bounds, representatives=representatives
    )
    return replace(page, has_next=False) if request.backwards and position is None else page


def _current_position(snapshot: Snapshot, sort: Sort, position: Position | None) -> Position | None:
    """The position in this snapshot: a table's rank among all names differs in each, its number does not."""
    columns = snapshot.catalogue.columns
    if position is None or sort.key != "name" or position.number >= columns.length:
        return position
    chunk, place = divmod(position.number, CHUNK)
    return replace(position, value=float(columns.parts(chunk)["name_rank"][place]))
