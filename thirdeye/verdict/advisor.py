"""Advises a refresh: learns from past usage, judges every table and records the verdicts given."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Final

import structlog

from thirdeye.database import MySQL, Session
from thirdeye.inventory.columns import Array, day_of
from thirdeye.inventory.verdicts import RISKS, VERDICTS
from thirdeye.mirror.advisor import Advisor, DaysSoFar, Estate, Population
from thirdeye.settings import Settings
from thirdeye.verdict import store
from thirdeye.verdict.approvals import store as approvals
from thirdeye.verdict.approvals.standing import Approvals, standing_approvals
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.periods import PastPeriods, PeriodCounts
from thirdeye.verdict.policy import current_policy, policy_of
from thirdeye.verdict.prior import prior_of
from thirdeye.verdict.quality import describe_decile, miscalibrated_deciles
from thirdeye.verdict.records import Records
from thirdeye.verdict.return_risk import Prior, RiskModel
from thirdeye.verdict.unlock_groups import UnlockDocument
from thirdeye.verdict.unlocking import unlock_document

_log = structlog.get_logger()
# How long the counts of past days are kept.
_KEEP_DAYS: Final = 800
# How far back verdicts count when promises are checked.
CALIBRATION_DAYS: Final = 365


def advisors(settings: Settings, thirdeye: MySQL) -> Callable[[], Advisor]:
    """A factory that makes an advisor for each refresh over this schema. Logs why a prior of one's own cannot be used."""
    prior, problem = prior_of(settings.return_risk_prior)
    if problem:
        _log.warning("return_risk_prior_not_used", problem=problem)
    return lambda: VerdictAdvisor(settings, thirdeye, prior)


class VerdictAdvisor(Advisor):
    """The advisor of one refresh."""

    def __init__(self, settings: Settings, thirdeye: MySQL, prior: Prior) -> None:
        self._settings = settings
        self._prior = prior
        self._thirdeye = thirdeye
        self._records = Records()
        self._past: PastPeriods | None = None
        self._counts = PeriodCounts()
        self._policy = policy_of(settings)
        self._today = 0
        self._unseen = False
        self._approvals = Approvals()

    def begin(self, population: Population, today: int) -> None:
        """As Advisor."""
        self._today = today
        self._past = PastPeriods(population)

    def before_day(self, times: Array, so_far: DaysSoFar) -> None:
        """As Advisor."""
        assert self._past is not None
        self._past.before_day(times, so_far)

    async def advise(self, estate: Estate) -> dict[str, object]:
        assert self._past is not None
        today = day_of(self._today)
        assert today is not None
        self._unseen = estate.unseen
        counts = self._counts = self._past.counts
        model = RiskModel.learnt(*counts.trials(), self._prior)
        policy = self._policy = await current_policy(self._settings, self._thirdeye)
        self._approvals = standing_approvals(estate, await approvals.bases(self._thirdeye, today))
        since = today - timedelta(days=CALIBRATION_DAYS)
        miscalibrated = miscalibrated_deciles(await store.quality(self._thirdeye, since, today, today))
        inputs = VerdictInputs(
            kept=await store.kept_numbers(self._thirdeye, today),
            calibration_off=miscalibrated,
            approved=self._approvals.numbers,
        )
        judge(estate, model, inputs, policy, self._today)
        return {
            "policy": asdict(policy),
            "counts": counts.document(),
            "own_shares": model.own_shares().round(4).tolist(),
            "warnings": [
                f"CALIBRATION_OFF: of the tables with {describe_decile(decile)} more were used again than was promised: "
                f"none may go"
                for decile in sorted(miscalibrated)
            ],
            "today": self._today,
        }

    def conclude(self, estate: Estate) -> UnlockDocument:
        """As Advisor."""
        return unlock_document(estate, self._policy, self._today)

    def compare(self, before: Mapping[str, Array] | None, after: Mapping[str, Array], first: int) -> None:
        self._records.compare(before, after, first, self._today, unseen=self._unseen)

    async def publish(self, session: Session, generation: int) -> None:
        today = day_of(self._today)
        if self._past is None or today is None:
            return
        await store.put_risk(session, today, generation, self._counts.document(), _KEEP_DAYS)
        for ending, ids in self._approvals.ended.items():
            await approvals.end(session, ending, ids, today)
        records = self._records
        # What ends comes first, so that what is opened here is not ended as well.
        for day, numbers in records.regretted.items():
            used = day_of(day)
            assert used is not None
            await store.regret_records(session, numbers, used, today)
        await store.end_records(session, "WITHDRAWN", records.withdrawn, today)
        await store.end_records(session, "GONE", records.gone, today)
        await store.open_records(
            session,
            (
                (number, VERDICTS[verdict].value, risk, _share(risk), _share(expected), today.isoformat())
                for number, verdict, risk, expected in records.given
            ),
        )


def _share(number: int) -> float | None:
    """The return risk of a number, None for none."""
    return float(RISKS[number]) if number else None
