"""`python -m bench.verdicts.cost [TABLES]`: what the return risk and all verdicts cost a refresh.

In seconds of the processor and MB. Two years of daily usage, of which a refresh adds the days up anyway; two edges of
lineage a table. Alternates: the days with and without counting periods.
"""

import resource
import sys
import time
from datetime import date

import numpy as np

from bench.verdicts.feed import TODAY, DaysOfUse
from bench.verdicts.worlds import KNOWN, SERVICES
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, SOURCE_FIELDS, Columns
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.mirror.advisor import Estate, Population
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.periods import PastPeriods
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.return_risk import RiskModel
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.unlocking import unlock_document

_TARIFFS = Tariffs([DEFAULT_PRICE] * SERVICES, date(2026, 1, 1))


def _days(tables: int, past: PastPeriods | None) -> tuple[float, DaysOfUse]:
    random = np.random.default_rng(1)
    often = random.random(tables) ** 4
    sums, spent = DaysOfUse(tables), 0.0
    for day in range(1, KNOWN + 1):
        used = np.flatnonzero(random.random(tables) < often)
        started = time.process_time()
        if past is not None:
            past.before_day(np.full(SERVICES, day), sums.so_far())
        sums.add(used, np.full(len(used), day))
        spent += time.process_time() - started
    started = time.process_time()
    if past is not None:
        past.before_day(np.full(SERVICES, KNOWN + 1), sums.so_far())
    return spent + time.process_time() - started, sums


def main() -> None:
    tables = int((sys.argv[1:] or ["1000000"])[0])
    random = np.random.default_rng(2)
    service = random.integers(0, SERVICES, tables).astype(np.int32)
    without, _ = _days(tables, None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    everything, newest = np.ones(tables, np.bool_), np.full(SERVICES, KNOWN)
    population = Population(
        variant=service, since=np.zeros(tables, np.uint16), anchor=np.zeros(tables, np.uint16), newest=newest,
        eligible=everything,
    )  # fmt: skip
    past = PastPeriods(population)
    periods, sums = _days(tables, past)
    query, source = Columns(QUERY_FIELDS, tables), Columns(SOURCE_FIELDS, tables)
    query["flags"] = np.full(tables, PRESENT)
    query["size"], query["query_cost"] = random.integers(0, 10**12, tables), np.full(tables, np.nan)
    query["accessed"] = np.where(sums.last_use > 0, TODAY - KNOWN + sums.last_use.astype(np.int32), 0)
    idle = query["idle"] = KNOWN - sums.last_use.astype(np.int32)
    query["activity"] = np.select([idle <= 30, idle <= 90, idle <= 365], [1, 2, 3], 4)
    source["known_since"] = np.full(tables, TODAY - KNOWN)
    for name in ("longest_gap", "days_of_use"):
        source[name] = getattr(sums, name)
    never = np.zeros(tables, np.bool_)
    estate = Estate(
        query=query, source=source, present=everything, service=service, place=service, no_lineage=never,
        observed=np.full(SERVICES, KNOWN), partial=never[:SERVICES], silent=never[:SERVICES],
        mass_absence=never[:SERVICES], tariffs=_TARIFFS, unknown_nodes=never, unread=never, nodes=tables,
        sources=random.integers(0, tables, 2 * tables), targets=random.integers(0, tables, 2 * tables),
        tag_sets=[()], incomplete=False, since=np.full(SERVICES, TODAY - KNOWN), young=never, alive=everything,
    )  # fmt: skip
    inputs = VerdictInputs(kept=frozenset(), calibration_off=frozenset())
    started = time.process_time()
    judge(estate, RiskModel.learnt(*past.counts.trials(), packaged_prior()), inputs, Policy(), TODAY)
    judged = time.process_time() - started
    started = time.process_time()
    groups = len(unlock_document(estate, Policy(), TODAY)["groups"])
    told = time.process_time() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{tables:,} tables, {KNOWN} days of usage ({int(sums.days_of_use.sum()):,} rows), {2 * tables:,} edges")
    print(f"adding the days up {without:.1f} s, and counting periods {periods:.1f} s ({periods - without:+.1f} s); "
          f"return risk and verdicts {judged:.1f} s; what unlocks money {told:.1f} s ({groups:,} groups); "
          f"peak {before} MB before, {after} MB with the columns and the lineage")  # fmt: skip


if __name__ == "__main__":
    main()
