"""GraphQL: refreshes and prices, and what administrators do about them."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from ariadne import MutationType, QueryType

from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.errors import BadInput, Unavailable
from thirdeye.inventory import store
from thirdeye.inventory.money import ANY_TYPE
from thirdeye.jobs import REFRESH
from thirdeye.paging import connection, decode_cursor, encode_cursor, page_size

query = QueryType()
mutation = MutationType()
_MOST_ID: Final = 2**63 - 1
# A refresh that began longer ago and has not ended is dead.
_DEAD_AFTER: Final = timedelta(hours=2)
_HIGHEST_PRICE: Final = 1000
_EARLIEST_PRICE: Final = date(2000, 1, 1)
_LONGEST_TYPE: Final = 128


# ---- refreshes


def _run(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "kind": row["kind"],
        "phase": row["phase"],
        "seen": row["seen"],
        "changed": row["changed"],
        "warnings": row["warnings"],
        "requestedBy": row["requested_by"],
        "startedAt": row["started_at"],
        "finishedAt": row["finished_at"],
        "error": row["error"],
    }


@query.field("refreshRuns")
async def resolve_refresh_runs(
    _: Any, info: Info, *, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    size = page_size(first, default=20, maximum=100)
    rows = await store.runs(info.context.thirdeye, before=_before(after), limit=size + 1)
    edges = [{"cursor": encode_cursor(row["id"]), "node": _run(row)} for row in rows[:size]]
    return connection(edges, has_next=len(rows) > size, has_previous=after is not None)


def _before(after: str | None) -> int:
    """The id that a page of falling ids begins below."""
    if after is None:
        return _MOST_ID
    found: int = decode_cursor(after, (int,))[0]
    if not 0 < found <= _MOST_ID:
        raise BadInput("after: this is no cursor of this list", "after")
    return found


@mutation.field("refreshEstate")
async def resolve_refresh(_: Any, info: Info, *, full: bool | None = None) -> dict[str, Any]:
    by, now = administrator(info.context), info.context.clock()
    return await request_refresh(info, kind="FULL" if full else "AUTO", by=by, now=now, since=now - _DEAD_AFTER)


async def request_refresh(info: Info, *, kind: str, by: str, now: datetime, since: datetime | None) -> dict[str, Any]:
    """The run that waits or, with `since`, has been running since then, else a new one.

    Raises Unavailable when Redis is away, and leaves no run behind then.
    """
    context = info.context
    run, new = await store.request_run(context.thirdeye, kind=kind, by=by, now=now, since=since)
    if new:
        try:
            await context.jobs.put(REFRESH, key=str(run["id"]))
        except Unavailable:
            await store.drop_run(context.thirdeye, run["id"])
            raise
    return _run(run)


# ---- prices


def _price(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "serviceType": row["service_type"],
        "usdPerGbMonth": row["usd_per_gb_month"],
        "effectiveFrom": row["effective_from"],
        "setBy": row["set_by"],
        "setAt": row["set_at"],
    }


@query.field("storagePrices")
async def resolve_storage_prices(_: Any, info: Info) -> list[dict[str, Any]]:
    return [_price(row) for row in await store.prices(info.context.thirdeye)]


@mutation.field("setStoragePrice")
async def resolve_set_price(
    _: Any, info: Info, *, serviceType: str, usdPerGbMonth: Decimal, effectiveFrom: date | None = None
) -> dict[str, Any]:
    by, now, context = administrator(info.context), info.context.clock(), info.context
    day = _validate_day(effectiveFrom or now.date(), now.date())
    price = _validate_price(usdPerGbMonth)
    kind = _known_spelling(_validate_service_type(serviceType), await store.prices(context.thirdeye))
    await store.put_price(context.thirdeye, service_type=kind, effective_from=day, price=price, by=by, now=now)
    # Totals are prepared by a refresh; without Redis the next one on time will do.
    with suppress(Unavailable):
        await request_refresh(info, kind="AUTO", by=by, now=now, since=None)
    # What this process answers next has the price in it.
    with suppress(Unavailable):
        await context.estate.snapshot(newest=True)
    rows = await store.prices(context.thirdeye)
    return next(_price(row) for row in rows if row["service_type"] == kind and row["effective_from"] == day)


def _validate_service_type(given: str) -> str:
    kind = given.strip()
    if not 1 <= len(kind) <= _LONGEST_TYPE or not kind.isprintable():
        raise BadInput(
            f"serviceType: must have 1 to {_LONGEST_TYPE} characters; {ANY_TYPE} stands for all", "serviceType"
        )
    return kind


def _known_spelling(kind: str, prices: list[dict[str, Any]]) -> str:
    # Types are looked up without regard to case, so that each must have one spelling only.
    return next((row["service_type"] for row in prices if row["service_type"].lower() == kind.lower()), kind)


def _validate_price(price: Decimal) -> Decimal:
    if not 0 <= price <= _HIGHEST_PRICE or price != round(price, 6):
        raise BadInput(f"usdPerGbMonth: must be 0 to {_HIGHEST_PRICE} with up to six decimals", "usdPerGbMonth")
    return price


def _validate_day(day: date, today: date) -> date:
    if not _EARLIEST_PRICE <= day <= today + timedelta(days=366):
        raise BadInput("effectiveFrom: must be from 2000-01-01 to a year ahead", "effectiveFrom")
    return day
