"""How items join campaigns: open items about tables that a campaign's filter matches are added."""

from thirdeye.actions.campaigns import store
from thirdeye.actions.campaigns.store import Campaign
from thirdeye.actions.filters import tables_matching
from thirdeye.actions.items import Category
from thirdeye.actions.retention.series import RetentionSeries, retention_series
from thirdeye.actions.retention.store import open_retentions
from thirdeye.database import MySQL
from thirdeye.inventory.columns import Array
from thirdeye.inventory.evidence import looked_at
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.snapshot import Snapshot


async def add_matching_items(
    thirdeye: MySQL,
    reader: EstateReader,
    snapshot: Snapshot,
    campaign: Campaign,
    retention: RetentionSeries | None = None,
) -> None:
    """Adds the open items that an open campaign's filter matches. Raises Superseded.

    An item about a series joins where the filter matches its table, or the table that stands for the series.
    """
    if campaign.item_filter is None or campaign.closed_at is not None:
        return
    missing = snapshot.missing_evidence
    outside = await store.items_outside(thirdeye, campaign.id)
    # Which tables a filter matches that looks at what cannot be read now, nobody can tell.
    if not outside or looked_at(campaign.item_filter) & missing:
        return
    found = await tables_matching(reader, snapshot, campaign.item_filter)
    numbers, holders = set(found.tolist()), set[int]()
    if any(item.category == Category.SET_RETENTION for item in outside):
        holders = await _holders(thirdeye, snapshot, found, retention)
    items = [
        item.id
        for item in outside
        if item.table_number in numbers or (item.category == Category.SET_RETENTION and item.table_number in holders)
    ]
    if not items:
        return
    async with thirdeye.transaction() as session:
        locked = await store.locked_campaign(session, campaign.id)
        # It may have been closed or deleted since it was read.
        if locked is not None and locked.closed_at is None:
            await store.add_items(session, campaign.id, items)


async def _holders(thirdeye: MySQL, snapshot: Snapshot, found: Array, retention: RetentionSeries | None) -> set[int]:
    """The tables that items about the series are about for which one of the tables found stands."""
    if retention is None:
        named = [item.table_number for item in await open_retentions(thirdeye)]
        retention = await retention_series(thirdeye, snapshot, named)
    return set(retention.without_parts(found).tolist())
