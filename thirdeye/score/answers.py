"""The score as history rows keep it and as the API answers it. Pure."""

from dataclasses import asdict
from datetime import datetime
from fractions import Fraction
from typing import TypedDict

from thirdeye.inventory.columns import MAX_SUM
from thirdeye.inventory.rules import Activity, Thresholds
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.score.rules import COMPONENTS, Bands, Status, Tally, ZIScore, band, inactive_percentage, trend
from thirdeye.score.store import ComponentMeta, DriverMeta, ScoreMeta, ScoreRow
from thirdeye.settings import Settings


class ScoreAnswer(TypedDict):
    """The score in the shape of the GraphQL type; `capturedAt` in ISO 8601. `version` is that of the history it was made of."""

    score: int
    status: str
    breakdown: dict[str, int]
    metadata: dict[str, int | float]
    components: list[ComponentMeta]
    drivers: list[DriverMeta]
    coverage: float
    warnings: list[str]
    trend: str
    delta: int
    capturedAt: str
    stale: bool
    version: int


def bands_of(settings: Settings) -> Bands:
    """The bands that the settings name."""
    return Bands(**{name: getattr(settings, f"zi_band_{name}") for name in Bands.__dataclass_fields__})


def weights_of(settings: Settings) -> dict[str, int]:
    """The weight of each component."""
    return {name: getattr(settings, f"zi_weight_{name}") for name in COMPONENTS}


_ON_METADATA = "the use of fewer than 5 % of the tables is known: this score rests on metadata alone"


def meta_of(score: ZIScore, estate: Snapshot, settings: Settings) -> ScoreMeta:
    """What a history row keeps beside the score: its parts, its inputs, and the settings it was computed with."""
    total = score.total
    return {
        "breakdown": {component.name: component.points for component in score.components},
        "components": [
            {
                "component": component.name.upper(),
                "value": None if component.value is None else _decimals(100 * component.value),
                "weight": _decimals(100 * component.weight),
                "points": component.points,
            }
            for component in score.components
        ],
        "drivers": [
            {"component": driver.component.upper(), "service": driver.service, "points": _decimals(driver.points)}
            for driver in score.drivers
        ],
        "coverage": _decimals(score.coverage, 4),
        "metadata": _metadata(total),
        "warnings": _warnings(score, estate.warnings),
        "generation": estate.generation,
        "missing": ",".join(sorted(estate.missing_evidence)),
        "inputs": {
            name: min(getattr(total, name), MAX_SUM)
            for name in Tally.__dataclass_fields__
            if name not in {"count_by_activity", "bytes_by_activity"}
        },
        "settings": {
            "weights": weights_of(settings),
            "bands": asdict(bands_of(settings)),
            "thresholds": {name: getattr(settings, name) for name in Thresholds.__dataclass_fields__},
        },
    }


def _metadata(total: Tally) -> dict[str, int | float]:
    counts = {f"{kind.lower()}Tables": total.count_by_activity.get(kind, 0) for kind in Activity}
    sizes = {f"{kind.lower()}Bytes": min(total.bytes_by_activity.get(kind, 0), MAX_SUM) for kind in Activity}
    # ACTIVE as an activity is narrower than the contract's "active", which is everything in use.
    recent = {"recentlyUsedTables": counts.pop("activeTables"), "recentlyUsedBytes": sizes.pop("activeBytes")}
    return {
        "totalTables": total.tables,
        "activeTables": total.active,
        "inactivePercentage": inactive_percentage(total.tables, total.active),
        "zombieTables": total.zombies,
        "totalBytes": min(total.bytes, MAX_SUM),
        "activeBytes": min(total.active_bytes, MAX_SUM),
        "zombieBytes": min(total.zombie_bytes, MAX_SUM),
        "sizedTables": total.sized,
        **recent,
        **counts,
        **sizes,
    }


def _warnings(score: ZIScore, warnings: list[str]) -> list[str]:
    return [*warnings, _ON_METADATA] if score.status is Status.NO_EVIDENCE else warnings


def _decimals(value: Fraction, places: int = 1) -> float:
    return round(float(value), places)


def answer_of(row: ScoreRow, earlier: int | None, settings: Settings, version: int = 0) -> ScoreAnswer:
    """The answer for a row of the history of this version, compared with an `earlier` score."""
    meta = row.meta
    direction, delta = trend(row.score, earlier, settings.trend_stable_points)
    return {
        "score": row.score,
        "status": row.status or band(row.score, bands_of(settings)),
        "breakdown": meta.get("breakdown", dict.fromkeys(COMPONENTS, 0)),
        "metadata": {**_metadata(Tally()), **meta.get("metadata", {})},
        "components": meta.get("components", []),
        "drivers": meta.get("drivers", []),
        "coverage": meta.get("coverage", 0.0),
        "warnings": meta.get("warnings", []),
        "trend": direction,
        "delta": delta,
        "capturedAt": row.captured_at.isoformat(),
        "stale": False,
        "version": version,
    }


def pending_answer(now: datetime, settings: Settings) -> ScoreAnswer:
    """The answer while the very first computation runs: zeros."""
    return answer_of(ScoreRow(id=0, captured_at=now, score=0, status=Status.PENDING, meta={}), None, settings)
