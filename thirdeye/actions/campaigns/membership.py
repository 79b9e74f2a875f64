"""Feeding campaigns: open items about tables that a campaign's filter finds join it."""

import asyncio
from typing import Any

from thirdeye.actions.campaigns import store
from thirdeye.database import MySQL, Row, Session
from thirdeye.estate.listing import parse_filter
from thirdeye.inventory.filters import deserialize_filter
from thirdeye.inventory.query import matching_numbers, required_fields
from thirdeye.inventory.reader import EstateReader, Snapshot


async def found_items(thirdeye: MySQL, reader: EstateReader, snapshot: Snapshot, campaign: Row) -> list[int]:
    """The open items that a campaign's filter finds and that are not in it yet."""
    outside = await store.items_outside(thirdeye, campaign["id"])
    if not outside:
        return []
    wanted = await parse_filter(reader, snapshot, deserialize_filter(campaign["item_filter"]), None, None)
    await snapshot.load(required_fields(wanted, None))
    numbers = set((await asyncio.to_thread(matching_numbers, snapshot.catalogue, wanted, None)).tolist())
    return [item for item, number in outside if number in numbers]


async def feed(thirdeye: MySQL, reader: EstateReader, snapshot: Snapshot, campaign: Row) -> int:
    """Puts them in; gives how many."""
    items = await found_items(thirdeye, reader, snapshot, campaign)
    if items:
        async with thirdeye.transaction() as session:
            await _feed_open(session, campaign["id"], items)
    return len(items)


async def _feed_open(session: Session, id_: int, items: list[int]) -> Any:
    row = await store.locked_campaign(session, id_)
    # It may be over, or gone, by now.
    if row is not None and row["closed_at"] is None:
        await store.put_items(session, id_, items)
