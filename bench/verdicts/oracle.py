"""`python -m bench.verdicts.oracle [WORLD ...]`: how many dead tables any rule could find, and where ours loses them.

Judges that know more than ThirdEye can, on the tables that it judges, by one measure less of knowledge at a time:

- *history*: the chances of the very world, learnt from 30,000 other tables of it and all of their past, by gradient boosting;
  it lets go what keeps the promise: each table and, for DELETE, at most 2 % of all. Close to the best that any rule can do.
- *cells*: our model, with the trials of those 30,000 tables: what remains is what the cells cannot tell apart.
- *prior*: our model on the estate's own trials, with a prior learnt from estates of the very world: few trials, and the
  upper end of what they leave open.
- *mean*: our model, but that the mean decides in place of the upper end.
- *ours*.

For each the share of the dead that it finds, and that of what it lets go that is wanted again. Needs scikit-learn
(`pip install --group oracle`). No world with which the judges are taught has a seed of those that are judged.
"""

import sys
from collections.abc import Callable
from typing import Final

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.verdicts.__main__ import ARCHIVE, ASKED, DELETE
from bench.verdicts.feed import feed_of
from bench.verdicts.fresh_worlds import fresh_builders
from bench.verdicts.histories import histories, under_promise
from bench.verdicts.judging import Score, Verdicts, fates, judged
from bench.verdicts.prior import fitted
from bench.verdicts.worlds import KNOWN, Builder, World, builders, watched
from thirdeye.inventory.columns import Array, Mask
from thirdeye.inventory.verdicts import Verdict
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.return_risk import Prior, with_season
from thirdeye.verdict.rules import Policy

_SEEDS: Final = range(1, 6)
_TAUGHT_BY: Final = 10_000
_TABLES, _ESTATES, _ROUNDS = 30_000, 60, 60
# What is promised of all DELETE together; of ARCHIVE no more than of each table.
_SHARES: Final = {DELETE: 0.02, ARCHIVE: 0.30}
# Where more was wanted again than promised.
_REGRETTED: Final = (
    (1_000, KNOWN, "year end", DELETE),
    (1_000, KNOWN, "adversarial mix", DELETE),
    (300, 250, "year end", ARCHIVE),
    (1_000, 120, "year end", ARCHIVE),
    (1_000, 120, "adversarial mix", ARCHIVE),
)
_FRESH: Final = ((300, KNOWN, DELETE), (1_000, KNOWN, DELETE), (300, 250, ARCHIVE), (1_000, 120, ARCHIVE))
Judge = Callable[[World, Verdicts], Mask]


def main() -> None:
    asked = [(*case[:4], f"{case[4]} %") for case in ASKED] + [(*case, "-") for case in _REGRETTED]
    asked += [(tables, days, name, verdict, "-") for name in fresh_builders() for tables, days, verdict in _FRESH]
    chosen = sys.argv[1:] or [case[2] for case in asked]
    judges: dict[tuple[str, int, Verdict], dict[str, Judge]] = {}
    names = ("history", "cells", "prior", "mean", "ours")
    print("| tables | watched days | world | verdict | asked | " + " | ".join(names) + " |")
    print("|--:|--:|---|---|--:" + "|--:" * len(names) + "|")
    for tables, days, name, verdict, wanted in asked:
        if name in chosen:
            build = {**builders(), **fresh_builders()}[name]
            if (name, days, verdict) not in judges:
                judges[name, days, verdict] = _taught(build, days, verdict)
            scores = _scores(build, tables, days, judges[name, days, verdict])
            cells = " | ".join(_shown(scores[judge]) for judge in names)
            print(f"| {tables:,} | {days} | {name} | {verdict.value} | {wanted} | {cells} |", flush=True)


def _taught(build: Builder, days: int, verdict: Verdict) -> dict[str, Judge]:
    """The judges of a world that is watched for so many days."""
    policy = Policy()
    limit = policy.delete_risk if verdict is DELETE else policy.archive_risk
    world = watched(build(np.random.default_rng(_TAUGHT_BY), _TABLES), days)
    trials, judged_ones = feed_of(world, np.random.default_rng(1)).past.counts.trials(), judged(world).has_risk
    boosted = HistGradientBoostingClassifier(
        max_iter=250, learning_rate=0.05, min_samples_leaf=40, l2_regularization=1.0, random_state=0
    )
    again, _ = fates(world)
    boosted.fit(histories(world)[judged_ones], again[judged_ones])
    prior = _prior_of(build, days)

    def below(risk: Array, verdicts: Verdicts) -> Mask:
        gone: Mask = verdicts.has_risk & ((with_season(risk) if days < policy.observed_days else risk) <= limit)
        return gone

    def by_history(world: World, verdicts: Verdicts) -> Mask:
        chances = boosted.predict_proba(histories(world))[:, 1] if again[judged_ones].any() else 0 * verdicts.expected
        return under_promise(np.where(verdicts.has_risk, chances, 1.0), limit, _SHARES[verdict])

    return {
        "history": by_history,
        "cells": lambda world, verdicts: below(judged(world, trials=trials).expected, verdicts),
        "prior": lambda world, _: judged(world, prior).gone(verdict),
        "mean": lambda _, verdicts: below(verdicts.expected, verdicts),
        "ours": lambda _, verdicts: verdicts.gone(verdict),
    }


def _prior_of(build: Builder, days: int) -> Prior:
    """What is known of estates at large where all of them are like this one."""
    random = np.random.default_rng(_TAUGHT_BY + 1)
    counts = []
    for _ in range(_ESTATES):
        world = watched(build(random, int(random.integers(100, 601))), days)
        counts.append(feed_of(world, random).past.counts.trials())
    prior = fitted(counts, _ROUNDS, packaged_prior())
    return Prior(prior.mean, prior.covariance)


def _scores(build: Builder, tables: int, days: int, judges: dict[str, Judge]) -> dict[str, list[Score]]:
    scores: dict[str, list[Score]] = {name: [] for name in judges}
    for seed in _SEEDS:
        world = watched(build(np.random.default_rng(seed), tables), days)
        verdicts = judged(world)
        for name, judge in judges.items():
            scores[name].append(verdicts.score_of(judge(world, verdicts)))
    return scores


def _shown(scores: list[Score]) -> str:
    gone, regrets, dead, found = (
        sum(getattr(each, name) for each in scores) for name in ("gone", "regrets", "dead", "found")
    )
    return f"{100 * found / max(dead, 1):.0f} % ({100 * regrets / gone:.1f})" if gone else "0 %"


if __name__ == "__main__":
    main()
