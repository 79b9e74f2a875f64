"""Lists of tables: what is asked for, found in the columns, and read in one statement. For GraphQL and exports alike."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thirdeye.errors import BadInput
from thirdeye.inventory.columns import CHUNK, Mask, select
from thirdeye.inventory.filters import table_filter
from thirdeye.inventory.name_search import NameIndex, search_words
from thirdeye.inventory.query import Page, Position, Sort, TableFilter, fields_of, page
from thirdeye.inventory.reader import EstateReader, Snapshot
from thirdeye.paging import page_size


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """How many, and from where: `after` forwards, `before` backwards."""

    size: int
    backwards: bool


def parse_page(first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
    """What the arguments of a page mean. Raises BadInput for combinations that mean nothing."""
    if first is not None and last is not None:
        raise BadInput("last: give first or last, not both", "last")
    if last is not None and after is not None:
        raise BadInput("after: goes with first; with last give before", "after")
    if before is not None and last is None:
        raise BadInput("before: goes with last; with first give after", "before")
    if last is None:
        return PageRequest(size=page_size(first, default=20, maximum=100), backwards=False)
    if not 1 <= last <= 100:
        raise BadInput("last: must be 1 to 100", "last")
    return PageRequest(size=last, backwards=True)


async def filter_of(
    reader: EstateReader, snapshot: Snapshot, wanted: Mapping[str, Any] | None, search: str | None, caller: str | None
) -> TableFilter:
    """The filter over a snapshot. Raises BadInput; Superseded when a refresh was published meanwhile."""
    words = search_words(search)
    found = table_filter(wanted or {}, snapshot.directory, caller, await _chosen(reader, snapshot, wanted or {}))
    if not words:
        return found
    names = await reader.names(snapshot)
    await snapshot.load(("place",))
    searched = await asyncio.to_thread(_search, snapshot, names, words)
    return replace(found, numbers=searched if found.numbers is None else searched & found.numbers)


async def _chosen(reader: EstateReader, snapshot: Snapshot, wanted: Mapping[str, Any]) -> Mask | None:
    """The tables that a filter chooses by what no column has; None for all."""
    mask: Mask | None = None
    if wanted.get("duplicate") is not None:
        groups = await reader.document(snapshot, "duplicates")
        copies = (member for group in groups for member in group["members"] if member != group["original"])
        mask = _selected(snapshot, copies, wanted["duplicate"])
    if wanted.get("growing") is not None:
        growing = _selected(snapshot, await reader.grown(), wanted["growing"])
        mask = growing if mask is None else mask & growing
    return mask


def _selected(snapshot: Snapshot, numbers: Iterable[int], wanted: bool) -> Mask:
    length = snapshot.catalogue.columns.length
    mask = select(numbers, length)[:length]
    return mask if wanted else ~mask


def _search(snapshot: Snapshot, names: NameIndex, words: list[str]) -> Mask:
    """Which tables have, for each word, a part that begins with it: in their own name or in that of their place."""
    columns = snapshot.catalogue.columns
    result = np.ones(columns.length, np.bool_)
    for word in words:
        in_names, in_places = names.find(word), snapshot.place_names.find(word)
        for chunk in range(columns.chunks):
            part = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
            found = in_places[columns.parts(chunk)["place"]] if len(in_places) else np.zeros(0, np.bool_)
            found[: len(in_names[part])] |= in_names[part][: len(found)]
            result[part] &= found
    return result


def parse_services(snapshot: Snapshot, wanted: TableFilter) -> list[int] | None:
    """The services that an answer to this filter can lean on; None for all."""
    if wanted.services is None and wanted.places is None:
        return None
    mask = np.ones(len(snapshot.directory["services"]), np.bool_)
    if wanted.services is not None:
        mask &= wanted.services[: len(mask)]
    if wanted.places is not None:
        theirs = np.zeros(len(mask), np.bool_)
        theirs[snapshot.catalogue.place_service[np.flatnonzero(wanted.places)]] = True
        mask &= theirs
    return [int(number) for number in np.flatnonzero(mask)]


async def find_page(
    snapshot: Snapshot, wanted: TableFilter, sort: Sort, asked: PageRequest, position: Position | None
) -> Page:
    """A page, found off the event loop."""
    await snapshot.load(fields_of(wanted, sort))
    position = _today(snapshot, sort, position)
    where = {"before": position} if asked.backwards else {"after": position}
    # Backwards from nowhere is from the end: beyond every value and number.
    if asked.backwards and position is None:
        where = {"before": Position(value=None, number=-1 if sort.descending else 2**31)}
    found = await asyncio.to_thread(page, snapshot.catalogue, wanted, sort, asked.size, **where)
    if asked.backwards and position is None:
        return replace(found, has_next=False)
    return found


def _today(snapshot: Snapshot, sort: Sort, position: Position | None) -> Position | None:
    """The position in this snapshot: the place of a name among all names is another in each, the table stays."""
    columns = snapshot.catalogue.columns
    if position is None or sort.key != "name" or position.number >= columns.length:
        return position
    chunk, place = divmod(position.number, CHUNK)
    return replace(position, value=float(columns.parts(chunk)["name_rank"][place]))
