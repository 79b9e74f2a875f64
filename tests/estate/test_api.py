"""The estate through the real API, over a real refresh of the sample estate."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from tests.support.api import Api, prepare_accounts, running, settings_for
from tests.support.clocks import NOON, TODAY
from tests.support.mirror import mirror
from tests.support.second_inventory import Judged, second_inventory
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.rest.csv_cells import safe_cell
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio
PREFIX = "/api/v1/thirdeye"
LIST = """
query List($filter: TableFilterInput, $sortBy: String, $sortDir: String, $search: String, $first: Int, $after: String,
           $last: Int, $before: String) {
  tables(filter: $filter, sortBy: $sortBy, sortDir: $sortDir, search: $search, first: $first, after: $after, last: $last,
         before: $before) {
    edges { cursor node { id fqn name monthlyCost sizeBytes lastAccessed lastWritten queries30d service } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount totalCountIsCapped stale warnings
  }
}
"""


SCHEMA = "thirdeye_estate"


@pytest.fixture(scope="session")
def refreshed(sql_server: MariaDB | MySQL, redis_server: Redis, sample_schema: str, signer: Signer) -> Settings:
    """Settings over an inventory of the sample estate, refreshed once a server; nobody may change it."""
    settings = settings_for(sql_server, redis_server, om_schema=sample_schema, schema=SCHEMA, signer=signer)
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
    prepare_accounts(sql_server, sample_schema, SCHEMA)

    async def refresh() -> None:
        async with mirror(settings, NOON) as estate:
            await estate.refresh()

    asyncio.run(refresh())
    return settings


@pytest.fixture
async def estate(refreshed: Settings, sql_server: MariaDB | MySQL, signer: Signer) -> AsyncIterator[Api]:
    """The API over the refreshed inventory, only to read."""
    # Other tests make the accounts anew, for other schemas.
    prepare_accounts(sql_server, refreshed.om_mysql_db, SCHEMA)
    async with running(refreshed, signer, clock=lambda: NOON) as api:
        yield api


@pytest.fixture
async def own_estate(settings: Settings, signer: Signer) -> AsyncIterator[Api]:
    """The API after a refresh of the test's own."""
    async with mirror(settings, NOON) as refreshed:
        await refreshed.refresh()
    async with running(settings, signer, clock=lambda: NOON) as api:
        yield api


@pytest.fixture(scope="session")
def judged(sql_server: MariaDB | MySQL, sample_schema: str) -> Judged:
    with sql_server.connect() as connection:
        return second_inventory(connection, sample_schema, TODAY)


async def listed(api: Api, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await api.data(LIST, **variables))["tables"]
    return found


async def all_of(api: Api, **variables: Any) -> list[dict[str, Any]]:
    """Every table of a list, page by page."""
    nodes, after = list[dict[str, Any]](), None
    while True:
        page = await listed(api, first=100, after=after, **variables)
        nodes += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]


async def test_filters_find_what_the_second_inventory_says(estate: Api, judged: Judged) -> None:
    tables = judged.tables

    def ids(holds: Any) -> set[str]:
        return {each for each, table in tables.items() if holds(table)}

    day = TODAY.isoformat()
    cases: list[tuple[dict[str, Any], set[str]]] = [
        ({}, set(tables)),
        (
            {"service": ["snowflake_prod", "oracle_erp"]},
            ids(lambda t: t["service_name"] in ("snowflake_prod", "oracle_erp")),
        ),
        ({"service": ["nobody"]}, set()),
        ({"activity": ["STALE", "DORMANT"]}, ids(lambda t: t["activity"] in ("STALE", "DORMANT"))),
        ({"evidence": ["LIFECYCLE"]}, ids(lambda t: t["evidence"] == "LIFECYCLE")),
        ({"zombie": True}, ids(lambda t: t["zombie"])),
        ({"zombie": False, "inUse": False}, ids(lambda t: not t["zombie"] and not t["in_use"])),
        ({"inUseThroughLineage": True}, ids(lambda t: t["through_lineage"])),
        ({"tier": ["Tier2", "Tier.Tier3"]}, ids(lambda t: t["tier"] in (2, 3))),
        ({"tier": ["NONE"]}, ids(lambda t: t["tier"] is None)),
        ({"domain": ["NONE"]}, ids(lambda t: not t["domain"])),
        (
            {"minimumBytes": 10**9, "maximumBytes": 10**11},
            ids(lambda t: t["size"] is not None and 10**9 <= t["size"] <= 10**11),
        ),
        ({"lastAccessedBefore": day}, ids(lambda t: t["accessed"] is not None and t["accessed"] < TODAY)),
        ({"lastAccessedAfter": day}, ids(lambda t: t["accessed"] == TODAY)),
        ({"lastWrittenAfter": day}, ids(lambda t: t["written"] == TODAY)),
        (
            {"schema": ["snowflake_prod.analytics.public"]},
            ids(lambda t: t["fqn"].startswith("snowflake_prod.analytics.public.")),
        ),
        (
            {"database": ["analytics"]},
            ids(lambda t: t["fqn"].replace('"databricks.lake"', "d").split(".")[1] == "analytics"),
        ),
    ]
    tags = sorted({tag for table in tables.values() for tag in table["tags"]})
    cases += [({"tag": [tag]}, ids(lambda t, tag=tag: tag in t["tags"])) for tag in tags]
    assert sum(bool(expected) for _, expected in cases) >= len(cases) - 1
    for wanted, expected in cases:
        found = await all_of(estate, filter=wanted)
        assert {node["id"] for node in found} == expected, wanted
        page = await listed(estate, filter=wanted, first=1)
        assert (page["totalCount"], page["totalCountIsCapped"]) == (len(expected), False)


