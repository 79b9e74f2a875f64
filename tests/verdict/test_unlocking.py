"""What unused tables cost and what would release it: every dollar once, told a second time from the list of tables."""

import math
from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.support.api import Api
from thirdeye.inventory.columns import (
    ABSENT,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    PRESENT,
    QUERY_FIELDS,
    SOURCE_FIELDS,
    TRIAL,
    WITHOUT_PLAN,
    Columns,
    day_number,
    day_of,
)
from thirdeye.inventory.columns import WITHOUT_STORAGE as WITHOUT_STORAGE_FLAG
from thirdeye.inventory.rules import (
    ACTIVITIES,
    ACTIVITY_CODE,
    UNKNOWN_CODE,
    UNKNOWN_REASONS,
    Activity,
    UnknownReason,
)
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.inventory.verdicts import APPROVED, BLOCKER_BIT, BLOCKERS, VERDICT_CODE, VERDICTS, Blocker, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.unlock_groups import UnlockDocument
from thirdeye.verdict.unlocking import unlock_document

pytestmark = pytest.mark.anyio
TODAY_NUMBER = 20_000
TARIFFS = Tariffs([DEFAULT_PRICE] * 3, date(2026, 11, 1))
PLAN = """
{ unlockPlan { monthlyCost released stays blocked tables tablesOfUnknownCost groupCount priceBasis
  groups(first: 1000) { state reason service database owners { name } tables tablesOfUnknownCost monthlyCost
    releasesAtMost action actor from alternatives { kind tables monthlyCost releasesAtMost action actor } } } }
"""
TABLES = """
query ($after: String) { tables(first: 100, sortBy: "name", sortDir: "asc", after: $after) {
  edges { node { fqn service database activity unknownReason inUseThroughLineage tableType monthlyCost
    series { inUse } owners { name } verdict { recommendation saving blockers { code } } } }
  pageInfo { hasNextPage endCursor } } }
"""
# In the order of the rules for verdicts.
BY_BLOCKER = (
    "CRITICAL_TIER", "PROTECTED_TAG", "IN_DATA_PRODUCT", "UNKNOWN_DOWNSTREAM", "EVIDENCE_INCOMPLETE", "FEED_SILENT",
    "CALIBRATION_OFF", "MASS_ABSENCE",
)  # fmt: skip
WITHOUT_STORAGE = {"View", "SecureView", "SemanticView", "External", "Foreign", "Stage", "Stream"}


async def all_tables(api: Api) -> list[dict[str, Any]]:
    tables, after = list[dict[str, Any]](), None
    while True:
        page = (await api.data(TABLES, after=after))["tables"]
        tables += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return tables
        after = page["pageInfo"]["endCursor"]


def in_question(table: dict[str, Any]) -> bool:
    """Idle or unknown, and not in use through lineage or its series."""
    held = table["inUseThroughLineage"] or bool(table["series"] and table["series"]["inUse"])
    return table["activity"] in {"STALE", "DORMANT", "UNKNOWN"} and not held


def reason_of(table: dict[str, Any]) -> tuple[str, str]:
    """State and reason, straight from the rules for verdicts."""
    verdict, blockers = table["verdict"]["recommendation"], {each["code"] for each in table["verdict"]["blockers"]}
    if verdict in {"DELETE", "ARCHIVE"}:
        return "RELEASED", verdict
    if verdict == "STOP_REFRESH":
        return "STAYS", "STILL_WRITTEN"
    if "KEPT_BY_OWNER" in blockers:
        return "BLOCKED", "KEPT_BY_OWNER"
    if blockers & {"ACTIVE_DOWNSTREAM", "SERIES_IN_USE"}:
        return "BLOCKED", "ACTIVE_DOWNSTREAM"
    if table["activity"] == "UNKNOWN":
        return "BLOCKED", table["unknownReason"]
    for blocker in BY_BLOCKER:
        if blocker in blockers:
            return "BLOCKED", blocker
    if table["tableType"] in WITHOUT_STORAGE:
        return "BLOCKED", "WITHOUT_STORAGE"
    if verdict == "KEEP":
        return "BLOCKED", "SERIES"
    return "BLOCKED", "SHORT_HISTORY" if "SHORT_HISTORY" in blockers else "RETURN_RISK"


