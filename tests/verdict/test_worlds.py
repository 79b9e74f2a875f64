"""The worlds of `python -m bench.verdicts` can be judged: the long run looks at how well."""

import numpy as np
import pytest

from bench.verdicts.fresh_worlds import fresh_builders
from bench.verdicts.histories import histories, under_promise
from bench.verdicts.judging import judged
from bench.verdicts.worlds import DAYS, KNOWN, World, builders, watched
from thirdeye.inventory.verdicts import Verdict
from thirdeye.verdict.rules import Policy


@pytest.mark.parametrize("name", ["steady", "Postgres", *fresh_builders()])
def test_a_world_is_judged(name: str) -> None:
    world = watched({**builders(), **fresh_builders()}[name](np.random.default_rng(1), 40), 250)
    verdicts = judged(world)
    assert world.name == name
    assert world.used.shape == (40, DAYS)
    assert (world.shown <= world.used[:, :KNOWN]).all()
    assert len(verdicts.verdict) == 40
    assert not (verdicts.again & verdicts.dead).any()
    assert np.isfinite(histories(world)).all()


# By world: at least so many of the dead are found, as a share of those that can be known; else none is deleted.
FEEDS = {
    "weekly schedule": 0.0, "weekly files, confirmed": 0.9, "failing runs": 0.8, "database not covered": 0.8,
    "database dead": 0.9, "Postgres": 0.0,
}  # fmt: skip


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_that_does_not_tell_everything_costs_no_regrets(name: str) -> None:
    world = builders()[name](np.random.default_rng(7), 1_000)
    verdicts = judged(world)
    deleted, archived = verdicts.score(Verdict.DELETE), verdicts.score(Verdict.ARCHIVE)
    assert deleted.regrets <= 0.02 * deleted.gone
    assert archived.regrets <= Policy.archive_risk * archived.gone
    assert (deleted.gone > 0) == (FEEDS[name] > 0)
    left = (world.service == 0) & (world.database == 0)
    going = verdicts.gone(Verdict.DELETE) | verdicts.gone(Verdict.ARCHIVE)
    known = np.ones(len(left), bool)
    if name == "database not covered":
        assert left.any() and not going[left].any()
        known = ~left
    if name == "database dead":
        # Of its own as well as of all others; and nothing of it is deleted, for it may be that nobody looks any more.
        assert (going & verdicts.dead & left).sum() >= FEEDS[name] * (verdicts.dead & left).sum() > 0
        assert not verdicts.gone(Verdict.DELETE)[left].any()
    assert (going & verdicts.dead & known).sum() >= FEEDS[name] * (verdicts.dead & known).sum()


def test_a_history_tells_pauses_and_days_of_use() -> None:
    shown = np.zeros((2, KNOWN), bool)
    shown[0, [10, 30, 400]] = True
    nothing = np.zeros(2, np.int64)
    world = World("two tables", np.pad(shown, ((0, 0), (0, DAYS - KNOWN))), shown, nothing, nothing, nothing, nothing)
    used, never = histories(world)
    idle, longest, _, days, _, first, lived, season = used[:8]
    assert (idle, longest, days, first, lived, season) == (KNOWN - 400, 370, 3, 10, 390, 1)
    assert never[:4].tolist() == [KNOWN, 0, KNOWN, 0]


def test_the_best_rule_keeps_both_limits() -> None:
    risk = np.array([0.0, 0.05, 0.04, 0.01, 0.06, 1.0])
    assert under_promise(risk, 0.05, 1.0).tolist() == [True, True, True, True, False, False]
    assert under_promise(risk, 0.05, 0.02).tolist() == [True, False, True, True, False, False]
