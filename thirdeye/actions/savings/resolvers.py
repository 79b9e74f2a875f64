"""GraphQL: what cleaning up was to save, and did save."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from ariadne import QueryType

from thirdeye.actions.savings import store
from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.paging import EARLIEST_DAY

query = QueryType()
_LONGEST: Final = timedelta(days=10 * 366)
_LAST_DAY: Final = date(9999, 12, 30)
_NOTHING: Final = Decimal(0)


@query.field("savings")
async def resolve_savings(_: Any, info: Info, *, groupBy: str, **between: date | None) -> dict[str, Any]:
    # `from` is no name that Python has for an argument.
    last = between.get("to") or info.context.clock().date()
    if not EARLIEST_DAY <= last <= _LAST_DAY:
        raise BadInput(f"to: must be from {EARLIEST_DAY} to {_LAST_DAY}", "to")
    first = between.get("from") or last - timedelta(days=365)
    if first > last:
        raise BadInput("from: must not be after to", "from")
    if last - first > _LONGEST:
        raise BadInput("from: at most ten years before to", "from")
    thirdeye = info.context.thirdeye
    since = datetime.combine(first, time(), UTC)
    until = datetime.combine(last + timedelta(days=1), time(), UTC)
    realized = {row["group_key"]: row for row in await store.realized(thirdeye, groupBy, since, until)}
    promised = {
        row["group_key"]: row["projected_usd"] for row in await store.projected(thirdeye, groupBy, since, until)
    }
    totals = await store.totals(thirdeye, since, until)
    groups = [
        {
            "key": str(key),
            "projectedUsd": promised.get(key, _NOTHING),
            "realizedUsd": realized[key]["realized_usd"] if key in realized else _NOTHING,
            "tables": realized[key]["tables"] if key in realized else 0,
        }
        for key in realized.keys() | promised.keys()
    ]
    groups.sort(key=lambda group: group["key"] if groupBy == "MONTH" else (-group["realizedUsd"], group["key"]))
    return {
        "from": first,
        "to": last,
        "projectedUsd": sum(promised.values(), _NOTHING),
        "realizedUsd": totals["realized_usd"],
        "baselineUsd": totals["baseline_usd"],
        "tables": totals["tables"],
        "unproven": totals["unproven"],
        "openUsd": totals["open_usd"],
        "groups": groups,
    }