async def test_every_dollar_is_told_once(scored_api: Api) -> None:
    plan = (await scored_api.data(PLAN))["unlockPlan"]
    tables = [each for each in await all_tables(scored_api) if in_question(each)]
    groups = plan["groups"]
    assert plan["groupCount"] == len(groups)
    assert plan["tables"] == len(tables)
    known = [each for each in tables if each["monthlyCost"] is not None]
    assert plan["tablesOfUnknownCost"] == len(tables) - len(known) > 0
    cost = sum(Decimal(each["monthlyCost"]) for each in known)
    assert abs(Decimal(plan["monthlyCost"]) - cost) < Decimal("0.005")
    assert Decimal(plan["monthlyCost"]) == sum(Decimal(plan[part]) for part in ("released", "stays", "blocked"))
    for state, part in (("RELEASED", "released"), ("STAYS", "stays"), ("BLOCKED", "blocked")):
        assert sum(Decimal(each["monthlyCost"]) for each in groups if each["state"] == state) == Decimal(plan[part])
    saving = sum(Decimal(each["verdict"]["saving"] or 0) for each in tables)
    assert abs(Decimal(plan["released"]) - saving) < Decimal("0.005")
    expected, counted = defaultdict[Any, Decimal](Decimal), defaultdict[Any, int](int)
    for each in tables:
        state, reason = reason_of(each)
        share = Decimal("0.8") if reason == "ARCHIVE" else 1
        expected[state, reason] += share * Decimal(each["monthlyCost"] or 0)
        counted[state, reason] += 1
        if reason == "ARCHIVE":
            expected["copies"] += (1 - Decimal("0.8")) * Decimal(each["monthlyCost"] or 0)
    told, tables_told = defaultdict[Any, Decimal](Decimal), defaultdict[Any, int](int)
    for group in groups:
        copy = group["state"] == "STAYS" and group["reason"] != "STILL_WRITTEN"
        key = "copies" if copy else (group["state"], group["reason"])
        if group["state"] != "UNKNOWN_COST":
            told[key] += Decimal(group["monthlyCost"])
            tables_told[key] += group["tables"]
    assert {key: round(value, 2) for key, value in told.items()} == {
        key: round(value, 2) for key, value in expected.items()
    }
    assert {key: count for key, count in tables_told.items() if key != "copies"} == counted
    unknown = [each for each in groups if each["state"] == "UNKNOWN_COST"]
    assert sum(each["tables"] for each in unknown) == plan["tablesOfUnknownCost"]
    assert len({each["reason"] for each in groups}) >= 5
    costs = [Decimal(each["monthlyCost"]) for each in groups if each["state"] != "UNKNOWN_COST"]
    assert costs == sorted(costs, reverse=True)
    for group in groups:
        assert group["action"].endswith((".", "?")), group
        assert Decimal(group["releasesAtMost"] or 0) <= Decimal(group["monthlyCost"]), group
        for way in group["alternatives"]:
            assert way["action"].endswith("."), way
            assert Decimal(way["releasesAtMost"]) <= Decimal(way["monthlyCost"]) <= Decimal(group["monthlyCost"])


NUMBERS = st.integers(0, 2**31)
ROWS = st.lists(
    st.fixed_dictionaries({
        "flags": st.sampled_from([PRESENT, PRESENT, PRESENT, 0]).flatmap(lambda bit: NUMBERS.map(lambda n: (n & 0x7FFE) | bit)),
        "activity": st.integers(0, len(ACTIVITIES) - 1), "unknown": st.integers(1, len(UNKNOWN_REASONS) - 1),
        "place": st.integers(0, 2), "size": st.integers(-1, 10**15), "owners": st.integers(0, 3), "idle": st.integers(0, 900),
        "verdict": st.integers(0, len(VERDICTS) - 1), "blockers": st.integers(0, 2 ** len(BLOCKERS) - 1),
        "query_cost": st.sampled_from([0.25, 3.0, float("nan")]), "write_cost": st.sampled_from([0, 0.25]),
        "written": st.integers(0, TODAY_NUMBER),
    }),
    max_size=40,
)  # fmt: skip


def plan_of(rows: list[dict[str, Any]], **policy: Any) -> UnlockDocument:
    """Of tables with these columns, in three places: observed for no day, for 200 and for 900."""
    count = len(rows)
    query, source = Columns(QUERY_FIELDS, count), Columns(SOURCE_FIELDS, count)
    for row, values in enumerate(rows):
        for name, value in values.items():
            (source if name in SOURCE_FIELDS else query)[name][row] = value
    never, place = np.zeros(count, np.bool_), query["place"]
    nothing, nowhere = np.zeros(0, np.int32), np.zeros(3, np.bool_)
    estate = Estate(
        query=query, source=source, present=(query["flags"] & PRESENT) != 0, service=place, place=place, no_lineage=never,
        observed=np.array([0, 200, 900]), partial=nowhere, silent=nowhere, mass_absence=nowhere, tariffs=TARIFFS, nodes=count,
        sources=nothing, targets=nothing, alive=~never, unknown_nodes=never, unread=never, tag_sets=[()], incomplete=False,
        since=np.ones(3, np.int64), young=never,
    )  # fmt: skip
    return unlock_document(estate, Policy(**policy), TODAY_NUMBER)


