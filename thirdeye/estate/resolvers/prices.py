"""GraphQL: the prices of storage."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

from ariadne import MutationType, QueryType

from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.database import Row
from thirdeye.errors import Unavailable
from thirdeye.estate.loaders import snapshot_of
from thirdeye.estate.resolvers.refreshes import refresh_soon
from thirdeye.estate.store import put_price
from thirdeye.estate.validation import (
    validate_lower_rate,
    validate_price,
    validate_price_day,
    validate_priced_service,
    validate_service_type,
)
from thirdeye.estate.views import PriceView, price_view
from thirdeye.inventory.storage_prices import StoragePrice
from thirdeye.inventory.store import prices

query = QueryType()
mutation = MutationType()


@query.field("storagePrices")
async def resolve_storage_prices(_: object, info: Info) -> list[PriceView]:
    return [price_view(StoragePrice.of(row)) for row in await prices(info.context.thirdeye)]


@mutation.field("setStoragePrice")
async def resolve_set_price(
    _: object,
    info: Info,
    *,
    serviceType: str,
    usdPerGbMonth: Decimal,
    effectiveFrom: date | None = None,
    longTermUsdPerGbMonth: Decimal | None = None,
    longTermDays: int | None = None,
    service: str | None = None,
) -> PriceView:
    by, now, context = administrator(info.context), info.context.clock(), info.context
    day = validate_price_day(effectiveFrom, now.date())
    full = validate_price(usdPerGbMonth)
    lower = validate_lower_rate(full, longTermUsdPerGbMonth, longTermDays)
    kind = validate_service_type(serviceType)
    if service is not None:
        kind = validate_priced_service(service, kind, (await snapshot_of(context)).directory)
    price = StoragePrice(
        service_type=_spelling(kind, await prices(context.thirdeye)),
        service=service or "",
        effective_from=day,
        usd_per_gb_month=full,
        long_term_usd_per_gb_month=None if lower is None else lower[0],
        long_term_days=None if lower is None else lower[1],
        set_by=by,
        set_at=now,
    )
    await put_price(context.thirdeye, price)
    await refresh_soon(info, by)
    # The next answers of this process use the price already.
    with suppress(Unavailable):
        await context.estate.snapshot(newest=True)
    stored = map(StoragePrice.of, await prices(context.thirdeye))
    return next(price_view(each) for each in stored if each.identity == price.identity)


def _spelling(service_type: str, rows: list[Row]) -> str:
    # Types match regardless of case, so a type keeps the spelling of its first price.
    spellings = (row["service_type"] for row in rows)
    return next((spelling for spelling in spellings if spelling.lower() == service_type.lower()), service_type)