@pytest.mark.parametrize("key", ["cost", "size", "lastAccess", "lastWrite", "queries", "name"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_every_sort_gives_every_table_once_both_ways(
    estate: Api, judged: Judged, key: str, direction: str
) -> None:
    field = {"cost": "monthlyCost", "size": "sizeBytes", "lastAccess": "lastAccessed", "lastWrite": "lastWritten",
             "queries": "queries30d", "name": "name"}[key]  # fmt: skip
    found = await all_of(estate, sortBy=key, sortDir=direction)
    assert sorted(node["id"] for node in found) == sorted(judged.tables)
    values = [node[field] for node in found if node[field] is not None]
    assert [node[field] for node in found[: len(values)]] == values
    if key == "cost":
        values = [float(value) for value in values]
    if key != "name":
        assert values == sorted(values, reverse=direction == "desc")
    backwards, before = list[str](), None
    while True:
        page = await listed(estate, sortBy=key, sortDir=direction, last=70, before=before)
        backwards = [edge["node"]["id"] for edge in page["edges"]] + backwards
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]
    assert backwards == [node["id"] for node in found]


async def test_a_search_finds_words_and_prefixes(estate: Api, judged: Judged) -> None:
    for search, wanted in (("SHIP", "shipments"), ("uber gro", "übersicht"), ("zomb", "zombies"), ("売上", "売上")):
        found = await all_of(estate, search=search)
        assert found, search
        if search == "SHIP":
            expected = {each for each, table in judged.tables.items() if "shipments" in table["fqn"].casefold()}
            assert {node["id"] for node in found} == expected
        assert all(wanted in node["fqn"].casefold() for node in found), search
    assert await all_of(estate, search="hipments") == []
    assert {node["service"] for node in await all_of(estate, search="oracle")} == {"oracle_erp"}


@pytest.mark.parametrize(
    ("variables", "argument"),
    [
        ({"sortBy": "size; DROP TABLE x"}, "sortBy"),
        ({"sortDir": "up"}, "sortDir"),
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"first": 1, "last": 1}, "last"),
        ({"last": 0}, "last"),
        ({"last": 3, "after": "x"}, "after"),
        ({"before": "x"}, "before"),
        ({"after": "nonsense"}, "after"),
        ({"last": 1, "before": "nonsense"}, "before"),
        ({"search": "x" * 256}, "search"),
        ({"search": " ".join("abcdefghijklm")}, "search"),
        ({"filter": {"tier": ["Tier9"]}}, "tier"),
        ({"filter": {"minimumBytes": 5, "maximumBytes": 4}}, "minimumBytes"),
        ({"filter": {"minimumBytes": -1}}, "minimumBytes"),
        ({"filter": {"minimumMonthlyCost": "-1"}}, "minimumMonthlyCost"),
        ({"filter": {"lastAccessedAfter": "1899-01-01"}}, "lastAccessedAfter"),
        ({"filter": {"service": ["x"] * 101}}, "service"),
    ],
)
async def test_bad_input_names_the_field(estate: Api, variables: dict[str, Any], argument: str) -> None:
    error = await estate.error(LIST, **variables)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["extensions"]["argument"] == argument
    assert argument in error["message"]


