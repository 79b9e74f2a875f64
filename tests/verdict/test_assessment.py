"""What a verdict says beside the recommendation, by tables of cases, and through the real API."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.support.api import Api
from thirdeye.inventory.verdicts import Verdict
from thirdeye.verdict.effort import Effort, effort
from thirdeye.verdict.ladder import NEEDED_DAYS, Ladder, LadderFacts, Rung, ladder
from thirdeye.verdict.removal import Stage
from thirdeye.verdict.undo import undo_by_stage


@pytest.mark.parametrize(
    ("verdict", "owners", "is_written", "expected"),
    [
        (Verdict.DELETE, 0, False, Effort.LOW), (Verdict.DELETE, 1, False, Effort.LOW), (Verdict.DELETE, 2, False, Effort.HIGH),
        (Verdict.ARCHIVE, 1, True, Effort.MEDIUM), (Verdict.STOP_REFRESH, 1, True, Effort.MEDIUM),
        (Verdict.STOP_REFRESH, 1, False, Effort.MEDIUM), (Verdict.STOP_REFRESH, 2, True, Effort.HIGH),
        (Verdict.REVIEW, 0, False, Effort.LOW), (Verdict.REVIEW, 1, True, Effort.MEDIUM), (Verdict.KEEP, 5, True, None),
    ],
)  # fmt: skip
def test_effort(verdict: Verdict, owners: int, is_written: bool, expected: Effort | None) -> None:
    assert effort(verdict, owners=owners, is_written=is_written) is expected


@pytest.mark.parametrize(
    ("service", "kind", "possible", "days", "word"),
    [
        ("Snowflake", "Regular", True, 1, "Time Travel"), ("Snowflake", "Transient", True, 1, "transient"),
        ("Snowflake", "Dynamic", True, 1, "UNDROP"), ("Snowflake", "MaterializedView", True, None, "definition"),
        ("BigQuery", "Regular", True, 7, "time travel"), ("Databricks", "Regular", True, 7, "UNDROP"),
        ("UnityCatalog", None, True, 7, "UNDROP"), ("Redshift", "Regular", False, None, "snapshot"),
        ("Postgres", "Regular", False, None, "backup"), ("MariaDB", "Regular", False, None, "backup"),
        ("Trino", "Regular", None, None, "nobody knows"), (None, None, None, None, "nobody knows"),
        ("Trino", "Dynamic", True, None, "definition"), ("Postgres", "View", True, None, "definition"),
    ],
)  # fmt: skip
def test_what_can_be_undone(
    service: str | None, kind: str | None, possible: bool | None, days: int | None, word: str
) -> None:
    *before, dropped = undo_by_stage(service, kind)
    assert [each.stage for each in (*before, dropped)] == list(Stage)
    assert all(each.possible is True and each.days is None and each.how.endswith(".") for each in before)
    assert (dropped.possible, dropped.days) == (possible, days)
    assert word in dropped.how
    assert dropped.how.endswith(".")


FACTS: dict[str, Any] = {
    "watched_days": 400, "own_share": 1.0, "database": "shop.main",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "rung", "missing", "word"),
    [
        ({"watched_days": 0, "own_share": None}, Rung.NOBODY_LOOKS, None, "usage of shop.main"),
        ({"watched_days": 14, "own_share": None}, Rung.WATCHED, 77, "14 days; 77 days more"),
        ({"watched_days": 90, "own_share": None}, Rung.WATCHED, 1, "; 1 day more"),
        ({"own_share": None}, Rung.WATCHED, None, "of what is idle"),
        ({"own_share": 0.0}, Rung.ESTATES_AT_LARGE, 0, "to 0 %"), ({"own_share": 0.4999}, Rung.ESTATES_AT_LARGE, 0, "at large"),
        ({"own_share": 0.5}, Rung.MOSTLY_OWN_HISTORY, 0, "to 50 %"),
        ({"own_share": 0.8999}, Rung.MOSTLY_OWN_HISTORY, 0, "90 %"), ({"own_share": 0.9}, Rung.OWN_HISTORY, 0, "nothing more"),
        ({}, Rung.OWN_HISTORY, 0, "own history"),
    ],
)  # fmt: skip
def test_the_rungs(changed: dict[str, Any], rung: Rung, missing: int | None, word: str) -> None:
    found = ladder(LadderFacts(**FACTS | changed))
    assert (found.rung, found.missing_days) == (rung, missing)
    assert word in found.next
    assert found.next.endswith(".")


@given(
    some.tuples(some.integers(0, 900), some.integers(0, 900)), some.tuples(some.floats(0, 1), some.floats(0, 1)),
    some.booleans(),
)  # fmt: skip
def test_more_that_is_known_never_leads_down(days: tuple[int, int], shares: tuple[float, float], known: bool) -> None:
    def at(watched: int, share: float) -> Ladder:
        facts = FACTS | {
            "watched_days": watched,
            "own_share": share if known and watched else None,
        }
        return ladder(LadderFacts(**facts))

    rungs = list(Rung)
    fewer, more = (at(watched, share) for watched, share in zip(sorted(days), sorted(shares), strict=True))
    assert rungs.index(fewer.rung) <= rungs.index(more.rung)
    assert (more.missing_days or 0) <= (fewer.missing_days if fewer.missing_days is not None else NEEDED_DAYS)


@pytest.mark.anyio
async def test_every_verdict_says_what_it_takes_and_rests_on(scored_api: Api) -> None:
    asked = """query ($after: String) { tables(first: 40, after: $after) { pageInfo { hasNextPage endCursor } edges { node {
      fqn evidence activity owners { name } verdict { recommendation effort lookBackDays returnRisk { value }
      ladder { rung missingDays next } undo { stage possible days how } } } } } }"""
    tables, after = list[dict[str, Any]](), None
    while True:
        page = (await scored_api.data(asked, after=after))["tables"]
        tables += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    for table in tables:
        verdict = table["verdict"]
        assert (verdict["effort"] is None) == (verdict["recommendation"] == "KEEP")
        assert verdict["effort"] in ({None, "HIGH"} if len(table["owners"]) > 1 else {None, "LOW", "MEDIUM"})
        looked = table["evidence"] in {"QUERIES", "LIFECYCLE"}
        assert (verdict["lookBackDays"] > 0) == looked, table
        assert (verdict["ladder"]["rung"] == "NOBODY_LOOKS") == (not looked)
        has_number = verdict["returnRisk"] is not None and verdict["returnRisk"]["value"] is not None
        assert has_number <= (verdict["ladder"]["rung"] not in {"NOBODY_LOOKS", "WATCHED"})
        assert [each["stage"] for each in verdict["undo"]] == ["ANNOUNCED", "RESTRICTED", "ARCHIVED", "DROPPED"]
    rungs = {table["verdict"]["ladder"]["rung"] for table in tables}
    assert {"NOBODY_LOOKS", "WATCHED"} <= rungs
    assert {table["verdict"]["effort"] for table in tables} >= {None, "LOW", "MEDIUM"}
