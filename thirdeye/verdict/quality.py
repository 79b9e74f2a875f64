"""Whether verdicts hold: how many were regretted, against what was promised. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from thirdeye.verdict.return_risk import wilson


def rated(verdicts: int, regrets: int) -> dict[str, Any]:
    """A rate of regrets with its 95 % Wilson interval; no rate without a verdict."""
    lower, upper = wilson(regrets, verdicts)
    return {
        "verdicts": verdicts,
        "regrets": regrets,
        "rate": regrets / verdicts if verdicts else None,
        "lower": lower if verdicts else None,
        "upper": upper if verdicts else None,
    }


def classes_off(records: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    """The numbers of the risk table whose promise did not hold.

    That is when even the lower end of the interval of the rate of regrets lies above the risk promised on average.
    """
    sums: dict[int, list[float]] = {}
    for row in records:
        if row["risk"] and row["promised"] is not None:
            sums_of = sums.setdefault(int(row["risk"]), [0, 0, 0.0])
            sums_of[0] += row["verdicts"]
            sums_of[1] += row["regrets"]
            sums_of[2] += row["promised"] * row["verdicts"]
    return frozenset(
        number
        for number, (verdicts, regrets, promised) in sums.items()
        if wilson(int(regrets), int(verdicts))[0] > promised / verdicts
    )
