"""How long decisions count, what titles say, and from when on amounts differ."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from thirdeye.actions.detection.rules import (
    ActionRule,
    Decision,
    SuppressionDays,
    TableFacts,
    TrackedItem,
    detected_title,
    differs,
    is_suppressed,
    reconcile,
)
from thirdeye.actions.items import Category
from thirdeye.inventory.evidence import VERDICT

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


@pytest.mark.parametrize(
    ("category", "fields", "looks_at"),
    [
        # Which tables come first depends on costs, whatever a rule looks at.
        ("ASSIGN_OWNER", {"owned": False}, {"OWNERS", "PROFILES", "QUERY_COSTS", "SERVICES"}),
        ("REVIEW_EXPENSIVE", {"tag": ["PII"]}, {"TAGS", "PROFILES", "QUERY_COSTS", "SERVICES"}),
        # What following a verdict saves, and which old parts there are, rest on all that verdicts do.
        ("PURGE", {"owner": ["ann"]}, {*VERDICT, "OWNERS"}),
        ("SET_RETENTION", {"growing": True, "retention": False}, {*VERDICT, "RETENTION"}),
    ],
)
def test_what_a_rule_looks_at(category: str, fields: dict[str, Any], looks_at: set[str]) -> None:
    assert ActionRule(name="rule", category=category, priority="LOW", table_filter=fields).evidence == looks_at


ITEM = TrackedItem(
    id=1, version=1, title="Drop a", status="OPEN", category="PURGE", priority="HIGH", estimated_savings_usd=Decimal(5),
    table_number=0, detected=1, decided=0, snoozed_until=None, stage=None, stage_since=None, stage_until=None, alert=None,
    fqn="a",
)  # fmt: skip
FACTS = TableFacts(
    present=True, absent=False, evidence_complete=True, accessed=None, written=None, verdict="REVIEW", seen=False
)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
STAGED = {"stage": "ANNOUNCED", "stage_since": NOW - timedelta(days=9), "status": "IN_PROGRESS"}


@pytest.mark.parametrize(
    ("item", "facts", "changed"),
    [
        ({}, {}, set()), ({"category": "ASSIGN_OWNER"}, {}, set()), (STAGED, {}, set()),
        ({"category": "STOP_REFRESH"}, {"written": date(2025, 1, 1)}, set()),
        # That a table is gone, or was read while its removal is in progress, is seen all the same.
        ({}, {"present": False}, {"status", "resolution", "resolution_reason", "resolved_at"}),
        (STAGED, {"accessed": date(2026, 2, 28)}, {"status", "priority", "alert", "stage", "stage_since"}),
    ],
)  # fmt: skip
def test_what_cannot_be_seen_ends_nothing(item: dict[str, Any], facts: dict[str, Any], changed: set[str]) -> None:
    columns = reconcile(replace(ITEM, **item), None, replace(FACTS, **facts), NOW.date(), NOW)
    assert columns.keys() == changed
