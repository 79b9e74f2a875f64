"""Items about the retention of table series: they move on and return with the series, and name the old parts to go."""

from collections.abc import Iterator, Sequence
from typing import Final

from thirdeye.actions.batches import batches
from thirdeye.actions.changes import Change, apply
from thirdeye.actions.detection.rules import ReturnedItem
from thirdeye.actions.detection.store import (
    ended_retentions,
    locked_versions,
    open_items,
    retentions_of_removed_tables,
)
from thirdeye.actions.items import DETECTION_ACTOR, Actor
from thirdeye.actions.retention import store
from thirdeye.actions.retention.series import RetentionSeries, retention_series
from thirdeye.actions.retention.store import Part, Retention
from thirdeye.actions.savings import store as savings
from thirdeye.estate.loaders import EstateContext, table_of
from thirdeye.inventory.columns import ABSENT, CHUNK, PRESENT
from thirdeye.inventory.snapshot import Snapshot

# So many items at once: each may name thousands of parts.
_ITEMS: Final = 100


async def returned_retentions(context: EstateContext, snapshot: Snapshot) -> list[ReturnedItem]:
    """The items that ended with their tables, or old parts, which are back, or of whose series others are.

    Of a series it is the item that ended last, if none is open. Raises Superseded.
    """
    ended = await ended_retentions(context.thirdeye)
    if not ended:
        return []
    await snapshot.load(("flags",))
    series = await retention_series(context.thirdeye, snapshot, [], ended=True)
    last = {series.holder(item.table_number): item.item for item in await store.retentions_by_ending(context.thirdeye)}
    return [
        item
        for item in ended
        if last.get(series.holder(item.table_number)) == item.id
        and (series.series(item.table_number) or _flags(snapshot, item.table_number) & PRESENT)
    ]


async def move_items(context: EstateContext, snapshot: Snapshot) -> int:
    """Moves the items whose tables are gone to other tables of the same series; returns how many. Raises Superseded."""
    items = await retentions_of_removed_tables(context.thirdeye)
    if not items:
        return 0
    taken = [item.table_number for item in await store.open_retentions(context.thirdeye)]
    series = await retention_series(context.thirdeye, snapshot, taken)
    changes = list[Change]()
    for item in items:
        holder = series.holder(item.table_number)
        if holder not in taken:
            taken.append(holder)
            changes.append(Change(item, {"table_number": holder}))
    for batch in batches(changes):
        async with context.thirdeye.transaction() as session:
            versions = await locked_versions(session, [change.state.id for change in batch])
            current = [change for change in batch if versions.get(change.state.id) == change.state.version]
            await apply(session, current, Actor(name=DETECTION_ACTOR), context.clock(), {})
    return len(changes)


async def name_old_parts(context: EstateContext, snapshot: Snapshot, series: RetentionSeries) -> None:
    """Remembers which parts open items ask to let go, and what these cost. Raises Superseded."""
    items = [
        item
        for item in await store.open_retentions(context.thirdeye)
        if series.entry(item.table_number) is not None and series.holder(item.table_number) == item.table_number
    ]
    for start in range(0, len(items), _ITEMS):
        batch = items[start : start + _ITEMS]
        wanted = {part for item in batch for part in _old_parts(series, item)}
        named = await store.parts_of(context.thirdeye, [item.item for item in batch])
        await _name(context, snapshot, sorted(wanted - named))
        advised = {item for item, _ in wanted}
        # What is absent, or gone, was an old part, and where there is no advice at all it may only be unknown.
        stale = [part for part in named - wanted if part[0] in advised and _is_there(snapshot, part[1])]
        for parts in batches(sorted(stale)):
            async with context.thirdeye.transaction() as session:
                await store.delete_parts(session, parts)


def _old_parts(series: RetentionSeries, item: Retention) -> Iterator[Part]:
    entry = series.entry(item.table_number)
    yield from ((item.item, number) for number in (entry["old"] if entry else ()))


def _is_there(snapshot: Snapshot, number: int) -> bool:
    return _flags(snapshot, number) & (PRESENT | ABSENT) == PRESENT


def _flags(snapshot: Snapshot, number: int) -> int:
    columns, (chunk, place) = snapshot.catalogue.columns, divmod(number, CHUNK)
    return int(columns.parts(chunk)["flags"][place]) if number < columns.length else 0


async def _name(context: EstateContext, snapshot: Snapshot, parts: Sequence[Part]) -> None:
    """Writes parts, with baselines of those that no open item was about."""
    if not parts:
        return
    known = {item.table_number for item in await open_items(context.thirdeye)}
    for batch in batches(parts):
        rows = await context.estate.rows(snapshot, sorted({number for _, number in batch} - known))
        tables = [table_of(context, snapshot, row) for row in rows.values()]
        async with context.thirdeye.transaction() as session:
            await savings.put_baselines(session, tables, context.clock())
            await store.insert_parts(session, batch)
