"""How long decisions count, what titles say, and from when on amounts differ."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from thirdeye.actions.detection.rules import Decision, SuppressionDays, detected_title, differs, is_suppressed
from thirdeye.actions.items import Category

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("how", "before", "now", "days", "settled"),
    [
        ("DISMISSED", 10, 10, 0, True), ("DISMISSED", 10, 19, 0, True), ("DISMISSED", 10, 20, 0, False),
        ("DISMISSED", 10, 10, 179, True), ("DISMISSED", 10, 10, 180, False), ("DISMISSED", None, None, 0, True),
        ("DISMISSED", None, 1, 0, False), ("DISMISSED", 0, "0.99", 0, True), ("DISMISSED", 10, None, 0, True),
        ("COMPLETED", 10, 100, 29, True), ("COMPLETED", 10, 10, 30, False),
    ],
)  # fmt: skip
def test_how_long_a_decision_counts(how: str, before: Any, now: Any, days: int, settled: bool) -> None:
    decision = Decision(how, None if before is None else Decimal(before), DAY)
    cost = None if now is None else Decimal(now)
    assert (
        is_suppressed(decision, cost, DAY + timedelta(days=days), SuppressionDays(dismissed=180, completed=30))
        is settled
    )


def test_titles_fit_whatever_a_table_is_called() -> None:
    assert detected_title(Category.PURGE, "a.b.c.d") == "Drop a.b.c.d"
    long = detected_title(Category.REVIEW_EXPENSIVE, "x" * 300 + "end")
    assert (len(long), long[:20], long[-3:]) == (255, "Look at the cost of ", "end")
    assert detected_title(Category.PURGE, "a\nb") == "Drop a?b"


def test_amounts_are_told_when_they_differ_enough() -> None:
    assert not differs(None, None)
    assert differs(None, Decimal(0))
    assert not differs(Decimal(100), Decimal("109.99"))
    assert differs(Decimal(100), Decimal(110))
    assert not differs(Decimal(0), Decimal("0.009"))
