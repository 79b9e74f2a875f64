"""What the views ask that tell what was saved, what comes, and how far advice can be trusted; and administration."""

from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

from bench.page.estate import PageEstate
from bench.page.question import Question
from bench.page.serving import Client, Refused

_MONTHS, _LEVEL = 6, 80


async def proof_and_plans(client: Client, estate: PageEstate) -> AsyncIterator[Question]:
    """The questions of Savings, Trust, Administration, Report and Forecast."""
    _, found = await client.ask("get_policy", {})
    for question in (*_savings(estate.clock().date()), *_trust(found["policy"]), *_single()):
        yield question
    async for question in _forecast(client):
        yield question


def _savings(today: date) -> Iterator[Question]:
    last = today.replace(day=1) - timedelta(days=1)
    months = {"lastFrom": last.replace(day=1).isoformat(), "lastTo": last.isoformat()}
    for name, start in (("savings", None), ("savings of a year", (today - timedelta(days=365)).isoformat())):
        variables = {"from": start, "to": None, **months}
        yield Question(
            view="savings", name=name, operation="get_savings_page", variables=variables, first=start is None
        )


def _trust(policy: dict[str, Any]) -> Iterator[Question]:
    yield Question(view="trust", name="trust", operation="get_trust", first=True)
    now = {name: policy[name] for name in ("deleteRisk", "archiveRisk", "minimumIdleDays", "reviewCaredFor")}
    yield Question(view="trust", name="as it is", operation="simulate_policy", variables={"input": now}, first=True)
    stricter = {"input": {**now, "minimumIdleDays": policy["minimumIdleDays"] + 90}}
    yield Question(view="trust", name="a stricter policy", operation="simulate_policy", variables=stricter)


def _single() -> Iterator[Question]:
    yield Question(view="administration", name="administration", operation="get_administration", first=True)
    variables = {"groups": 10, "tables": 10}
    yield Question(view="report", name="report", operation="get_report", variables=variables, first=True)


async def _forecast(client: Client) -> AsyncIterator[Question]:
    yield Question(
        view="forecast", name="forecast, places", operation="get_forecast_page", variables={"level": _LEVEL}, first=True
    )
    place = {"service": None, "domain": None}
    budgets = {**place, "first": 100}
    yield Question(
        view="forecast", name="forecast, budgets", operation="get_budget_history", variables=budgets, first=True
    )
    forecast = Question(
        view="forecast", name="forecast", operation="get_budget_forecast",
        variables={"months": _MONTHS, **place, "level": _LEVEL}, first=True,
    )  # fmt: skip
    # Until the worker has computed one there is none.
    with suppress(Refused):
        await client.ask(forecast.operation, forecast.variables)
        yield forecast
    done = {"first": 100, "sortBy": "updatedAt", "filter": {"resolution": ["COMPLETED"]}}
    yield Question(
        view="forecast", name="forecast, completed items", operation="list_action_items", variables=done, first=True
    )