def bits(*blockers: Blocker) -> int:
    return sum(BLOCKER_BIT[blocker] for blocker in blockers)


# A dormant table of 23 USD a month that somebody should look at.
IDLE: dict[str, Any] = {
    "flags": PRESENT, "activity": ACTIVITY_CODE[Activity.DORMANT], "size": 10**12, "idle": 500, "place": 2,
    "verdict": VERDICT_CODE[Verdict.REVIEW], "query_cost": math.nan,
}  # fmt: skip
NO_FEED = {"activity": ACTIVITY_CODE[Activity.UNKNOWN], "unknown": UNKNOWN_CODE[UnknownReason.NO_FEED], "idle": 65_535}
AGE = {"activity": ACTIVITY_CODE[Activity.UNKNOWN], "unknown": UNKNOWN_CODE[UnknownReason.AGE]}


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({}, ("BLOCKED", "RETURN_RISK", "23.000000", "23.000000", None)),
        ({"verdict": VERDICT_CODE[Verdict.DELETE]}, ("RELEASED", "DELETE", "23.000000", "23.000000", None)),
        (NO_FEED, ("BLOCKED", "NO_FEED", "23.000000", "23.000000", None)),
        # What would be found out changes nothing where another reason stands, and less where there is a weaker one.
        (NO_FEED | {"blockers": bits(Blocker.PROTECTED_TAG)}, ("BLOCKED", "NO_FEED", "23.000000", "0.000000", None)),
        (NO_FEED | {"blockers": bits(Blocker.NO_LINEAGE)}, ("BLOCKED", "NO_FEED", "23.000000", "18.400000", None)),
        (
            NO_FEED | {"blockers": bits(Blocker.EVIDENCE_PARTIAL)},
            ("BLOCKED", "NO_FEED", "23.000000", "23.000000", None),
        ),
        (NO_FEED | {"flags": PRESENT | WITHOUT_PLAN}, ("BLOCKED", "NO_FEED", "23.000000", "0.000000", None)),
        (
            NO_FEED | {"blockers": bits(Blocker.KEPT_BY_OWNER)},
            ("BLOCKED", "KEPT_BY_OWNER", "23.000000", "23.000000", None),
        ),
        (
            {"flags": PRESENT | WITHOUT_STORAGE_FLAG, "query_cost": 3},
            ("BLOCKED", "WITHOUT_STORAGE", "3.000000", "0.000000", None),
        ),
        ({"flags": PRESENT | WITHOUT_PLAN}, ("BLOCKED", "WITHOUT_PLAN", "23.000000", "0.000000", None)),
        ({"idle": 95}, ("BLOCKED", "MINIMUM_IDLE_DAYS", "23.000000", "23.000000", TODAY_NUMBER + 5)),
        ({"verdict": VERDICT_CODE[Verdict.KEEP]}, ("BLOCKED", "SERIES", "23.000000", "23.000000", None)),
        (
            {"place": 1, "blockers": bits(Blocker.SHORT_HISTORY)},
            ("BLOCKED", "SHORT_HISTORY", "23.000000", "23.000000", TODAY_NUMBER + 200),
        ),
        # Another part of its series was watched too briefly: no day is known.
        ({"blockers": bits(Blocker.SHORT_HISTORY)}, ("BLOCKED", "SHORT_HISTORY", "23.000000", "23.000000", None)),
        (AGE | {"known_since": TODAY_NUMBER - 20}, ("BLOCKED", "AGE", "23.000000", "23.000000", TODAY_NUMBER + 70)),
        (AGE | {"known_since": TODAY_NUMBER - 400}, ("BLOCKED", "AGE", "23.000000", "23.000000", TODAY_NUMBER + 1)),
    ],
)
def test_what_is_told_of_one_table(table: dict[str, Any], told: tuple[Any, ...]) -> None:
    (group,) = plan_of([IDLE | table], minimum_idle_days=100)["groups"]
    day = group["first_day"] and day_number(date.fromisoformat(group["first_day"]))
    assert (group["state"], group["reason"], group["cost"], group["releases"], day) == told


