"""Campaigns that filters feed, and the rules of detection that administrators change."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.support.action_estate import A_DAY, Estate
from tests.support.synthetic import Table
from thirdeye.actions.campaigns.membership import feed
from thirdeye.actions.detection.rules import Decision, Patience, is_off, is_settled
from thirdeye.actions.enums import Category, title_of
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.verdicts import Verdict

CREATE = (
    "mutation ($i: CampaignInput!) { createCampaign(input: $i) { id name owner version filter progress { items } } }"
)
UPDATE = """mutation ($id: Int!, $i: CampaignInput!, $closed: Boolean, $version: Int) {
  updateCampaign(id: $id, input: $i, closed: $closed, version: $version) {
    name owner version goalUsd dueDate filter closedAt progress { items }
  }
}"""
PICK = "mutation ($id: Int!, $add: [Int!], $remove: [Int!]) { pickCampaignItems(id: $id, add: $add, remove: $remove) { progress { items } } }"
RULE = "mutation ($i: ActionRuleInput!, $id: Int) { setActionRule(input: $i, id: $id) { id version filter setBy enabled position maximumItems } }"
PREVIEW = """query ($i: ActionRuleInput!, $id: Int) {
  previewActionRule(input: $i, id: $id) { matched opens ends decided tables { name } }
}"""
NEW = {"name": "large", "category": "PURGE", "priority": "LOW", "filter": {"minimumBytes": 10**12}}


@pytest.mark.anyio
async def test_a_campaign_is_fed_by_its_filter_now_and_after_each_refresh(estate: Estate) -> None:
    wanted = {
        "name": " Spring ",
        "goalUsd": "400",
        "dueDate": "2026-05-01",
        "filter": {"verdict": ["DELETE", "ARCHIVE"]},
    }
    made = (await estate.api.data(CREATE, i=wanted))["createCampaign"]
    assert (made["name"], made["owner"], made["version"], made["progress"]) == ("Spring", "admin", 1, {"items": 2})
    estate.tables["new"] = Table(5, "new", Verdict.DELETE)
    await estate.refresh()
    id_ = made["id"]
    one = "query ($id: Int!) { campaign(id: $id) { progress { items projectedUsd } leaderboard { owner items } } }"
    found = (await estate.api.data(one, id=id_))["campaign"]
    assert found["progress"] == {"items": 3, "projectedUsd": "437.000000"}
    assert {rank["owner"]: rank["items"] for rank in found["leaderboard"]} == {"ann": 1, "finance": 1, None: 1}
    in_it = await estate.items("category campaigns { name }", campaign=id_)
    assert [item["campaigns"] for item in in_it] == [[{"name": "Spring"}]] * 3
    # Picked by hand, in and out; what the filter finds comes back.
    (review,) = await estate.items(category=["REVIEW_EXPENSIVE"])
    (purge,) = await estate.items(category=["PURGE"], table=["shop.main.core.going"])
    picked = await estate.api.data(PICK, id=id_, add=[review["id"], review["id"]], remove=[purge["id"]])
    assert picked["pickCampaignItems"]["progress"]["items"] == 3
    await estate.refresh()
    assert (await estate.api.data(one, id=id_))["campaign"]["progress"]["items"] == 4
    closed = (await estate.api.data(UPDATE, id=id_, i={"owner": "Ann"}, closed=True, version=1))["updateCampaign"]
    assert (closed["owner"], closed["version"], closed["closedAt"] is not None) == ("ann", 2, True)
    estate.tables["more"] = Table(6, "more", Verdict.DELETE)
    await estate.refresh()
    assert (await estate.api.data(one, id=id_))["campaign"]["progress"]["items"] == 4
    assert (await estate.api.data("{ campaigns { id } }"))["campaigns"] == []
    # Whoever owns it leads it.
    rename = (
        UPDATE.replace("mutation (", "mutation (").replace("$closed: Boolean, ", "").replace("closed: $closed, ", "")
    )
    assert "errors" not in await estate.as_("ann", rename, id=id_, i={"goalUsd": None, "dueDate": None, "filter": None})
    assert (await estate.as_("bob", rename, id=id_, i={}))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await estate.api.data("mutation ($id: Int!) { deleteCampaign(id: $id) }", id=id_))["deleteCampaign"] is True
    assert (await estate.api.data("mutation ($id: Int!) { deleteCampaign(id: $id) }", id=id_))[
        "deleteCampaign"
    ] is False
    assert await estate.items("campaigns { name }", ids=[purge["id"]]) == [{"campaigns": []}]


@pytest.mark.anyio
async def test_a_campaign_that_is_closed_meanwhile_is_not_fed(estate: Estate) -> None:
    id_ = (await estate.api.data(CREATE, i={"name": "Spring"}))["createCampaign"]["id"]
    reader = EstateReader(estate.thirdeye)
    row = {"id": id_, "item_filter": {"verdict": ["DELETE"]}}
    await estate.api.data(UPDATE, id=id_, i={}, closed=True)
    await feed(estate.thirdeye, reader, await reader.snapshot(), row)
    assert await estate.items(campaign=id_) == []
    await estate.api.data(UPDATE, id=id_, i={}, closed=False)
    await feed(estate.thirdeye, reader, await reader.snapshot(), row)
    assert len(await estate.items(campaign=id_)) == 1


@pytest.mark.anyio
async def test_bad_campaigns_are_refused(estate: Estate) -> None:
    id_ = (await estate.api.data(CREATE, i={"name": "Spring"}))["createCampaign"]["id"]
    await estate.api.data(CREATE, i={"name": "Autumn"})
    for given, code, argument in (
        ({}, "BAD_USER_INPUT", "name"), ({"name": " "}, "BAD_USER_INPUT", "name"), ({"name": "SPRING"}, "CONFLICT", "name"),
        ({"name": "x", "goalUsd": "-1"}, "BAD_USER_INPUT", "goalUsd"),
        ({"name": "x", "dueDate": "2026-02-01"}, "BAD_USER_INPUT", "dueDate"),
        ({"name": "x", "filter": {}}, "BAD_USER_INPUT", "filter"),
        ({"name": "x", "filter": {"mine": True}}, "BAD_USER_INPUT", "mine"),
        ({"name": "x", "filter": {"service": ["nobody"]}}, "BAD_USER_INPUT", "service"),
        ({"name": "x", "filter": {"owner": ["nobody"]}}, "BAD_USER_INPUT", "owner"),
        ({"name": "x", "filter": {"schema": ["shop.main.no"]}}, "BAD_USER_INPUT", "schema"),
        ({"name": "x", "filter": {"tag": ["PII"]}}, "BAD_USER_INPUT", "tag"),
        ({"name": "x", "filter": {"minimumPurgeScore": 11}}, "BAD_USER_INPUT", "minimumPurgeScore"),
    ):  # fmt: skip
        error = await estate.api.error(CREATE, i=given)
        assert (error["extensions"]["code"], error["extensions"].get("argument")) == (code, argument), error
    for given in ({"owner": ["ANN"]}, {"schema": ["core"]}, {"schema": ["shop.main.core"]}, {"database": ["main"]}):
        assert "errors" not in await estate.api.ask(CREATE, i={"name": str(given), "filter": given})
    assert (await estate.api.error(UPDATE, id=id_, i={"name": "autumn"}))["extensions"]["code"] == "CONFLICT"
    assert (await estate.api.error(UPDATE, id=id_, i={}, version=2))["extensions"]["code"] == "BAD_USER_INPUT"
    await estate.api.data(UPDATE, id=id_, i={"name": "Summer"}, version=1)
    assert (await estate.api.error(UPDATE, id=id_, i={}, version=1))["extensions"]["code"] == "CONFLICT"
    assert (await estate.api.error(PICK, id=id_, add=[10**6]))["extensions"]["argument"] == "add"
    assert (await estate.api.error(PICK, id=id_, add=list(range(1001))))["extensions"]["argument"] == "add"
    assert (await estate.api.error(PICK, id=10**6, add=[1]))["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.anyio
async def test_a_rule_is_previewed_then_set_and_does_what_it_said(estate: Estate) -> None:
    preview = (await estate.api.data(PREVIEW, i=NEW))["previewActionRule"]
    names = [table["name"] for table in preview.pop("tables")]
    assert preview == {"matched": 4, "opens": 4, "ends": 0, "decided": 0}
    assert sorted(names) == ["cold", "dear", "kept", "written"]
    rule = (await estate.api.data(RULE, i=NEW))["setActionRule"]
    assert (rule["version"], rule["setBy"], rule["position"], rule["maximumItems"]) == (1, "admin", 100, 10_000)
    assert (await estate.refresh()).opened == 4
    # Up to its maximum the dearest, and those that are open stay.
    small = (await estate.api.data(PREVIEW, i={"maximumItems": 1}, id=rule["id"]))["previewActionRule"]
    assert (small["opens"], small["ends"]) == (0, 3)
    await estate.api.data(RULE, id=rule["id"], i={"maximumItems": 1})
    assert (await estate.refresh()).changed == 3
    left = await estate.items("table { name }", category=["PURGE"], status=["OPEN"])
    assert sorted(item["table"]["name"] for item in left) == ["dear", "going"]
    estate.tables["kept"].size = 10**14
    await estate.refresh()
    left = await estate.items("table { name }", category=["PURGE"], status=["OPEN"])
    assert sorted(item["table"]["name"] for item in left) == ["dear", "going"]
    off = (await estate.api.data(RULE, id=rule["id"], i={"enabled": False}))["setActionRule"]
    assert (off["enabled"], off["version"]) == (False, 3)
    assert (await estate.refresh()).changed == 1
    assert (await estate.api.data("mutation ($id: Int!) { deleteActionRule(id: $id) }", id=rule["id"]))[
        "deleteActionRule"
    ]
    assert len((await estate.api.data("{ actionRules { id } }"))["actionRules"]) == 9


@pytest.mark.anyio
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
    assert len((await estate.api.data("{ actionRules { id } }"))["actionRules"]) == 9


@pytest.mark.anyio
async def test_seeded_rules_find_copies_growth_and_what_nobody_owns(estate: Estate) -> None:
    tables = [
        Table(5, "orders", size=2 * 10**12, owners=1), Table(6, "orders_backup", size=10**12, owners=1),
        Table(7, "growing", size=10**12, owners=1), Table(8, "held", size=10**12, owners=1, retained=True),
        Table(10, "nobodys", size=3 * 10**12),
    ]  # fmt: skip
    estate.tables = {**estate.tables, **{table.name: table for table in tables}}
    estate.synthetic.duplicates = [{"service": 0, "name": "orders", "original": 5, "members": [5, 6], "agreement": 1.0}]
    moment = estate.now.replace(tzinfo=None)
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
    assert sorted(item["table"]["name"] for item in found) == ["dear", "nobodys"]
    query = "query ($f: TableFilterInput) { tables(filter: $f) { totalCount } }"
    for wanted, count in (
        ({"owned": True}, 8), ({"owned": False}, 2), ({"duplicate": True}, 1), ({"duplicate": False}, 9),
        ({"growing": True}, 2), ({"growing": True, "retention": False}, 1), ({"retention": True}, 1),
        ({"maximumQueries": 0}, 10), ({"duplicate": True, "growing": True}, 0),
    ):  # fmt: skip
        assert (await estate.api.data(query, f=wanted))["tables"]["totalCount"] == count, wanted
    found = await estate.api.client.get("/api/v1/thirdeye/tables.csv?duplicate=true&maximumQueries=5")
    assert found.text.count("\r\n") == 2


DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("how", "before", "now", "days", "settled"),
    [
        ("DISMISSED", 10, 10, 0, True), ("DISMISSED", 10, 19, 0, True), ("DISMISSED", 10, 20, 0, False),
        ("DISMISSED", 10, 10, 179, True), ("DISMISSED", 10, 10, 180, False), ("DISMISSED", None, None, 0, True),
        ("DISMISSED", None, 1, 0, False), ("DISMISSED", 0, "0.99", 0, True), ("DISMISSED", 10, None, 0, True),
        ("COMPLETED", 10, 100, 29, True), ("COMPLETED", 10, 10, 30, False),
    ],
)  # fmt: skip
def test_how_long_a_decision_counts(how: str, before: Any, now: Any, days: int, settled: bool) -> None:
    decision = Decision(how, None if before is None else Decimal(before), DAY)
    cost = None if now is None else Decimal(now)
    assert is_settled(decision, cost, DAY + days * A_DAY, Patience(dismissed=180, completed=30)) is settled


def test_titles_fit_whatever_a_table_is_called() -> None:
    assert title_of(Category.PURGE, "a.b.c.d") == "Drop a.b.c.d"
    long = title_of(Category.REVIEW_EXPENSIVE, "x" * 300 + "end")
    assert (len(long), long[:20], long[-3:]) == (255, "Look at the cost of ", "end")
    assert title_of(Category.PURGE, "a\nb") == "Drop a?b"


def test_amounts_are_told_when_they_differ_enough() -> None:
    assert not is_off(None, None)
    assert is_off(None, Decimal(0))
    assert not is_off(Decimal(100), Decimal("109.99"))
    assert is_off(Decimal(100), Decimal(110))
    assert not is_off(Decimal(0), Decimal("0.009"))
