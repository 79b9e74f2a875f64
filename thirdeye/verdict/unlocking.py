"""What idle tables cost and why that money stays: every table under the one reason that decided. Pure, over columns.

In question are idle tables, and those of unknown use that are not in use through lineage or their series. Their cost is
what following the verdicts releases, what stays to be paid then, and what is blocked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np

from thirdeye.inventory.columns import (
    CHUNK,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    WITHOUT_PLAN,
    WITHOUT_STORAGE,
    Array,
    Mask,
    day_of,
)
from thirdeye.inventory.cost_sums import Sums, SumsByGroup
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.rules import UNKNOWN_REASONS, Activity, UnknownReason, has_activity
from thirdeye.inventory.verdicts import BLOCKER_BIT, STOP_REFRESH, VERDICT_CODE, Blocker, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict.alternatives import Alternatives
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.unlock_groups import AlternativeDocument, GroupDocument, Scope, UnlockDocument, bounded

# A table that was never seen in use has to be known for so long.
_KNOWN_DAYS: Final = 90


class State(StrEnum):
    """What becomes of the cost of tables in question."""

    RELEASED = "RELEASED"
    STAYS = "STAYS"
    BLOCKED = "BLOCKED"


class UnlockReason(StrEnum):
    """Why the cost of a table is not released, or not yet: blockers, reasons of unknown use, and others; or its verdict."""

    DELETE = "DELETE"
    ARCHIVE = "ARCHIVE"
    STOP_REFRESH = "STOP_REFRESH"
    KEPT_BY_OWNER = "KEPT_BY_OWNER"
    ACTIVE_DOWNSTREAM = "ACTIVE_DOWNSTREAM"
    NO_FEED = "NO_FEED"
    UNREADABLE = "UNREADABLE"
    UNDATED = "UNDATED"
    FEW_DAYS = "FEW_DAYS"
    AGE = "AGE"
    CRITICAL_TIER = "CRITICAL_TIER"
    PROTECTED_TAG = "PROTECTED_TAG"
    IN_DATA_PRODUCT = "IN_DATA_PRODUCT"
    UNKNOWN_DOWNSTREAM = "UNKNOWN_DOWNSTREAM"
    EVIDENCE_INCOMPLETE = "EVIDENCE_INCOMPLETE"
    FEED_SILENT = "FEED_SILENT"
    CALIBRATION_OFF = "CALIBRATION_OFF"
    MASS_ABSENCE = "MASS_ABSENCE"
    WITHOUT_STORAGE = "WITHOUT_STORAGE"
    STILL_WRITTEN = "STILL_WRITTEN"
    WITHOUT_PLAN = "WITHOUT_PLAN"
    CARED_FOR = "CARED_FOR"
    MINIMUM_IDLE_DAYS = "MINIMUM_IDLE_DAYS"
    SERIES = "SERIES"
    SHORT_HISTORY = "SHORT_HISTORY"
    NO_LINEAGE = "NO_LINEAGE"
    EVIDENCE_PARTIAL = "EVIDENCE_PARTIAL"
    RETURN_RISK = "RETURN_RISK"


REASONS: Final = tuple(UnlockReason)
_CODE: Final = {reason: code for code, reason in enumerate(REASONS)}
_OF_FEED: Final = (
    UnlockReason.NO_FEED, UnlockReason.UNDATED, UnlockReason.FEW_DAYS, UnlockReason.AGE, UnlockReason.FEED_SILENT,
    UnlockReason.MASS_ABSENCE, UnlockReason.SHORT_HISTORY, UnlockReason.EVIDENCE_PARTIAL,
)  # fmt: skip
_OF_SERVICE: Final = (
    UnlockReason.UNREADABLE, UnlockReason.UNKNOWN_DOWNSTREAM, UnlockReason.WITHOUT_STORAGE, UnlockReason.NO_LINEAGE,
)  # fmt: skip
_OF_NOBODY: Final = (UnlockReason.EVIDENCE_INCOMPLETE, UnlockReason.CALIBRATION_OFF, UnlockReason.MINIMUM_IDLE_DAYS)
SCOPES: Final[Mapping[UnlockReason, Scope]] = {
    **dict.fromkeys(REASONS, Scope.OWNERS),
    **dict.fromkeys(_OF_FEED, Scope.PLACE),
    **dict.fromkeys(_OF_SERVICE, Scope.SERVICE),
    **dict.fromkeys(_OF_NOBODY, Scope.NONE),
}
# By reason, the blockers that are lifted with it.
_LIFTED: Final[Mapping[UnlockReason, tuple[Blocker, ...]]] = {
    **{reason: (Blocker[reason.name],) for reason in REASONS if reason.name in Blocker.__members__},
    **{UnlockReason(reason.value): (Blocker.EVIDENCE_PARTIAL, Blocker.FEED_SILENT) for reason in UnknownReason},
    UnlockReason.FEED_SILENT: (Blocker.FEED_SILENT, Blocker.EVIDENCE_PARTIAL, Blocker.RETURN_RISK),
    # With more days the estate's own past is better known.
    UnlockReason.SHORT_HISTORY: (Blocker.SHORT_HISTORY, Blocker.RETURN_RISK),
    UnlockReason.EVIDENCE_PARTIAL: (Blocker.EVIDENCE_PARTIAL, Blocker.RETURN_RISK),
    UnlockReason.STILL_WRITTEN: (Blocker.RECENTLY_WRITTEN,),
}
# What stands in the way of any saving, and what in the way of all but that of a cheap copy.
_HARD: Final = (
    Blocker.KEPT_BY_OWNER, Blocker.ACTIVE_DOWNSTREAM, Blocker.SERIES_IN_USE, Blocker.CRITICAL_TIER, Blocker.PROTECTED_TAG,
    Blocker.IN_DATA_PRODUCT, Blocker.UNKNOWN_DOWNSTREAM, Blocker.EVIDENCE_INCOMPLETE, Blocker.FEED_SILENT,
    Blocker.CALIBRATION_OFF, Blocker.MASS_ABSENCE, Blocker.RECENTLY_WRITTEN, Blocker.CARED_FOR,
    Blocker.RETURN_RISK,
)  # fmt: skip
_SOFT: Final = (Blocker.SHORT_HISTORY, Blocker.NO_LINEAGE, Blocker.EVIDENCE_PARTIAL)
# How much of a cost lifting a reason releases at most.
_NOTHING, _COPY, _ALL = 0, 1, 2
_SHARES: Final = 3


@dataclass(frozen=True)
class _Decided:
    """By table in question: the code of the reason, what of the cost that would release, and when time lifts it."""

    reason: Array
    share: Array
    day: Array


def unlock_document(estate: Estate, policy: Policy, today: int) -> UnlockDocument:
    """Groups of all tables in question."""
    sums, writes = SumsByGroup(estate.tariffs), SumsByGroup(estate.tariffs)
    days, tables = dict[int, int](), 0
    unpriced, unpriced_by_service = dict[int, int](), dict[int, int]()
    alternatives = Alternatives(estate.tariffs, policy, today)
    for start in range(0, len(estate.present), CHUNK):
        part = slice(start, start + CHUNK)
        chunk = {name: estate.query[name][part] for name in estate.query.fields}
        places = np.flatnonzero(in_question(chunk) & estate.present[part])
        tables += len(places)
        chunk = {name: values[places] for name, values in chunk.items()}
        service, place = estate.service[part][places], estate.place[part][places]
        known_since = estate.source["known_since"][part][places]
        decided = _decide(chunk, estate.observed[place], known_since, policy, today)
        groups = _group_numbers(decided, place, service, chunk["owners"])
        tariff = estate.tariffs.of(service, chunk["written"], chunk["flags"])
        sums.add(groups, tariff, chunk["size"], chunk["query_cost"])
        stopped = (decided.reason == _CODE[UnlockReason.STILL_WRITTEN]) & (chunk["verdict"] == STOP_REFRESH)
        stopped &= chunk["write_cost"] > 0
        # As exact as the column is, and never more than the whole.
        write_cost = np.fmin(chunk["write_cost"], chunk["query_cost"])[stopped]
        writes.add(groups[stopped], tariff[stopped], np.full(len(write_cost), -1), write_cost)
        alternatives.add(chunk, groups // _SHARES, known_since, tariff)
        without = (chunk["size"] < 0) & np.isnan(chunk["query_cost"]) & ((chunk["flags"] & WITHOUT_STORAGE) == 0)
        _count(unpriced, groups[without])
        _count(unpriced_by_service, service[without])
        _keep_earliest(days, groups, decided.day)
    ledger = _Ledger(Decimal(repr(policy.archive_saving)), alternatives.by_group())
    return _document(ledger, sums.sums(), writes.sums(), days, unpriced, tables, unpriced_by_service)


def in_question(chunk: Mapping[str, Array]) -> Mask:
    """Idle tables, and those of unknown use, that are not in use through lineage or their series."""
    candidates = has_activity(chunk["activity"], Activity.STALE, Activity.DORMANT, Activity.UNKNOWN)
    without_use: Mask = candidates & ((chunk["flags"] & (IN_USE_THROUGH_LINEAGE | IN_USE_THROUGH_SERIES)) == 0)
    return without_use


def deciding_reasons(chunk: Mapping[str, Array], policy: Policy) -> Array:
    """The code of the one reason that decided about each table in question, in the order of the rules for verdicts."""

    def has(*blockers: Blocker) -> Mask:
        blocked: Mask = (chunk["blockers"] & sum(BLOCKER_BIT[blocker] for blocker in blockers)) != 0
        return blocked

    unknown = has_activity(chunk["activity"], Activity.UNKNOWN)
    verdict = chunk["verdict"]
    cases: list[tuple[Mask, UnlockReason]] = [
        (verdict == VERDICT_CODE[Verdict.DELETE], UnlockReason.DELETE),
        (verdict == VERDICT_CODE[Verdict.ARCHIVE], UnlockReason.ARCHIVE),
        (has(Blocker.KEPT_BY_OWNER), UnlockReason.KEPT_BY_OWNER),
        (has(Blocker.ACTIVE_DOWNSTREAM, Blocker.SERIES_IN_USE), UnlockReason.ACTIVE_DOWNSTREAM),
        *(
            (unknown & (chunk["unknown"] == code), UnlockReason(reason.value))
            for code, reason in enumerate(UNKNOWN_REASONS)
            if reason is not None
        ),
        *((has(Blocker[reason.name]), reason) for reason in _OF_RULE_3),
        ((chunk["flags"] & WITHOUT_STORAGE) != 0, UnlockReason.WITHOUT_STORAGE),
        (has(Blocker.RECENTLY_WRITTEN), UnlockReason.STILL_WRITTEN),
        ((chunk["flags"] & WITHOUT_PLAN) != 0, UnlockReason.WITHOUT_PLAN),
        (has(Blocker.CARED_FOR), UnlockReason.CARED_FOR),
        # Another part of its series stays.
        (verdict == VERDICT_CODE[Verdict.KEEP], UnlockReason.SERIES),
        (chunk["idle"] < policy.minimum_idle_days, UnlockReason.MINIMUM_IDLE_DAYS),
        (has(Blocker.SHORT_HISTORY), UnlockReason.SHORT_HISTORY),
    ]
    codes = [_CODE[reason] for _, reason in cases]
    return np.select([case for case, _ in cases], codes, _CODE[UnlockReason.RETURN_RISK]).astype(np.int64)


_OF_RULE_3: Final = (
    UnlockReason.CRITICAL_TIER, UnlockReason.PROTECTED_TAG, UnlockReason.IN_DATA_PRODUCT, UnlockReason.UNKNOWN_DOWNSTREAM,
    UnlockReason.EVIDENCE_INCOMPLETE, UnlockReason.FEED_SILENT, UnlockReason.CALIBRATION_OFF, UnlockReason.MASS_ABSENCE,
)  # fmt: skip


def is_blocked(chunk: Mapping[str, Array], policy: Policy) -> Mask:
    """Which tables cost money that is blocked: in question, and following their verdicts releases nothing of it."""
    reasons = [_CODE[each] for each in (UnlockReason.DELETE, UnlockReason.ARCHIVE, UnlockReason.STILL_WRITTEN)]
    blocked: Mask = in_question(chunk) & ~np.isin(deciding_reasons(chunk, policy), reasons)
    return blocked


def _decide(chunk: Mapping[str, Array], observed: Array, known_since: Array, policy: Policy, today: int) -> _Decided:
    reason = deciding_reasons(chunk, policy)
    # Of a copy that stays, why it is not dropped.
    archived = reason == _CODE[UnlockReason.ARCHIVE]
    unknown = [_CODE[UnlockReason.RETURN_RISK if why is None else UnlockReason(why.value)] for why in UNKNOWN_REASONS]
    soft = np.array(unknown)[chunk["unknown"]]
    for blocker in reversed(_SOFT):
        soft[(chunk["blockers"] & BLOCKER_BIT[blocker]) != 0] = _CODE[UnlockReason(blocker.value)]
    reason = np.where(archived, len(REASONS) + soft, reason)
    lifted = _lifted_bits()[reason]
    left = chunk["blockers"] & ~lifted
    hard = (left & sum(BLOCKER_BIT[blocker] for blocker in _HARD)) != 0
    hard |= (chunk["flags"] & (WITHOUT_STORAGE | WITHOUT_PLAN)) != 0
    copy = (left & sum(BLOCKER_BIT[blocker] for blocker in _SOFT)) != 0
    share = np.where(hard, _NOTHING, np.where(copy, _COPY, _ALL))
    return _Decided(reason, share, _first_days(reason, chunk, observed, known_since, policy, today))


def _lifted_bits() -> Array:
    """By code of a reason, then of why a copy stays: the bits of the blockers that go with it."""
    bits = [sum(BLOCKER_BIT[blocker] for blocker in _LIFTED.get(reason, ())) for reason in REASONS]
    return np.array([*bits, *bits], np.uint32)


def _first_days(
    reason: Array, chunk: Mapping[str, Array], observed: Array, known_since: Array, policy: Policy, today: int
) -> Array:
    """The first day on which time alone may lift the reason; 0 where it does not."""
    days = np.zeros(len(reason), np.int64)
    short = np.isin(reason % len(REASONS), [_CODE[UnlockReason.SHORT_HISTORY]])
    missing = policy.observed_days - observed.astype(np.int64)
    days = np.where(short & (missing > 0), today + missing, days)
    age = (reason == _CODE[UnlockReason.AGE]) & (known_since > 0)
    days = np.where(age, np.maximum(known_since.astype(np.int64) + _KNOWN_DAYS, today + 1), days)
    young = reason == _CODE[UnlockReason.MINIMUM_IDLE_DAYS]
    return np.where(young, today + policy.minimum_idle_days - chunk["idle"].astype(np.int64), days)


def _group_numbers(decided: _Decided, place: Array, service: Array, owners: Array) -> Array:
    """A number for each combination of reason, share and scope."""
    of_scope = np.stack([np.zeros(len(place), np.int64), place, service, owners])
    scopes = np.array([int(SCOPES[reason]) for reason in REASONS])[decided.reason % len(REASONS)]
    number = of_scope[scopes, np.arange(len(place))].astype(np.int64)
    numbers: Array = (number * 2 * len(REASONS) + decided.reason) * _SHARES + decided.share
    return numbers


def _group_number(state: State, reason: UnlockReason, number: int) -> int:
    """The number of a group without its share; of what is released, one that has no alternatives."""
    copy = state is State.STAYS and reason is not UnlockReason.STILL_WRITTEN
    return number * 2 * len(REASONS) + _CODE[reason] + len(REASONS) * copy


def _keep_earliest(days: dict[int, int], groups: Array, day: Array) -> None:
    dated = day > 0
    distinct, places = np.unique(groups[dated], return_inverse=True)
    earliest = np.full(len(distinct), np.iinfo(np.int64).max)
    np.minimum.at(earliest, places, day[dated])
    for group, first in zip(distinct.tolist(), earliest.tolist(), strict=True):
        days[group] = min(days.get(group, first), first)


def _count(counts: dict[int, int], numbers: Array) -> None:
    distinct, found = np.unique(numbers, return_counts=True)
    for number, count in zip(distinct.tolist(), found.tolist(), strict=True):
        counts[number] = counts.get(number, 0) + count


def _document(
    ledger: "_Ledger",
    sums: Mapping[int, Sums],
    writes: Mapping[int, Sums],
    days: Mapping[int, int],
    unpriced: Mapping[int, int],
    tables: int,
    unpriced_by_service: Mapping[int, int],
) -> UnlockDocument:
    for group, of_group in sums.items():
        rest, share = divmod(group, _SHARES)
        number, code = divmod(rest, 2 * len(REASONS))
        if group in writes:
            ledger.stop(writes[group])
            of_group.queries -= writes[group].queries
        ledger.add(code, share, number, of_group, unpriced.get(group, 0), days.get(group, 0))
    services = sorted({service for of_group in sums.values() for service in of_group.services})
    return {
        "tables": tables,
        "unpriced": sorted(unpriced_by_service.items()),
        "services": services,
        "groups": bounded(ledger.groups()),
    }


@dataclass
class _Group:
    tables: int = 0
    unpriced: int = 0
    cost: Decimal = Decimal(0)
    releases: Decimal = Decimal(0)
    day: int = 0


class _Ledger:
    """Adds tables up by state, reason and scope.

    In two groups is a table under ARCHIVE, for what goes and for the copy that stays, and one under STOP_REFRESH, where it
    is known what its writes cost.
    """

    def __init__(self, archive_saving: Decimal, alternatives: Mapping[int, list[AlternativeDocument]]) -> None:
        self._saving, self._alternatives = archive_saving, alternatives
        self._groups = dict[tuple[State, UnlockReason, Scope, int], _Group]()

    def add(self, code: int, share: int, number: int, sums: Sums, unpriced: int, day: int) -> None:
        """Adds tables of one reason, share and scope."""
        copy, place = divmod(code, len(REASONS))
        reason, cost = REASONS[place], sums.storage + sums.queries
        scope, most = SCOPES[reason], (Decimal(0), self._saving, Decimal(1))[share]
        if copy:
            self._put((State.RELEASED, UnlockReason.ARCHIVE, Scope.NONE, 0), sums, unpriced, self._saving * cost, 0)
            # What stays in the way of a drop leaves the copy.
            kept = cost - self._saving * cost
            self._put((State.STAYS, reason, scope, number), sums, unpriced, kept, day, kept if share == _ALL else None)
        elif reason is UnlockReason.DELETE:
            self._put((State.RELEASED, reason, Scope.NONE, 0), sums, unpriced, cost, 0)
        else:
            state = State.STAYS if reason is UnlockReason.STILL_WRITTEN else State.BLOCKED
            self._put((state, reason, scope, number), sums, unpriced, cost, day, most * cost)

    def stop(self, writes: Sums) -> None:
        """Adds tables that are to be written no more, with what their writes cost."""
        self._put((State.RELEASED, UnlockReason.STOP_REFRESH, Scope.NONE, 0), writes, 0, writes.queries, 0)

    def _put(
        self,
        key: tuple[State, UnlockReason, Scope, int],
        sums: Sums,
        unpriced: int,
        cost: Decimal,
        day: int,
        releases: Decimal | None = None,
    ) -> None:
        group = self._groups.setdefault(key, _Group())
        group.tables += sums.tables
        group.unpriced += unpriced
        group.cost += cost
        group.releases += cost if key[0] is State.RELEASED else releases or 0
        group.day = min(filter(None, (group.day, day)), default=0)

    def groups(self) -> list[GroupDocument]:
        """The most expensive first."""
        ordered = sorted(self._groups.items(), key=lambda item: (-item[1].cost, -item[1].tables, item[0]))
        return [
            {
                "state": state.value,
                "reason": reason.value,
                "scope": int(scope),
                "number": number,
                "tables": group.tables,
                "unpriced": group.unpriced,
                "cost": format_cost(group.cost),
                "releases": format_cost(group.releases),
                "first_day": str(day_of(group.day)) if group.day else None,
                "alternatives": self._alternatives.get(_group_number(state, reason, number), []),
            }
            for (state, reason, scope, number), group in ordered
        ]
