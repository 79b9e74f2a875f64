"""The rules of detection, which administrators change."""

import pytest

from tests.support.action_estate import Estate
from tests.support.synthetic import Table

pytestmark = pytest.mark.anyio
RULE = "mutation ($i: ActionRuleInput!, $id: Int) { setActionRule(input: $i, id: $id) { id version filter setBy enabled position maximumItems } }"
PREVIEW = """query ($i: ActionRuleInput!, $id: Int) {
  previewActionRule(input: $i, id: $id) { matched opens ends decided tables { name } }
}"""
NEW = {"name": "large", "category": "PURGE", "priority": "LOW", "filter": {"minimumBytes": 10**12}}


async def test_a_rule_is_previewed_then_set_and_does_what_it_said(estate: Estate) -> None:
    preview = (await estate.api.data(PREVIEW, i=NEW))["previewActionRule"]
    names = [table["name"] for table in preview.pop("tables")]
    assert preview == {"matched": 4, "opens": 4, "ends": 0, "decided": 0}
    assert sorted(names) == ["cold", "expensive", "kept", "written"]
    rule = (await estate.api.data(RULE, i=NEW))["setActionRule"]
    assert (rule["version"], rule["setBy"], rule["position"], rule["maximumItems"]) == (1, "admin", 100, 10_000)
    assert (await estate.refresh()).opened == 4
    # Up to its maximum the most expensive, and those that are open stay.
    small = (await estate.api.data(PREVIEW, i={"maximumItems": 1}, id=rule["id"]))["previewActionRule"]
    assert (small["opens"], small["ends"]) == (0, 3)
    await estate.api.data(RULE, id=rule["id"], i={"maximumItems": 1})
    assert (await estate.refresh()).changed == 3
    left = await estate.items("table { name }", category=["PURGE"], status=["OPEN"])
    assert sorted(item["table"]["name"] for item in left) == ["expensive", "going"]
    estate.tables["kept"].size = 10**14
    await estate.refresh()
    left = await estate.items("table { name }", category=["PURGE"], status=["OPEN"])
    assert sorted(item["table"]["name"] for item in left) == ["expensive", "going"]
    off = (await estate.api.data(RULE, id=rule["id"], i={"enabled": False}))["setActionRule"]
    assert (off["enabled"], off["version"]) == (False, 3)
    assert (await estate.refresh()).changed == 1
    assert (await estate.api.data("mutation ($id: Int!) { deleteActionRule(id: $id) }", id=rule["id"]))[
        "deleteActionRule"
    ]
    assert len((await estate.api.data("{ actionRules { id } }"))["actionRules"]) == 10


async def test_bad_rules_are_refused_and_change_nothing(estate: Estate) -> None:
    for changes, argument in (
        ({"name": ""}, "name"), ({"filter": {}}, "filter"), ({"filter": {"service": ["x"]}}, "service"),
        ({"position": -1}, "position"), ({"maximumItems": 0}, "maximumItems"), ({"maximumItems": 100_001}, "maximumItems"),
        ({"filter": None}, "filter"), ({"category": None}, "category"), ({"filter": {"maximumQueries": -1}}, "maximumQueries"),
    ):  # fmt: skip
        for query in (RULE, PREVIEW):
            error = await estate.api.error(query, i={**NEW, **changes})
            assert error["extensions"]["argument"] == argument, error
    assert (await estate.api.error(RULE, i=NEW, id=10**6))["extensions"]["code"] == "NOT_FOUND"
    assert "ActionCategory" in (await estate.api.ask(RULE, i={**NEW, "category": "DANCE"}))["errors"][0]["message"]
    assert len((await estate.api.data("{ actionRules { id } }"))["actionRules"]) == 10


async def test_seeded_rules_find_copies_growth_and_what_nobody_owns(estate: Estate) -> None:
    tables = [
        Table(5, "orders", size=2 * 10**12, owners=1), Table(6, "orders_backup", size=10**12, owners=1),
        Table(7, "growing", size=10**12, owners=1), Table(8, "held", size=10**12, owners=1, retained=True),
        Table(10, "nobodys", size=3 * 10**12),
    ]  # fmt: skip
    estate.tables = {**estate.tables, **{table.name: table for table in tables}}
    estate.synthetic.duplicates = [{"service": 0, "name": "orders", "original": 5, "members": [5, 6], "agreement": 1.0}]
    moment = estate.now
    for number in (7, 8):
        await estate.thirdeye.execute(
            "INSERT INTO table_change (generation, changed_at, kind, number) VALUES (1, %(now)s, 'GROWN', %(number)s)",
            {"now": moment, "number": number},
        )
    await estate.refresh()
    for category, names in (("DEDUPLICATE", ["orders_backup"]), ("SET_RETENTION", ["growing"])):
        found = await estate.items("table { name }", category=[category])
        assert [item["table"]["name"] for item in found] == names
    found = await estate.items("table { name }", category=["ASSIGN_OWNER"])
    assert sorted(item["table"]["name"] for item in found) == ["expensive", "nobodys"]
    query = "query ($f: TableFilterInput) { tables(filter: $f) { totalCount } }"
    for wanted, count in (
        ({"owned": True}, 8), ({"owned": False}, 2), ({"duplicate": True}, 1), ({"duplicate": False}, 9),
        ({"growing": True}, 2), ({"growing": True, "retention": False}, 1), ({"retention": True}, 1),
        ({"maximumQueries": 0}, 10), ({"duplicate": True, "growing": True}, 0),
    ):  # fmt: skip
        assert (await estate.api.data(query, f=wanted))["tables"]["totalCount"] == count, wanted
    found = await estate.api.client.get("/api/v1/thirdeye/tables.csv?duplicate=true&maximumQueries=5")
    assert found.text.count("\r\n") == 2
