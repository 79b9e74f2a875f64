"""What the view of work asks, and action items in their tens of thousands, put there by SQL."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any

from bench.page.estate import PageEstate
from bench.page.question import Question
from bench.page.serving import Client
from thirdeye.services import open_services

# As `ui/src/components/work` has them.
_ROWS = 50
_IDS = 100
_DEEP_PAGES = 40
_SORTS = {"updatedAt": "desc", "createdAt": "desc", "title": "asc", "status": "asc"}
_STATUSES = ("OPEN", "IN_PROGRESS", "DONE")
_OPEN = {"status": ["OPEN", "IN_PROGRESS"], "snoozed": False}
_FILTERS: dict[str, dict[str, Any]] = {
    "mine": {"assignee": ["admin"]},
    "of my teams": {"mine": True},
    "of one kind": {"category": ["PURGE"]},
    "of one priority": {"priority": ["HIGH"]},
    "of one service": {"service": ["snowflake_prod"]},
    "overdue": {"overdue": True},
    "nobody's": {"unassigned": True},
    "under way": {"staged": True},
    "a word in the title": {"search": "orders"},
    "nothing matches": {"search": "no such title"},
}
_CATEGORIES = ("PURGE", "ARCHIVE", "STOP_REFRESH", "REVIEW_EXPENSIVE", "ASSIGN_OWNER", "DEDUPLICATE")
_TABLES = "SELECT number FROM table_inventory WHERE removed_at IS NULL ORDER BY number LIMIT 10000"
_INSERT = """INSERT INTO action_items
(title, status, category, priority, assignee, due_date, table_number, created_at, updated_at) VALUES """
_ROW = """('{title}', '{status}', {category}, '{priority}', {assignee}, {due}, {table}, '{at}', '{at}')"""
_AT_ONCE = 2_000


def fill(estate: PageEstate, items: int) -> None:
    """Until there are so many items, written by people, of all kinds and about all tables."""
    asyncio.run(_fill(estate, items))


async def _fill(estate: PageEstate, items: int) -> None:
    async with open_services(estate.settings, clock=estate.clock) as services:
        numbers = [row["number"] for row in await services.thirdeye.fetch_all(_TABLES)]
        rows = _rows(estate, numbers, items)
        while some := list(islice(rows, _AT_ONCE)):
            await services.thirdeye.execute(_INSERT + ", ".join(some))
        # As a server does by itself, but only some seconds later.
        await services.thirdeye.fetch_all("ANALYZE TABLE action_items")


def _rows(estate: PageEstate, numbers: list[int], items: int) -> Iterator[str]:
    # Values are our own: numbers, days and words of this module.
    for number in range(estate.items, items):
        # A table has one open item of each kind: those about tables are of none here.
        is_of_table, category = number % 2 == 0, _CATEGORIES[number // 2 % len(_CATEGORIES)]
        day = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}"
        yield _ROW.format(
            title=f"Look at orders {number}" if number % 10 == 0 else f"Look at table {number}",
            status=_STATUSES[number % 8 if number % 8 < len(_STATUSES) else 0],
            category="NULL" if is_of_table else f"'{category}'",
            priority=("URGENT", "HIGH", "MEDIUM", "LOW")[number % 4],
            assignee="'admin'" if number % 9 == 0 else "NULL",
            due=f"'{day}'" if number % 3 else "NULL",
            table=numbers[number // 2 % len(numbers)] if is_of_table else "NULL",
            at=f"2025-{number % 12 + 1:02}-{number % 28 + 1:02} {number % 24:02}:{number % 60:02}:00",
        )


def _list(**more: Any) -> dict[str, Any]:
    part = {} if "last" in more else {"first": _ROWS, "after": None}
    return {"filter": _OPEN, **part, "sortBy": "updatedAt", "sortDir": "desc", **more}


def _question(name: str, *, first: bool = False, view: str = "work", **more: Any) -> Question:
    return Question(view=view, name=name, operation="list_work", variables=_list(**more), first=first)


async def work(client: Client) -> AsyncIterator[Question]:
    """The list, the board, one item, and the week of whoever asks."""
    yield _question("list", first=True)
    for sort, direction in _SORTS.items():
        yield _question(f"list by {sort}", sortBy=sort, sortDir=direction)
    for name, chosen in _FILTERS.items():
        yield _question(f"list, {name}", filter={**_OPEN, **chosen})
    yield _question("list, last page", last=_ROWS, before=None)
    cursor = None
    for _ in range(_DEEP_PAGES):
        _, found = await client.ask("list_work", _list(after=cursor))
        page = found["actionItems"]
        cursor = page["pageInfo"]["endCursor"]
    yield _question(f"list, page {_DEEP_PAGES + 1}", after=cursor)
    yield _question(f"list, back to page {_DEEP_PAGES - 1}", last=_ROWS, before=page["pageInfo"]["startCursor"])
    for status in _STATUSES:
        yield _question(f"column {status}", view="board", filter={"status": [status], "snoozed": False}, first=True)
    item = {"id": page["edges"][0]["node"]["id"]}
    yield Question(view="work", name="one item", operation="get_work_item", variables=item)
    ids = {"filter": _OPEN, "first": _IDS, "after": None}
    yield Question(view="work", name="ids for a change of many", operation="list_work_ids", variables=ids)
    week = {"me": ["admin"], "before": "2026-03-20", "first": 20}
    yield Question(view="week", name="my week", operation="get_week", variables=week, first=True)
