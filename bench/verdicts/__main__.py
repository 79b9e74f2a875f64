"""`python -m bench.verdicts [TABLES] [SEED ...]`: regrets and finds in simulated worlds, against rules of fixed age.

A table is wanted again when it is used in the 180 days that are not known. Prints Markdown.
"""

import sys
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from bench.verdicts.feed import TODAY, feed_of
from bench.verdicts.worlds import KNOWN, SERVICES, World, worlds
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, SOURCE_FIELDS, Columns
from thirdeye.inventory.rules import Activity, Thresholds, activity, has_activity, idle_days
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS, VERDICT_CODE, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.return_risk import RiskTable
from thirdeye.verdict.rules import Policy

_DEAD_DAYS = 120
_TARIFFS = Tariffs([DEFAULT_PRICE] * SERVICES, date(2026, 1, 1))


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


def judged(world: World) -> tuple[Any, Any]:
    """The verdicts on a world, by the very rules that a refresh applies, and the risk that is promised of each table."""
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
        unknown_nodes=never, unread=never, tag_sets=[()], incomplete=False,
    )  # fmt: skip
    inputs = VerdictInputs(kept=frozenset(), calibration_off=frozenset())
    table = RiskTable.of(*feed.past.counts.until(TODAY))
    judge(estate, table, inputs, Policy(), TODAY)
    return query, table.risks[query["risk"]]


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
    print("| world | DELETE | wanted again | dead found | ARCHIVE | wanted again | promised | dead found "
          "| 90 days | wanted again | dead found | 180 days | wanted again | dead found |")  # fmt: skip
    print("|---|" + "--:|" * 13)
    for seed in seeds:
        for world in worlds(tables, seed):
            query, risks = judged(world)
            verdict, idle = query["verdict"], query["idle"].astype(int)
            has_evidence = ~has_activity(query["activity"], Activity.UNKNOWN)
            archive = verdict == VERDICT_CODE[Verdict.ARCHIVE]
            archived = str(scored(world, archive)).split(" | ")
            # Nothing is promised of tables with too short a history but the limit of the policy.
            promises = np.where(np.isnan(risks), Policy.archive_risk, risks)[archive]
            promised = f"{100 * promises.mean():.1f} %" if archive.any() else "-"
            print(
                f"| {world.name} | {scored(world, verdict == VERDICT_CODE[Verdict.DELETE])} "
                f"| {archived[0]} | {archived[1]} | {promised} | {archived[2]} "
                f"| {scored(world, has_evidence & (idle >= 90))} | {scored(world, has_evidence & (idle >= 180))} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
