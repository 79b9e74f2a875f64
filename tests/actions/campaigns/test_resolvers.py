"""Campaigns: what people do with them, and how items join them."""

import pytest

from tests.support.action_estate import Estate
from tests.support.synthetic import Table
from thirdeye.inventory.verdicts import Verdict

pytestmark = pytest.mark.anyio
CREATE = (
    "mutation ($i: CampaignInput!) { createCampaign(input: $i) { id name owner version filter progress { items } } }"
)
UPDATE = """mutation ($id: Int!, $i: CampaignInput!, $closed: Boolean, $version: Int) {
  updateCampaign(id: $id, input: $i, closed: $closed, version: $version) {
    name owner version goalUsd dueDate filter closedAt progress { items }
  }
}"""
PICK = "mutation ($id: Int!, $add: [Int!], $remove: [Int!]) { pickCampaignItems(id: $id, add: $add, remove: $remove) { progress { items } } }"


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
    assert "errors" not in await estate.ask_as(
        "ann", rename, id=id_, i={"goalUsd": None, "dueDate": None, "filter": None}
    )
    assert (await estate.ask_as("bob", rename, id=id_, i={}))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await estate.api.data("mutation ($id: Int!) { deleteCampaign(id: $id) }", id=id_))["deleteCampaign"] is True
    assert (await estate.api.data("mutation ($id: Int!) { deleteCampaign(id: $id) }", id=id_))[
        "deleteCampaign"
    ] is False
    assert await estate.items("campaigns { name }", ids=[purge["id"]]) == [{"campaigns": []}]


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
