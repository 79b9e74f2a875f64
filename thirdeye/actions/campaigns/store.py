"""Campaigns and the items in them, in the `thirdeye` schema. Amounts are USD a month."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

import orjson

from thirdeye.actions.store import insert_statement, update_statement
from thirdeye.database import MySQL, Row, Session

_COLUMNS = "id, name, owner, owner_kind, goal_usd, due_date, item_filter, version, created_by, created_at, closed_at"
_ONE = f"SELECT {_COLUMNS} FROM campaign WHERE id = %(id)s"
_LOCKED = f"{_ONE} FOR UPDATE"
_LIST = f"""
SELECT {_COLUMNS} FROM campaign WHERE {{condition}}
ORDER BY closed_at IS NOT NULL, due_date IS NULL, due_date, id LIMIT %(limit)s
"""
_OPEN_WITH_FILTER = f"SELECT {_COLUMNS} FROM campaign WHERE item_filter IS NOT NULL AND closed_at IS NULL ORDER BY id"
_DELETE = "DELETE FROM campaign WHERE id = %(id)s"
_REMOVE_ALL_ITEMS = "DELETE FROM campaign_item WHERE campaign = %(id)s"
_BY_ITEM = f"""
SELECT campaign_item.item, {_COLUMNS} FROM campaign_item JOIN campaign ON campaign.id = campaign_item.campaign
WHERE campaign_item.item IN %(items)s ORDER BY campaign.id
"""
_ADD_ITEMS: Final = "INSERT INTO campaign_item (campaign, item) VALUES "
_UNLESS_PRESENT: Final = " ON DUPLICATE KEY UPDATE item = campaign_item.item"
_REMOVE_ITEMS = "DELETE FROM campaign_item WHERE campaign = %(id)s AND item IN %(items)s"
_EXISTING_ITEMS = "SELECT id FROM action_items WHERE id IN %(items)s"
# Open items about tables that are not in a campaign yet.
_ITEMS_OUTSIDE = """
SELECT id, table_number, category FROM action_items
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
# The tables of a campaign's items, and the old parts of series that these name: each once.
_TABLES = """
SELECT campaign_item.campaign, action_items.table_number
FROM campaign_item JOIN action_items ON action_items.id = campaign_item.item
WHERE campaign_item.campaign IN %(ids)s AND action_items.table_number IS NOT NULL
UNION SELECT campaign_item.campaign, action_item_part.table_number
FROM campaign_item JOIN action_item_part ON action_item_part.item = campaign_item.item
WHERE campaign_item.campaign IN %(ids)s
"""
_AMOUNTS = f"""
SELECT promises.campaign, promises.what, promises.items, promises.done_items, promises.projected_usd, 0 AS realized_usd
FROM ({_PROMISES}) AS promises
UNION ALL SELECT named.campaign, named.table_number, 0, 0, 0, saved.realized_usd
FROM ({_TABLES}) AS named JOIN ({_SAVED}) AS saved ON saved.table_number = named.table_number
"""
_BASES = "GROUP_CONCAT(DISTINCT saving_baseline.price_basis)"
_BASELINE = "LEFT JOIN saving_baseline ON saving_baseline.table_number = amounts.what"
_SUMS = f"""
SELECT campaign, SUM(projected_usd) AS projected_usd, SUM(realized_usd) AS realized_usd, {_BASES} AS bases
FROM ({_AMOUNTS}) AS amounts {_BASELINE} GROUP BY campaign
"""
_PROGRESS_BY_OWNERS = f"""
SELECT COALESCE(table_inventory.owner_set, 0) AS owner_set, SUM(amounts.items) AS items,
       SUM(amounts.done_items) AS done_items, SUM(amounts.projected_usd) AS projected_usd,
       SUM(amounts.realized_usd) AS realized_usd, {_BASES} AS bases
FROM ({_AMOUNTS}) AS amounts LEFT JOIN table_inventory ON table_inventory.number = amounts.what
{_BASELINE}
GROUP BY COALESCE(table_inventory.owner_set, 0)
"""

