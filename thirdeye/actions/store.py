"""Action items in the `thirdeye` schema."""

from typing import Any

from thirdeye.actions.rules import STATUSES, ItemOrder, Position
from thirdeye.database import MySQL, Row, Session

_COLUMNS = """
id AS id, title AS title, status AS status, category AS category, priority AS priority,
estimated_savings_usd AS estimatedSavingsUsd, created_at AS createdAt, updated_at AS updatedAt
"""
_SORT_COLUMNS = {
    "updatedAt": "updated_at",
    "createdAt": "created_at",
    "title": "title",
    "status": "status",
    "id": "id",
}
_PAGE = f"SELECT {_COLUMNS} FROM action_items WHERE {{conditions}} ORDER BY {{order}} LIMIT %(limit)s"
_COUNT = "SELECT COUNT(*) AS total FROM action_items WHERE {conditions}"
_ONE = f"SELECT {_COLUMNS} FROM action_items WHERE id = %(id)s"
_INSERT = "INSERT INTO action_items (title) VALUES (%(title)s)"
_UPDATE = "UPDATE action_items SET {assignments} WHERE id = %(id)s"
_DELETE = "DELETE FROM action_items WHERE id = %(id)s"


def _filters(status: str | None, search: str | None) -> tuple[list[str], dict[str, Any]]:
    conditions, values = ["TRUE"], dict[str, Any]()
    if status is not None:
        conditions.append("status = %(status)s")
        values["status"] = status
    if search is not None:
        escaped = search.replace("!", "!!").replace("%", "!%").replace("_", "!_")
        conditions.append("title LIKE %(pattern)s ESCAPE '!'")
        values["pattern"] = f"%{escaped}%"
    return conditions, values


def _after(order: ItemOrder, position: Position) -> tuple[str, dict[str, Any]]:
    """The condition that a page begins after `position`: a range over the index, at any depth."""
    column, beyond = _SORT_COLUMNS[order.key], "<" if order.descending else ">"
    values: dict[str, Any] = {"after_id": position.id, "after": position.value}
    if order.key == "id":
        return f"id {beyond} %(after_id)s", values
    if order.key == "status":
        # An ENUM sorts by its place in the list of values but compares as text.
        place = STATUSES.index(position.value)
        rest = STATUSES[:place] if order.descending else STATUSES[place + 1 :]
        values["rest"] = rest or ("",)
        return f"(status IN %(rest)s OR (status = %(after)s AND id {beyond} %(after_id)s))", values
    return f"{column} {beyond}= %(after)s AND ({column} {beyond} %(after)s OR id {beyond} %(after_id)s)", values


async def item_page(
    thirdeye: MySQL, *, status: str | None, search: str | None, order: ItemOrder, position: Position | None, limit: int
) -> list[Row]:
    """Up to `limit` items after `position`, in order; keys are those of the GraphQL type."""
    conditions, values = _filters(status, search)
    if position is not None:
        condition, more = _after(order, position)
        conditions.append(condition)
        values |= more
    direction = order.direction.upper()
    column = _SORT_COLUMNS[order.key]
    by = f"id {direction}" if column == "id" else f"{column} {direction}, id {direction}"
    sql = _PAGE.format(conditions=" AND ".join(conditions), order=by)
    return await thirdeye.fetch_all(sql, {**values, "limit": limit})


async def count_items(thirdeye: MySQL, *, status: str | None, search: str | None) -> int:
    """How many items there are under these filters."""
    conditions, values = _filters(status, search)
    row = await thirdeye.fetch_one(_COUNT.format(conditions=" AND ".join(conditions)), values)
    return int(row["total"]) if row else 0


async def _get(session: Session, id_: int) -> Row | None:
    return await session.fetch_one(_ONE, {"id": id_})


async def create_item(thirdeye: MySQL, title: str) -> Row:
    """Writes a new item and gives it back."""
    async with thirdeye.transaction() as session:
        executed = await session.execute(_INSERT, {"title": title})
        row = await _get(session, executed.inserted_id)
        assert row is not None
        return row


async def update_item(thirdeye: MySQL, id_: int, changes: dict[str, str]) -> Row | None:
    """Changes title, status or both, and gives the item; None when there is none."""
    assignments = ", ".join(f"{column} = %({column})s" for column in ("title", "status") if column in changes)
    async with thirdeye.transaction() as session:
        await session.execute(_UPDATE.format(assignments=assignments), {**changes, "id": id_})
        return await _get(session, id_)


async def delete_item(thirdeye: MySQL, id_: int) -> bool:
    """Deletes an item; False when there was none."""
    return (await thirdeye.execute(_DELETE, {"id": id_})).matched > 0