async def test_a_cursor_of_another_order_is_refused(estate: Api) -> None:
    page = await listed(estate, sortBy="size", first=1)
    error = await estate.error(LIST, sortBy="name", first=1, after=page["pageInfo"]["endCursor"])
    assert error["extensions"]["argument"] == "after"


TABLE = """
query One($fqn: String!) { table(fqn: $fqn) {
  id fqn owners { id type name } tier tags domain sizeBytes storageCost monthlyCost usdPerGbMonth idleDays activity activityReason
  url removedAt warnings upstream(depth: 2) { totalCount nodes { distance asset { id kind name inUse } } }
  downstream(depth: 5, first: 200) { totalCount nodes { distance asset { id } } }
  dependents { count countIsCapped nearest { distance asset { id kind inUse } } }
} }
"""


async def test_each_table_tells_all_that_is_known(estate: Api, judged: Judged) -> None:
    for identifier, expected in list(judged.tables.items())[::7]:
        table = (await estate.data(TABLE, fqn=expected["fqn"]))["table"]
        assert table["id"] == identifier
        assert {(owner["type"], owner["id"]) for owner in table["owners"]} == expected["owners"]
        near = [(node["asset"]["id"], node["distance"]) for node in table["dependents"]["nearest"]]
        assert near == expected["nearest"]
        assert all(node["asset"]["inUse"] for node in table["dependents"]["nearest"])
        assert table["dependents"]["count"] == expected["dependents"]
        assert table["downstream"]["totalCount"] >= len({each for each, distance in near if distance <= 5})
        if expected["size"] is not None:
            cost = expected["size"] * float(table["usdPerGbMonth"]) / 1e9
            assert float(table["storageCost"]) == pytest.approx(cost, abs=1e-6)
        assert table["activityReason"].endswith(".")


async def test_an_unknown_table_is_not_found(estate: Api) -> None:
    error = await estate.error(TABLE, fqn="no.such.table.here")
    assert error["extensions"]["code"] == "NOT_FOUND"


async def test_a_removed_table_is_answered_with_its_removal(
    settings: Settings, signer: Signer, sql_server: MariaDB | MySQL, own_estate: Api, judged: Judged
) -> None:
    identifier = next(each for each, table in judged.tables.items() if table["fqn"].startswith("oracle_erp."))
    with sql_server.connect(settings.om_mysql_db) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT json, fqnHash FROM table_entity WHERE id = %s", (identifier,))
        kept = cursor.fetchone()
        cursor.execute("DELETE FROM table_entity WHERE id = %s", (identifier,))
        try:
            async with mirror(settings, NOON) as refreshed:
                await refreshed.refresh()
        finally:
            cursor.execute("INSERT INTO table_entity (json, fqnHash) VALUES (%s, %s)", kept)
    async with running(settings, signer, clock=lambda: NOON) as api:
        table = (await api.data(TABLE, fqn=judged.tables[identifier]["fqn"]))["table"]
        assert table["removedAt"] is not None
        assert identifier not in {node["id"] for node in await all_of(api)}
        changes = (await api.data("{ changes { edges { node { kind table { id } } } } }"))["changes"]["edges"]
        assert [(edge["node"]["kind"], edge["node"]["table"]["id"]) for edge in changes] == [("GONE", identifier)]


