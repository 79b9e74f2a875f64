"""`python -m bench.verdicts [SEEDS | fresh]`: how many dead tables verdicts find in simulated worlds; how often they err.

A table is wanted again when it is used in the 180 days that are not known. Prints Markdown: for small and young estates
what is asked of them; for all worlds regrets and finds, beside rules of fixed age; and what was promised against what
happened, by decile of the return risk. `fresh` judges the worlds of `fresh_worlds.py` instead. Shares are those of all
seeds together, with the range of the seeds.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from bench.verdicts.fresh_worlds import FRESH_SEEDS, fresh_builders
from bench.verdicts.judging import Score, Verdicts, judged
from bench.verdicts.worlds import KNOWN, watched, worlds
from thirdeye.inventory.columns import Array
from thirdeye.inventory.verdicts import Verdict
from thirdeye.verdict.quality import wilson_interval

DELETE, ARCHIVE = Verdict.DELETE, Verdict.ARCHIVE
# Tables, watched days, world, verdict, the share of the dead to find, and what was found before.
ASKED: Final = (
    (300, KNOWN, "steady", DELETE, 80, "39"),
    (300, KNOWN, "steady, few deaths", DELETE, 75, "17"),
    (300, KNOWN, "dying", DELETE, 55, "41"),
    (1_000, KNOWN, "steady", DELETE, 92, "50"),
    (1_000, KNOWN, "steady, few deaths", DELETE, 90, "35"),
    (1_000, KNOWN, "dying", DELETE, 67, "24"),
    (1_000, KNOWN, "migration wave", DELETE, 55, "25 to 73"),
    (300, 250, "steady", ARCHIVE, 80, "0 to 89"),
    (300, 250, "steady, few deaths", ARCHIVE, 80, "0 to 89"),
    (300, 250, "dying", ARCHIVE, 80, "0 to 89"),
    (1_000, 120, "steady", ARCHIVE, 90, "0"),
    (1_000, 120, "dying", ARCHIVE, 90, "0"),
    (1_000, 120, "migration wave", ARCHIVE, 90, "0"),
)  # fmt: skip
# At which sizes all worlds are tried: tables and watched days.
SIZES: Final = ((300, KNOWN), (1_000, KNOWN), (300, 250), (1_000, 120))
_SEEDS: Final = 5


def main() -> None:
    if sys.argv[1:] == ["fresh"]:
        _print_found(_judged_fresh())
        return
    seeds = range(1, int((sys.argv[1:] or [str(_SEEDS)])[0]) + 1)
    # By tables, watched days and world, what each seed gave.
    found = defaultdict[tuple[int, int, str], list[Verdicts]](list)
    for tables, days in SIZES:
        for seed in seeds:
            for world in worlds(tables, seed, days):
                found[tables, days, world.name].append(judged(world))
    _print_asked(found)
    _print_found(found)


def _judged_fresh() -> dict[tuple[int, int, str], list[Verdicts]]:
    return {
        (tables, days, name): [
            judged(watched(build(np.random.default_rng(seed), tables), days)) for seed in FRESH_SEEDS
        ]
        for tables, days in SIZES
        for name, build in fresh_builders().items()
    }


def _print_found(found: dict[tuple[int, int, str], list[Verdicts]]) -> None:
    _print_worlds(found)
    _print_calibration([each for verdicts in found.values() for each in verdicts])


def _print_asked(found: dict[tuple[int, int, str], list[Verdicts]]) -> None:
    print(
        "\n| tables | watched days | world | verdict | dead found | seeds | asked | before |\n|--:|--:|---|---|--:|--:|--:|--:|"
    )
    for tables, days, world, verdict, asked, before in ASKED:
        scores = [each.score(verdict) for each in found[tables, days, world]]
        share = 100 * sum(each.found for each in scores) / max(sum(each.dead for each in scores), 1)
        print(
            f"| {tables:,} | {days} | {world} | {verdict.value} | {share:.0f} % | {_range(_finds(scores))} "
            f"| {asked} % | {before} % |"
        )


def _print_worlds(found: dict[tuple[int, int, str], list[Verdicts]]) -> None:
    of_verdicts = "".join(f"| {name} | wanted again | seeds | dead found " for name in ("DELETE", "ARCHIVE"))
    of_ages = "| idle for 90 days | wanted again | idle for 180 days | wanted again |"
    print(f"\n| tables | watched days | world {of_verdicts}{of_ages}\n|--:|--:|---" + "|--:" * 12 + "|")
    for (tables, days, world), verdicts in found.items():
        cells = [f"{tables:,}", str(days), world]
        for verdict in (DELETE, ARCHIVE):
            scores = [each.score(verdict) for each in verdicts]
            cells += [
                f"{sum(each.gone for each in scores):,}",
                _regrets(scores),
                _range(_rates(scores)),
                _found(scores),
            ]
        for idle in (90, 180):
            scores = [each.fixed_age(idle) for each in verdicts]
            cells += [f"{sum(each.gone for each in scores):,}", _regrets(scores)]
        print("| " + " | ".join(cells) + " |")


def _print_calibration(verdicts: Sequence[Verdicts]) -> None:
    expected, again = (
        np.concatenate([getattr(each, name)[each.has_risk] for each in verdicts]) for name in ("expected", "again")
    )
    # Of equal width, and with equally many tables.
    by_width = np.minimum((expected * 10).astype(int), 9)
    by_count = np.argsort(np.argsort(expected, kind="stable")) * 10 // max(len(expected), 1)
    for name, deciles in (("decile of the return risk", by_width), ("tenth of the tables", by_count)):
        print(f"\n| {name} | tables | expected | wanted again | 95 % interval | apart |\n|---|--:|--:|--:|--:|--:|")
        for decile in range(10):
            _print_decile(decile, expected[deciles == decile], again[deciles == decile])


def _print_decile(decile: int, expected: Array, again: Array) -> None:
    if len(expected):
        mean, share = expected.mean(), again.mean()
        lower, upper = wilson_interval(int(again.sum()), len(again))
        interval = f"{100 * lower:.1f} to {100 * upper:.1f} %"
        print(f"| {decile + 1} | {len(expected):,} | {mean:.3f} | {share:.3f} | {interval} | {abs(mean - share):.3f} |")


def _regrets(scores: Sequence[Score]) -> str:
    gone, regrets = sum(each.gone for each in scores), sum(each.regrets for each in scores)
    if not gone:
        return "-"
    lower, upper = wilson_interval(regrets, gone)
    return f"{100 * regrets / gone:.1f} % ({100 * lower:.1f} to {100 * upper:.1f})"


def _found(scores: Sequence[Score]) -> str:
    dead = sum(each.dead for each in scores)
    return f"{100 * sum(each.found for each in scores) / dead:.0f} %" if dead else "-"


def _rates(scores: Iterable[Score]) -> list[float]:
    return [100 * each.regrets / each.gone for each in scores if each.gone]


def _finds(scores: Iterable[Score]) -> list[float]:
    return [100 * each.found / each.dead for each in scores if each.dead]


def _range(shares: Sequence[float]) -> str:
    return f"{min(shares):.0f} to {max(shares):.0f}" if shares else "-"


if __name__ == "__main__":
    main()
