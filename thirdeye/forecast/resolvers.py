"""GraphQL: what the estate will cost, out of what the worker stored, and budgets for it."""

from typing import Any, Final

import orjson
from ariadne import MutationType, ObjectType, QueryType

from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.errors import BadInput, Conflict, Unavailable
from thirdeye.estate.loaders import snapshot_of
from thirdeye.forecast import store
from thirdeye.forecast.budgets.store import budgets_of, budgets_on, count, put_budget
from thirdeye.forecast.documents import ForecastDocument
from thirdeye.forecast.places import Place
from thirdeye.forecast.validation import (
    MAX_BUDGETS,
    validate_budget,
    validate_budget_day,
    validate_level,
    validate_months,
    validate_place,
)
from thirdeye.forecast.views import budget_view, entry_view, forecast_view
from thirdeye.paging import page_size

query = QueryType()
mutation = MutationType()
budget_forecast = ObjectType("BudgetForecast")
_MAX_SHOWN: Final = 1000


@query.field("budgetForecast")
async def resolve_budget_forecast(
    _: object,
    info: Info,
    *,
    months: int | None = None,
    service: str | None = None,
    domain: str | None = None,
    level: int | None = None,
) -> dict[str, Any]:
    context = info.context
    asked, interval = validate_months(months), validate_level(level)
    place = validate_place(service, domain, (await snapshot_of(context)).directory)
    stored = await store.forecast(context.thirdeye, place)
    if stored is None:
        raise Unavailable("the worker has not forecast this yet; it does so after the day's first refresh")
    document: ForecastDocument = orjson.loads(stored["document"])
    newest = stored["newest_day"]
    view = forecast_view(
        document,
        place,
        day=stored["day"],
        computed_at=stored["computed_at"],
        months=asked,
        stale=newest is not None and stored["day"] < newest,
    )
    return {**view, "place": place, "stored": stored, "document": document, "level": interval}


@budget_forecast.field("budget")
async def resolve_budget_of_forecast(parent: dict[str, Any], info: Info) -> dict[str, Any] | None:
    if not parent["stored"]["has_budgets"]:
        return None
    rows = await budgets_of(info.context.thirdeye, parent["place"], _MAX_SHOWN)
    return budget_view(rows, info.context.clock().date(), parent["stored"], parent["document"], parent["level"])


@query.field("budgets")
async def resolve_budgets(
    _: object, info: Info, *, first: int | None = None, level: int | None = None
) -> list[dict[str, Any]]:
    thirdeye, today = info.context.thirdeye, info.context.clock().date()
    size, interval = page_size(first, default=20, maximum=100), validate_level(level)
    found = [
        await _budget(info, Place(row["service"], row["domain"]), interval)
        for row in await budgets_on(thirdeye, today, size)
    ]
    return [budget for budget in found if budget is not None]


@query.field("budgetHistory")
async def resolve_budget_history(
    _: object, info: Info, *, service: str | None = None, domain: str | None = None, first: int | None = None
) -> list[dict[str, Any]]:
    size = page_size(first, default=20, maximum=100)
    # Of a place that is gone, too: what somebody decided stays.
    return [entry_view(row) for row in await budgets_of(info.context.thirdeye, Place(service, domain), size)]


@mutation.field("setBudget")
async def resolve_set_budget(
    _: object,
    info: Info,
    *,
    service: str | None = None,
    domain: str | None = None,
    **more: Any,  # noqa: ANN401  `monthlyUsd`, of which null and nothing differ, and `from`, which Python does not name
) -> list[dict[str, Any]]:
    by, now, thirdeye = administrator(info.context), info.context.clock(), info.context.thirdeye
    if "monthlyUsd" not in more:
        raise BadInput("monthlyUsd: give an amount, or null to end the budget", "monthlyUsd")
    day, usd = validate_budget_day(more.get("from"), now.date()), validate_budget(more["monthlyUsd"])
    place = validate_place(service, domain, (await snapshot_of(info.context)).directory)
    if await count(thirdeye, place) >= MAX_BUDGETS:
        raise Conflict(f"a budget was set {MAX_BUDGETS} times here; nothing of that is forgotten, so that no more fits")
    await put_budget(thirdeye, place, day=day, usd=usd, by=by, now=now)
    return [entry_view(row) for row in await budgets_of(thirdeye, place, _MAX_SHOWN)][:20]


async def _budget(info: Info, place: Place, level: int) -> dict[str, Any] | None:
    thirdeye = info.context.thirdeye
    rows, stored = await budgets_of(thirdeye, place, _MAX_SHOWN), await store.forecast(thirdeye, place)
    document = None if stored is None else orjson.loads(stored["document"])
    return budget_view(rows, info.context.clock().date(), stored, document, level)