CampaignColumns = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """A campaign, its filter of tables decoded."""

    id: int
    name: str
    owner: str
    owner_kind: str | None
    goal_usd: Decimal | None
    due_date: date | None
    item_filter: dict[str, Any] | None
    version: int
    created_by: str
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the items of a campaign are, in all or of one set of owners. In the amounts each table counts once.

    `bases`: whose prices these rest on.
    """

    items: int = 0
    done_items: int = 0
    dropped_items: int = 0
    projected_usd: Decimal = Decimal(0)
    realized_usd: Decimal = Decimal(0)
    bases: frozenset[str] = frozenset()

    def __add__(self, other: "Progress") -> "Progress":
        amounts = {name: value + getattr(other, name) for name, value in vars(self).items() if name != "bases"}
        return Progress(**amounts, bases=self.bases | other.bases)


class ItemOutside(NamedTuple):
    """An open item that is not in a campaign."""

    id: int
    table_number: int
    category: str | None


def _campaign(row: Row) -> Campaign:
    document = row["item_filter"]
    return Campaign(**{**row, "item_filter": None if document is None else orjson.loads(document)})


async def campaign(thirdeye: MySQL | Session, id_: int) -> Campaign | None:
    """A campaign; None when there is none."""
    row = await thirdeye.fetch_one(_ONE, {"id": id_})
    return None if row is None else _campaign(row)


async def locked_campaign(session: Session, id_: int) -> Campaign | None:
    """The same, locked until the transaction ends."""
    row = await session.fetch_one(_LOCKED, {"id": id_})
    return None if row is None else _campaign(row)


async def campaigns(thirdeye: MySQL, *, closed: bool, limit: int) -> list[Campaign]:
    """Campaigns, open ones first, then by due date."""
    sql = _LIST.format(condition="TRUE" if closed else "closed_at IS NULL")
    return [_campaign(row) for row in await thirdeye.fetch_all(sql, {"limit": limit})]


async def open_campaigns_with_filter(thirdeye: MySQL) -> list[Campaign]:
    """The open campaigns that items join by a filter."""
    return [_campaign(row) for row in await thirdeye.fetch_all(_OPEN_WITH_FILTER)]


async def insert_campaign(session: Session, columns: CampaignColumns, now: datetime) -> Campaign:
    """Writes a campaign and returns it. Raises AlreadyExists for a name that another has."""
    values = {**_encoded(columns), "created_at": now}
    executed = await session.execute(insert_statement("campaign", values), values)
    inserted = await campaign(session, executed.inserted_id)
    assert inserted is not None
    return inserted


async def change_campaign(session: Session, id_: int, columns: CampaignColumns) -> Campaign:
    """Writes columns and the next version; returns the campaign. Raises AlreadyExists for a name that another has."""
    await session.execute(update_statement("campaign", columns), {**_encoded(columns), "ids": (id_,)})
    changed = await campaign(session, id_)
    assert changed is not None
    return changed


def _encoded(columns: CampaignColumns) -> dict[str, object]:
    document = columns.get("item_filter")
    return {**columns, "item_filter": None if document is None else orjson.dumps(document).decode()}


async def delete_campaign(session: Session, id_: int) -> bool:
    """Deletes a campaign, not its items; False when there was none."""
    await session.execute(_REMOVE_ALL_ITEMS, {"id": id_})
    return (await session.execute(_DELETE, {"id": id_})).matched > 0


# ---- items of campaigns


async def campaigns_by_item(thirdeye: MySQL, items: Sequence[int]) -> dict[int, list[Campaign]]:
    """The campaigns of each of these items."""
    campaigns: dict[int, list[Campaign]] = {}
    for row in await thirdeye.fetch_all(_BY_ITEM, {"items": tuple(items)}):
        campaigns.setdefault(row.pop("item"), []).append(_campaign(row))
    return campaigns


async def existing_items(thirdeye: MySQL, items: Sequence[int]) -> set[int]:
    """Those of these items that exist."""
    return {row["id"] for row in await thirdeye.fetch_all(_EXISTING_ITEMS, {"items": tuple(items) or (-1,)})}


async def add_items(session: Session, id_: int, items: Iterable[int]) -> None:
    """Adds items to a campaign; those in it stay."""
    await session.execute_rows(_ADD_ITEMS, ((id_, item) for item in items), _UNLESS_PRESENT)


async def remove_items(session: Session, id_: int, items: Sequence[int]) -> None:
    """Removes items from a campaign."""
    if items:
        await session.execute(_REMOVE_ITEMS, {"id": id_, "items": tuple(items)})


async def items_outside(thirdeye: MySQL, id_: int) -> list[ItemOutside]:
    """The open items about tables that are not in a campaign."""
    async with thirdeye.session() as session:
        return [ItemOutside(**row) async for row in session.stream(_ITEMS_OUTSIDE, {"id": id_})]


async def progress(thirdeye: MySQL, ids: Sequence[int]) -> dict[int, Progress]:
    """The progress of campaigns; those without items are left out."""
    rows: dict[int, Row] = {}
    for sql in (_COUNTS, _SUMS):
        for row in await thirdeye.fetch_all(sql, {"ids": tuple(ids)}):
            rows.setdefault(row.pop("campaign"), {}).update(row)
    return {id_: _progress(row) for id_, row in rows.items()}


async def progress_by_owners(thirdeye: MySQL, id_: int) -> dict[int, Progress]:
    """The progress of one campaign by set of owners; 0 for tables without."""
    rows = await thirdeye.fetch_all(_PROGRESS_BY_OWNERS, {"ids": (id_,)})
    return {int(row.pop("owner_set")): _progress(row) for row in rows}


def _progress(row: Row) -> Progress:
    # A sum of conditions comes as a decimal number.
    row |= {name: int(row.get(name, 0)) for name in ("items", "done_items", "dropped_items")}
    return Progress(**{**row, "bases": frozenset((row.get("bases") or "").split(",")) - {""}})
