"""What is measured of a table, and that it never exceeds what the table cost."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.actions.savings.rules import Baseline, Outcome, TableState, measure

PRICE = Decimal("0.023")
TODAY = date(2026, 5, 1)
BEFORE = Baseline(
    table_number=1, size_bytes=10**12, usd_per_gb_month=PRICE, storage_usd=Decimal(23), query_usd=Decimal(7),
    last_written=date(2026, 4, 1), taken_at=datetime(2026, 4, 2),
)  # fmt: skip


def now(size: int | None = 10**12, *, present: bool = True, renamed: bool = False, written: date = TODAY) -> TableState:
    return TableState(present=present, renamed=renamed, size=size, last_written=written)


@pytest.mark.parametrize(
    ("state", "realized", "last", "outcome", "change"),
    [
        (now(), 0, None, None, 0), (now(present=False), 0, None, Outcome.REMOVED, 30),
        (now(present=False), 30, Outcome.REMOVED, None, 0), (now(5 * 10**11), 0, None, Outcome.SHRUNK, Decimal("11.5")),
        (now(95 * 10**10), 0, None, None, 0), (now(5 * 10**11), Decimal("11.5"), Outcome.SHRUNK, None, 0),
        (now(present=False), Decimal("11.5"), Outcome.SHRUNK, Outcome.REMOVED, Decimal("18.5")),
        (now(), 30, Outcome.REMOVED, Outcome.RETURNED, -30), (now(10**13), Decimal("11.5"), Outcome.SHRUNK, Outcome.RETURNED, Decimal("-11.5")),
        (now(), 0, Outcome.RETURNED, None, 0), (now(present=False, renamed=True), 0, None, Outcome.MOVED, 7),
        (now(None, present=False, renamed=True), 0, None, Outcome.MOVED, 0), (now(present=False), 7, Outcome.MOVED, Outcome.REMOVED, 23),
        (now(None), 0, None, None, 0), (now(written=date(2026, 3, 1)), 0, None, Outcome.STOPPED, 0),
        (now(written=date(2026, 3, 1)), 0, Outcome.STOPPED, None, 0), (now(None), 30, Outcome.REMOVED, Outcome.RETURNED, -30),
    ],
)  # fmt: skip
def test_what_is_measured(
    state: TableState, realized: Decimal, last: Outcome | None, outcome: Outcome | None, change: Decimal
) -> None:
    entry = measure(BEFORE, state, Decimal(realized), last, TODAY)
    assert (None if entry is None else entry.outcome) == outcome
    assert (Decimal(0) if entry is None else entry.realized) == change


SIZES = st.none() | st.integers(0, 10**15)


@given(
    size=SIZES,
    queries=st.none() | st.decimals(0, 1000, places=6),
    history=st.lists(st.tuples(st.sampled_from(["present", "renamed", "removed"]), SIZES), max_size=12),
)
def test_savings_never_exceed_what_a_table_cost(
    size: int | None, queries: Decimal | None, history: list[tuple[str, int | None]]
) -> None:
    storage = None if size is None else Decimal(size) * PRICE / 10**9
    before = Baseline(
        table_number=1, size_bytes=size, usd_per_gb_month=PRICE, storage_usd=storage, query_usd=queries, last_written=TODAY,
        taken_at=datetime(2026, 5, 1),
    )  # fmt: skip
    realized, last = Decimal(0), None
    for where, now_size in history:
        state = now(now_size, present=where == "present", renamed=where == "renamed")
        for _ in range(2):
            entry = measure(before, state, realized, last, TODAY)
            if entry is not None:
                realized, last = realized + entry.realized, entry.outcome
            assert 0 <= realized <= before.cost + Decimal("0.000001")
        # Measured twice it says nothing new.
        assert measure(before, state, realized, last, TODAY) is None
