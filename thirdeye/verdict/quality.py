"""Whether verdicts hold: how many were regretted, compared with the risk promised. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import TypedDict

from thirdeye.verdict.return_risk import wilson_interval


class QualityRow(TypedDict):
    """How one verdict at one number of the risk table fared; `promised` is the mean of the risks promised, None without one."""

    verdict: str
    risk: int
    verdicts: int
    regrets: int
    standing: int
    promised: float | None


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


def miscalibrated_risks(rows: Iterable[QualityRow]) -> frozenset[int]:
    """The numbers of the risk table whose promise did not hold.

    That is when even the lower end of the interval of the rate of regrets lies above the risk promised on average.
    """
    verdicts, regrets, promised_regrets = Counter[int](), Counter[int](), defaultdict[int, float](float)
    for row in rows:
        if row["risk"] and row["promised"] is not None:
            verdicts[row["risk"]] += row["verdicts"]
            regrets[row["risk"]] += row["regrets"]
            promised_regrets[row["risk"]] += row["promised"] * row["verdicts"]
    return frozenset(
        number
        for number, given in verdicts.items()
        if wilson_interval(regrets[number], given)[0] > promised_regrets[number] / given
    )
