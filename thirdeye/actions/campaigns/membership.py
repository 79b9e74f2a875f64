"""How items join campaigns: open items about tables that a campaign's filter matches are added."""

from thirdeye.actions.campaigns import store
from thirdeye.actions.campaigns.store import Campaign
from thirdeye.actions.filters import tables_matching
from thirdeye.database import MySQL
from thirdeye.inventory.reader import EstateReader, Snapshot


async def add_matching_items(thirdeye: MySQL, reader: EstateReader, snapshot: Snapshot, campaign: Campaign) -> None:
    """Adds the open items that an open campaign's filter matches. Raises Superseded."""
    if campaign.item_filter is None or campaign.closed_at is not None:
        return
    outside = await store.items_outside(thirdeye, campaign.id)
    if not outside:
        return
    numbers = set((await tables_matching(reader, snapshot, campaign.item_filter)).tolist())
    if not (items := [item for item, number in outside if number in numbers]):
        return
    async with thirdeye.transaction() as session:
        locked = await store.locked_campaign(session, campaign.id)
        # It may have been closed or deleted since it was read.
        if locked is not None and locked.closed_at is None:
            await store.add_items(session, campaign.id, items)