async def test_totals_are_those_of_the_tables(estate: Api, judged: Judged) -> None:
    fields = "name tables bytes zombies monthlyCost"
    estate_ = (
        await estate.data(
            f"{{ estate {{ total {{ {fields} }} byService {{ {fields} }} byDatabase {{ {fields} }} byOwner {{ {fields} }} "
            f"byDomain {{ {fields} }} byTier {{ {fields} }} byActivity {{ {fields} }} dearestTables {{ id monthlyCost }} "
            "dearestZombies { id } dearestWithoutOwner { id } warnings stale } }"
        )
    )["estate"]
    tables = list(judged.tables.values())
    assert estate_["total"]["tables"] == len(tables)
    assert estate_["total"]["bytes"] == sum(table["size"] or 0 for table in tables)
    assert estate_["total"]["zombies"] == sum(table["zombie"] for table in tables)
    for group in ("byService", "byDatabase", "byDomain", "byTier", "byActivity"):
        assert sum(entry["tables"] for entry in estate_[group]) == len(tables), group
        assert sum(entry["bytes"] for entry in estate_[group]) == estate_["total"]["bytes"]
        cost = sum(float(entry["monthlyCost"]) for entry in estate_[group])
        assert cost == pytest.approx(float(estate_["total"]["monthlyCost"]), abs=1e-3)
    ownerless = next(entry for entry in estate_["byOwner"] if entry["name"] is None)
    assert ownerless["tables"] == sum(not table["owners"] for table in tables)
    by_activity = {entry["name"]: entry["tables"] for entry in estate_["byActivity"]}
    assert by_activity == {kind: sum(table["activity"] == kind for table in tables) for kind in by_activity}
    dearest = [node["id"] for node in (await all_of(estate, sortBy="cost"))[:10]]
    assert [table["id"] for table in estate_["dearestTables"]] == dearest
    assert all(judged.tables[table["id"]]["zombie"] for table in estate_["dearestZombies"])
    assert any("has been silent since" in warning for warning in estate_["warnings"])
    assert estate_["stale"] is False


async def test_services_tell_the_state_of_their_feed(estate: Api, judged: Judged) -> None:
    services = (
        await estate.data("{ services { name tables feed { evidence state silentSince observedDays } warnings } }")
    )["services"]
    assert {service["name"] for service in services} == {
        name for name, entry in judged.services.items() if entry["tables"]
    }
    for service in services:
        expected, feed = judged.services[service["name"]], service["feed"]
        since = expected["silent_since"]
        assert (feed["evidence"], feed["state"], feed["observedDays"], feed["silentSince"]) == (
            expected["evidence"], expected["state"], expected["observed"], since and since.isoformat(),
        ), service["name"]  # fmt: skip
        assert bool(service["warnings"]) is (expected["state"] == "SILENT")


async def test_copies_are_grouped_with_their_original(estate: Api) -> None:
    found = (
        await estate.data(
            "{ duplicates { totalCount edges { node { name size agreement service original { name } tables { name } } } } }"
        )
    )["duplicates"]
    assert found["totalCount"] == len(found["edges"]) > 0
    for edge in found["edges"]:
        node = edge["node"]
        assert node["size"] == len(node["tables"]) > 1
        assert node["agreement"] >= 0.95
        assert node["tables"][0]["name"] == node["original"]["name"] == node["name"]


async def test_mine_are_the_tables_of_the_caller_and_of_the_callers_teams(
    settings: Settings, signer: Signer, sql_server: MariaDB | MySQL, estate: Api, judged: Judged
) -> None:
    with sql_server.connect(settings.om_mysql_db) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, name FROM user_entity ORDER BY name")
        users = cursor.fetchall()
        cursor.execute(
            "SELECT toId, fromId FROM entity_relationship WHERE relation = 10 AND fromEntity = 'team' AND deleted = 0"
        )
        teams = cursor.fetchall()
    sizes = set()
    for identifier, name in users:
        mine = {identifier} | {team for user, team in teams if user == identifier}
        expected = {each for each, table in judged.tables.items() if {owner for _, owner in table["owners"]} & mine}
        headers = {"authorization": f"Bearer {signer.token(sub=name)}"}
        query = {"query": "query ($m: Boolean) { tables(filter: {mine: $m}) { totalCount } }", "variables": {"m": True}}
        answer = (await estate.client.post(f"{PREFIX}/graphql", json=query, headers=headers)).json()
        assert answer["data"]["tables"]["totalCount"] == len(expected), name
        sizes.add(len(expected))
    assert len(sizes) > 2


