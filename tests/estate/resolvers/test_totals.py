"""Totals against a second inventory."""

import pytest

from tests.estate.queries import all_of
from tests.support.api import Api
from tests.support.second_inventory import Judged

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


async def test_totals_are_those_of_the_tables(estate: Api, judged: Judged) -> None:
    fields = "name tables bytes zombies monthlyCost"
    estate_ = (
        await estate.data(
            f"{{ estate {{ total {{ {fields} }} byService {{ {fields} }} byDatabase {{ {fields} }} byOwner {{ {fields} }} "
            f"byDomain {{ {fields} }} countedAgainByDomain {{ {fields} }} byTier {{ {fields} }} byActivity {{ {fields} }} "
            "mostExpensiveTables { id monthlyCost } mostExpensiveZombies { id } mostExpensiveWithoutOwner { owners { id } } "
            "warnings stale } }"
        )
    )["estate"]
    tables = list(judged.tables.values())
    assert estate_["total"]["tables"] == len(tables)
    assert estate_["total"]["bytes"] == sum(table["size"] or 0 for table in tables)
    assert estate_["total"]["zombies"] == sum(table["zombie"] for table in tables)
    for group in ("byService", "byDatabase", "byDomain", "byTier", "byActivity"):
        again = estate_["countedAgainByDomain"] if group == "byDomain" else {"tables": 0, "bytes": 0, "monthlyCost": 0}
        assert sum(entry["tables"] for entry in estate_[group]) - again["tables"] == len(tables), group
        assert sum(entry["bytes"] for entry in estate_[group]) - again["bytes"] == estate_["total"]["bytes"]
        cost = sum(float(entry["monthlyCost"]) for entry in estate_[group]) - float(again["monthlyCost"])
        assert cost == pytest.approx(float(estate_["total"]["monthlyCost"]), abs=1e-3)
    ownerless = next(entry for entry in estate_["byOwner"] if entry["name"] is None)
    assert ownerless["tables"] == sum(not table["owners"] for table in tables)
    by_activity = {entry["name"]: entry["tables"] for entry in estate_["byActivity"]}
    assert by_activity == {kind: sum(table["activity"] == kind for table in tables) for kind in by_activity}
    most_expensive = [node["id"] for node in (await all_of(estate, sortBy="cost"))[:10]]
    assert [table["id"] for table in estate_["mostExpensiveTables"]] == most_expensive
    assert all(judged.tables[table["id"]]["zombie"] for table in estate_["mostExpensiveZombies"])
    assert [table["owners"] for table in estate_["mostExpensiveWithoutOwner"]] == [[]] * 10
    assert any("has been silent since" in warning for warning in estate_["warnings"])
    assert estate_["stale"] is False


async def test_deprecated_lists_hold_the_same_as_their_successors(estate: Api) -> None:
    lists = (
        await estate.data(
            "{ estate { dearestTables { id } mostExpensiveTables { id } dearestZombies { id } mostExpensiveZombies { id } "
            "dearestWithoutOwner { id } mostExpensiveWithoutOwner { id } } }"
        )
    )["estate"]
    for what in ("Tables", "Zombies", "WithoutOwner"):
        assert lists[f"dearest{what}"] == lists[f"mostExpensive{what}"] != []
