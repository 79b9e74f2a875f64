"""The items that a filter matches, out of `action_items`: pages, counts, and those that a change of many locks.

The index `action_items_list` has all that filters look at but `alert`, in the order of the newest changes. A list that no
index narrows walks it without looking at a single row; only the rows of the page are read. Servers would choose an index
without these columns and look at each row instead, so they are told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields as fields_of
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

from thirdeye.actions.items import STATUSES, Item
from thirdeye.actions.ordering import ItemOrder, Position
from thirdeye.actions.store import COLUMNS
from thirdeye.database import MySQL, Session, Texts

# The page first, then its rows by id, whatever a server believes of the table: before it has statistics, as after a
# restore, it would look at all items to find those of the page.
_PAGE: Final = """
SELECT STRAIGHT_JOIN {columns} FROM (
  SELECT id FROM action_items {index} WHERE {conditions} ORDER BY {order} LIMIT %(limit)s
) AS page JOIN action_items FORCE INDEX (PRIMARY) USING (id) ORDER BY {order}
"""
_UNREAD: Final[Mapping[str, Any]] = dict.fromkeys(field.name for field in fields_of(Item))
_NULLABLE: Final = "COALESCE({value}, 'null')"
_AS_IT_IS: Final = """CONCAT('"', {column}, '"')"""
_SECONDS: Final = "DATE_FORMAT({column}, '%%Y-%%m-%%dT%%H:%%i:%%s')"
_TO_SECONDS: Final = f"""CONCAT('"', {_SECONDS}, '+00:00"')"""
_TO_MILLISECONDS: Final = (
    f"""CONCAT('"', {_SECONDS}, IF(MICROSECOND({{column}}), DATE_FORMAT({{column}}, '.%%f'), ''), '+00:00"')"""
)


def _or_null(text: str, column: str) -> str:
    return _NULLABLE.format(value=text.format(column=column))


# The JSON of what fields of ActionItem answer, of those whose answer is in the row alone, whoever asks and whenever. What
# other words than the API's may stand for (`stage`, `resolution`: written to the database directly) is not among them.
JSON_OF_FIELDS: Final[Mapping[str, str]] = {
    "__typename": """'"ActionItem"'""",
    "id": "id",
    "title": "JSON_QUOTE(title)",
    "status": _AS_IT_IS.format(column="status"),
    "category": _or_null("JSON_QUOTE({column})", "category"),
    "priority": _or_null("JSON_QUOTE({column})", "priority"),
    "estimatedSavingsUsd": _or_null(_AS_IT_IS, "estimated_savings_usd"),
    "projectedSavingUsd": _or_null(_AS_IT_IS, "estimated_savings_usd"),
    "createdAt": _TO_SECONDS.format(column="created_at"),
    "updatedAt": _TO_SECONDS.format(column="updated_at"),
    "version": "version",
    "detected": "IF(detected, 'true', 'false')",
    "createdBy": _or_null("JSON_QUOTE({column})", "created_by"),
    "resolutionReason": _or_null("JSON_QUOTE({column})", "resolution_reason"),
    "resolvedAt": _or_null(_TO_MILLISECONDS, "resolved_at"),
    "assignee": _or_null("JSON_QUOTE({column})", "assignee"),
    "assigneeKind": _or_null(_AS_IT_IS, "assignee_kind"),
    "dueDate": _or_null(_AS_IT_IS, "due_date"),
    "snoozedUntil": _or_null(_TO_MILLISECONDS, "snoozed_until"),
    "stageSince": _or_null(_TO_MILLISECONDS, "stage_since"),
    "stageUntil": _or_null(_AS_IT_IS, "stage_until"),
    "alert": _or_null("JSON_QUOTE({column})", "alert"),
}
# By sort key the JSON of its value in a cursor (`ordering.cursor_of`).
_IN_CURSOR: Final[Mapping[str, str]] = {
    "updatedAt": _AS_IT_IS.format(column=_SECONDS.format(column="updated_at")),
    "createdAt": _AS_IT_IS.format(column=_SECONDS.format(column="created_at")),
    "title": "JSON_QUOTE(title)",
    "status": _AS_IT_IS.format(column="status"),
    "id": _AS_IT_IS.format(column="id"),
}
# Of the letters of Base64 those of URLs, without padding and line breaks.
_CURSOR: Final = (
    """REPLACE(REPLACE(REPLACE(REPLACE(TO_BASE64(CONCAT('["{key}","{direction}",', {value}, ',', id, ']'))"""
    r""", '+', '-'), '/', '_'), '=', ''), '\n', '')"""
)
_COUNT: Final = "SELECT {sums} FROM action_items {index} WHERE {conditions}"
_LOCKED: Final = f"SELECT {COLUMNS} FROM action_items WHERE {{conditions}} ORDER BY id LIMIT %(limit)s FOR UPDATE"
_VERSION: Final = "SELECT version FROM data_version WHERE family = 'items'"
_BY_LIST: Final = "FORCE INDEX (action_items_list)"
_NUMBERS_WITH_ITEMS: Final = """
SELECT DISTINCT table_number FROM action_items JOIN table_inventory ON number = table_number
WHERE {column} IN %(values)s LIMIT %(limit)s
"""

# By field of ActionItemFilterInput a value, never None, with `numbers` instead of `table`. Also `now`, `today`, and with
# `mine` the caller's `my_name`, `my_teams`, `my_untold` and `my_sets` (see `permissions.Identity`), the names of all
# three as `my_assignees`, and `my_numbers`: of the caller's tables those that have items, None where these are too many;
# with `service` the same of its tables, as `service_numbers`.
ItemFilter = Mapping[str, object]


# ---- conditions: `{name}` is the value of that name


class _Condition(NamedTuple):
    """`narrows`: few items are like this, and an index of their own finds them."""

    text: str
    narrows: bool = False


# By field of a filter.
_LISTS: Final[Mapping[str, _Condition]] = {
    "ids": _Condition("id IN {ids}", narrows=True),
    "status": _Condition("status IN {status}"),
    "category": _Condition("category IN {category}"),
    "priority": _Condition("priority IN {priority}"),
    "resolution": _Condition("resolution IN {resolution}", narrows=True),
    "stage": _Condition("stage IN {stage}", narrows=True),
    "assignee": _Condition("assignee IN {assignee}", narrows=True),
    "dueBefore": _Condition("due_date < {dueBefore}"),
    "campaign": _Condition("id IN (SELECT item FROM campaign_item WHERE campaign = {campaign})", narrows=True),
    "numbers": _Condition("table_number IN {numbers}", narrows=True),
    "search": _Condition("title LIKE {search} ESCAPE '!'"),
}
# The conditions of true and of false.
_BOOLEANS: Final[Mapping[str, tuple[_Condition, _Condition]]] = {
    "unassigned": (_Condition("assignee IS NULL"), _Condition("assignee IS NOT NULL")),
    "detected": (_Condition("detected = 1"), _Condition("detected = 0")),
    "staged": (_Condition("stage IS NOT NULL", narrows=True), _Condition("stage IS NULL")),
    # Of those without an alert the rows have to be looked at.
    "alerted": (_Condition("alert IS NOT NULL", narrows=True), _Condition("alert IS NULL", narrows=True)),
    "snoozed": (_Condition("snoozed_until > {now}"), _Condition("(snoozed_until IS NULL OR snoozed_until <= {now})")),
    "overdue": (
        _Condition("(due_date < {today} AND status <> 'DONE')"),
        _Condition("(due_date IS NULL OR due_date >= {today} OR status = 'DONE')"),
    ),
}
# Assigned to the caller or one of the caller's teams.
_ASSIGNED_TO_ME: Final = """COALESCE(CASE assignee_kind
  WHEN 'USER' THEN assignee = {my_name} WHEN 'TEAM' THEN assignee IN {my_teams} ELSE assignee IN {my_untold}
END, FALSE)"""
_ASSIGNED_TO_ME_BY_INDEX: Final = f"(assignee IN {{my_assignees}} AND {_ASSIGNED_TO_ME})"
_OWNED_BY_ME: Final = (
    "COALESCE(table_number IN (SELECT number FROM table_inventory WHERE owner_set IN {my_sets}), FALSE)"
)
_OWNED_BY_ME_BY_INDEX: Final = "(table_number IS NOT NULL AND table_number IN {my_numbers})"


def _conditions(item_filter: ItemFilter) -> dict[str, _Condition]:
    """By field of a filter what must hold."""
    conditions = {name: condition for name, condition in _LISTS.items() if name in item_filter}
    for name, (when, otherwise) in _BOOLEANS.items():
        if name in item_filter:
            conditions[name] = when if item_filter[name] else otherwise
    if "service" in item_filter:
        conditions["service"] = _of_service(item_filter)
    if "mine" in item_filter:
        mine = _mine(item_filter)
        conditions["mine"] = mine if item_filter["mine"] else _Condition(f"NOT {mine.text}", narrows=True)
    return conditions


def _of_service(item_filter: ItemFilter) -> _Condition:
    if item_filter.get("service_numbers") is not None:
        return _Condition("table_number IN {service_numbers}", narrows=True)
    return _Condition("table_number IN (SELECT number FROM table_inventory WHERE service IN {service})", narrows=True)


def _mine(item_filter: ItemFilter) -> _Condition:
    """Assigned to the caller or one of the caller's teams, or about a table that one of these owns."""
    numbers = item_filter.get("my_numbers")
    if numbers is None:
        return _Condition(f"({_ASSIGNED_TO_ME} OR {_OWNED_BY_ME})", narrows=True)
    if not numbers:
        return _Condition(_ASSIGNED_TO_ME_BY_INDEX, narrows=True)
    return _Condition(f"({_ASSIGNED_TO_ME_BY_INDEX} OR {_OWNED_BY_ME_BY_INDEX})", narrows=True)


