"""Daily facts as refreshes of many days would have left them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from thirdeye.database import MySQL
from thirdeye.forecast import store
from thirdeye.forecast.places import Place


def row(day: date, place: Place, **facts: Any) -> tuple[Any, ...]:
    """A row of `estate_daily`; what is not given is unknown, but for the numbers of tables."""
    values: dict[str, Any] = {
        "day": day.isoformat(), "place": place.key, "service": place.service, "domain": place.domain, "reconstructed": 0,
        "generation": 1, "refreshed_at": datetime.combine(day, time(), UTC), "tables_count": 1, "sized_tables": 1, **facts,
    }  # fmt: skip
    return tuple(
        str(values[name]) if values.get(name) is not None and name.endswith("_usd") else values.get(name)
        for name in store.DAILY_COLUMNS
    )


async def put_days(thirdeye: MySQL, last: date, costs: Mapping[Place, Sequence[float | None]], **facts: Any) -> None:
    """Writes the storage cost of places by day, up to `last`; None for a day without a refresh."""
    by_day = dict[date, list[tuple[Any, ...]]]()
    for place, values in costs.items():
        for number, usd in enumerate(reversed(values)):
            day = last - timedelta(days=number)
            if usd is not None:
                by_day.setdefault(day, []).append(row(day, place, storage_usd=usd, bytes=int(usd * 10**9), **facts))
    async with thirdeye.transaction() as session:
        for day, rows in by_day.items():
            await store.put_day(session, day, rows)
