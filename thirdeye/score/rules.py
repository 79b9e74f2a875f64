"""The ZI score, pure: exact fractions inside, whole points outside that always add up to the score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from fractions import Fraction
from math import floor
from typing import Final

import numpy as np

from thirdeye.inventory.columns import (
    DESCRIBED,
    IN_USE,
    PRESENT,
    ZOMBIE,
    Array,
    Columns,
    Mask,
    PackedColumns,
    exact_sums,
)
from thirdeye.inventory.evidence import NOTHING, USE, Evidence, Kinds
from thirdeye.inventory.rules import ACTIVITY_CODE, Activity, days_ago, has_strong_evidence

COMPONENTS = ("storage", "compute", "query", "others")
# The least share of tables whose use is known for a score to say anything.
MIN_COVERAGE: Final = Fraction(5, 100)


class Status(StrEnum):
    """The band of a score, or why there is none."""

    EXCELLENT = "EXCELLENT"
    GOOD = "GOOD"
    FAIR = "FAIR"
    POOR = "POOR"
    CRITICAL = "CRITICAL"
    NO_EVIDENCE = "NO_EVIDENCE"
    NO_DATA = "NO_DATA"
    PENDING = "PENDING"


class Trend(StrEnum):
    """Which way the score went."""

    IMPROVING = "IMPROVING"
    STABLE = "STABLE"
    DECLINING = "DECLINING"


@dataclass(frozen=True, kw_only=True)
class Bands:
    """The lowest score of each band, the best first; below `poor` a score is CRITICAL."""

    excellent: int = 80
    good: int = 60
    fair: int = 40
    poor: int = 20


@dataclass(slots=True, kw_only=True)
class Tally:
    """Sums over the tables of one service: counts, and bytes of the tables whose size is known."""

    tables: int = 0
    active: int = 0
    evidenced: int = 0
    accessed: int = 0
    written: int = 0
    written_active: int = 0
    owned: int = 0
    described: int = 0
    tiered: int = 0
    zombies: int = 0
    bytes: int = 0
    active_bytes: int = 0
    zombie_bytes: int = 0
    sized: int = 0
    count_by_activity: dict[Activity, int] = field(default_factory=dict)
    bytes_by_activity: dict[Activity, int] = field(default_factory=dict)

    def add(self, other: "Tally") -> None:
        """Adds another tally to this one."""
        for column in fields(self):
            total, amount = getattr(self, column.name), getattr(other, column.name)
            if isinstance(total, dict):
                for activity, part in amount.items():
                    total[activity] = total.get(activity, 0) + part
            else:
                setattr(self, column.name, total + amount)


@dataclass(frozen=True, kw_only=True)
class Component:
    """One part of the score: `value` 0 to 1 or None without data, its share of the weight, its whole points."""

    name: str
    value: Fraction | None
    weight: Fraction
    points: int


@dataclass(frozen=True, kw_only=True)
class Driver:
    """What costs points: how many the estate would gain if this service had no waste in this component."""

    component: str
    service: str
    points: Fraction


@dataclass(frozen=True, kw_only=True)
class ZIScore:
    """A computed score with everything that explains it."""

    score: int
    status: Status
    components: tuple[Component, ...]
    drivers: tuple[Driver, ...]
    total: Tally
    coverage: Fraction


_COUNT_FIELDS = (
    "tables", "active", "evidenced", "accessed", "written", "written_active", "owned", "described", "tiered", "zombies",
    "sized",
)  # fmt: skip
_MASK_BY_BYTE_FIELD = {"bytes": "tables", "active_bytes": "active", "zombie_bytes": "zombies"}
# The columns that tallies read.
TALLY_COLUMNS: Final = ("flags", "place", "size", "activity", "evidence", "written", "accessed", "owners", "tier")


def tally_services(
    columns: Columns | PackedColumns, place_service: Array, services: int, today: int, recent_days: int
) -> list[Tally]:
    """The tally of each service, by its number; `today` is a day number, as in the columns."""
    return tally_groups(columns, lambda chunk: place_service[chunk["place"]], services, today, recent_days)


def tally_groups(
    columns: Columns | PackedColumns,
    group_of: Callable[[Mapping[str, Array]], Array],
    groups: int,
    today: int,
    recent_days: int,
) -> list[Tally]:
    """The tally of each of so many groups, by its number; `group_of` gives those of the tables of a chunk."""
    tallies = [Tally() for _ in range(groups)]
    for number in range(columns.chunks):
        chunk = columns.parts(number)
        present = (chunk["flags"] & PRESENT) != 0
        group = group_of(chunk)
        size = np.maximum(chunk["size"], 0)
        masks = {name: mask & present for name, mask in _masks(chunk, today, recent_days).items()}
        for name in _COUNT_FIELDS:
            for tally, count in zip(tallies, _counts(group, masks[name], groups), strict=True):
                setattr(tally, name, getattr(tally, name) + count)
        for name, mask_name in _MASK_BY_BYTE_FIELD.items():
            mask = masks[mask_name]
            sums = exact_sums(group[mask], size[mask], groups)
            for tally, amount in zip(tallies, sums, strict=True):
                setattr(tally, name, getattr(tally, name) + amount)
        for kind, code in ACTIVITY_CODE.items():
            mask = present & (chunk["activity"] == code)
            sums = exact_sums(group[mask], size[mask], groups)
            for tally, count, amount in zip(tallies, _counts(group, mask, groups), sums, strict=True):
                tally.count_by_activity[kind] = tally.count_by_activity.get(kind, 0) + count
                tally.bytes_by_activity[kind] = tally.bytes_by_activity.get(kind, 0) + amount
    return tallies


def _counts(group: Array, mask: Mask, groups: int) -> list[int]:
    counts: list[int] = np.bincount(group[mask], minlength=groups).tolist()
    return counts


def _masks(chunk: Mapping[str, Array], today: int, recent_days: int) -> dict[str, Mask]:
    flags = chunk["flags"]
    active = (flags & IN_USE) != 0
    evidenced = has_strong_evidence(chunk["evidence"])
    written = (chunk["written"] > 0) & (days_ago(chunk["written"], today) <= recent_days)
    accessed = (chunk["accessed"] > 0) & (days_ago(chunk["accessed"], today) <= recent_days)
    return {
        "tables": np.ones(len(flags), np.bool_),
        "active": active,
        "evidenced": evidenced,
        "accessed": evidenced & accessed,
        "written": written,
        "written_active": written & active,
        "owned": chunk["owners"] > 0,
        "described": (flags & DESCRIBED) != 0,
        "tiered": chunk["tier"] > 0,
        "zombies": (flags & ZOMBIE) != 0,
        "sized": chunk["size"] >= 0,
    }


# What components rest on, and the marks of stewardship.
_RESTS_ON: Final[Mapping[str, Kinds]] = {
    "storage": USE | {Evidence.PROFILES},
    "compute": USE | {Evidence.PROFILES},
    "query": frozenset({Evidence.USAGE}),
    "owned": frozenset({Evidence.OWNERS}),
    "described": NOTHING,
    "tiered": frozenset({Evidence.TAGS}),
}


def _used_and_whole(tally: Tally, *, any_written: bool, missing: Kinds) -> dict[str, tuple[int, int]]:
    """By component what is used of the whole, in its units: bytes, tables, or marks of stewardship. A whole of 0: no data."""
    marks = [mark for mark in ("owned", "described", "tiered") if not _RESTS_ON[mark] & missing]
    parts = {
        "storage": (tally.active_bytes, tally.bytes),
        "compute": (tally.written_active, tally.written) if any_written else (tally.active, tally.tables),
        "query": (tally.accessed, tally.evidenced),
        "others": (sum(getattr(tally, mark) for mark in marks), len(marks) * tally.tables),
    }
    return {name: (0, 0) if _RESTS_ON.get(name, NOTHING) & missing else part for name, part in parts.items()}


def zi_score(
    services: Mapping[str, Tally],
    weights: Mapping[str, int],
    bands: Bands,
    drivers: int = 5,
    missing: Kinds = NOTHING,
) -> ZIScore:
    """The score of an estate from the tallies of its services; `weights` by component, `drivers` at most so many.

    Components without data are left out and the other weights scaled up: also those of which it cannot be read now
    (`missing`) what they are. An estate without a table is NO_DATA; one of whose tables the use of hardly any is known is
    NO_EVIDENCE.
    """
    total = Tally()
    for tally in services.values():
        total.add(tally)
    any_written = total.written > 0
    parts = _used_and_whole(total, any_written=any_written, missing=missing)
    whole = {name: parts[name][1] for name in COMPONENTS}
    present = sum(weights[name] for name in COMPONENTS if whole[name])
    if present == 0:
        return _no_data(total)
    share = {name: Fraction(weights[name] if whole[name] else 0, present) for name in COMPONENTS}
    value = {name: Fraction(*parts[name]) if whole[name] else None for name in COMPONENTS}
    exact = {name: 100 * share[name] * (value[name] or 0) for name in COMPONENTS}
    score = round_half_up(sum(exact.values(), Fraction(0)))
    points, coverage = largest_remainder(exact, score), Fraction(total.evidenced, total.tables)
    return ZIScore(
        score=score,
        status=band(score, bands) if coverage >= MIN_COVERAGE else Status.NO_EVIDENCE,
        components=tuple(
            Component(name=name, value=value[name], weight=share[name], points=points[name]) for name in COMPONENTS
        ),
        drivers=_drivers(services, share, whole, any_written=any_written, missing=missing)[:drivers],
        total=total,
        coverage=coverage,
    )


def _no_data(total: Tally) -> ZIScore:
    components = tuple(Component(name=name, value=None, weight=Fraction(0), points=0) for name in COMPONENTS)
    return ZIScore(score=0, status=Status.NO_DATA, components=components, drivers=(), total=total, coverage=Fraction(0))


def _drivers(
    services: Mapping[str, Tally],
    share: Mapping[str, Fraction],
    whole: Mapping[str, int],
    *,
    any_written: bool,
    missing: Kinds,
) -> tuple[Driver, ...]:
    drivers = []
    for service, tally in services.items():
        parts = _used_and_whole(tally, any_written=any_written, missing=missing)
        for name, (used, all_of_service) in parts.items():
            if whole[name] and share[name] and used != all_of_service:
                points = 100 * share[name] * Fraction(all_of_service - used, whole[name])
                drivers.append(Driver(component=name, service=service, points=points))
    drivers.sort(key=lambda driver: (-driver.points, COMPONENTS.index(driver.component), driver.service))
    return tuple(drivers)


def round_half_up(value: Fraction) -> int:
    """The nearest whole number, halves upwards."""
    return floor(value + Fraction(1, 2))


def largest_remainder(exact: Mapping[str, Fraction], total: int) -> dict[str, int]:
    """Whole parts that add up to `total`: each rounded down, the rest to the largest remainders in order of keys."""
    points = {name: floor(value) for name, value in exact.items()}
    missing = total - sum(points.values())
    by_remainder = sorted(exact, key=lambda name: points[name] - exact[name])
    for name in by_remainder[:missing]:
        points[name] += 1
    return points


def band(score: int, bands: Bands) -> Status:
    """The band of a score."""
    return next((Status(name.upper()) for name, lowest in vars(bands).items() if score >= lowest), Status.CRITICAL)


def trend(score: int, earlier: int | None, stable_points: int) -> tuple[Trend, int]:
    """Which way the score went since an earlier one, and by how many points; STABLE and 0 without one."""
    if earlier is None:
        return Trend.STABLE, 0
    delta = score - earlier
    if abs(delta) <= stable_points:
        return Trend.STABLE, delta
    return (Trend.IMPROVING if delta > 0 else Trend.DECLINING), delta


def inactive_percentage(total: int, active: int) -> float:
    """100 x (1 - active / total), one decimal, half up; 0.0 for no table."""
    if total == 0:
        return 0.0
    return round_half_up(1000 * (1 - Fraction(active, total))) / 10


def slot_of(minutes_since_epoch: int, refresh_minutes: int) -> int:
    """The slot of a moment."""
    return minutes_since_epoch // refresh_minutes