@pytest.mark.parametrize(
    ("table", "ways"),
    [
        ({}, {"APPROVE_REMOVAL": ("23.000000", "23.000000")}),
        ({"flags": PRESENT | TRIAL}, {"APPROVE_REMOVAL": ("23.000000", "23.000000"), "TRIAL": ("23.000000", "0.000000")}),
        (
            {"verdict": VERDICT_CODE[Verdict.ARCHIVE], "blockers": bits(Blocker.NO_LINEAGE)},
            {"APPROVE_REMOVAL": ("4.600000", "4.600000")},
        ),
        (NO_FEED | {"known_since": TODAY_NUMBER - 91}, {"APPROVE_REMOVAL": ("23.000000", "18.400000")}),
        # For ninety days nobody has to have seen any use.
        (NO_FEED | {"known_since": TODAY_NUMBER - 90}, {}),
        (NO_FEED | {"accessed": TODAY_NUMBER - 150}, {"APPROVE_REMOVAL": ("23.000000", "18.400000")}),
        ({"verdict": VERDICT_CODE[Verdict.DELETE]}, {}), ({"idle": 95}, {}), ({"blockers": APPROVED}, {}),
        ({"flags": PRESENT | ABSENT}, {}), ({"flags": PRESENT | WITHOUT_PLAN}, {}),
        *(({"blockers": bits(Blocker[name])}, {}) for name in (*BY_BLOCKER, "KEPT_BY_OWNER", "RECENTLY_WRITTEN", "CARED_FOR")),
    ],
)  # fmt: skip
def test_what_else_can_be_done_about_a_table(table: dict[str, Any], ways: dict[str, tuple[str, str]]) -> None:
    groups = plan_of([IDLE | table], minimum_idle_days=100)["groups"]
    told = {way["kind"]: (way["cost"], way["releases"]) for group in groups for way in group["alternatives"]}
    assert told == ways
    assert all(way["tables"] == 1 for group in groups for way in group["alternatives"])


def test_a_copy_stays_for_the_first_of_its_reasons() -> None:
    archived = IDLE | {"verdict": VERDICT_CODE[Verdict.ARCHIVE]}
    for blockers, reason, releases in (
        ((), "RETURN_RISK", "4.600000"),
        ((Blocker.NO_LINEAGE,), "NO_LINEAGE", "4.600000"),
        ((Blocker.NO_LINEAGE, Blocker.EVIDENCE_PARTIAL), "NO_LINEAGE", "0.000000"),
    ):
        goes, stays = plan_of([archived | {"blockers": bits(*blockers)}])["groups"]
        assert (goes["state"], goes["reason"], goes["cost"]) == ("RELEASED", "ARCHIVE", "18.400000")
        assert (stays["state"], stays["reason"], stays["cost"]) == ("STAYS", reason, "4.600000")
        assert stays["releases"] == releases


@given(ROWS, st.sampled_from([0.0, 0.8, 1.0]))
@hypothesis_settings(max_examples=200, deadline=None)
def test_nothing_is_lost_or_told_twice(rows: list[dict[str, Any]], saving: float) -> None:
    document = plan_of(rows, archive_saving=saving, minimum_idle_days=100)
    chosen = [
        row
        for row in rows
        if row["flags"] & PRESENT
        and not row["flags"] & (IN_USE_THROUGH_LINEAGE | IN_USE_THROUGH_SERIES)
        and ACTIVITIES[row["activity"]] in {"STALE", "DORMANT", "UNKNOWN"}
    ]
    groups = document["groups"]
    # A table to archive is in two groups, and so is one whose writes are known to cost something.
    archived = sum(VERDICTS[row["verdict"]] == "ARCHIVE" for row in chosen)
    stopped = sum(group["tables"] for group in groups if group["reason"] == "STOP_REFRESH")
    assert document["tables"] == len(chosen) == sum(group["tables"] for group in groups) - archived - stopped
    assert stopped <= sum(VERDICTS[row["verdict"]] == "STOP_REFRESH" and row["write_cost"] > 0 for row in chosen)
    total = sum(
        (max(row["size"], 0) / 10**9 * 0.023 if not row["flags"] & WITHOUT_STORAGE_FLAG else 0)
        + (0 if math.isnan(row["query_cost"]) else row["query_cost"])
        for row in chosen
    )
    assert float(sum(Decimal(group["cost"]) for group in groups)) == pytest.approx(total, abs=1e-4)
    for group in groups:
        assert 0 <= Decimal(group["releases"]) <= Decimal(group["cost"])
        for way in group["alternatives"]:
            assert 0 < way["tables"] <= group["tables"]
            assert 0 <= Decimal(way["releases"]) <= Decimal(way["cost"]) <= Decimal(group["cost"])
        if group["first_day"]:
            assert date.fromisoformat(group["first_day"]) > day_of(TODAY_NUMBER)
    unpriced = [
        row
        for row in chosen
        if row["size"] < 0 and math.isnan(row["query_cost"]) and not row["flags"] & WITHOUT_STORAGE_FLAG
    ]
    assert sum(tables for _, tables in document["unpriced"]) == len(unpriced)
