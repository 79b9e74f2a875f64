"""Which verdicts are remembered, withdrawn, regretted, refresh by refresh."""

from typing import Any

import numpy as np
import pytest

from thirdeye.inventory.columns import PRESENT
from thirdeye.inventory.verdicts import VERDICT_CODE, Verdict
from thirdeye.verdict.quality import miscalibrated_deciles, regret_rate
from thirdeye.verdict.records import Records

DELETE, ARCHIVE, KEEP = (VERDICT_CODE[verdict] for verdict in (Verdict.DELETE, Verdict.ARCHIVE, Verdict.KEEP))


class Story:
    """One table through several refreshes."""

    def __init__(self) -> None:
        self.before: dict[str, np.ndarray] | None = None

    def refresh(
        self, day: int, verdict: int, accessed: int = 0, there: bool = True, unseen: bool = False
    ) -> dict[str, object]:
        after = {
            "flags": np.array([PRESENT if there else 0], np.uint8), "verdict": np.array([verdict], np.uint8),
            "accessed": np.array([accessed], np.uint16), "risk": np.array([7], np.uint16),
            "expected_risk": np.array([5], np.uint16),
            "advised": np.zeros(1, np.uint8), "advised_on": np.zeros(1, np.uint16),
        }  # fmt: skip
        records = Records()
        records.compare(self.before, after, 500, day, unseen=unseen)
        self.before = after
        found = {
            "given": records.given,
            "withdrawn": records.withdrawn,
            "gone": records.gone,
            "regretted": records.regretted,
        }
        return {name: value for name, value in found.items() if value}


def test_a_verdict_is_remembered_once() -> None:
    story = Story()
    assert story.refresh(100, DELETE) == {"given": [(500, DELETE, 7, 5)]}
    assert story.refresh(101, DELETE) == {}
    assert story.refresh(102, DELETE, accessed=99) == {}


def test_another_verdict_withdraws_it() -> None:
    story = Story()
    story.refresh(100, ARCHIVE)
    assert story.refresh(101, DELETE) == {"withdrawn": [500], "given": [(500, DELETE, 7, 5)]}
    assert story.refresh(102, KEEP) == {"withdrawn": [500]}
    assert story.refresh(103, KEEP, accessed=103) == {}


def test_use_after_the_day_it_was_given_is_a_regret() -> None:
    story = Story()
    story.refresh(100, DELETE, accessed=10)
    assert story.refresh(110, KEEP, accessed=105) == {"regretted": {105: [500]}}
    assert story.refresh(111, KEEP, accessed=111) == {}
    # On the day itself nobody can tell which came first.
    story = Story()
    story.refresh(100, DELETE)
    assert story.refresh(101, DELETE, accessed=100) == {}


def test_a_regret_may_be_followed_by_a_new_verdict() -> None:
    story = Story()
    story.refresh(100, DELETE)
    assert story.refresh(300, DELETE, accessed=150) == {"regretted": {150: [500]}, "given": [(500, DELETE, 7, 5)]}
    assert story.refresh(301, DELETE, accessed=150) == {}


def test_what_went_is_watched_on() -> None:
    story = Story()
    story.refresh(100, DELETE)
    assert story.refresh(101, KEEP, there=False) == {"gone": [500]}
    assert story.refresh(102, KEEP, there=False) == {}
    assert story.refresh(103, KEEP, accessed=103, there=False) == {"regretted": {103: [500]}}
    assert story.refresh(104, KEEP, accessed=104, there=False) == {}


def test_what_comes_back_keeps_its_verdict_or_loses_it() -> None:
    story = Story()
    story.refresh(100, DELETE)
    story.refresh(101, KEEP, there=False)
    assert story.refresh(102, DELETE) == {}
    story.refresh(103, KEEP, there=False)
    assert story.refresh(104, KEEP) == {"withdrawn": [500]}


def test_while_something_is_unseen_verdicts_stand() -> None:
    story = Story()
    story.refresh(100, DELETE)
    # It may not go now, for nobody can see whether it is used: that takes nothing back.
    assert story.refresh(101, KEEP, unseen=True) == {}
    assert story.refresh(102, ARCHIVE, unseen=True) == {}
    assert story.refresh(103, DELETE) == {}
    assert (story.before or {})["advised_on"].tolist() == [100]
    story = Story()
    assert story.refresh(100, DELETE, unseen=True) == {}
    assert story.refresh(101, DELETE) == {"given": [(500, DELETE, 7, 5)]}


def test_what_is_seen_all_the_same_counts() -> None:
    story = Story()
    story.refresh(100, DELETE)
    assert story.refresh(101, KEEP, accessed=101, unseen=True) == {"regretted": {101: [500]}}
    assert story.refresh(102, KEEP, accessed=101) == {}
    story.refresh(103, DELETE, accessed=101)
    assert story.refresh(104, KEEP, accessed=101, there=False, unseen=True) == {"gone": [500]}


def record(verdicts: int, regrets: int, promised: float | None = 0.05, decile: int = 3) -> Any:
    return {"verdict": "DELETE", "decile": decile, "verdicts": verdicts, "regrets": regrets, "promised": promised}


@pytest.mark.parametrize(
    ("records", "off"),
    [
        ([], set()), ([record(100, 5)], set()), ([record(100, 20)], {3}), ([record(1, 1)], {3}), ([record(10, 1)], set()),
        ([record(100, 20, decile=0)], set()), ([record(100, 20, promised=None)], set()),
        # Both verdicts on a class count together, each with what it promised.
        ([record(100, 20, promised=0.3), record(100, 0, promised=0.3)], set()),
        ([record(50, 6), record(50, 6), record(10, 0, decile=4)], {3}),
    ],
)  # fmt: skip
def test_a_class_is_off_when_even_the_lower_end_lies_above_the_promise(records: list[Any], off: set[int]) -> None:
    assert miscalibrated_deciles(records) == off


def test_rates() -> None:
    assert regret_rate(0, 0) == {"verdicts": 0, "regrets": 0, "rate": None, "lower": None, "upper": None}
    found = regret_rate(100, 2)
    assert found["rate"] == 0.02
    assert found["lower"] < 0.02 < found["upper"]
