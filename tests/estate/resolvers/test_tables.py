"""Tables, one and many, against a second inventory."""

from typing import Any

import pytest

from tests.estate.queries import LIST, TABLE, all_of, list_tables
from tests.support.api import GRAPHQL, TODAY, Api, running
from tests.support.second_inventory import Judged
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


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
        ({"domain": ["NONE"]}, ids(lambda t: not t["domains"])),
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
    for table_filter, expected in cases:
        nodes = await all_of(estate, filter=table_filter)
        assert {node["id"] for node in nodes} == expected, table_filter
        page = await list_tables(estate, filter=table_filter, first=1)
        assert (page["totalCount"], page["totalCountIsCapped"]) == (len(expected), False)


@pytest.mark.parametrize("key", ["cost", "size", "lastAccess", "lastWrite", "queries", "name"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
async def test_every_sort_gives_every_table_once_both_ways(
    estate: Api, judged: Judged, key: str, direction: str
) -> None:
    field = {"cost": "monthlyCost", "size": "sizeBytes", "lastAccess": "lastAccessed", "lastWrite": "lastWritten",
             "queries": "queries30d", "name": "name"}[key]  # fmt: skip
    nodes = await all_of(estate, sortBy=key, sortDir=direction)
    assert sorted(node["id"] for node in nodes) == sorted(judged.tables)
    values = [node[field] for node in nodes if node[field] is not None]
    assert [node[field] for node in nodes[: len(values)]] == values
    if key == "cost":
        values = [float(value) for value in values]
    if key != "name":
        assert values == sorted(values, reverse=direction == "desc")
    backwards, before = list[str](), None
    while True:
        page = await list_tables(estate, sortBy=key, sortDir=direction, last=70, before=before)
        backwards = [edge["node"]["id"] for edge in page["edges"]] + backwards
        assert page["pageInfo"]["hasNextPage"] is (before is not None)
        if not page["pageInfo"]["hasPreviousPage"]:
            break
        before = page["pageInfo"]["startCursor"]
    assert backwards == [node["id"] for node in nodes]


async def test_a_search_finds_words_and_prefixes(estate: Api, judged: Judged) -> None:
    for search, part in (("SHIP", "shipments"), ("uber gro", "übersicht"), ("zomb", "zombies"), ("売上", "売上")):
        nodes = await all_of(estate, search=search)
        assert nodes, search
        if search == "SHIP":
            expected = {each for each, table in judged.tables.items() if "shipments" in table["fqn"].casefold()}
            assert {node["id"] for node in nodes} == expected
        assert all(part in node["fqn"].casefold() for node in nodes), search
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


async def test_a_cursor_of_another_sort_is_refused(estate: Api) -> None:
    page = await list_tables(estate, sortBy="size", first=1)
    error = await estate.error(LIST, sortBy="name", first=1, after=page["pageInfo"]["endCursor"])
    assert error["extensions"]["argument"] == "after"


async def test_an_unknown_table_is_not_found(estate: Api) -> None:
    error = await estate.error(TABLE, fqn="no.such.table.here")
    assert error["extensions"]["code"] == "NOT_FOUND"


async def test_mine_are_the_tables_of_the_caller_and_of_the_callers_teams(
    settings: Settings, signer: Signer, sql_server: MariaDB | MySQL, estate: Api, judged: Judged
) -> None:
    with sql_server.connect(settings.om_mysql_db) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, name, deleted FROM user_entity ORDER BY name")
        users = cursor.fetchall()
        cursor.execute(
            "SELECT toId, fromId FROM entity_relationship WHERE relation = 10 AND fromEntity = 'team' AND deleted = 0"
        )
        teams = cursor.fetchall()
    sizes = set()
    for identifier, name, deleted in users:
        owners = {identifier} | {team for user, team in teams if user == identifier}
        expected = {id_ for id_, table in judged.tables.items() if {owner for _, owner in table["owners"]} & owners}
        # Who left owns nothing, not through a team either.
        expected = set() if deleted else expected
        headers = {"authorization": f"Bearer {signer.token(sub=name)}"}
        query = {"query": "query ($m: Boolean) { tables(filter: {mine: $m}) { totalCount } }", "variables": {"m": True}}
        answer = (await estate.client.post(GRAPHQL, json=query, headers=headers)).json()
        assert answer["data"]["tables"]["totalCount"] == len(expected), name
        sizes.add(len(expected))
    assert len(sizes) > 2


async def test_before_the_first_refresh_nothing_is_available(settings: Settings, signer: Signer) -> None:
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
        answer = await api.client.get("/api/v1/thirdeye/tables.csv")
        assert answer.status_code == 503


async def test_labels_are_those_of_the_second_inventory(estate: Api, judged: Judged) -> None:
    asked = """{ tables(first: 100) { edges { node {
      id tags tier columnTags suggestedTags suggestedTier inheritedTags dataProducts dataContracts
      signsOfCare { hasTests followers editedBy editedOn } verdict { signsOfCare }
    } } } }"""
    nodes = [edge["node"] for edge in (await estate.data(asked))["tables"]["edges"]]
    for node in nodes:
        table = judged.tables[node["id"]]
        marks = {kind: {tag for each, tag in table["marks"] if each == kind} for kind in ("COLUMN", "SUGGESTED")}
        assert (set(node["tags"]), set(node["columnTags"])) == (table["tags"], marks["COLUMN"])
        assert set(node["suggestedTags"]) | ({node["suggestedTier"]} - {None}) == marks["SUGGESTED"]
        assert set(node["inheritedTags"]) == {tag for _, tag in table["place_tags"]}
        products = {(kind, name) for *_, kind, name in table["products"] | table["place_products"]}
        assert {("dataProduct", name) for name in node["dataProducts"]} == products
        assert node["dataContracts"] == []
        editor = table["edited_by"]
        assert node["signsOfCare"] == {
            "hasTests": table["tested"], "followers": table["followers"], "editedBy": editor,
            "editedOn": editor and table["metadata_changed"].isoformat(),
        }  # fmt: skip
        assert bool(node["verdict"]["signsOfCare"]) == table["cared_for"]
    assert {name for node in nodes for name, value in node.items() if value} >= {
        "tags",
        "columnTags",
        "inheritedTags",
        "dataProducts",
    }
