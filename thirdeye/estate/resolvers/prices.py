"""GraphQL: the prices of storage."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

from ariadne import MutationType, QueryType

from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.database import Row
from thirdeye.errors import Unavailable
from thirdeye.estate.resolvers.refreshes import refresh_soon
from thirdeye.estate.store import put_price
from thirdeye.estate.validation import validate_price, validate_price_day, validate_service_type
from thirdeye.inventory.store import prices

query = QueryType()
mutation = MutationType()


@query.field("storagePrices")
async def resolve_storage_prices(_: object, info: Info) -> list[dict[str, object]]:
    return [_price(row) for row in await prices(info.context.thirdeye)]


@mutation.field("setStoragePrice")
async def resolve_set_price(
    _: object, info: Info, *, serviceType: str, usdPerGbMonth: Decimal, effectiveFrom: date | None = None
) -> dict[str, object]:
    by, now, context = administrator(info.context), info.context.clock(), info.context
    day = validate_price_day(effectiveFrom, now.date())
    price = validate_price(usdPerGbMonth)
    service_type = _spelling(validate_service_type(serviceType), await prices(context.thirdeye))
    await put_price(context.thirdeye, service_type=service_type, effective_from=day, price=price, by=by, now=now)
    await refresh_soon(info, by)
    # The next answers of this process use the price already.
    with suppress(Unavailable):
        await context.estate.snapshot(newest=True)
    rows = await prices(context.thirdeye)
    return next(_price(row) for row in rows if (row["service_type"], row["effective_from"]) == (service_type, day))


def _spelling(service_type: str, rows: list[Row]) -> str:
    # Types match regardless of case, so a type keeps the spelling of its first price.
    spellings = (row["service_type"] for row in rows)
    return next((spelling for spelling in spellings if spelling.lower() == service_type.lower()), service_type)


def _price(row: Row) -> dict[str, object]:
    return {
        "serviceType": row["service_type"],
        "usdPerGbMonth": row["usd_per_gb_month"],
        "effectiveFrom": row["effective_from"],
        "setBy": row["set_by"],
        "setAt": row["set_at"],
    }
