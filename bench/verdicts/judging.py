"""The verdicts on a simulated world, by the very rules that a refresh applies, and how they fared."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from bench.verdicts.feed import TODAY, feed_of
from bench.verdicts.worlds import KNOWN, SERVICES, World
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, SOURCE_FIELDS, Array, Columns, Mask
from thirdeye.inventory.rules import Activity, Thresholds, activity, has_activity, idle_days
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.inventory.verdicts import RISKS, UNKNOWN_IDLE_DAYS, VERDICT_CODE, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.return_risk import Prior, RiskModel
from thirdeye.verdict.rules import Policy

_DEAD_DAYS: Final = 120
_TARIFFS: Final = Tariffs([DEFAULT_PRICE] * SERVICES, date(2026, 1, 1))


@dataclass
class Score:
    """The tables that a rule removes: how many were used again, and how many of the dead tables it finds."""

    gone: int
    regrets: int
    dead: int
    found: int


@dataclass
class Verdicts:
    """By table the code of the verdict, the idle days, the return risk expected, and what came of it."""

    verdict: Array
    idle: Array
    expected: Array
    has_risk: Mask
    has_evidence: Mask
    again: Mask
    dead: Mask

    def score(self, verdict: Verdict) -> Score:
        """How a verdict fared."""
        return self.score_of(self.gone(verdict))

    def gone(self, verdict: Verdict) -> Mask:
        """Which tables have a verdict."""
        mask: Mask = self.verdict == VERDICT_CODE[verdict]
        return mask

    def fixed_age(self, days: int) -> Score:
        """How a rule fared that lets everything go that has been idle for so many days."""
        return self.score_of(self.has_evidence & (self.idle >= days))

    def score_of(self, gone: Mask) -> Score:
        """How a rule fares that lets these tables go."""
        found = gone & self.dead
        return Score(int(gone.sum()), int((gone & self.again).sum()), int(self.dead.sum()), int(found.sum()))


def judged(world: World, prior: Prior | None = None, trials: tuple[Array, Array] | None = None) -> Verdicts:
    """The verdicts on a world, with the packaged prior and the world's own trials unless others are given."""
    count = len(world.death)
    feed = feed_of(world, np.random.default_rng(count))
    query, source = Columns(QUERY_FIELDS, count), Columns(SOURCE_FIELDS, count)
    thresholds = Thresholds()
    idle = idle_days(feed.tables, feed.watched, TODAY)
    query["activity"], query["unknown"] = activity(feed.tables, idle, feed.watched, TODAY, thresholds)
    unknown = has_activity(query["activity"], Activity.UNKNOWN)
    query["idle"] = np.where(unknown, UNKNOWN_IDLE_DAYS, idle)
    query["flags"], query["place"] = np.full(count, PRESENT), feed.place
    query["size"], query["query_cost"] = np.full(count, 10**10), np.full(count, np.nan)
    query["accessed"], source["known_since"] = feed.tables.accessed, feed.tables.known_since
    query["queries"] = world.shown[:, KNOWN - 30 :].sum(axis=1)
    source["days_of_use"], source["longest_gap"] = feed.days.days_of_use, feed.days.longest_gap
    nothing, never = np.zeros(0, np.int32), np.zeros(count, np.bool_)
    estate = Estate(
        query=query, source=source, present=np.ones(count, bool), service=world.service, place=feed.place,
        no_lineage=never, observed=feed.places.observed, partial=feed.places.partial, silent=feed.places.silent,
        mass_absence=np.zeros_like(feed.places.silent), tariffs=_TARIFFS, nodes=count, sources=nothing, targets=nothing,
        unknown_nodes=never, unread=never, tag_sets=[()], incomplete=False, since=feed.places.since,
        alive=np.ones(count, bool), young=world.created > KNOWN - thresholds.new_days,
    )  # fmt: skip
    inputs = VerdictInputs(kept=frozenset(), calibration_off=frozenset())
    model = RiskModel.learnt(*(trials or feed.past.counts.trials()), prior or packaged_prior())
    judge(estate, model, inputs, Policy(), TODAY)
    again, dead = fates(world)
    return Verdicts(
        verdict=query["verdict"],
        idle=query["idle"].astype(int),
        expected=RISKS[query["expected_risk"]],
        has_risk=query["risk"] > 0,
        has_evidence=~unknown,
        again=again,
        dead=dead,
    )


def fates(world: World) -> tuple[Mask, Mask]:
    """Which tables are used again, and which are dead: not used again, and not used for long."""
    used_again = world.used[:, KNOWN:].any(axis=1)
    # Whatever has no use any more is as good as dead; it counts from its last use.
    last = np.where(
        world.used[:, :KNOWN].any(axis=1), KNOWN - 1 - np.argmax(world.used[:, KNOWN - 1 :: -1], axis=1), -1
    )
    dead = ~used_again & (np.minimum(world.death, np.where(last < 0, 0, last + 1)) <= KNOWN - _DEAD_DAYS)
    return used_again, dead & (world.created <= KNOWN - _DEAD_DAYS)
