"""`python -m bench.verdicts [TABLES] [SEED ...]`: regrets and finds in simulated worlds, against rules of fixed age.

A table is wanted again when it is used in the 180 days that are not known. Prints Markdown.
"""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.verdicts.worlds import KNOWN, World, worlds
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, SOURCE_FIELDS, Columns, day_of
from thirdeye.inventory.rules import Feed, Thresholds, assess_feed
from thirdeye.inventory.verdicts import VERDICT_CODE, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.mirror.evaluation import ServiceFeeds, classify_tables, evaluate_use
from thirdeye.mirror.state import State
from thirdeye.mirror.usage import UsageTotals
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.return_risk import PastStates, RiskTable
from thirdeye.verdict.rules import Policy

_FIRST = 19_000
_TODAY = _FIRST + KNOWN
_DEAD_DAYS = 120


@dataclass
class Score:
    """The tables that a rule removes: how many were used again, and how many of the dead tables it finds."""

    gone: int
    regrets: int
    dead: int
    found: int

    def __str__(self) -> str:
        rate = f"{100 * self.regrets / self.gone:.1f} %" if self.gone else "-"
        found = f"{100 * self.found / self.dead:.0f} %" if self.dead else "-"
        return f"{self.gone:,} | {rate} | {found}"


def judged(world: World) -> Any:
    """The verdicts on a world, by the very code that a refresh runs."""
    tables = len(world.death)
    state = State(query=Columns(QUERY_FIELDS, tables), source=Columns(SOURCE_FIELDS, tables))
    for service in range(4):
        state.services.number(service)
        state.places.number((service, None, None))
    query, source = state.query, state.source
    query["flags"] = np.full(tables, PRESENT)
    query["place"] = world.service
    query["size"] = np.full(tables, 10**10)
    query["query_cost"] = np.full(tables, np.nan)
    source["created_at"] = np.where(world.created > 0, world.created + _FIRST, 0)
    source["changed_at"] = np.full(tables, _FIRST + 1)
    present = state.present()
    past = PastStates(source["created_at"], present, world.service, _TODAY)
    sums = DaysOfUse(tables)
    for day in range(world.first_day, KNOWN):
        past.before_day(_FIRST + day, *sums.so_far())
        sums.add(np.flatnonzero(world.shown[:, day]), _FIRST + day, world.service)
    past.before_day(_TODAY + 1, *sums.so_far())
    for name in ("last_use", "first_use", "days_of_use", "longest_gap"):
        source[name] = getattr(sums, name)
    queries = world.shown[:, KNOWN - 30 :].sum(axis=1)
    usage = UsageTotals(queries, sums.first_row, sums.newest_row)
    thresholds, today = Thresholds(), day_of(_TODAY)
    assert today is not None
    feeds = [
        Feed(tables=tables, first_usage=day_of(int(first)), newest_usage=day_of(int(newest)))
        for first, newest in zip(sums.first_row, sums.newest_row, strict=True)
    ]
    verdicts = [assess_feed(feed, today, thresholds) for feed in feeds]
    classify_tables(state, usage, ServiceFeeds(feeds, verdicts), today, thresholds)
    evaluate_use(state, np.zeros(tables, bool), today, thresholds)
    nothing = np.zeros(0, np.int32)
    estate = Estate(
        query=query, source=source, present=present, service=world.service,
        observed=np.array([verdict.observed_days for verdict in verdicts]), prices=[], nodes=tables,
        sources=nothing, targets=nothing, tag_sets=[()], incomplete=False,
    )  # fmt: skip
    inputs = VerdictInputs(prices=np.full(4, 0.023), kept=frozenset(), calibration_off=frozenset())
    judge(estate, RiskTable.of(*past.counts.until(_TODAY)), inputs, Policy(), _TODAY)
    return query


class DaysOfUse:
    """What the days so far say, as a refresh adds them up."""

    def __init__(self, tables: int) -> None:
        self.first_use, self.last_use = np.zeros(tables, np.uint16), np.zeros(tables, np.uint16)
        self.days_of_use, self.longest_gap = np.zeros(tables, np.uint16), np.zeros(tables, np.uint16)
        self.first_row, self.newest_row = np.zeros(4, np.int64), np.zeros(4, np.int64)

    def so_far(self) -> tuple[Any, Any, Any, Any]:
        """As `PastStates.before_day` takes it."""
        return self.last_use, self.days_of_use, self.longest_gap, self.first_row

    def add(self, used: Any, day: int, service: Any) -> None:
        last = self.last_use[used]
        again = used[last > 0]
        self.longest_gap[again] = np.maximum(self.longest_gap[again], day - last[last > 0])
        self.first_use[used[last == 0]] = day
        self.last_use[used] = day
        self.days_of_use[used] += 1
        seen = np.unique(service[used])
        self.newest_row[seen] = day
        self.first_row[seen[self.first_row[seen] == 0]] = day


def scored(world: World, gone: Any) -> Score:
    """How a rule fared that lets these tables go."""
    used_again = world.used[:, KNOWN:].any(axis=1)
    # Whatever has no use any more is as good as dead; it counts from its last use.
    last = np.where(
        world.used[:, :KNOWN].any(axis=1), KNOWN - 1 - np.argmax(world.used[:, KNOWN - 1 :: -1], axis=1), -1
    )
    dead = ~used_again & (np.minimum(world.death, np.where(last < 0, 0, last + 1)) <= KNOWN - _DEAD_DAYS)
    dead &= world.created <= KNOWN - _DEAD_DAYS
    return Score(int(gone.sum()), int((gone & used_again).sum()), int(dead.sum()), int((gone & dead).sum()))


def main() -> None:
    numbers = [int(argument) for argument in sys.argv[1:]]
    tables, seeds = (numbers or [20_000])[0], numbers[1:] or [1]
    print("| world | DELETE | wanted again | dead found | ARCHIVE | wanted again | 90 days | wanted again | dead found "
          "| 180 days | wanted again | dead found |")  # fmt: skip
    print("|---|" + "--:|" * 11)
    for seed in seeds:
        for world in worlds(tables, seed):
            query = judged(world)
            verdict, idle = query["verdict"], query["idle"].astype(int)
            has_evidence = query["activity"] != 5
            archived = scored(world, verdict == VERDICT_CODE[Verdict.ARCHIVE])
            print(
                f"| {world.name} | {scored(world, verdict == VERDICT_CODE[Verdict.DELETE])} "
                f"| {' | '.join(str(archived).split(' | ')[:2])} | {scored(world, has_evidence & (idle >= 90))} "
                f"| {scored(world, has_evidence & (idle >= 180))} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
