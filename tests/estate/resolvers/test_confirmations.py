"""Administrators confirm feeds and lineage, and everybody sees what a feed lacks; over a directory made by hand."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from tests.support.api import GRAPHQL, Api, running
from tests.support.clocks import NOON
from tests.support.published import publish_directory, recorded_statements
from thirdeye import pacing
from thirdeye.inventory.directory import DatabaseFeed, Directory, nobody
from thirdeye.inventory.labels import no_labels
from thirdeye.inventory.rules import UNKNOWN_CODE, UnknownReason
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
FIELDS = "id kind fqn service database schema reason by at withdrawnBy withdrawnAt withdrawnReason"
FEED = f"""mutation ($fqn: String!, $reason: String! = "checked the log", $complete: Boolean) {{
  confirmFeed(fqn: $fqn, reason: $reason, complete: $complete) {{ {FIELDS} }}
}}"""
LINEAGE = f"""mutation ($service: String!, $reason: String! = "lineage is ingested", $complete: Boolean) {{
  confirmLineage(service: $service, reason: $reason, complete: $complete) {{ {FIELDS} }}
}}"""
LIST = f"{{ confirmations {{ {FIELDS} }} }}"
SERVICES = """{ services { name lineageConfirmed { fqn }
  databases { name tables evidence state firstWatched newestWatched coverage observedDays problems advice
              confirmed { fqn kind } } } }"""


def database(name: str, *problems: str, **more: Any) -> DatabaseFeed:
    return cast(DatabaseFeed, {
        "name": name, "evidence": "QUERIES", "state": "LIVE", "first_watched": "2026-01-05", "newest_watched": "2026-03-01",
        "coverage": 0.14441, "observed_days": 20, "tables": 1, "problems": list(problems), "confirmed": False, **more,
    })  # fmt: skip


def service(name: str, *databases: DatabaseFeed) -> dict[str, Any]:
    days = ("silent_since", "first_usage", "newest_usage", "first_lifecycle", "newest_lifecycle")
    counts = ("lifecycle_tables", "sized", "owned", "tiered", "described", "bytes")
    return {
        "hash": name, "name": name, "type": "Snowflake", "evidence": "QUERIES", "state": "LIVE", "observed_days": 20,
        "tables": 2, **dict.fromkeys(days), **dict.fromkeys(counts, 0), "databases": list(databases),
    }  # fmt: skip


DIRECTORY = cast(Directory, {
    "services": [
        service(
            "snow",
            database("shop", "PARTIAL", "YOUNG"),
            database("archive", "NEVER_SEEN", evidence="METADATA", state="ABSENT", first_watched=None, newest_watched=None),
            database("emptied", tables=0),
        ),
        service("other", database("main")),
    ],
    "places": [[0, "shop", "core"], [0, "archive", "raw"], [1, "main", "dbo"]],
    "places_watched": [41, 0, 120], "places_days": [0, 0, 0], "places_observed": [20, 0, 700],
    "owner_sets": [[]], "departed": [], "tag_sets": [[]], "labels": no_labels(), "domains": [], "domain_sets": [[]],
    "missing_domains": [], "users": {}, "people": nobody(), "warnings": [],
})  # fmt: skip
UNKNOWN = [UNKNOWN_CODE[UnknownReason.FEW_DAYS], UNKNOWN_CODE[UnknownReason.NO_FEED], 0]


@pytest.fixture
async def api(settings: Settings, signer: Signer, sql_server: MariaDB | MySQL) -> AsyncIterator[Api]:
    async with running(settings, signer, clock=lambda: NOON) as api:
        publish_directory(sql_server, settings.thirdeye_mysql_schema, DIRECTORY, [0, 1, 2], UNKNOWN)
        yield api


async def refreshes(api: Api) -> int:
    return len((await api.data("{ refreshRuns { edges { cursor } } }"))["refreshRuns"]["edges"])


async def test_a_confirmation_keeps_who_when_and_why(api: Api) -> None:
    confirmed = (await api.data(FEED, fqn="snow.archive", reason="  nobody reads it  "))["confirmFeed"]
    assert confirmed == {
        "id": confirmed["id"], "kind": "FEED", "fqn": "snow.archive", "service": "snow", "database": "archive",
        "schema": None, "reason": "nobody reads it", "by": "admin", "at": confirmed["at"], "withdrawnBy": None,
        "withdrawnAt": None, "withdrawnReason": None,
    }  # fmt: skip
    assert confirmed["at"].startswith(NOON.isoformat()[:19])
    assert await refreshes(api) == 1
    assert (await api.data(LIST))["confirmations"] == [confirmed]


async def test_confirming_again_gives_the_confirmation_in_force(api: Api, signer: Signer) -> None:
    first = (await api.data(FEED, fqn="snow.shop.core"))["confirmFeed"]
    headers = {"authorization": f"Bearer {signer.token(sub='another', roles=['Admin'])}"}
    document = {"query": FEED, "variables": {"fqn": 'snow."shop".core', "reason": "another reason"}}
    again = (await api.client.post(GRAPHQL, json=document, headers=headers)).json()["data"]["confirmFeed"]
    assert again == first
    assert len((await api.data(LIST))["confirmations"]) == 1


async def test_a_second_call_takes_it_back_and_nothing_is_deleted(api: Api) -> None:
    first = (await api.data(FEED, fqn="snow"))["confirmFeed"]
    back = (await api.data(FEED, fqn="snow", reason="the filter was wrong", complete=False))["confirmFeed"]
    assert (back["id"], back["reason"], back["withdrawnReason"]) == (
        first["id"],
        first["reason"],
        "the filter was wrong",
    )
    assert (back["withdrawnBy"], bool(back["withdrawnAt"])) == ("admin", True)
    error = await api.error(FEED, fqn="snow", complete=False)
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", "fqn")
    assert "nothing to take back" in error["message"]
    anew = (await api.data(FEED, fqn="snow"))["confirmFeed"]
    assert [each["id"] for each in (await api.data(LIST))["confirmations"]] == [anew["id"], first["id"]]


async def test_a_confirmation_is_of_the_very_name(api: Api) -> None:
    await api.data(FEED, fqn="snow")
    for below in ("snow.shop", "snow.shop.core"):
        assert (await api.error(FEED, fqn=below, complete=False))["extensions"]["argument"] == "fqn"
    assert (await api.error(LINEAGE, service="snow", complete=False))["extensions"]["argument"] == "service"
    (shop,) = (await api.data(FEED, fqn="snow.shop")).values()
    assert shop["fqn"] == "snow.shop"


async def test_lineage_is_confirmed_apart_from_feeds(api: Api) -> None:
    confirmed = (await api.data(LINEAGE, service="other"))["confirmLineage"]
    assert (confirmed["kind"], confirmed["fqn"], confirmed["database"]) == ("LINEAGE", "other", None)
    assert (await api.data(LINEAGE, service="other"))["confirmLineage"] == confirmed
    services = {each["name"]: each for each in (await api.data(SERVICES))["services"]}
    assert services["other"]["lineageConfirmed"] == {"fqn": "other"}
    assert services["other"]["databases"][0]["confirmed"] is None
    assert services["snow"]["lineageConfirmed"] is None
    back = (await api.data(LINEAGE, service="other", complete=False))["confirmLineage"]
    assert back["withdrawnReason"] == "lineage is ingested"


@pytest.mark.parametrize(
    ("mutation", "variables", "argument"),
    [
        (FEED, {"fqn": "snow.nothing"}, "fqn"),
        (FEED, {"fqn": "snow.shop.core.t0"}, "fqn"),
        (FEED, {"fqn": ""}, "fqn"),
        (FEED, {"fqn": "snow", "reason": " no "}, "reason"),
        (FEED, {"fqn": "snow", "reason": "x" * 1001}, "reason"),
        (LINEAGE, {"service": "snow.shop"}, "service"),
        (LINEAGE, {"service": "snow", "reason": ""}, "reason"),
    ],
)
async def test_bad_input_names_the_argument(api: Api, mutation: str, variables: dict[str, str], argument: str) -> None:
    error = await api.error(mutation, **variables)
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", argument)
    assert (await api.data(LIST))["confirmations"] == []
    assert await refreshes(api) == 0


async def test_only_administrators_confirm(api: Api, signer: Signer) -> None:
    headers = {"authorization": f"Bearer {signer.token(roles=['DataSteward'])}"}
    for mutation, variables in ((FEED, {"fqn": "snow"}), (LINEAGE, {"service": "snow"})):
        answer = await api.client.post(GRAPHQL, json={"query": mutation, "variables": variables}, headers=headers)
        assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await api.data(LIST))["confirmations"] == []


async def test_services_show_their_feeds_by_database(api: Api) -> None:
    await api.data(FEED, fqn="snow")
    await api.data(FEED, fqn="snow.archive")
    await api.data(FEED, fqn="other.main.dbo")
    services = {each["name"]: each["databases"] for each in (await api.data(SERVICES))["services"]}
    archive, shop = services["snow"]
    assert (archive["name"], archive["confirmed"]) == ("archive", {"fqn": "snow.archive", "kind": "FEED"})
    assert (archive["firstWatched"], archive["problems"], len(archive["advice"])) == (None, ["NEVER_SEEN"], 1)
    assert shop | {"advice": len(shop["advice"])} == {
        "name": "shop", "tables": 1, "evidence": "QUERIES", "state": "LIVE", "firstWatched": "2026-01-05",
        "newestWatched": "2026-03-01", "coverage": 0.1444, "observedDays": 20, "problems": ["PARTIAL", "YOUNG"],
        "advice": 2, "confirmed": {"fqn": "snow", "kind": "FEED"},
    }  # fmt: skip
    # A schema's confirmation is not one of its database.
    assert services["other"][0]["confirmed"] is None


async def test_many_databases_take_one_statement(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little of it a slow machine gets done in one turn of the event loop."""

    def is_over(pace: pacing.Pace) -> bool:
        if pace._began is not None:
            return True
        pace._began = 0.0
        asyncio.get_running_loop().call_soon(pace._end)
        return False

    monkeypatch.setattr(pacing.Pace, "_is_over", is_over)
    with recorded_statements() as statements:
        await api.data(SERVICES)
    assert sum("feed_confirmation" in statement for statement in statements) == 1


