"""Campaigns and the items in them, in the `thirdeye` schema. Amounts are USD a month."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from thirdeye.database import MySQL, Row, Session

_COLUMNS = "id, name, owner, goal_usd, due_date, item_filter, version, created_by, created_at, closed_at"
_ONE = f"SELECT {_COLUMNS} FROM campaign WHERE id = %(id)s"
_LOCKED = f"{_ONE} FOR UPDATE"
_LIST = f"""
SELECT {_COLUMNS} FROM campaign WHERE {{which}}
ORDER BY closed_at IS NOT NULL, due_date IS NULL, due_date, id LIMIT %(limit)s
"""
_FEEDING = f"SELECT {_COLUMNS} FROM campaign WHERE item_filter IS NOT NULL AND closed_at IS NULL ORDER BY id"
_WRITABLE: Final = ("name", "owner", "goal_usd", "due_date", "item_filter", "created_by", "closed_at")
_DELETE = "DELETE FROM campaign WHERE id = %(id)s"
_EMPTY = "DELETE FROM campaign_item WHERE campaign = %(id)s"
_OF_ITEMS = f"""
SELECT campaign_item.item, {_COLUMNS} FROM campaign_item JOIN campaign ON campaign.id = campaign_item.campaign
WHERE campaign_item.item IN %(items)s ORDER BY campaign.id
"""
_PUT: Final = "INSERT INTO campaign_item (campaign, item) VALUES "
_THERE: Final = " ON DUPLICATE KEY UPDATE item = campaign_item.item"
_TAKE = "DELETE FROM campaign_item WHERE campaign = %(id)s AND item IN %(items)s"
_KNOWN = "SELECT id FROM action_items WHERE id IN %(items)s"
# Open items about tables that are not in a campaign yet.
_OUTSIDE = """
SELECT id, table_number FROM action_items
WHERE status <> 'DONE' AND table_number IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM campaign_item WHERE campaign = %(id)s AND item = action_items.id)
"""
_DROPPED = "COALESCE(action_items.resolution, '') IN ('DISMISSED', 'OBSOLETE')"
_COUNTS = f"""
SELECT campaign_item.campaign, COUNT(*) AS items, SUM(action_items.status = 'DONE') AS done_items,
       SUM({_DROPPED}) AS dropped_items
FROM campaign_item JOIN action_items ON action_items.id = campaign_item.item
WHERE campaign_item.campaign IN %(ids)s GROUP BY campaign_item.campaign
"""
# Of several items about a table the one that promises most; those without a table by themselves.
_PROMISES = f"""
SELECT campaign_item.campaign, COALESCE(action_items.table_number, -action_items.id) AS what, COUNT(*) AS items,
       SUM(action_items.status = 'DONE') AS done_items,
       MAX(IF({_DROPPED}, 0, COALESCE(action_items.estimated_savings_usd, 0))) AS projected_usd
FROM campaign_item JOIN action_items ON action_items.id = campaign_item.item
WHERE campaign_item.campaign IN %(ids)s
GROUP BY campaign_item.campaign, COALESCE(action_items.table_number, -action_items.id)
"""
_SAVED = "SELECT table_number, SUM(realized_usd) AS realized_usd FROM saving_entry GROUP BY table_number"
_SUMS = f"""
SELECT promises.campaign, SUM(promises.projected_usd) AS projected_usd,
       COALESCE(SUM(saved.realized_usd), 0) AS realized_usd
FROM ({_PROMISES}) AS promises LEFT JOIN ({_SAVED}) AS saved ON saved.table_number = promises.what
GROUP BY promises.campaign
"""
_RANKS = f"""
SELECT COALESCE(table_inventory.owner_set, 0) AS owner_set, SUM(promises.items) AS items,
       SUM(promises.done_items) AS done_items, SUM(promises.projected_usd) AS projected_usd,
       COALESCE(SUM(saved.realized_usd), 0) AS realized_usd
