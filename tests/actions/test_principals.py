"""A user and a team of one name are two, in everything that a name gives a right to.

Reproduced with a token for `finance`, a user in no team, who worked on the items of the team Finance. Relatives: teams that
own nothing, campaigns, the lists of what is mine, many items at once, what was written before kinds were kept, events and
warnings, and the keeps of tables, which go by id.
"""

from typing import Any

import pytest

from tests.support import synthetic
from tests.support.action_estate import Estate

pytestmark = pytest.mark.anyio
MUTE = 'mutation { updateActionItem(id: %d, title: "mine") { version } }'
ASSIGN = """mutation ($id: Int!, $name: String, $kind: PrincipalKind) {
  updateActionItem(id: $id, assignee: $name, assigneeKind: $kind) { assignee assigneeKind assigneeWarning }
}"""
CAMPAIGN = """mutation ($called: String!, $owner: String, $kind: PrincipalKind) {
  createCampaign(input: {name: $called, owner: $owner, ownerKind: $kind}) { id owner ownerKind }
}"""
MINE = "{ actionItems(filter: {mine: true}, first: 100) { edges { node { id } } } }"
NOT_MINE = MINE.replace("true", "false")


@pytest.fixture(params=["only a team", "a user and a team"])
def has_user(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether OpenMetadata has a user `finance` beside the team; `ann` is in the team, and in `audit`, which owns nothing."""
    monkeypatch.setitem(synthetic.USERS, "ann", ["id-ann", ["id-finance", "id-audit"]])
    if request.param == "a user and a team":
        monkeypatch.setitem(synthetic.USERS, "finance", ["id-user-finance", []])
    return bool(request.param == "a user and a team")


@pytest.fixture
async def teams(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> Estate:
    monkeypatch.setattr(synthetic, "TEAMS", {"id-finance": "finance", "id-audit": "audit"})
    await estate.refresh()
    return estate


async def may(estate: Estate, who: str, query: str, **variables: Any) -> bool:
    answer = await estate.ask_as(who, query, **variables)
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    assert codes <= {"FORBIDDEN"}, answer
    return not codes


async def workers(estate: Estate, query: str, **variables: Any) -> list[str]:
    return [
        who
        for who in ("ann", "bob", "cyd", "finance", "audit", "FINANCE")
        if await may(estate, who, query, **variables)
    ]


async def mine(estate: Estate, who: str) -> set[int]:
    both = [(await estate.ask_as(who, query))["data"]["actionItems"]["edges"] for query in (MINE, NOT_MINE)]
    found, rest = ({edge["node"]["id"] for edge in edges} for edges in both)
    assert not found & rest
    return found


async def test_an_item_is_worked_on_by_whom_it_was_given(has_user: bool, teams: Estate) -> None:
    (item,) = await teams.items("id", category=["REVIEW_EXPENSIVE"])
    id_, estate = item["id"], teams
    for name, kind, kept, expected in (
        ("Finance", "TEAM", "TEAM", ["ann"]), ("finance", "USER", "USER", ["finance", "FINANCE"]),
        ("audit", None, "TEAM", ["ann"]), ("bob", None, "USER", ["bob"]), ("audit", "USER", "USER", ["audit"]),
        ("ann", "TEAM", "TEAM", []), ("nobody", None, None, []),
    ):  # fmt: skip
        told = (await estate.api.data(ASSIGN, id=id_, name=name, kind=kind))["updateActionItem"]
        assert (told["assignee"], told["assigneeKind"]) == (name.lower(), kept)
        known = {("finance", "TEAM"), ("audit", "TEAM"), ("bob", "USER")} | (
            {("finance", "USER")} if has_user else set()
        )
        assert (told["assigneeWarning"] is None) == ((name.lower(), kept) in known)
        assert await workers(estate, MUTE % id_) == expected, (name, kind)
        bulk = f"mutation {{ updateActionItems(filter: {{ids: [{id_}]}}, changes: {{priority: LOW}}, expectedCount: 1) {{ done }} }}"
        assert await workers(estate, bulk) == expected
        assert await workers(estate, f'mutation {{ commentActionItem(id: {id_}, text: "c") {{ id }} }}') == expected
        for who in ("ann", "bob", "finance", "audit"):
            assert (id_ in await mine(estate, who)) == (who in expected), (name, kind, who)
    if has_user:
        error = await estate.api.error(ASSIGN, id=id_, name="finance")
        assert error["message"].startswith("assigneeKind: a user and a team have the name finance")
        assert error["extensions"] == {**error["extensions"], "code": "BAD_USER_INPUT", "argument": "assigneeKind"}
    else:
        told = (await estate.api.data(ASSIGN, id=id_, name="finance"))["updateActionItem"]
        assert told["assigneeKind"] == "TEAM"
        assert await workers(estate, MUTE % id_) == ["ann"]
    error = await estate.api.error(ASSIGN, id=id_, kind="TEAM")
    assert error["message"] == "assigneeKind: goes with an assignee"
    cleared = (await estate.api.data(ASSIGN, id=id_, name=None))["updateActionItem"]
    assert cleared == {"assignee": None, "assigneeKind": None, "assigneeWarning": None}
    changes = await estate.api.data(
        f"{{ actionItem(id: {id_}) {{ history(first: 50) {{ changes {{ field before after }} }} }} }}"
    )
    kinds = [
        change
        for event in changes["actionItem"]["history"]
        for change in event["changes"]
        if change["field"] == "assigneeKind"
    ]
    assert {(change["before"], change["after"]) for change in kinds} >= {(None, "TEAM"), ("TEAM", "USER")}


async def test_what_was_given_before_kinds_were_kept(has_user: bool, teams: Estate) -> None:
    (item,) = await teams.items("id", category=["REVIEW_EXPENSIVE"])
    id_ = item["id"]
    # Of a user and a team of one name it means the team.
    whose = {"finance": ["ann"], "audit": ["ann"], "bob": ["bob"], "nobody": []}
    for name, expected in whose.items():
        await teams.thirdeye.execute(
            "UPDATE action_items SET assignee = %(name)s, assignee_kind = NULL WHERE id = %(id)s",
            {"name": name, "id": id_},
        )
        assert await workers(teams, MUTE % id_) == expected
        for who in ("ann", "bob", "finance", "audit"):
            assert (id_ in await mine(teams, who)) == (who in expected)


async def test_a_campaign_is_led_by_its_owner(has_user: bool, teams: Estate) -> None:
    for name, kind, expected in (
        ("Finance", "TEAM", ["ann"]), ("finance", "USER", ["finance", "FINANCE"]), ("audit", None, ["ann"]), ("bob", None, ["bob"]),
        ("audit", "USER", ["audit"]),
    ):  # fmt: skip
        made = (await teams.api.data(CAMPAIGN, called=f"{name} {kind}", owner=name, kind=kind))["createCampaign"]
        update = f"mutation {{ updateCampaign(id: {made['id']}, input: {{goalUsd: 5}}) {{ id }} }}"
        assert await workers(teams, update) == expected, (name, kind)
        pick = f"mutation {{ pickCampaignItems(id: {made['id']}, add: []) {{ id }} }}"
        assert await workers(teams, pick) == expected
    await teams.thirdeye.execute("UPDATE campaign SET owner = 'finance', owner_kind = NULL")
    assert await workers(teams, update) == ["ann"]
    if has_user:
        error = await teams.api.error(CAMPAIGN, called="n", owner="finance")
        assert error["extensions"]["argument"] == "ownerKind"
    assert (await teams.api.error(CAMPAIGN, called="n", kind="USER"))["message"] == "ownerKind: goes with an owner"
    # Whoever starts one is a user, whatever teams there are.
    started = await teams.ask_as("finance", CAMPAIGN, roles=("DataSteward",), called="own")
    assert started["data"]["createCampaign"]["ownerKind"] == "USER"


async def test_the_tables_of_a_team_are_no_users(has_user: bool, teams: Estate) -> None:
    """`cold` belongs to the team."""
    keep = 'mutation { keepTable(fqn: "shop.main.core.cold", reason: "r", until: "2026-04-01") { fqn } }'
    assert await workers(teams, keep) == ["ann"]
    create = 'mutation { createActionItem(title: "t", table: "shop.main.core.cold") { id } }'
    assert await workers(teams, create) == ["ann"]
    assert await mine(teams, "finance") == set()
    assert ("finance" in synthetic.USERS) == has_user
