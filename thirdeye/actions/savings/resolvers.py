"""GraphQL: what cleaning up was to save, and did save."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from ariadne import QueryType

from thirdeye.actions.savings import store
from thirdeye.actions.savings.validation import validate_period
from thirdeye.actions.savings.views import basis_of, saving_groups
from thirdeye.context import Info

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
    totals = await store.totals(thirdeye, since, until)
    return {
        "from": first,
        "to": last,
        "projectedUsd": sum((row["projected_usd"] for row in projected.values()), Decimal(0)),
        "realizedUsd": totals["realized_usd"],
        "baselineUsd": totals["baseline_usd"],
        "tables": totals["tables"],
        "unproven": totals["unproven"],
        "openUsd": totals["open_usd"],
        "priceBasis": basis_of([totals["bases"], totals["open_bases"], *(row["bases"] for row in projected.values())]),
        "groups": saving_groups(groupBy, realized, projected),
    }
