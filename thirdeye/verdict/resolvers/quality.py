"""GraphQL: whether verdicts hold."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial

from ariadne import QueryType

from thirdeye.context import Info
from thirdeye.estate.loaders import snapshot_of
from thirdeye.inventory.reader import NotReadYet
from thirdeye.verdict import store
from thirdeye.verdict.advisor import CALIBRATION_DAYS
from thirdeye.verdict.quality import QualityRow, calibration, describe_decile, miscalibrated_deciles, regret_rate
from thirdeye.verdict.validation import validate_period

query = QueryType()


@query.field("verdictQuality")
async def resolve_quality(_: object, info: Info, **period: date | None) -> dict[str, object]:
    # `from` cannot be the name of a Python argument.
    today, calibration_period = info.context.clock().date(), timedelta(days=CALIBRATION_DAYS)
    start, end = validate_period(period.get("from"), period.get("to"), today, calibration_period)
    last_year = await _given_since(info, today - calibration_period, today)
    is_last_year = (start, end) == (today - calibration_period, today)
    rows = last_year if is_last_year else await store.quality(info.context.thirdeye, start, end, today)
    miscalibrated = miscalibrated_deciles(last_year)
    return {
        "from": start,
        "to": end,
        **_totals(rows),
        "byVerdict": [
            {"recommendation": name, **_totals([row for row in rows if row["verdict"] == name])}
            for name in ("DELETE", "ARCHIVE")
        ],
        "byClass": [
            {
                "recommendation": row["verdict"],
                "like": describe_decile(row["decile"]),
                "promisedRisk": row["promised"],
                "calibrationOff": row["decile"] in miscalibrated,
                **_totals([row]),
            }
            for row in sorted(rows, key=lambda row: (-row["verdicts"], row["verdict"], row["decile"]))
        ],
        "calibration": [
            {
                "from": (each["decile"] - 1) / 10,
                "to": each["decile"] / 10,
                "expectedRisk": each["expected"],
                **each["rate"],
            }
            for each in calibration(rows)
        ],
        "calibratedAt": await _refreshed_at(info),
    }


async def _refreshed_at(info: Info) -> datetime | None:
    try:
        return (await snapshot_of(info.context)).refreshed_at
    except NotReadYet:
        return None


async def _given_since(info: Info, since: date, today: date) -> list[QualityRow]:
    """The rows of the verdicts given since a day. Only a refresh changes them, and there may be hundreds of thousands."""
    read = partial(store.quality, info.context.thirdeye, since, today, today)
    try:
        snapshot = await snapshot_of(info.context)
    except NotReadYet:
        return await read()
    return await snapshot.read_once(f"verdicts given from {since} to {today}", read)


def _totals(rows: Sequence[QualityRow]) -> dict[str, object]:
    rate = regret_rate(sum(row["verdicts"] for row in rows), sum(row["regrets"] for row in rows))
    return {**rate, "standing": sum(row["standing"] for row in rows)}
