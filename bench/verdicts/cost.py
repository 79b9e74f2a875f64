"""`python -m bench.verdicts.cost [TABLES]`: what the risk table and all verdicts cost a refresh, in seconds and MB.

Two years of daily usage, of which a refresh adds the days up anyway; two edges of lineage a table. Alternates: the days
with and without taking states.
"""

import resource
import sys
import time
from typing import Any

import numpy as np

from bench.verdicts.__main__ import _TODAY, DaysOfUse
from bench.verdicts.worlds import KNOWN
from thirdeye.inventory.columns import PRESENT, QUERY_FIELDS, SOURCE_FIELDS, Columns
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.return_risk import PastStates, RiskTable
from thirdeye.verdict.rules import Policy

_SERVICES = 4


def _days(tables: int, service: Any, past: PastStates | None) -> tuple[float, DaysOfUse]:
    random = np.random.default_rng(1)
    often = random.random(tables) ** 4
    sums, spent = DaysOfUse(tables), 0.0
    for day in range(KNOWN):
        used = np.flatnonzero(random.random(tables) < often)
        started = time.perf_counter()
        if past is not None:
            past.before_day(_TODAY - KNOWN + day, *sums.so_far())
        sums.add(used, _TODAY - KNOWN + day, service)
        spent += time.perf_counter() - started
    started = time.perf_counter()
    if past is not None:
        past.before_day(_TODAY + 1, *sums.so_far())
    return spent + time.perf_counter() - started, sums


def main() -> None:
    tables = int((sys.argv[1:] or ["1000000"])[0])
    random = np.random.default_rng(2)
    service = random.integers(0, _SERVICES, tables).astype(np.int32)
    present, created = np.ones(tables, np.bool_), np.zeros(tables, np.uint16)
    without, _ = _days(tables, service, None)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    past = PastStates(created, present, service, _TODAY)
    states, sums = _days(tables, service, past)
    query, source = Columns(QUERY_FIELDS, tables), Columns(SOURCE_FIELDS, tables)
    query["flags"] = np.full(tables, PRESENT)
    query["size"], query["query_cost"] = random.integers(0, 10**12, tables), np.full(tables, np.nan)
    query["accessed"] = sums.last_use
    idle = np.where(sums.last_use > 0, _TODAY - sums.last_use.astype(np.int32), KNOWN)
    query["activity"] = np.select([idle <= 30, idle <= 90, idle <= 365], [1, 2, 3], 4)
    for name in ("longest_gap", "days_of_use"):
        source[name] = getattr(sums, name)
    estate = Estate(
        query=query, source=source, present=present, service=service, observed=np.full(_SERVICES, KNOWN), prices=[],
        nodes=tables, sources=random.integers(0, tables, 2 * tables), targets=random.integers(0, tables, 2 * tables),
        tag_sets=[()], incomplete=False,
    )  # fmt: skip
    inputs = VerdictInputs(prices=np.full(_SERVICES, 0.023), kept=frozenset(), calibration_off=frozenset())
    started = time.perf_counter()
    judge(estate, RiskTable.of(*past.counts.until(_TODAY)), inputs, Policy(), _TODAY)
    judged = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{tables:,} tables, {KNOWN} days of usage ({int(sums.days_of_use.sum()):,} rows), {2 * tables:,} edges")
    print(f"adding the days up {without:.1f} s, and taking states {states:.1f} s ({states - without:+.1f} s); risk table and "
          f"verdicts {judged:.1f} s; peak {before} MB before, {after} MB with the columns and the lineage")  # fmt: skip


if __name__ == "__main__":
    main()
