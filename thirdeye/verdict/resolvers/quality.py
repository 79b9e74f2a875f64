"""GraphQL: whether verdicts hold."""

from collections.abc import Sequence
from datetime import date, timedelta

from ariadne import QueryType

from thirdeye.context import Info
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
    rows = await store.quality(info.context.thirdeye, start, end, today)
    miscalibrated = miscalibrated_deciles(
        await store.quality(info.context.thirdeye, today - calibration_period, today, today)
    )
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
    }


def _totals(rows: Sequence[QualityRow]) -> dict[str, object]:
    rate = regret_rate(sum(row["verdicts"] for row in rows), sum(row["regrets"] for row in rows))
    return {**rate, "standing": sum(row["standing"] for row in rows)}
