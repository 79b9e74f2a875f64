"""What a refresh asks of verdicts: learns from the past, judges every table, remembers what was said."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

import numpy as np

from thirdeye.database import MySQL, Session
from thirdeye.inventory.columns import Array, Mask, day_of
from thirdeye.inventory.verdicts import VERDICTS, Verdict
from thirdeye.mirror.advisor import Advisor, DaysSoFar, Estate
from thirdeye.settings import Settings
from thirdeye.verdict import store
from thirdeye.verdict.evaluation import Known, judge
from thirdeye.verdict.policy import current_policy
from thirdeye.verdict.quality import classes_off
from thirdeye.verdict.records import Records
from thirdeye.verdict.return_risk import PastStates, RiskTable, class_words

# How long the risk tables of past days are kept.
_KEEP_DAYS: Final = 800
# Verdicts of so many days count when promises are checked.
CHECKED_DAYS: Final = 365


def advisors(settings: Settings, thirdeye: MySQL) -> Callable[[], Advisor]:
    """Makes an advisor for each refresh over this schema."""
    return lambda: VerdictAdvisor(settings, thirdeye)


class VerdictAdvisor:
    """The advisor of one refresh."""

    def __init__(self, settings: Settings, thirdeye: MySQL) -> None:
        self._settings = settings
        self._thirdeye = thirdeye
        self._records = Records()
        self._past: PastStates | None = None
        self._table: RiskTable | None = None
        self._today = 0

    def begin(self, created: Array, present: Mask, service: Array, today: int) -> None:
        """As Advisor."""
        self._today = today
        self._past = PastStates(created, present, service, today)

    def before_day(self, day: int, so_far: DaysSoFar) -> None:
        """As Advisor."""
        assert self._past is not None
        self._past.before_day(day, so_far.last_use, so_far.days_of_use, so_far.longest_gap, so_far.first_row)

    async def advise(self, estate: Estate) -> dict[str, Any]:
        """As Advisor."""
        assert self._past is not None
        today = day_of(self._today)
        assert today is not None
        counts = self._past.counts
        table = self._table = RiskTable.of(*counts.until(self._today))
        policy = await current_policy(self._settings, self._thirdeye)
        records = await store.quality(self._thirdeye, today - timedelta(days=CHECKED_DAYS), today)
        off = classes_off(records)
        known = Known(
            prices=np.array([float(price) for price in estate.prices] or [0.0]),
            kept=await store.kept_numbers(self._thirdeye, today),
            calibration_off=off,
        )
        judge(estate, table, known, policy, self._today)
        return {
            "policy": asdict(policy),
            "risks": [None if risk != risk else risk for risk in table.risks.tolist()],
            "states": table.states.tolist(),
            "returned": table.returned.tolist(),
            "number_of": table.number_of.tolist(),
            "counts": counts.document(),
            "warnings": [
                f"CALIBRATION_OFF: of the tables {class_words(number)} more were used again than was promised: none may go"
                for number in sorted(off)
            ],
            "today": self._today,
        }

    def compare(self, before: Mapping[str, Array] | None, after: Mapping[str, Array], first: int) -> None:
        """As Advisor."""
        self._records.compare(before, after, first, self._today)

    async def publish(self, session: Session, generation: int) -> None:
        """As Advisor."""
        today = day_of(self._today)
        if self._past is None or self._table is None or today is None:
            return
        await store.put_risk(session, today, generation, self._past.counts.document(), _KEEP_DAYS)
        records, risks = self._records, self._table.risks
        # First what ends, so that what begins anew is not ended with it.
        for day, numbers in records.regretted.items():
            used = day_of(day)
            assert used is not None
            await store.regret_records(session, numbers, used, today)
        await store.end_records(session, "WITHDRAWN", records.withdrawn, today)
        await store.end_records(session, "GONE", records.gone, today)
        await store.open_records(
            session,
            (
                (number, _name(verdict), risk, float(risks[risk]) if risk else None, today.isoformat())
                for number, verdict, risk in records.given
            ),
        )


def _name(code: int) -> str:
    verdict: Verdict = VERDICTS[code]
    return str(verdict.value)