async def test_prices_are_set_by_administrators_and_hold_from_their_day(own_estate: Api, signer: Signer) -> None:
    mutation = "mutation ($t: String!, $p: Decimal!, $d: Date) { setStoragePrice(serviceType: $t, usdPerGbMonth: $p, effectiveFrom: $d) { serviceType usdPerGbMonth effectiveFrom setBy } }"
    query = '{ tables(filter: {service: ["snowflake_prod"]}, first: 1) { edges { node { fqn sizeBytes storageCost usdPerGbMonth } } } }'
    before = (await own_estate.data(query))["tables"]["edges"][0]["node"]
    price = (await own_estate.data(mutation, t="Snowflake", p="0.5", d=None))["setStoragePrice"]
    assert (price["usdPerGbMonth"], price["effectiveFrom"]) == ("0.500000", TODAY.isoformat())
    after = (await own_estate.data(TABLE, fqn=before["fqn"]))["table"]
    assert after["usdPerGbMonth"] in {"0.5", "0.500000", before["usdPerGbMonth"]}
    tomorrow = (await own_estate.data(mutation, t="Snowflake", p="9", d="2027-01-01"))["setStoragePrice"]
    assert tomorrow["effectiveFrom"] == "2027-01-01"
    for wrong, argument in (("-1", "usdPerGbMonth"), ("1001", "usdPerGbMonth"), ("0.1234567", "usdPerGbMonth")):
        assert (await own_estate.error(mutation, t="Snowflake", p=wrong))["extensions"]["argument"] == argument
    assert (await own_estate.error(mutation, t=" ", p="1"))["extensions"]["argument"] == "serviceType"
    assert (await own_estate.error(mutation, t="x", p="1", d="1999-12-31"))["extensions"]["argument"] == "effectiveFrom"
    headers = {"authorization": f"Bearer {signer.token(roles=['DataConsumer'])}"}
    variables = {"t": "Snowflake", "p": "1"}
    answer = await own_estate.client.post(
        f"{PREFIX}/graphql", json={"query": mutation, "variables": variables}, headers=headers
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_refresh_is_queued_once_and_only_by_administrators(own_estate: Api, signer: Signer) -> None:
    mutation = "mutation { refreshEstate { id phase requestedBy } }"
    first = (await own_estate.data(mutation))["refreshEstate"]
    assert first["phase"] == "QUEUED"
    assert (await own_estate.data(mutation))["refreshEstate"]["id"] == first["id"]
    runs = (await own_estate.data("{ refreshRuns { edges { node { id phase kind seen } } } }"))["refreshRuns"]["edges"]
    assert [edge["node"]["phase"] for edge in runs] == ["QUEUED", "DONE"]
    headers = {"authorization": f"Bearer {signer.token(roles=[])}"}
    answer = await own_estate.client.post(f"{PREFIX}/graphql", json={"query": mutation}, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_before_the_first_refresh_it_says_so(settings: Settings, signer: Signer) -> None:
    async with running(settings, signer) as api:
        for query in (
            "{ estate { stale } }",
            "{ services { name } }",
            "{ tables { totalCount } }",
            "{ duplicates { totalCount } }",
        ):
            error = await api.error(query)
            assert error["extensions"]["code"] == "UNAVAILABLE"
            assert "not been read yet" in error["message"]
        answer = await api.client.get(f"{PREFIX}/tables.csv")
        assert answer.status_code == 503


# ---- export


async def test_an_export_holds_every_table_that_a_list_holds(estate: Api, judged: Judged) -> None:
    answer = await estate.client.get(f"{PREFIX}/tables.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["id"] for row in rows} == set(judged.tables)
    lines = (await estate.client.get(f"{PREFIX}/tables.jsonl")).text.splitlines()
    assert {orjson.loads(line)["id"] for line in lines} == set(judged.tables)
    filtered = (
        await estate.client.get(
            f"{PREFIX}/tables.jsonl?zombie=true&sortBy=cost&service=snowflake_prod&service=oracle_erp"
        )
    ).text
    listed_ = await all_of(estate, filter={"zombie": True, "service": ["snowflake_prod", "oracle_erp"]}, sortBy="cost")
    assert [orjson.loads(line)["id"] for line in filtered.splitlines()] == [node["id"] for node in listed_]
    nothing = await estate.client.get(f"{PREFIX}/tables.jsonl?service=nobody")
    assert (nothing.status_code, nothing.text) == (200, "")


@pytest.mark.parametrize(
    "query",
    [
        "zombie=maybe",
        "colour=red",
        "tier=Tier9",
        "activity=BUSY",
        "minimumBytes=x",
        "sortBy=age",
        "lastAccessedAfter=1.1.2026",
        "mine=true&mine=false",
    ],
)
async def test_a_bad_parameter_of_an_export_is_named(estate: Api, query: str) -> None:
    answer = await estate.client.get(f"{PREFIX}/tables.csv?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()["message"]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("  @SUM(A1)", "'  @SUM(A1)"),
        ("-5", "'-5"),
        ("+49", "'+49"),
        ("\t=1", "'\t=1"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_cells_are_no_formulas(text: str, safe: str) -> None:
    assert safe_cell(text) == safe
