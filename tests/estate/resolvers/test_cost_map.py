"""The map of costs against the estate's totals and a second inventory."""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.estate.queries import all_of
from tests.support.api import Api
from tests.support.second_inventory import Judged
from thirdeye.estate.resolvers import cost_map as resolver

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
ENTRY = "name tables tablesOfUnknownCost monthlyCost verdicts { verdict tables tablesOfUnknownCost monthlyCost }"
MAP = f"""query ($service: String, $database: String, $first: Int) {{
  costMap(service: $service, database: $database, first: $first) {{
    total {{ {ENTRY} }} entries {{ {ENTRY} }} others {{ {ENTRY} }} otherEntries stale warnings
  }}
}}"""
# Each entry is rounded to a millionth by itself.
ROUNDING = Decimal("0.000001")


async def cost_map(api: Api, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await api.data(MAP, **variables))["costMap"]
    return found


def assert_adds_up(total: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    for name in ("tables", "tablesOfUnknownCost"):
        assert sum(part[name] for part in parts) == total[name], name
    cost = sum((Decimal(part["monthlyCost"]) for part in parts), Decimal(0))
    assert abs(cost - Decimal(total["monthlyCost"])) <= ROUNDING * len(parts)


async def test_the_map_is_the_estate_in_parts_down_to_schemas(estate: Api, judged: Judged) -> None:
    totals = (await estate.data("{ estate { total { tables monthlyCost } byService { name tables monthlyCost } } }"))[
        "estate"
    ]
    services = await cost_map(estate)
    assert {name: services["total"][name] for name in ("tables", "monthlyCost")} == totals["total"]
    assert services["total"]["tables"] == len(judged.tables)
    assert services["others"] is None
    assert services["otherEntries"] == 0
    of_estate = [{name: entry[name] for name in ("name", "tables", "monthlyCost")} for entry in services["entries"]]
    assert sorted(of_estate, key=str) == sorted(totals["byService"], key=str)
    assert_adds_up(services["total"], services["entries"])
    for service in services["entries"]:
        assert_adds_up(service, service["verdicts"])
        databases = await cost_map(estate, service=service["name"])
        assert databases["total"] == {**service, "name": None}
        assert_adds_up(service, databases["entries"])
        for database in databases["entries"]:
            schemas = await cost_map(estate, service=service["name"], database=database["name"])
            assert schemas["total"] == {**database, "name": None}
            assert_adds_up(database, schemas["entries"])
    costs = [Decimal(entry["monthlyCost"]) for entry in services["entries"]]
    assert costs == sorted(costs, reverse=True)


async def test_what_the_refresh_added_up_is_not_added_up_for_a_question(
    estate: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def added_up(_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(resolver, "cost_map", added_up)
    assert (await cost_map(estate))["entries"]


async def test_a_price_whose_lower_rate_begins_at_another_age_counts_at_once(own_estate: Api) -> None:
    before = (await cost_map(own_estate))["total"]
    price = 'serviceType: "Snowflake", usdPerGbMonth: "0.023", longTermUsdPerGbMonth: "0", longTermDays: 1'
    await own_estate.data(f"mutation {{ setStoragePrice({price}) {{ serviceType }} }}")
    after = (await cost_map(own_estate))["total"]
    assert Decimal(after["monthlyCost"]) < Decimal(before["monthlyCost"])
    costs = [Decimal(table["monthlyCost"] or 0) for table in await all_of(own_estate)]
    assert abs(sum(costs) - Decimal(after["monthlyCost"])) <= ROUNDING * len(costs)


async def test_each_verdict_has_the_tables_that_a_filter_finds(estate: Api) -> None:
    tables = await all_of(estate)
    total = (await cost_map(estate))["total"]
    assert total["tablesOfUnknownCost"] == sum(table["monthlyCost"] is None for table in tables) > 0
    counted = Counter[str]()
    for verdict in total["verdicts"]:
        counted[verdict["verdict"]] = verdict["tables"]
        found = await all_of(estate, filter={"verdict": [verdict["verdict"]]})
        assert len(found) == verdict["tables"]
        cost = sum((Decimal(table["monthlyCost"] or 0) for table in found), Decimal(0))
        assert abs(cost - Decimal(verdict["monthlyCost"])) <= ROUNDING * len(found)
    assert counted.total() == len(tables)


async def test_what_comes_after_the_first_is_told_together(estate: Api) -> None:
    whole, cut = await cost_map(estate), await cost_map(estate, first=1)
    assert cut["entries"] == whole["entries"][:1]
    assert cut["otherEntries"] == len(whole["entries"]) - 1
    assert cut["others"]["name"] is None
    assert_adds_up(whole["total"], [*cut["entries"], cut["others"]])


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"service": "no_such"}, "service: the estate has no service no_such"),
        ({"database": "main"}, "database: give its service, too"),
        ({"first": 0}, "first: must be 1 to 1000"),
        ({"first": 1001}, "first: must be 1 to 1000"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked_is_refused_by_name(estate: Api, variables: dict[str, Any], message: str) -> None:
    error = await estate.error(MAP, **variables)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"].startswith(message)


async def test_a_database_of_another_service_is_unknown(estate: Api) -> None:
    first, second = (entry["name"] for entry in (await cost_map(estate))["entries"][:2])
    database = (await cost_map(estate, service=second))["entries"][0]["name"]
    error = await estate.error(MAP, service=first, database=f"{database}_not")
    assert error["message"].startswith(f"database: the estate has no database in {first} {database}_not")
