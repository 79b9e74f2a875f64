"""What the views ask: the operations of `ui/src` with the variables that they send."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

from bench.page.estate import PageEstate
from bench.page.proof import proof_and_plans
from bench.page.question import Question
from bench.page.serving import Client, Refused
from bench.page.work import work
from tests.support import ROOT

# As `ui/src/components/waste` has them.
_ROWS = 50
_TILES = 60
_DEEP_PAGES = 40
_FILTERS: dict[str, dict[str, Any]] = {
    "verdict": {"verdict": ["DELETE", "ARCHIVE", "STOP_REFRESH"]},
    "one service": {"service": ["snowflake_prod"]},
    "blocked zombies": {"blocked": True, "zombie": True},
    "cost at least": {"minimumMonthlyCost": "10"},
    "savings at least": {"minimumSaving": "1"},
    "tag": {"tag": ["PII.Sensitive"]},
    "in series": {"inSeries": True},
    "mine": {"mine": True},
    "growing": {"growing": True},
    "copies": {"duplicate": True},
    "nothing matches": {"schema": ["no_such_schema"], "service": ["snowflake_prod"]},
}
_SORTS = ("cost", "saving", "size", "lastAccess", "lastWrite", "queries", "name", "purgeScore", "returnRisk")


def operations_of_the_page() -> set[str]:
    """The persisted queries that the page's sources name."""
    texts = " ".join(path.read_text("utf-8") for path in (ROOT / "ui" / "src").rglob("*.ts*"))
    named = set(re.findall(r'"([a-z_]+)"', texts))
    return {
        path.stem
        for path in (ROOT / "operations").glob("*.graphql")
        if path.stem in named and path.read_text("utf-8").startswith("query")
    }


def _rows(**more: Any) -> dict[str, Any]:
    pages = {} if "last" in more else {"first": _ROWS, "after": None}
    usual = {"filter": {}, "search": None, "sortBy": "cost", "sortDir": "desc", **pages, "blockers": False}
    return {**usual, **more}


async def questions_of(client: Client, estate: PageEstate) -> list[Question]:
    """All questions, view by view."""
    return [
        *_overview(estate),
        *[question async for question in _waste(client)],
        *[question async for question in _table(client, estate)],
        *_unlock(),
        *[question async for question in work(client)],
        *[question async for question in proof_and_plans(client, estate)],
        Question(view="first run", name="runs", operation="list_refresh_runs", variables={"first": 20}, first=True),
    ]


def _overview(estate: PageEstate) -> Iterator[Question]:
    visit = (estate.clock() - timedelta(days=7)).isoformat()
    for name, since in (("at a first visit", None), ("a week after the last visit", visit)):
        yield Question(
            view="overview", name=name, operation="get_overview", variables={"since": since}, first=since is None
        )


async def _waste(client: Client) -> AsyncIterator[Question]:
    def list_of(name: str, *, first: bool = False, **more: Any) -> Question:
        return Question(view="waste", name=name, operation="list_table_rows", variables=_rows(**more), first=first)

    def map_of(name: str, service: str | None, database: str | None, *, first: bool = False) -> Question:
        variables = {"service": service, "database": database, "first": _TILES}
        return Question(view="waste", name=name, operation="get_cost_map", variables=variables, first=first)

    _, found = await client.ask("get_cost_map", {"service": None, "database": None, "first": _TILES})
    service = found["costMap"]["entries"][0]["name"]
    _, found = await client.ask("get_cost_map", {"service": service, "database": None, "first": _TILES})
    database = found["costMap"]["entries"][0]["name"]
    yield map_of("map of the estate", None, None, first=True)
    yield list_of("list", first=True)
    yield map_of("map of a service", service, None)
    yield map_of("map of a database", service, database)
    for sort in _SORTS:
        yield list_of(f"list by {sort}", sortBy=sort, sortDir="asc" if sort == "name" else "desc")
    for name, chosen in _FILTERS.items():
        yield list_of(f"list, {name}", filter=chosen)
    yield list_of("list, with blockers", blockers=True)
    yield list_of("list, a word", search="ord")
    yield list_of("list, two words", search="orders daily")
    yield list_of("list, last page", last=_ROWS, before=None)
    cursor = None
    for _ in range(_DEEP_PAGES):
        _, found = await client.ask("list_table_rows", _rows(after=cursor))
        cursor = found["tables"]["pageInfo"]["endCursor"]
    yield list_of(f"list, page {_DEEP_PAGES + 1}", after=cursor)


async def _table(client: Client, estate: PageEstate) -> AsyncIterator[Question]:
    _, found = await client.ask("list_table_rows", _rows(sortBy="saving"))
    names = {
        "most to save": found["tables"]["edges"][0]["node"]["fqn"],
        "with items": estate.with_items,
        "the hub": estate.hub,
    }
    for name, fqn in names.items():
        for operation, variables in (
            ("get_table_page", {"fqn": fqn}),
            ("get_table_impact", {"fqn": fqn}),
            ("list_action_items", {"filter": {"table": [fqn]}, "first": 20}),
        ):
            is_hub = fqn == estate.hub
            yield Question(
                view="table", name=f"{operation}, {name}", operation=operation, variables=variables, first=is_hub
            )
        plan = Question(
            view="table", name=f"get_removal_plan, {name}", operation="get_removal_plan", variables={"fqn": fqn}
        )
        # Of what no statements of ours remove there is none.
        with suppress(Refused):
            await client.ask(plan.operation, plan.variables)
            yield plan
    _, found = await client.ask("list_action_items", {"filter": {"table": [estate.with_items]}, "first": 20})
    item = found["actionItems"]["edges"][0]["node"]["id"]
    yield Question(view="table", name="an item's history", operation="get_action_item", variables={"id": item})


def _unlock() -> Iterator[Question]:
    for name, count in (("list", 50), ("all groups, for a filter", 1_000)):
        yield Question(
            view="unlock", name=name, operation="get_unlock_plan", variables={"first": count}, first=count == 50
        )
