"""What people say of tables and policies, through the real API, refresh by refresh; and what became of verdicts."""

import csv
import io
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.api import Api, running
from tests.support.clocks import NOON, TODAY
from tests.support.mirror import Mirror, mirror
from tests.support.published import publish_sample
from tests.verdict.test_api import GRAPHQL, KEEP, RELEASE, SET_POLICY, SIMULATE, VERDICT, all_of
from tests.verdict.test_verdicts import a_past
from thirdeye.inventory.fqn import split_fqn
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.starts_first, pytest.mark.one_server]

APPROVE = """
mutation ($fqn: String!, $reason: String!) {
  approveRemoval(fqn: $fqn, reason: $reason) { verdict { recommendation } }
}
"""
WITHDRAW = "mutation ($fqn: String!) { withdrawApproval(fqn: $fqn) { fqn } }"


@pytest.fixture
def own(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> Settings:
    return a_past(sql_server, redis_server, signer, schema_name, seed=1, tables=400, delete_risk=0.5, archive_risk=0.6)


@pytest.fixture
async def refreshed(own: Settings, sql_server: MariaDB | MySQL) -> AsyncIterator[Mirror]:
    """That estate after its first refresh."""
    await publish_sample(sql_server, own, sample="people")
    async with mirror(own, NOON) as refreshed:
        yield refreshed


async def meet_the_newest(api: Api, fqn: str) -> None:
    """A process looks once a second for something newer, and at once when it meets a newer row."""
    await api.data("query ($fqn: String!) { table(fqn: $fqn) { fqn } }", fqn=fqn)


async def check_export(api: Api) -> None:
    """The export says of each table what a list of tables says."""
    columns = ("fqn", "recommendation", "saving", "blockerCodes")
    query = "&".join(f"columns={column}" for column in columns)
    text = (await api.client.get(f"/api/v1/thirdeye/tables.csv?{query}")).text
    exported = {row[0]: tuple(row[1:]) for row in list(csv.reader(io.StringIO(text)))[1:]}
    listed = {
        table["fqn"]: (
            table["verdict"]["recommendation"],
            table["verdict"]["saving"] or "",
            "; ".join(each["code"] for each in table["verdict"]["blockers"]),
        )
        for table in await all_of(api)
    }
    assert exported == listed


async def as_(api: Api, signer: Signer, name: str, query: str, **variables: Any) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {signer.token(sub=name, roles=[])}"}
    answer = await api.client.post(GRAPHQL, json={"query": query, "variables": variables}, headers=headers)
    found: dict[str, Any] = answer.json()
    return found


async def test_a_short_history_says_how_many_days_are_missing(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    settings = a_past(sql_server, redis_server, signer, schema_name, seed=2, tables=150, days=200)
    async with mirror(settings, NOON) as refreshed:
        await refreshed.refresh()
    async with running(settings, signer, clock=lambda: NOON) as api:
        idle = await all_of(api, filter={"activity": ["STALE", "DORMANT"]})
        services = (await api.data("{ services { name databases { name observedDays } } }"))["services"]
        days = {
            (service["name"], database["name"]): database["observedDays"]
            for service in services
            for database in service["databases"]
        }
        # Access times tell of longer than usage does.
        briefly = [table for table in idle if days[table["service"], split_fqn(table["fqn"])[1]] < 400]
        assert briefly
        for table in briefly:
            verdict = table["verdict"]
            assert verdict["returnRisk"]["seasonUnseen"]
            assert 0.15 < verdict["returnRisk"]["value"] <= 1
            assert verdict["recommendation"] != "DELETE"
            (short,) = [blocker for blocker in verdict["blockers"] if blocker["code"] == "SHORT_HISTORY"]
            assert f" {400 - days[table['service'], split_fqn(table['fqn'])[1]]} days are missing." in short["detail"]
        assert (await api.data(SIMULATE, input={}))["simulatePolicy"]["backTest"]["delete"]["verdicts"] == 0


async def test_owners_keep_and_release_their_tables(own: Settings, refreshed: Mirror, signer: Signer) -> None:
    owned = "{ tables(filter: {verdict: [DELETE, ARCHIVE]}, first: 50) { edges { node { fqn owners { name type } verdict { recommendation } } } } }"
    async with running(own, signer, clock=lambda: refreshed.now) as api:
        nodes = [edge["node"] for edge in (await api.data(owned))["tables"]["edges"]]
        table = next(node for node in nodes if any(owner["type"] == "user" for owner in node["owners"]))
        fqn, owner = table["fqn"], next(each["name"] for each in table["owners"] if each["type"] == "user")
        until = (TODAY + timedelta(days=10)).isoformat()
        good = {"fqn": fqn, "reason": " for the audit ", "until": until}
        stranger = await as_(api, signer, f"nobody-{uuid.uuid4().hex}", KEEP, **good)
        assert stranger["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        assert (await api.error(RELEASE, fqn=fqn))["extensions"]["code"] == "BAD_USER_INPUT"
        for changed, argument in (
            ({"reason": "  "}, "reason"), ({"reason": "x" * 1001}, "reason"), ({"fqn": "a.b.c.d"}, "fqn"),
            ({"until": (TODAY - timedelta(days=1)).isoformat()}, "until"), ({"until": "2999-01-01"}, "until"),
        ):  # fmt: skip
            error = await api.error(KEEP, **{**good, **changed})
            assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)
        kept = (await as_(api, signer, owner, KEEP, **good))["data"]["keepTable"]["verdict"]
        assert kept["recommendation"] == "KEEP"
        assert kept["keep"] == {"reason": "for the audit", "by": owner, "until": until}
        assert float(kept["saving"]) == 0
        await check_export(api)
        reviewed = [table for table in await all_of(api) if table["verdict"]["recommendation"] == "REVIEW"]
        verdicts = list[str]()
        for other in reviewed:
            given = await api.data(APPROVE, fqn=other["fqn"], reason="nobody needs it")
            verdicts.append(given["approveRemoval"]["verdict"]["recommendation"])
            if verdicts[-1] != "REVIEW":
                break
        assert {"DELETE", "ARCHIVE"} & set(verdicts)
        await check_export(api)
        for other, _ in zip(reviewed, verdicts, strict=False):
            await api.data(WITHDRAW, fqn=other["fqn"])
        await refreshed.refresh()
        one = f"query ($fqn: String!) {{ table(fqn: $fqn) {{ {VERDICT} }} }}"
        again = (await api.data(one, fqn=fqn))["table"]["verdict"]
        (blocker,) = [each for each in again["blockers"] if each["code"] == "KEPT_BY_OWNER"]
        assert (again["recommendation"], "for the audit" in blocker["detail"]) == ("KEEP", True)
        assert fqn not in {edge["node"]["fqn"] for edge in (await api.data(owned))["tables"]["edges"]}
        # Withdrawn, not regretted.
        quality = "{ verdictQuality { verdicts regrets standing } }"
        before = (await api.data(quality))["verdictQuality"]
        assert (before["regrets"], before["standing"]) == (0, before["verdicts"] - 1)
        assert (await api.data(RELEASE, fqn=fqn))["releaseTable"]["fqn"] == fqn
        await check_export(api)
        await refreshed.refresh()
        assert (await api.data(one, fqn=fqn))["table"]["verdict"]["keep"] is None
        assert fqn in {edge["node"]["fqn"] for edge in (await api.data(owned))["tables"]["edges"]}


async def test_a_policy_counts_from_the_next_refresh_and_is_kept(
    own: Settings, refreshed: Mirror, signer: Signer
) -> None:
    async with running(own, signer, clock=lambda: refreshed.now) as api:
        refused = await as_(api, signer, "somebody", SET_POLICY, input={"deleteRisk": 0})
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        wanted = {"deleteRisk": 0.4, "archiveRisk": 0.5, "minimumIdleDays": 120, "protectedTags": ["PII", "PII"]}
        wanted |= {"reviewCaredFor": True}
        simulated = (await api.data(SIMULATE, input=wanted))["simulatePolicy"]
        set_ = (await api.data(SET_POLICY, input=wanted))["setPolicy"]
        assert set_ == {**wanted, "protectedTags": ["PII"], "setBy": "admin"}
        await refreshed.refresh()
        tables = await all_of(api)
        for entry in simulated["verdicts"]:
            mine = sum(table["verdict"]["recommendation"] == entry["recommendation"] for table in tables)
            assert mine == entry["tables"], entry
        await api.data(SET_POLICY, input={"deleteRisk": 0.1})
        history = (await api.data("{ policyHistory { deleteRisk minimumIdleDays setBy } }"))["policyHistory"]
        assert [entry["deleteRisk"] for entry in history] == [0.1, 0.4, 0.5]
        assert history[0]["minimumIdleDays"] == 120


async def test_use_of_a_table_that_was_to_go_is_a_regret(
    own: Settings, refreshed: Mirror, signer: Signer, sql_server: MariaDB | MySQL
) -> None:
    going = "{ tables(filter: {verdict: [DELETE, ARCHIVE]}, first: 100) { edges { node { id fqn verdict { returnRisk { value } } } } } }"
    quality = "{ verdictQuality { verdicts regrets byClass { regrets } } verdicts { recentlyChanged(first: 100) { ending usedOn table { fqn } } } }"
    async with running(own, signer, clock=lambda: refreshed.now) as api:
        before = [edge["node"] for edge in (await api.data(going))["tables"]["edges"]]
        gone = before[0]
        with sql_server.connect(own.om_mysql_db) as connection, connection.cursor() as cursor:
            cursor.execute("DELETE FROM table_entity WHERE id = %s", (gone["id"],))
            connection.commit()
        await refreshed.refresh()
        refreshed.now += timedelta(days=8)
        await refreshed.refresh()
        removed = (
            await api.data(f"query ($fqn: String!) {{ table(fqn: $fqn) {{ removedAt {VERDICT} }} }}", fqn=gone["fqn"])
        )["table"]
        assert (removed["verdict"]["recommendation"], removed["verdict"]["blockers"]) == ("KEEP", [])
        assert removed["verdict"]["reasons"][0].startswith("It was removed on ")
        ended = (await api.data(quality))["verdicts"]["recentlyChanged"]
        assert [e["ending"] for e in ended if e["table"]["fqn"] == gone["fqn"]] == ["GONE"]
        # Also what went: somebody asks for it all the same.
        used = [gone, *(node for node in before[1:] if node["verdict"]["returnRisk"]["value"] is not None)]
        refreshed.now += timedelta(days=2)
        day = (refreshed.now - timedelta(days=1)).date()
        with sql_server.connect(own.om_mysql_db) as connection, connection.cursor() as cursor:
            for table in used:
                cursor.execute(
                    "INSERT INTO entity_usage (id, entityType, usageDate, count1) VALUES (%s, 'table', %s, 3)",
                    (table["id"], day),
                )
            connection.commit()
        await refreshed.refresh()
        found = await api.data(quality)
        assert found["verdictQuality"]["regrets"] == len(used)
        regretted = {
            e["table"]["fqn"]: e["usedOn"] for e in found["verdicts"]["recentlyChanged"] if e["ending"] == "REGRETTED"
        }
        assert regretted == {table["fqn"]: day.isoformat() for table in used}
        left = [edge["node"] for edge in (await api.data(going))["tables"]["edges"]]
        assert {table["fqn"] for table in left}.isdisjoint(regretted)


async def test_a_class_that_broke_its_promise_may_not_go(own: Settings, refreshed: Mirror, signer: Signer) -> None:
    classes = "{ verdictQuality { byClass { like verdicts regrets calibrationOff } } }"
    async with running(own, signer, clock=lambda: refreshed.now) as api:
        going = await all_of(api, filter={"verdict": ["DELETE"]})
        (row,) = await refreshed.thirdeye.fetch_all(
            "SELECT risk, promised FROM verdict_record WHERE verdict = 'DELETE' LIMIT 1"
        )
        day = TODAY.isoformat()
        broken = ("DELETE", row["risk"], row["promised"], day, day, "REGRETTED", day)
        rows = [(900_000 + each, *broken) for each in range(1_000)]
        async with refreshed.thirdeye.session() as session:
            await session.execute_rows(
                "INSERT INTO verdict_record (number, verdict, risk, promised, given_on, ended_on, ending, regretted_on) VALUES ",
                rows,
            )
        await refreshed.refresh()
        off = [entry for entry in (await api.data(classes))["verdictQuality"]["byClass"] if entry["calibrationOff"]]
        assert sum(entry["regrets"] for entry in off) == 1_000
        await meet_the_newest(api, going[0]["fqn"])
        blocked = await all_of(api, filter={"blocker": ["CALIBRATION_OFF"]})
        assert {table["fqn"] for table in going} & {table["fqn"] for table in blocked}
        assert all(table["verdict"]["recommendation"] not in ("DELETE", "ARCHIVE") for table in blocked)
        assert any("more were" in reason for table in blocked for reason in table["verdict"]["reasons"])
        warnings = (await api.data("{ verdicts { warnings } }"))["verdicts"]["warnings"]
        assert any(warning.startswith("CALIBRATION_OFF: of the tables with a return risk of") for warning in warnings)
        # Once those are a year old it is back.
        refreshed.now += timedelta(days=1)
        async with refreshed.thirdeye.session() as session:
            await session.execute(
                "UPDATE verdict_record SET given_on = given_on - INTERVAL 366 DAY WHERE number >= 900000"
            )
        await refreshed.refresh()
        await meet_the_newest(api, going[0]["fqn"])
        assert await all_of(api, filter={"blocker": ["CALIBRATION_OFF"]}) == []


APPROVE = (
    f"mutation ($fqn: String!, $reason: String!) {{ approveRemoval(fqn: $fqn, reason: $reason) {{ fqn {VERDICT} }} }}"
)
APPROVE = APPROVE.replace("keep {", "approval { reason by until } keep {")
WITHDRAW = (
    APPROVE.replace(", $reason: String!", "")
    .replace(", reason: $reason", "")
    .replace("approveRemoval", "withdrawApproval")
)


async def test_owners_and_stewards_approve_removals_and_withdraw_that(
    sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, schema_name: Callable[[str], str]
) -> None:
    own = a_past(sql_server, redis_server, signer, schema_name, seed=1, tables=400)
    reviewed = "{ tables(filter: {verdict: [REVIEW], series: null, inSeries: false}, first: 100) { edges { node { fqn activity tableType monthlyCost owners { name type } verdict { blockers { code } } } } } }"
    one = f"query ($fqn: String!) {{ table(fqn: $fqn) {{ {VERDICT} }} }}".replace("keep {", "approval { by } keep {")

    async def recommendation(api: Api, fqn: str) -> tuple[str, bool]:
        verdict = (await api.data(one, fqn=fqn))["table"]["verdict"]
        return verdict["recommendation"], verdict["approval"] is not None

    async with mirror(own, NOON) as refreshed:
        await refreshed.refresh()
        async with running(own, signer, clock=lambda: refreshed.now) as api:
            nodes = [edge["node"] for edge in (await api.data(reviewed))["tables"]["edges"]]
            lifted = {"SHORT_HISTORY", "NO_LINEAGE", "EVIDENCE_PARTIAL", "RETURN_RISK", "RECENTLY_CREATED"}
            table = next(
                node for node in nodes
                if any(owner["type"] == "user" for owner in node["owners"]) and node["activity"] != "UNKNOWN"
                and node["tableType"] == "Regular" and {each["code"] for each in node["verdict"]["blockers"]} <= lifted
            )  # fmt: skip
            fqn, owner = table["fqn"], next(each["name"] for each in table["owners"] if each["type"] == "user")
            good = {"fqn": fqn, "reason": " replaced by orders_v2 "}
            for query, variables in ((APPROVE, good), (WITHDRAW, {"fqn": fqn})):
                stranger = await as_(api, signer, f"nobody-{uuid.uuid4().hex}", query, **variables)
                assert stranger["errors"][0]["extensions"]["code"] == "FORBIDDEN"
            for changed, argument in (
                ({"reason": " x "}, "reason"),
                ({"reason": "x" * 1001}, "reason"),
                ({"fqn": "a.b"}, "fqn"),
            ):
                error = await api.error(APPROVE, **{**good, **changed})
                assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)
            assert (await api.error(WITHDRAW, fqn=fqn))["extensions"]["code"] == "BAD_USER_INPUT"
            # At once, and no other way with the refresh.
            approved = (await as_(api, signer, owner, APPROVE, **good))["data"]["approveRemoval"]["verdict"]
            until = (TODAY + timedelta(days=90)).isoformat()
            assert approved["approval"] == {"reason": "replaced by orders_v2", "by": owner, "until": until}
            assert approved["recommendation"] == "DELETE"
            assert float(approved["saving"] or 0) == pytest.approx(float(table["monthlyCost"] or 0), abs=0.01)
            assert any(f"{owner} approved its removal on " in reason for reason in approved["reasons"])
            await refreshed.refresh()
            await meet_the_newest(api, fqn)
            found = (await api.data(one, fqn=fqn))["table"]["verdict"]
            assert {**approved, "approval": None} == {**found, "approval": None}
            going = await all_of(api, filter={"verdict": ["DELETE"]})
            assert fqn in {each["fqn"] for each in going}
            # What was withdrawn holds no more, whatever lists say until the next refresh.
            withdrawn = (await api.data(WITHDRAW, fqn=fqn))["withdrawApproval"]["verdict"]
            assert (withdrawn["recommendation"], withdrawn["approval"], float(withdrawn["saving"])) == (
                "REVIEW",
                None,
                0,
            )
            await refreshed.refresh()
            await meet_the_newest(api, fqn)
            assert await recommendation(api, fqn) == ("REVIEW", False)
            # Who keeps a table has the last word.
            await api.data(APPROVE, **good)
            assert await recommendation(api, fqn) == ("DELETE", True)
            kept = await api.data(KEEP, fqn=fqn, reason="after all", until=TODAY.isoformat())
            assert kept["keepTable"]["verdict"]["recommendation"] == "KEEP"
            # Another word replaces the one before.
            await api.data(APPROVE, fqn=fqn, reason="once more")
            rows = await refreshed.thirdeye.fetch_all("SELECT withdrawn_by FROM removal_approval ORDER BY id")
            assert [row["withdrawn_by"] for row in rows] == ["admin", "admin", None]
