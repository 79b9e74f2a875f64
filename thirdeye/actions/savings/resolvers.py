"""GraphQL: what cleaning up was to save, and did save."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property, partial

from ariadne import QueryType

from thirdeye.actions.savings import store
from thirdeye.actions.savings.validation import validate_period
from thirdeye.actions.savings.views import basis_of, saving_groups
from thirdeye.context import Info
from thirdeye.database import MySQL, Row
from thirdeye.inventory.storage_prices import PriceBasis

query = QueryType()


@query.field("savings")
async def resolve_savings(_: object, info: Info, *, groupBy: str, **period: date | None) -> dict[str, object]:
    # Python has no argument called `from`.
    first, last = validate_period(period.get("from"), period.get("to"), info.context.clock().date())
    thirdeye = info.context.thirdeye
    since = datetime.combine(first, time(), UTC)
    until = datetime.combine(last + timedelta(days=1), time(), UTC)
    realized = await store.realized(thirdeye, groupBy, since, until)
    projected = await store.projected(thirdeye, groupBy, since, until)
    totals, open_items = await store.totals(thirdeye, since, until), _OpenItems(thirdeye)
    return {
        "from": first,
        "to": last,
        "projectedUsd": sum((row["projected_usd"] for row in projected.values()), Decimal(0)),
        "realizedUsd": totals["realized_usd"],
        "baselineUsd": totals["baseline_usd"],
        "tables": totals["tables"],
        "unproven": partial(_unproven, since, until),
        "openUsd": open_items.usd,
        "priceBasis": partial(open_items.basis_with, [totals["bases"], *(row["bases"] for row in projected.values())]),
        "groups": saving_groups(groupBy, realized, projected),
    }


async def _unproven(since: datetime, until: datetime, info: Info) -> int:
    return await store.unproven(info.context.thirdeye, since, until)


class _OpenItems:
    """What open items promise: read once, and only for those who ask for it, because there may be many."""

    def __init__(self, thirdeye: MySQL) -> None:
        self._thirdeye = thirdeye

    @cached_property
    def _promised(self) -> asyncio.Future[Row]:
        return asyncio.ensure_future(store.still_open(self._thirdeye))

    async def usd(self, _info: Info) -> Decimal:
        usd: Decimal = (await self._promised)["projected_usd"]
        return usd

    async def basis_with(self, bases: Sequence[str | None], _info: Info) -> PriceBasis | None:
        """Whose prices these rest on together with others."""
        return basis_of([*bases, (await self._promised)["bases"]])
