"""Sets of tables that nothing in use depends on, as the API tells of them."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.api import TODAY, Api
from tests.support.second_dead_ends import dead_ends_told
from tests.support.second_inventory import Judged
from tests.support.second_prices import Price
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
SETS = """
query ($service: String, $minTables: Int, $first: Int, $after: String, $tables: Int = 100) {
  deadEnds(service: $service, minTables: $minTables, first: $first, after: $after) {
    totalCount matchingCount tableCount tablesOfUnknownCost monthlyCost pageInfo { hasNextPage hasPreviousPage endCursor }
    edges { cursor node { tableCount tablesOfUnknownCost sizeBytes storageCost queryCost monthlyCost priceBasis releasable
      writtenLast30Days writtenLast90Days writeCost lastWritten unusedAssets services steps blockers { code tables }
      tables(first: $tables) { edges { cursor step node { id fqn service } } pageInfo { hasNextPage endCursor } } } } } }
"""
OF_TABLE = "query ($fqn: String!) { table(fqn: $fqn) { deadEnd { tableCount monthlyCost } } }"
MEMBERS = "{ tables(first: 100) { edges { node { fqn activity inUse } } } }"


async def all_sets(api: Api, **arguments: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The answer of the last page, and the sets of all."""
    sets, after = list[dict[str, Any]](), None
    while True:
        page = (await api.data(SETS, after=after, **arguments))["deadEnds"]
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        sets += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return page, sets
        after = page["pageInfo"]["endCursor"]


def steps_of(dead_end: dict[str, Any]) -> dict[str, int]:
    return {edge["node"]["id"]: edge["step"] for edge in dead_end["tables"]["edges"]}


async def test_pages_tell_of_each_set_once_and_the_most_expensive_first(estate: Api, judged: Judged) -> None:
    page, sets = await all_sets(estate, first=7)
    expected = dead_ends_told(judged, dict[str, Price](), TODAY)
    assert {frozenset(steps_of(each).items()) for each in sets} == {frozenset(each.steps.items()) for each in expected}
    assert page["totalCount"] == page["matchingCount"] == len(sets) == len(expected) > 7
    assert page["tableCount"] == sum(each["tableCount"] for each in sets) == sum(len(each.steps) for each in expected)
    costs = [Decimal(each["monthlyCost"]) for each in sets]
    assert costs == sorted(costs, reverse=True)
    assert abs(sum(costs) - Decimal(page["monthlyCost"])) < Decimal("0.001")
    for each in sets:
        assert Decimal(each["monthlyCost"]) == Decimal(each["storageCost"]) + Decimal(each["queryCost"])
        assert 0 <= Decimal(each["releasable"]) <= Decimal(each["monthlyCost"])
        assert Decimal(each["writeCost"]) <= Decimal(each["queryCost"])
        assert each["writtenLast30Days"] <= each["writtenLast90Days"] <= each["tableCount"]
        assert each["lastWritten"] is not None or each["writtenLast90Days"] == 0
        assert set(each["services"]) == {edge["node"]["service"] for edge in each["tables"]["edges"]}
        assert all(1 <= blocker["tables"] <= each["tableCount"] for blocker in each["blockers"])


async def test_filters_leave_sets_out_and_totals_as_they_are(estate: Api) -> None:
    everything, sets = await all_sets(estate)
    for service in {name for each in sets for name in each["services"]}:
        page, of_service = await all_sets(estate, service=service)
        assert of_service == [each for each in sets if service in each["services"]]
        assert page["matchingCount"] == len(of_service)
        assert page["totalCount"] == everything["totalCount"]
    page, large = await all_sets(estate, minTables=2, first=1)
    assert large == [each for each in sets if each["tableCount"] >= 2] != sets
    assert page["matchingCount"] == len(large)


async def test_a_table_tells_of_its_set(estate: Api) -> None:
    _, sets = await all_sets(estate)
    for each in sets[:10]:
        for edge in each["tables"]["edges"]:
            dead_end = (await estate.data(OF_TABLE, fqn=edge["node"]["fqn"]))["table"]["deadEnd"]
            assert dead_end == {"tableCount": each["tableCount"], "monthlyCost": each["monthlyCost"]}


async def test_a_table_in_use_or_of_unknown_use_is_in_none(estate: Api) -> None:
    tables = [edge["node"] for edge in (await estate.data(MEMBERS))["tables"]["edges"]]
    others = [table for table in tables if table["inUse"] or table["activity"] == "UNKNOWN"]
    assert {table["activity"] for table in others} >= {"ACTIVE", "UNKNOWN"}
    for table in others[:20]:
        assert (await estate.data(OF_TABLE, fqn=table["fqn"]))["table"]["deadEnd"] is None


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"first": 0}, "first"),
        ({"first": 101}, "first"),
        ({"minTables": 0}, "minTables"),
        ({"after": "x"}, "after"),
        ({"service": "nowhere"}, "service"),
    ],
)
async def test_what_cannot_be_meant_is_refused(estate: Api, arguments: dict[str, Any], argument: str) -> None:
    error = await estate.error(SETS, tables=1, **arguments)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert argument in error["message"]


async def test_a_generation_without_them_says_when_they_come(
    own_estate: Api, sql_server: MariaDB | MySQL, settings: Settings
) -> None:
    with sql_server.connect(settings.thirdeye_mysql_schema) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM estate_blob WHERE name LIKE 'dead-%%'")
        connection.commit()
    error = await own_estate.error(SETS)
    assert error["extensions"]["code"] == "UNAVAILABLE"
    assert "next refresh" in error["message"]
