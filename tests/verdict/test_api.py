"""Verdicts through the real API, over a real refresh of an estate with a past."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLObjectType

from tests.support.api import Api, prepare_accounts, running, settings_for
from tests.support.clocks import NOON, TODAY
from tests.support.database import copy_migrated
from tests.support.mirror import mirror
from tests.support.published import recorded_statements
from thirdeye.context import Info
from thirdeye.graphql.schema import build_schema
from thirdeye.local.sample import EstateOptions, generate, load
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.pacing import Pace
from thirdeye.settings import Settings
from thirdeye.verdict.resolvers import quality, unlocking, verdicts

pytestmark = pytest.mark.anyio
GRAPHQL = "/api/v1/thirdeye/graphql"
SCHEMA = "thirdeye_verdicts"
VERDICT = """
verdict {
  recommendation confidence purgeScore { value parts { idle size disuse refresh } }
  returnRisk { value expected like returned ownShare seasonUnseen basedOnDays fromDownstream } saving reasons keep { reason by until }
  blockers { code detail assets { asset { fqn inUse } distance } }
}
"""
LIST = f"""
query ($filter: TableFilterInput, $sortBy: String, $sortDir: String, $first: Int, $after: String) {{
  tables(filter: $filter, sortBy: $sortBy, sortDir: $sortDir, first: $first, after: $after) {{
    edges {{ node {{ fqn service activity monthlyCost idleDays inUseThroughLineage zombie {VERDICT} }} }}
    pageInfo {{ hasNextPage endCursor }} totalCount
  }}
}}
"""
# The same without what takes long to explain.
SHORT_LIST = LIST.replace(VERDICT, "verdict { purgeScore { value } returnRisk { value } saving }")
_ABOUT_USE = {"ACTIVE_DOWNSTREAM", "SERIES_IN_USE"}
KEEP = f"""
mutation ($fqn: String!, $reason: String!, $until: Date!) {{
  keepTable(fqn: $fqn, reason: $reason, until: $until) {{ fqn {VERDICT} }}
}}
"""
RELEASE = "mutation ($fqn: String!) { releaseTable(fqn: $fqn) { fqn } }"
SET_POLICY = "mutation ($input: PolicyInput!) { setPolicy(input: $input) { deleteRisk archiveRisk minimumIdleDays protectedTags reviewCaredFor setBy } }"
SIMULATE = """
query ($input: PolicyInput!) { simulatePolicy(input: $input) {
  tables saving changed verdicts { recommendation tables monthlyCost } policy { deleteRisk }
  backTest { days delete { verdicts regrets rate } archive { verdicts regrets rate } } warnings stale
} }
"""
PLAN = """
query ($fqn: String!, $archiveLocation: String, $readers: [String!]) {
  removalPlan(fqn: $fqn, archiveLocation: $archiveLocation, readers: $readers) {
    table { fqn verdict { keptAfterDrop } } keptAfterDrop steps { stage waitingDays statements undo what wayBack } }
}
"""


# Each field of a verdict, as it is selected.
OF_VERDICT = {
    **dict.fromkeys(
        ("recommendation", "effort", "lookBackDays", "confidence", "saving", "keptAfterDrop", "signsOfCare", "reasons"),
        "",
    ),
    "undo": "{ stage possible days how }",
    "ladder": "{ rung missingDays next }",
    "purgeScore": "{ value parts { idle size } }",
    "returnRisk": "{ value expected }",
    "blockers": "{ code detail }",
    "keep": "{ reason }",
    "approval": "{ reason }",
    "trial": "{ action }",
}


@pytest.fixture(scope="session")
def judged_settings(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> Settings:
    """Settings over a refreshed estate with 700 days of usage; nobody may change it."""
    om = "om_verdicts"
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
        load(generate(EstateOptions(today=TODAY, tables=400, seed=1, usage_days=700)), connection, schema=om)
    prepare_accounts(sql_server, om, SCHEMA)
    settings = settings_for(
        sql_server, redis_server, om_schema=om, schema=SCHEMA, signer=signer, delete_risk=0.35, archive_risk=0.36
    )
    copy_migrated(sql_server, SCHEMA, settings)

    async def refresh() -> None:
        async with mirror(settings, NOON) as estate:
            await estate.refresh()

    asyncio.run(refresh())
    return settings


@pytest.fixture
async def estate(judged_settings: Settings, sql_server: MariaDB | MySQL, signer: Signer) -> AsyncIterator[Api]:
    prepare_accounts(sql_server, judged_settings.om_mysql_db, SCHEMA)
    async with running(judged_settings, signer, clock=lambda: NOON) as api:
        yield api


async def all_of(api: Api, query: str = LIST, **variables: Any) -> list[dict[str, Any]]:
    nodes, after = list[dict[str, Any]](), None
    while True:
        page = (await api.data(query, first=50, after=after, **variables))["tables"]
        nodes += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert len(nodes) == page["totalCount"]
            return nodes
        after = page["pageInfo"]["endCursor"]


async def test_every_verdict_explains_itself(estate: Api) -> None:
    tables = await all_of(estate)
    seen = {table["verdict"]["recommendation"] for table in tables}
    assert seen == {"KEEP", "REVIEW", "STOP_REFRESH", "ARCHIVE", "DELETE"}
    for table in tables:
        verdict = table["verdict"]
        codes = {blocker["code"] for blocker in verdict["blockers"]}
        assert (verdict["purgeScore"] is None) == (table["activity"] == "UNKNOWN")
        assert "ACTIVE_DOWNSTREAM" in codes or not table["inUseThroughLineage"]
        assert ("Nothing in use depends on it." in verdict["reasons"]) <= ("ACTIVE_DOWNSTREAM" not in codes)
        for blocker in verdict["blockers"]:
            assert blocker["detail"].endswith((".", "missing."))
            # Of what is unknown nobody can tell which part of a series it is behind.
            shared = blocker["code"] == "UNKNOWN_DOWNSTREAM" and "another part of its series" in blocker["detail"]
            about_assets = blocker["code"] in {"ACTIVE_DOWNSTREAM", "UNKNOWN_DOWNSTREAM"} and not shared
            about_assets |= blocker["code"] == "SERIES_IN_USE" and "through lineage" in blocker["detail"]
            assert blocker["assets"] or not about_assets
            assert not blocker["assets"] or blocker["code"] in {*_ABOUT_USE, "UNKNOWN_DOWNSTREAM"}
            assert blocker["code"] not in _ABOUT_USE or all(each["asset"]["inUse"] for each in blocker["assets"])
        assert verdict["reasons"][-1]
        risk, cost = verdict["returnRisk"], table["monthlyCost"] and float(table["monthlyCost"])
        assert (risk is not None) == (table["activity"] in {"STALE", "DORMANT"})
        share = {"DELETE": 1.0, "ARCHIVE": 0.8}.get(verdict["recommendation"], 0.0)
        if share and cost is None:
            assert verdict["saving"] is None
        else:
            assert float(verdict["saving"]) == pytest.approx(share * (cost or 0), abs=2e-6)
        if table["activity"] in {"ACTIVE", "COOLING"}:
            assert verdict["reasons"][0].startswith(("Last read on ", "Never seen in use in "))
        if verdict["recommendation"] == "DELETE":
            assert risk["value"] <= 0.35
            assert verdict["confidence"] == pytest.approx(1 - risk["value"])
            assert any("idle like " in reason for reason in verdict["reasons"])
            assert 0 <= risk["expected"] <= risk["value"] + 0.001
            assert 0 <= risk["returned"] <= risk["like"]
            assert 0 <= risk["ownShare"] <= 1
            assert not risk["seasonUnseen"]
            assert any(reason.startswith(("Not read since", "Never seen in use")) for reason in verdict["reasons"])
        if verdict["purgeScore"]:
            parts = verdict["purgeScore"]["parts"]
            total = sum(
                weight * parts[name]
                for name, weight in (("idle", 0.6), ("size", 0.15), ("disuse", 0.15), ("refresh", 0.1))
            )
            assert verdict["purgeScore"]["value"] == pytest.approx(total, abs=0.0502)


async def test_each_field_of_a_verdict_is_the_same_alone(estate: Api) -> None:
    type_ = build_schema().type_map["TableVerdict"]
    assert isinstance(type_, GraphQLObjectType)
    assert OF_VERDICT.keys() == type_.fields.keys()

    async def verdicts_with(selection: str) -> dict[str, dict[str, Any]]:
        query = LIST.replace(VERDICT, f"verdict {{ {selection} }}")
        return {table["fqn"]: table["verdict"] for table in await all_of(estate, query)}

    everything = await verdicts_with(" ".join(f"{name} {below}" for name, below in OF_VERDICT.items()))
    for name, below in OF_VERDICT.items():
        alone = await verdicts_with(f"{name} {below}")
        assert {fqn: verdict[name] for fqn, verdict in alone.items()} == {
            fqn: verdict[name] for fqn, verdict in everything.items()
        }
        # Nobody has decided about any of these tables or looks after one, and none is worth a trial.
        values = {str(verdict[name]) for verdict in everything.values()}
        assert len(values) > 1 or name in {"keep", "approval", "signsOfCare", "trial"}, name


async def test_two_lists_of_the_same_tables_may_ask_other_things(estate: Api) -> None:
    verdicts = ("recommendation", "reasons", "effort")
    lists = " ".join(
        f'{name}: tables(first: 5, sortBy: "cost") {{ edges {{ node {{ fqn verdict {{ {name} }} }} }} }}'
        for name in verdicts
    )
    answer = await estate.data(f"{{ {lists} }}")
    found = {name: [edge["node"]["verdict"] for edge in answer[name]["edges"]] for name in verdicts}
    assert all([*verdict] == [name] and verdict[name] for name in verdicts[:2] for verdict in found[name])
    assert any(verdict["effort"] for verdict in found["effort"])


async def test_filters_and_sorts_by_verdict(estate: Api) -> None:
    tables = await all_of(estate)

    def names(holds: Callable[[dict[str, Any]], bool]) -> set[str]:
        return {table["fqn"] for table in tables if holds(table)}

    def codes(table: dict[str, Any]) -> set[str]:
        return {blocker["code"] for blocker in table["verdict"]["blockers"]}

    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({"verdict": ["DELETE", "ARCHIVE"]}, names(lambda t: t["verdict"]["recommendation"] in ("DELETE", "ARCHIVE"))),
        ({"verdict": []}, set()),
        ({"blocker": ["CRITICAL_TIER", "SHORT_HISTORY"]}, names(lambda t: codes(t) & {"CRITICAL_TIER", "SHORT_HISTORY"} != set())),
        ({"blocker": []}, set()),
        ({"blocked": False}, names(lambda t: not codes(t))), ({"blocked": True}, names(lambda t: bool(codes(t)))),
        ({"minimumPurgeScore": 7.5}, names(lambda t: (t["verdict"]["purgeScore"] or {"value": -1})["value"] >= 7.5)),
        ({"minimumPurgeScore": 0}, names(lambda t: t["verdict"]["purgeScore"] is not None)),
        ({"maximumReturnRisk": 0.3}, names(lambda t: (t["verdict"]["returnRisk"] or {"value": None})["value"] is not None
                                           and t["verdict"]["returnRisk"]["value"] <= 0.3)),
        ({"minimumSaving": "1"}, names(lambda t: t["verdict"]["saving"] is not None and float(t["verdict"]["saving"]) >= 1)),
    ]  # fmt: skip
    for wanted, expected in cases:
        assert {table["fqn"] for table in await all_of(estate, SHORT_LIST, filter=wanted)} == expected, wanted
    assert all(expected for wanted, expected in cases if [] not in wanted.values())
    keys: dict[str, Callable[[dict[str, Any]], float | None]] = {
        "purgeScore": lambda t: (t["verdict"]["purgeScore"] or {"value": None})["value"],
        "returnRisk": lambda t: (t["verdict"]["returnRisk"] or {"value": None})["value"],
        "saving": lambda t: None if t["verdict"]["saving"] is None else float(t["verdict"]["saving"]),
    }
    for name, value in keys.items():
        for direction, sign in (("asc", 1), ("desc", -1)):
            found = [value(table) for table in await all_of(estate, SHORT_LIST, sortBy=name, sortDir=direction)]
            known = [each for each in found if each is not None]
            assert found == [*known, *[None] * (len(found) - len(known))]
            assert known == sorted(known, key=lambda each: sign * each)


@pytest.mark.parametrize(
    ("wanted", "argument"),
    [({"minimumPurgeScore": 10.1}, "minimumPurgeScore"), ({"maximumReturnRisk": -0.1}, "maximumReturnRisk"),
     ({"maximumReturnRisk": 1.1}, "maximumReturnRisk"), ({"minimumSaving": "-1"}, "minimumSaving")],
)  # fmt: skip
async def test_filters_that_cannot_be(estate: Api, wanted: dict[str, Any], argument: str) -> None:
    error = await estate.error(LIST, filter=wanted)
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)


def _read(statements: list[str], table: str) -> int:
    return sum(f"FROM {table}" in " ".join(statement.split()) for statement in statements)


async def test_lists_that_are_asked_for_together_are_read_together(
    estate: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def in_one_turn(_: Pace) -> None:
        pass

    monkeypatch.setattr(Pace, "keep", in_one_turn)
    node = "{ fqn verdict { recommendation } }"
    with recorded_statements() as statements:
        lists = await estate.data(
            f"{{ verdicts {{ bestSavings {node} safestDeletions {node} biggestBlocked {node} trials {node} }} }}"
        )
    assert min(len(tables) for name, tables in lists["verdicts"].items() if name != "trials") > 3
    for table in ("table_inventory", "table_keep", "removal_approval"):
        assert _read(statements, table) == 1, table


async def test_what_people_decided_is_read_once_however_slow_the_machine(
    estate: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each resolver has a turn of the event loop of its own.
    async def a_turn_for_each(pace: Pace) -> None:
        async with pace._order:
            for _ in range(3):
                await asyncio.sleep(0)

    monkeypatch.setattr(Pace, "keep", a_turn_for_each)
    with recorded_statements() as statements:
        found = await estate.data("{ tables(first: 50) { edges { node { fqn verdict { recommendation } } } } }")
    assert len(found["tables"]["edges"]) == 50
    for table in ("table_keep", "removal_approval"):
        assert _read(statements, table) == 1, table


async def test_lineage_is_walked_once_for_those_who_ask_what_it_tells_and_not_for_the_names_of_blockers(
    estate: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    walked, walk = list[int](), verdicts.unknown_downstream

    async def counted(info: Info, number: int, limit: int) -> Any:
        walked.append(number)
        return await walk(info, number, limit)

    monkeypatch.setattr(verdicts, "unknown_downstream", counted)
    found = "{{ tables(first: 50, filter: {{blocker: [UNKNOWN_DOWNSTREAM]}}) {{ edges {{ node {{ verdict {{ {} }} }} }} }} }}"
    edges = (await estate.data(found.format("blockers { code }")))["tables"]["edges"]
    assert len(edges) > 2
    assert walked == []
    answers = (await estate.data(found.format("blockers { code detail } reasons")))["tables"]["edges"]
    assert sorted(walked) == sorted(set(walked))
    assert len(walked) == len(edges)
    for verdict in (edge["node"]["verdict"] for edge in answers):
        assert {blocker["detail"] for blocker in verdict["blockers"]} <= set(verdict["reasons"])


async def test_the_record_of_the_last_year_is_read_once_for_a_snapshot(
    estate: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, read = list[Any](), quality.store.quality

    async def counted(*given: Any) -> Any:
        reads.append(given)
        return await read(*given)

    monkeypatch.setattr(quality.store, "quality", counted)
    ask = "{ verdictQuality { verdicts rate byClass { calibrationOff } } }"
    first = await estate.data(ask)
    assert await estate.data(ask) == first
    assert first["verdictQuality"]["verdicts"] > 0
    assert len(reads) == 1
    await estate.data('{ verdictQuality(from: "2020-01-01", to: "2020-02-01") { verdicts } }')
    assert len(reads) == 2


async def test_sentences_are_made_of_the_groups_that_are_shown_alone(
    estate: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, make = list[Any](), unlocking.sentence

    def counted(*given: Any) -> Any:
        made.append(given)
        return make(*given)

    monkeypatch.setattr(unlocking, "sentence", counted)
    plan = (await estate.data("{ unlockPlan { monthlyCost blocked groupCount } }"))["unlockPlan"]
    assert made == []
    shown = (await estate.data("{ unlockPlan { groups(first: 3) { action } } }"))["unlockPlan"]["groups"]
    assert len(shown) == len(made) == 3 < plan["groupCount"]


async def test_lists_of_verdicts(estate: Api) -> None:
    node = "{ fqn monthlyCost zombie verdict { recommendation saving returnRisk { value } blockers { code } } }"
    lists = (await estate.data(f"""{{ verdicts {{
      stale bestSavings(first: 5) {node} safestDeletions {node} biggestBlocked {node}
      recentlyChanged(first: 100) {{ recommendation givenOn endedOn ending promisedRisk table {{ fqn }} }}
    }} }}"""))["verdicts"]  # fmt: skip
    tables = await all_of(estate)
    savings = sorted(
        (float(t["verdict"]["saving"] or 0) for t in tables if t["verdict"]["recommendation"] in ("DELETE", "ARCHIVE")),
        reverse=True,
    )
    assert [float(table["verdict"]["saving"]) for table in lists["bestSavings"]] == savings[:5]
    risks = [table["verdict"]["returnRisk"]["value"] for table in lists["safestDeletions"]]
    assert risks == sorted(risks)
    assert {table["verdict"]["recommendation"] for table in lists["safestDeletions"]} == {"DELETE"}
    assert all(table["verdict"]["blockers"] and table["zombie"] for table in lists["biggestBlocked"])
    gone = {
        t["fqn"]: t["verdict"]["recommendation"]
        for t in tables
        if t["verdict"]["recommendation"] in ("DELETE", "ARCHIVE")
    }
    assert {entry["table"]["fqn"]: entry["recommendation"] for entry in lists["recentlyChanged"]} == gone
    assert {entry["givenOn"] for entry in lists["recentlyChanged"]} == {TODAY.isoformat()}
    quality = (
        await estate.data(
            "{ verdictQuality { calibratedAt verdicts regrets rate standing byVerdict { recommendation verdicts } byClass { like verdicts promisedRisk calibrationOff } } }"
        )
    )["verdictQuality"]
    assert (quality["verdicts"], quality["regrets"], quality["rate"], quality["standing"]) == (
        len(gone),
        0,
        0,
        len(gone),
    )
    estate_ = (await estate.data("{ estate { refreshedAt } }"))["estate"]
    assert quality["calibratedAt"] == estate_["refreshedAt"] is not None
    assert sum(entry["verdicts"] for entry in quality["byClass"]) == len(gone)
    assert not any(entry["calibrationOff"] for entry in quality["byClass"])
    old = (await estate.data('{ verdictQuality(from: "2020-01-01", to: "2020-02-01") { verdicts rate lower } }'))[
        "verdictQuality"
    ]
    assert old == {"verdicts": 0, "rate": None, "lower": None}
    error = await estate.error('{ verdictQuality(from: "2026-02-01", to: "2020-02-01") { verdicts } }')
    assert error["extensions"]["argument"] == "from"


async def test_an_export_has_the_verdicts(estate: Api) -> None:
    tables = {table["fqn"]: table["verdict"] for table in await all_of(estate)}
    text = (
        await estate.client.get("/api/v1/thirdeye/tables.csv?verdict=DELETE&verdict=ARCHIVE&maximumReturnRisk=1")
    ).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["fqn"] for row in rows} == {
        fqn
        for fqn, each in tables.items()
        if each["recommendation"] in ("DELETE", "ARCHIVE") and each["returnRisk"]["value"] is not None
    }
    for row in rows:
        verdict = tables[row["fqn"]]
        assert (row["recommendation"], row["saving"]) == (verdict["recommendation"], verdict["saving"] or "")
        assert float(row["returnRisk"]) == verdict["returnRisk"]["value"]


async def test_simulating_what_counts_changes_nothing(estate: Api) -> None:
    found = (await estate.data(SIMULATE, input={}))["simulatePolicy"]
    tables = await all_of(estate)
    counts = {entry["recommendation"]: entry["tables"] for entry in found["verdicts"]}
    assert counts == {name: sum(t["verdict"]["recommendation"] == name for t in tables) for name in counts}
    saving = sum(float(t["verdict"]["saving"] or 0) for t in tables)
    assert float(found["saving"]) == pytest.approx(saving, abs=1e-3)
    assert (found["changed"], found["tables"]) == (0, counts["DELETE"] + counts["ARCHIVE"])
    bold = (await estate.data(SIMULATE, input={"deleteRisk": 0.9, "archiveRisk": 0.9}))["simulatePolicy"]
    timid = (await estate.data(SIMULATE, input={"deleteRisk": 0, "archiveRisk": 0.01}))["simulatePolicy"]
    assert timid["tables"] < found["tables"] <= bold["tables"]
    assert bold["policy"]["deleteRisk"] == 0.9
    shy = (await estate.data(SIMULATE, input={"minimumIdleDays": 3000}))["simulatePolicy"]
    assert (shy["tables"], shy["backTest"]["delete"]["verdicts"]) == (0, 0)
    guarded = (await estate.data(SIMULATE, input={"deleteRisk": 0.9, "archiveRisk": 0.9, "protectedTags": ["PII"]}))[
        "simulatePolicy"
    ]
    assert guarded["tables"] <= bold["tables"]
    assert bold["backTest"]["days"] == [(TODAY - timedelta(days=days)).isoformat() for days in (360, 180)]
    assert (await estate.data("{ policy { deleteRisk setBy } }"))["policy"] == {"deleteRisk": 0.35, "setBy": None}


@pytest.mark.parametrize(
    ("given", "argument"),
    [({"deleteRisk": -0.1}, "deleteRisk"), ({"deleteRisk": 1.1}, "deleteRisk"), ({"archiveRisk": 2}, "archiveRisk"),
     ({"deleteRisk": 0.5, "archiveRisk": 0.4}, "deleteRisk"), ({"minimumIdleDays": -1}, "minimumIdleDays"),
     ({"protectedTags": [" "]}, "protectedTags"), ({"protectedTags": ["x"] * 101}, "protectedTags")],
)  # fmt: skip
async def test_policies_that_cannot_be(estate: Api, given: dict[str, Any], argument: str) -> None:
    for query in (SIMULATE, SET_POLICY):
        error = await estate.error(query, input=given)
        assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)
    assert len((await estate.data("{ policyHistory { setBy } }"))["policyHistory"]) == 1


async def test_a_removal_plan_is_for_the_tables_warehouse(estate: Api) -> None:
    tables = (
        await estate.data(
            '{ tables(first: 100, filter: {service: ["snowflake_prod"]}) { edges { node { fqn tableType name } } } }'
        )
    )["tables"]["edges"]
    by_type = {edge["node"]["tableType"]: edge["node"] for edge in tables}
    plan = (await estate.data(PLAN, fqn=by_type["Regular"]["fqn"], archiveLocation="s3://a/b/", readers=["ANALYST"]))[
        "removalPlan"
    ]
    assert [step["stage"] for step in plan["steps"]] == ["ANNOUNCED", "RESTRICTED", "ARCHIVED", "DROPPED"]
    assert plan["steps"][1]["statements"][0].startswith("REVOKE SELECT ON TABLE ")
    assert plan["steps"][2]["statements"][0].startswith("COPY INTO 's3://a/b/'")
    assert plan["keptAfterDrop"] == plan["table"]["verdict"]["keptAfterDrop"]
    assert "Fail-safe" in plan["keptAfterDrop"]
    assert plan["steps"][3]["what"] == f"It is dropped. {plan['keptAfterDrop']}"
    for variables, argument in (
        ({"fqn": "no.such.table.x"}, "fqn"), ({"fqn": ""}, "fqn"), ({"fqn": by_type["View"]["fqn"]}, "fqn"),
        ({"fqn": by_type["Regular"]["fqn"], "archiveLocation": "'"}, "archiveLocation"),
    ):  # fmt: skip
        error = await estate.error(PLAN, **variables)
        assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)