FROM ({_PROMISES}) AS promises
LEFT JOIN ({_SAVED}) AS saved ON saved.table_number = promises.what
LEFT JOIN table_inventory ON table_inventory.number = promises.what
GROUP BY COALESCE(table_inventory.owner_set, 0)
"""


def _decoded(row: Row) -> Row:
    row["item_filter"] = None if row["item_filter"] is None else orjson.loads(row["item_filter"])
    return row


async def campaign(thirdeye: MySQL | Session, id_: int) -> Row | None:
    """A campaign, its filter decoded; None when there is none."""
    row = await thirdeye.fetch_one(_ONE, {"id": id_})
    return None if row is None else _decoded(row)


async def locked_campaign(session: Session, id_: int) -> Row | None:
    """The same, which nobody else can change until the transaction ends."""
    row = await session.fetch_one(_LOCKED, {"id": id_})
    return None if row is None else _decoded(row)


async def campaigns(thirdeye: MySQL, *, closed: bool, limit: int) -> list[Row]:
    """Campaigns, open ones first, then by due date."""
    sql = _LIST.format(which="TRUE" if closed else "closed_at IS NULL")
    return [_decoded(row) for row in await thirdeye.fetch_all(sql, {"limit": limit})]


async def feeding(thirdeye: MySQL) -> list[Row]:
    """The open campaigns that have a filter."""
    return [_decoded(row) for row in await thirdeye.fetch_all(_FEEDING)]


async def insert_campaign(session: Session, values: Mapping[str, Any], now: datetime) -> Row:
    """Writes a campaign and gives it. Raises AlreadyExists for a name that another has."""
    columns = [name for name in _WRITABLE if name in values]
    sql = (
        f"INSERT INTO campaign ({', '.join([*columns, 'created_at'])}) "
        f"VALUES ({', '.join([*(f'%({name})s' for name in columns), '%(now)s'])})"
    )
    executed = await session.execute(sql, {**_encoded(values), "now": now.replace(tzinfo=None)})
    row = await campaign(session, executed.inserted_id)
    assert row is not None
    return row


async def change_campaign(session: Session, id_: int, changes: Mapping[str, Any]) -> Row:
    """Writes changed columns and the next version; gives the campaign. Raises AlreadyExists for a name of another."""
    columns = [name for name in _WRITABLE if name in changes]
    assignments = ", ".join([*(f"{name} = %({name})s" for name in columns), "version = version + 1"])
    await session.execute(f"UPDATE campaign SET {assignments} WHERE id = %(id)s", {**_encoded(changes), "id": id_})
    row = await campaign(session, id_)
    assert row is not None
    return row


def _encoded(values: Mapping[str, Any]) -> dict[str, Any]:
    document = values.get("item_filter")
    return {**values, "item_filter": None if document is None else orjson.dumps(document).decode()}


async def delete_campaign(session: Session, id_: int) -> bool:
    """Deletes a campaign, not its items; False when there was none."""
    await session.execute(_EMPTY, {"id": id_})
    return (await session.execute(_DELETE, {"id": id_})).matched > 0


async def of_items(thirdeye: MySQL, items: Sequence[int]) -> dict[int, list[Row]]:
    """The campaigns of each of these items."""
    found: dict[int, list[Row]] = {}
    for row in await thirdeye.fetch_all(_OF_ITEMS, {"items": tuple(items)}):
        found.setdefault(row["item"], []).append(_decoded(row))
    return found


async def known_items(thirdeye: MySQL, items: Sequence[int]) -> set[int]:
    """Those of these items that there are."""
    return {row["id"] for row in await thirdeye.fetch_all(_KNOWN, {"items": tuple(items) or (-1,)})}


async def put_items(session: Session, id_: int, items: Iterable[int]) -> None:
    """Puts items in; those that are in stay."""
    await session.execute_rows(_PUT, ((id_, item) for item in items), _THERE)


async def take_items(session: Session, id_: int, items: Sequence[int]) -> None:
    """Takes items out."""
    if items:
        await session.execute(_TAKE, {"id": id_, "items": tuple(items)})


async def items_outside(thirdeye: MySQL, id_: int) -> list[tuple[int, int]]:
    """Open items that are not in a campaign yet, with their tables."""
    async with thirdeye.session() as session:
        return [(row["id"], row["table_number"]) async for row in session.stream(_OUTSIDE, {"id": id_})]


async def progress(thirdeye: MySQL, ids: Sequence[int]) -> dict[int, Row]:
    """How far campaigns are: counts, and amounts in which each table counts once."""
    values = {"ids": tuple(ids)}
    found = {row["campaign"]: row for row in await thirdeye.fetch_all(_COUNTS, values)}
    for row in await thirdeye.fetch_all(_SUMS, values):
        found[row["campaign"]].update(row)
    return found


async def ranks(thirdeye: MySQL, id_: int) -> list[Row]:
    """The same of one campaign by set of owners."""
    return await thirdeye.fetch_all(_RANKS, {"ids": (id_,)})