class _Parameters(dict[str, str]):
    """What stands for a value in a statement; those of several filters have prefixes. Keys are the values in use."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, f"%({self._prefix}{name})s")


def _all_of(
    conditions: Iterable[_Condition], item_filter: ItemFilter, prefix: str = ""
) -> tuple[str, dict[str, object]]:
    """The text of conditions of a filter, and the values that it binds."""
    parameters = _Parameters(prefix)
    text = " AND ".join(condition.text.format_map(parameters) for condition in conditions) or "TRUE"
    return text, {f"{prefix}{name}": _bound(name, item_filter[name]) for name in parameters}


def _bound(name: str, value: object) -> object:
    if name == "search":
        return contains_pattern(str(value))
    # A list without values matches nothing.
    return tuple(value) or (None,) if isinstance(value, list) else value


def contains_pattern(text: str) -> str:
    """The pattern of LIKE that finds a text, with `ESCAPE '!'`."""
    return "%" + text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"


def _index(conditions: Mapping[str, _Condition]) -> str:
    """The index that a statement is told to take, if any."""
    is_narrow = any(condition.narrows for condition in conditions.values())
    return "" if is_narrow or not conditions else _BY_LIST


# ---- pages


async def item_page(
    thirdeye: MySQL,
    item_filter: ItemFilter,
    *,
    order: ItemOrder,
    position: Position | None,
    limit: int,
    columns: Sequence[str] | None = None,
) -> list[Item]:
    """Up to `limit` items after `position`, in order. With `columns`, names of fields of Item, only these are read, and
    what their cursors need; all others are None, whatever they hold.
    """
    read = COLUMNS if columns is None else ", ".join(dict.fromkeys([*_sorted_by(order), *columns]))
    query, values = _page(item_filter, order, position, read)
    rows = await thirdeye.fetch_all(query, {**values, "limit": limit})
    return [Item(**{**_UNREAD, **row}) for row in rows]


async def item_texts(
    thirdeye: MySQL,
    item_filter: ItemFilter,
    *,
    order: ItemOrder,
    position: Position | None,
    limit: int,
    fields: tuple[tuple[str, str], ...],
    shown_order: ItemOrder,
) -> list[Texts]:
    """The same, but of each item its cursor within a list of `shown_order`, and the JSON of an object of `fields`: keys with
    names of JSON_OF_FIELDS.
    """
    query, values = _page(item_filter, order, position, _texts(fields, shown_order))
    return await thirdeye.fetch_texts(query, {**values, "limit": limit})


@lru_cache(maxsize=100)
def _texts(fields: tuple[tuple[str, str], ...], order: ItemOrder) -> str:
    members = ", ',', ".join(f"""'"{key}":', {JSON_OF_FIELDS[name]}""" for key, name in fields)
    cursor = _CURSOR.format(key=order.key, direction=order.direction, value=_IN_CURSOR[order.key])
    return f"{cursor}, CONCAT('{{', {members}, '}}')"


def _sorted_by(order: ItemOrder) -> list[str]:
    return ["id"] if order.key == "id" else [order.column, "id"]


def _page(
    item_filter: ItemFilter, order: ItemOrder, position: Position | None, read: str
) -> tuple[str, dict[str, object]]:
    """A statement that reads this of a page, and the values that it binds."""
    conditions = _conditions(item_filter)
    where, values = _all_of(conditions.values(), item_filter)
    if position is not None:
        condition, position_values = _after(order, position)
        where, values = f"{where} AND {condition}", values | position_values
    order_by = ", ".join(f"{column} {order.direction.upper()}" for column in _sorted_by(order))
    # Most items are like this: a few steps along the index of another order find a page.
    is_common = conditions.keys() <= {"status", "snoozed"} and item_filter.get("snoozed") is not True
    index = "" if is_common and order.key != "updatedAt" else _index(conditions)
    return _PAGE.format(columns=read, index=index, conditions=where, order=order_by), values


def _after(order: ItemOrder, position: Position) -> tuple[str, dict[str, object]]:
    """The condition that a page begins after `position`: a range over the index, at any depth."""
    column, beyond = order.column, "<" if order.descending else ">"
    values: dict[str, object] = {"after_id": position.id, "after": position.value}
    if order.key == "id":
        return f"id {beyond} %(after_id)s", values
    if order.key == "status":
        # An ENUM sorts by its place in the list of values but compares as text.
        place = STATUSES.index(str(position.value))
        rest = STATUSES[:place] if order.descending else STATUSES[place + 1 :]
        values["rest"] = rest or ("",)
        return f"(status IN %(rest)s OR (status = %(after)s AND id {beyond} %(after_id)s))", values
    return f"{column} {beyond}= %(after)s AND ({column} {beyond} %(after)s OR id {beyond} %(after_id)s)", values


async def locked_items(session: Session, item_filter: ItemFilter, ids: list[int]) -> list[Item]:
    """Those of these items that a filter matches, locked until the transaction ends."""
    narrowed = {**item_filter, "ids": ids}
    where, values = _all_of(_conditions(narrowed).values(), narrowed)
    rows = await session.fetch_all(_LOCKED.format(conditions=where), {**values, "limit": len(ids)})
    return [Item(**row) for row in rows]


# ---- counts

# What narrows a filter: fields and their values.
Narrowing = frozenset[tuple[str, str]]


def narrowing(item_filter: ItemFilter) -> Narrowing:
    """What narrows a filter: filters of the same are counted by one statement."""
    conditions = _conditions(item_filter)
    return frozenset((name, repr(item_filter[name])) for name, condition in conditions.items() if condition.narrows)


async def count_items(thirdeye: MySQL, filters: Sequence[ItemFilter]) -> list[int]:
    """How many items each of these filters matches, by one statement; the same narrows all of them."""
    names = {name for name, _ in narrowing(filters[0])}
    conditions = [_conditions(item_filter) for item_filter in filters]
    where, values = _all_of((each for name, each in conditions[0].items() if name in names), filters[0])
    sums = list[str]()
    for place, (item_filter, own) in enumerate(zip(filters, conditions, strict=True)):
        rest = (each for name, each in own.items() if name not in names)
        text, more = _all_of(rest, item_filter, f"f{place}_")
        sums.append(f"COALESCE(SUM({text}), 0) AS f{place}")
        values |= more
    # Without any condition the smallest index is best.
    index = _BY_LIST if not names and any(conditions) else ""
    row = await thirdeye.fetch_one(_COUNT.format(sums=", ".join(sums), index=index, conditions=where), values)
    return [int(row[f"f{place}"]) if row else 0 for place in range(len(filters))]


async def numbers_with_items(
    thirdeye: MySQL, column: Literal["owner_set", "service"], values: Sequence[int | str], limit: int
) -> list[int] | None:
    """The tables with one of these values that have items, by number; None if there are more than `limit`."""
    if not values:
        return []
    query = _NUMBERS_WITH_ITEMS.format(column=column)
    rows = await thirdeye.fetch_all(query, {"values": tuple(values), "limit": limit + 1})
    return None if len(rows) > limit else [row["table_number"] for row in rows]


async def items_version(thirdeye: MySQL) -> int:
    """Moves with each change of an item, in its transaction (`session.py`); 0 before the first."""
    row = await thirdeye.fetch_one(_VERSION)
    return int(row["version"]) if row else 0
