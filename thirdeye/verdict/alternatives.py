"""What else can be done about money that is not released: approve removals, or try their first stages. Pure, over columns."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np

from thirdeye.inventory.columns import ABSENT, TRIAL, WITHOUT_PLAN, WITHOUT_STORAGE, Array
from thirdeye.inventory.cost_sums import SumsByGroup
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.storage_prices import Tariffs
from thirdeye.inventory.verdicts import APPROVED, VERDICT_CODE, Verdict
from thirdeye.verdict.approvals.rules import lift, may_approve, verdicts_with_approvals
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.unlock_groups import AlternativeDocument, AlternativeKind

_ARCHIVE, _DELETE = VERDICT_CODE[Verdict.ARCHIVE], VERDICT_CODE[Verdict.DELETE]
# Approving makes a copy of a table enough, or lets the table go, or what is left of it in an archive; or a trial.
_COPY, _ALL, _REST, _TRIAL = 0, 1, 2, 3
_WAYS = 4


class Alternatives:
    """Sums of costs by group, which is a number, and by what can be done."""

    def __init__(self, tariffs: Tariffs, policy: Policy, today: int) -> None:
        self._sums = SumsByGroup(tariffs)
        self._policy, self._today = policy, today

    def add(self, chunk: Mapping[str, Array], groups: Array, known_since: Array, tariff: Array) -> None:
        """Adds tables, each with the number of its group, since when it is known, and what its storage costs."""
        approved = self._approved_verdicts(chunk, known_since)
        changed = (approved > chunk["verdict"]) & np.isin(approved, (_ARCHIVE, _DELETE))
        # What has no storage of its own releases nothing.
        changed &= (chunk["flags"] & WITHOUT_STORAGE) == 0
        was_archived = chunk["verdict"] == _ARCHIVE
        way = np.where(approved == _ARCHIVE, _COPY, np.where(was_archived, _REST, _ALL))
        trial = (chunk["flags"] & TRIAL) != 0
        for places, ways in ((np.flatnonzero(changed), way), (np.flatnonzero(trial), np.full(len(way), _TRIAL))):
            numbers = groups[places] * _WAYS + ways[places]
            self._sums.add(numbers, tariff[places], chunk["size"][places], chunk["query_cost"][places])

    def _approved_verdicts(self, chunk: Mapping[str, Array], known_since: Array) -> Array:
        """The verdicts if all were approved; as they are of what nothing can be approved of, or is."""
        activity, accessed, bits = chunk["activity"], chunk["accessed"], chunk["blockers"]
        may = may_approve(activity, accessed, known_since, bits, self._today)
        may &= ((bits & APPROVED) == 0) & ((chunk["flags"] & ABSENT) == 0)
        nothing = np.zeros(len(bits))
        given = verdicts_with_approvals(
            activity=activity,
            idle=chunk["idle"],
            accessed=accessed,
            cost=nothing,
            without_storage=(chunk["flags"] & WITHOUT_STORAGE) != 0,
            without_plan=(chunk["flags"] & WITHOUT_PLAN) != 0,
            risk=nothing,
            bits=lift(bits, may),
            policy=self._policy,
            today=self._today,
        )
        verdicts: Array = np.where(may, given, chunk["verdict"])
        return verdicts

    def by_group(self) -> dict[int, list[AlternativeDocument]]:
        """What can be done, by the number of the group."""
        saving = Decimal(repr(self._policy.archive_saving))
        # By way: of the cost of a table what is in its group, and what of that is released at most.
        shares = {
            _COPY: (Decimal(1), saving),
            _ALL: (Decimal(1), Decimal(1)),
            _REST: (1 - saving, 1 - saving),
            _TRIAL: (Decimal(1), Decimal(0)),
        }
        totals = dict[tuple[int, AlternativeKind], tuple[int, Decimal, Decimal]]()
        for number, sums in sorted(self._sums.sums().items()):
            group, way = divmod(number, _WAYS)
            kind = AlternativeKind.TRIAL if way == _TRIAL else AlternativeKind.APPROVE_REMOVAL
            tables, cost, releases = totals.get((group, kind), (0, Decimal(0), Decimal(0)))
            (of_group, released), all_cost = shares[way], sums.storage + sums.queries
            totals[group, kind] = (
                tables + sums.tables, cost + of_group * all_cost, releases + released * all_cost
            )  # fmt: skip
        found = dict[int, list[AlternativeDocument]]()
        for (group, kind), (tables, cost, releases) in totals.items():
            found.setdefault(group, []).append(
                {"kind": kind.value, "tables": tables, "cost": format_cost(cost), "releases": format_cost(releases)}
            )
        return found
