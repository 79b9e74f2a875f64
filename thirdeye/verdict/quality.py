"""Whether verdicts hold: how many were regretted, compared with the risk promised. Pure."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, TypedDict

_Z: Final = 1.959963984540054


class QualityRow(TypedDict):
    """How one verdict fared in one decile of the return risk (0: none was promised).

    `promised` is the mean of the risks promised, None without one. Of `due` verdicts the 180 days are over: `expected` is
    the mean of the risks expected of these, `due_regrets` of them were regretted within those days.
    """

    verdict: str
    decile: int
    verdicts: int
    regrets: int
    standing: int
    promised: float | None
    due: int
    due_regrets: int
    expected: float | None


class RegretRate(TypedDict):
    """Regrets by verdicts, 0 to 1, with the 95 % Wilson interval; no rate without a verdict."""

    verdicts: int
    regrets: int
    rate: float | None
    lower: float | None
    upper: float | None


def regret_rate(verdicts: int, regrets: int) -> RegretRate:
    """The rate with its interval."""
    lower, upper = wilson_interval(regrets, verdicts)
    return {
        "verdicts": verdicts,
        "regrets": regrets,
        "rate": regrets / verdicts if verdicts else None,
        "lower": lower if verdicts else None,
        "upper": upper if verdicts else None,
    }


def wilson_interval(count: int, total: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a share; 0 to 1 for none of none."""
    if total == 0:
        return 0.0, 1.0
    share, square = count / total, _Z * _Z / total
    middle, spread = share + square / 2, _Z * math.sqrt(share * (1 - share) / total + square / (4 * total))
    lower, upper = (middle - spread) / (1 + square), (middle + spread) / (1 + square)
    # Exact at the ends, where rounding would be slightly off.
    return (0.0 if count == 0 else max(lower, 0.0)), (1.0 if count == total else min(upper, 1.0))


def miscalibrated_deciles(rows: Iterable[QualityRow]) -> frozenset[int]:
    """The deciles of the return risk whose promise did not hold.

    That is when even the lower end of the interval of the rate of regrets lies above the risk promised on average.
    """
    verdicts, regrets, promised_regrets = Counter[int](), Counter[int](), defaultdict[int, float](float)
    for row in rows:
        if row["decile"] and row["promised"] is not None:
            verdicts[row["decile"]] += row["verdicts"]
            regrets[row["decile"]] += row["regrets"]
            promised_regrets[row["decile"]] += row["promised"] * row["verdicts"]
    return frozenset(
        decile
        for decile, given in verdicts.items()
        if wilson_interval(regrets[decile], given)[0] > promised_regrets[decile] / given
    )


class Calibration(TypedDict):
    """What was expected of the verdicts in one decile of the return risk whose 180 days are over, and what happened."""

    decile: int
    verdicts: int
    expected: float
    rate: RegretRate


def calibration(rows: Iterable[QualityRow]) -> list[Calibration]:
    """By decile, in ascending order; of those that have such verdicts."""
    due, regrets, expected = Counter[int](), Counter[int](), defaultdict[int, float](float)
    for row in rows:
        if row["expected"] is not None:
            due[row["decile"]] += row["due"]
            regrets[row["decile"]] += row["due_regrets"]
            expected[row["decile"]] += row["expected"] * row["due"]
    return [
        {
            "decile": decile,
            "verdicts": due[decile],
            "expected": expected[decile] / due[decile],
            "rate": regret_rate(due[decile], regrets[decile]),
        }
        for decile in sorted(due)
    ]


def describe_decile(decile: int) -> str:
    """What the tables in a decile of the return risk have in common, in words."""
    if decile == 0:
        return "no known return risk"
    return f"a return risk of {10 * decile - 10} to {10 * decile} %"