async def test_tables_say_why_nobody_can_tell(api: Api) -> None:
    query = """query ($why: [UnknownReason!]) { tables(filter: {unknownReasons: $why}, sortBy: "name", sortDir: "asc") {
      edges { node { fqn unknownReason activityReason knownSince idleDays observation { days watchedDays note } } } } }"""
    few, none = UnknownReason.FEW_DAYS.value, UnknownReason.NO_FEED.value

    async def nodes(*why: str) -> list[dict[str, Any]]:
        return [edge["node"] for edge in (await api.data(query, why=list(why)))["tables"]["edges"]]

    (table,) = await nodes(few)
    assert table == {
        "fqn": "snow.shop.core.t0", "unknownReason": "FEW_DAYS", "knownSince": None, "idleDays": None,
        "activityReason": "Nobody can tell: never seen in use, but snow.shop.core has been observed for 20 watched days only.",
        "observation": {"days": 120, "watchedDays": 41, "note": "Nobody looked on 79 of the last 120 days."},
    }  # fmt: skip
    (table,) = await nodes(none)
    assert table["activityReason"] == "Nobody can tell: OpenMetadata has never had usage of database snow.archive."
    assert {each["fqn"] for each in await nodes(few, none)} == {"snow.shop.core.t0", "snow.archive.raw.t1"}
    assert await nodes() == []
    answer = await api.client.get("/api/v1/thirdeye/tables.jsonl?unknownReasons=NO_FEED&unknownReasons=AGE")
    assert '"unknownReason":"NO_FEED"' in answer.text
    refused = await api.client.get("/api/v1/thirdeye/tables.csv?unknownReasons=BORED")
    assert refused.status_code == 400
