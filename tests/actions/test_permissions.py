"""Who may what: every query and mutation for everybody, in one table. A field without a line in it fails the test."""

from typing import Any

import pytest

from tests.support.action_estate import Estate, made
from tests.support.api import GRAPHQL
from thirdeye.graphql.schema import build_schema
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio
# By role the token's claims; `ann` owns the table, `dan` is the item's assignee.
WHO: dict[str, dict[str, Any] | None] = {
    "anonymous": None,
    "viewer": {"sub": "cyd", "roles": ["DataConsumer"]},
    "owner": {"sub": "ann", "roles": ["DataConsumer"]},
    "assignee": {"sub": "dan", "roles": []},
    "steward": {"sub": "stew", "roles": ["DataSteward"]},
    "admin": {"sub": "admin", "roles": ["Admin"]},
    "bot": {"sub": "ingestion-bot", "roles": ["IngestionBotRole"], "isBot": True, "tokenType": "BOT"},
}
EVERYBODY = frozenset(WHO) - {"anonymous"}
WRITERS = frozenset({"steward", "admin"})
WORKERS = WRITERS | {"owner", "assignee"}
OWNERS = WRITERS | {"owner"}
ADMINISTRATORS = frozenset({"admin"})
GOING = '"shop.main.core.going"'
ITEM, CAMPAIGN, RULE = "$ITEM", "$CAMPAIGN", "$RULE"
# By field: how it is asked, and who may.
MATRIX: dict[str, tuple[str, frozenset[str]]] = {
    "Query.ziScore": ("ziScore { status }", EVERYBODY),
    "Query.healthScoreHistory": ("healthScoreHistory { edges { cursor } }", EVERYBODY),
    "Query.table": (f"table(fqn: {GOING}) {{ fqn }}", EVERYBODY),
    "Query.tables": ("tables { totalCount }", EVERYBODY),
    "Query.services": ("services { name }", EVERYBODY),
    "Query.confirmations": ("confirmations { id }", EVERYBODY),
    "Query.estate": ("estate { refreshedAt }", EVERYBODY),
    "Query.costMap": ("costMap { stale }", EVERYBODY),
    "Query.departedOwners": ("departedOwners { totalCount }", EVERYBODY),
    "Query.changes": ("changes { stale }", EVERYBODY),
    "Query.duplicates": ("duplicates { totalCount }", EVERYBODY),
    "Query.deadEnds": ("deadEnds { totalCount }", EVERYBODY),
    "Query.refreshRuns": ("refreshRuns { edges { cursor } }", EVERYBODY),
    "Query.storagePrices": ("storagePrices { setBy }", EVERYBODY),
    "Query.verdicts": ("verdicts { stale }", EVERYBODY),
    "Query.unlockPlan": ("unlockPlan { tables }", EVERYBODY),
    "Query.verdictQuality": ("verdictQuality { verdicts }", EVERYBODY),
    "Query.uncountedUse": ("uncountedUse { users }", EVERYBODY),
    "Query.policy": ("policy { deleteRisk }", EVERYBODY),
    "Query.policyHistory": ("policyHistory { deleteRisk }", EVERYBODY),
    "Query.simulatePolicy": ("simulatePolicy(input: {deleteRisk: 0.01}) { tables }", EVERYBODY),
    "Query.removalPlan": (f"removalPlan(fqn: {GOING}) {{ stale }}", EVERYBODY),
    "Query.actionItems": ("actionItems { totalCount }", EVERYBODY),
    "Query.actionItem": (f"actionItem(id: {ITEM}) {{ id }}", EVERYBODY),
    "Query.actionRules": ("actionRules { id }", EVERYBODY),
    "Query.previewActionRule": (
        'previewActionRule(input: {name: "n", category: PURGE, priority: LOW, filter: {zombie: true}}) { opens }', EVERYBODY,
    ),
    "Query.campaigns": ("campaigns { id }", EVERYBODY),
    "Query.campaign": (f"campaign(id: {CAMPAIGN}) {{ id }}", EVERYBODY),
    "Query.savings": ("savings { realizedUsd }", EVERYBODY),
    "Query.budgetForecast": ("budgetForecast { day }", EVERYBODY),
    "Query.budgets": ("budgets { from }", EVERYBODY),
    "Query.budgetHistory": ("budgetHistory { from }", EVERYBODY),
    "Query.me": ("me { name }", EVERYBODY),
    "Mutation.createActionItem": (f'createActionItem(title: "t", table: {GOING}) {{ id }}', OWNERS),
    "Mutation.updateActionItem": (f'updateActionItem(id: {ITEM}, title: "u") {{ id }}', WORKERS),
    "Mutation.deleteActionItem": (f"deleteActionItem(id: {ITEM})", WRITERS),
    "Mutation.updateActionItems": (
        f"updateActionItems(filter: {{ids: [{ITEM}]}}, changes: {{priority: LOW}}, expectedCount: 1) {{ done }}", WORKERS,
    ),
    "Mutation.stageActionItem": (f"stageActionItem(id: {ITEM}, stage: null) {{ id }}", WORKERS),
    "Mutation.commentActionItem": (f'commentActionItem(id: {ITEM}, text: "c") {{ id }}', WORKERS),
    "Mutation.setActionRule": (f"setActionRule(id: {RULE}, input: {{enabled: true}}) {{ id }}", ADMINISTRATORS),
    "Mutation.deleteActionRule": ("deleteActionRule(id: 99999)", ADMINISTRATORS),
    "Mutation.createCampaign": ('createCampaign(input: {name: "$UNIQUE"}) { id }', WRITERS),
    "Mutation.updateCampaign": (f"updateCampaign(id: {CAMPAIGN}, input: {{}}) {{ id }}", WRITERS),
    "Mutation.pickCampaignItems": (f"pickCampaignItems(id: {CAMPAIGN}, add: [{ITEM}]) {{ id }}", WRITERS),
    "Mutation.deleteCampaign": (f"deleteCampaign(id: {CAMPAIGN})", WRITERS),
    "Mutation.refreshEstate": ("refreshEstate { id }", ADMINISTRATORS),
    "Mutation.setStoragePrice": (
        'setStoragePrice(serviceType: "Mysql", usdPerGbMonth: "0.1") { setBy }', ADMINISTRATORS,
    ),
    "Mutation.confirmFeed": ('confirmFeed(fqn: "shop.main", reason: "all of it") { id }', ADMINISTRATORS),
    "Mutation.confirmLineage": ('confirmLineage(service: "shop", reason: "all of it") { id }', ADMINISTRATORS),
    "Mutation.keepTable": (
        f'keepTable(fqn: {GOING}, reason: "r", until: "2026-04-01") {{ fqn }}', ADMINISTRATORS | {"owner"},
    ),
    "Mutation.releaseTable": (f"releaseTable(fqn: {GOING}) {{ fqn }}", ADMINISTRATORS | {"owner"}),
    "Mutation.approveRemoval": (f'approveRemoval(fqn: {GOING}, reason: "nobody needs it") {{ fqn }}', OWNERS),
    "Mutation.withdrawApproval": (f"withdrawApproval(fqn: {GOING}) {{ fqn }}", OWNERS),
    "Mutation.setUncountedUse": ('setUncountedUse(input: {users: ["backup_*"]}) { users }', ADMINISTRATORS),
    "Mutation.setBudget": ('setBudget(monthlyUsd: "100") { setBy }', ADMINISTRATORS),
    "Mutation.setPolicy": ("setPolicy(input: {}) { deleteRisk }", ADMINISTRATORS),
}  # fmt: skip


def fields_of_the_schema() -> set[str]:
    schema = build_schema()
    assert schema.query_type is not None
    assert schema.mutation_type is not None
    return {f"{kind.name}.{name}" for kind in (schema.query_type, schema.mutation_type) for name in kind.fields}


def test_every_field_has_a_line() -> None:
    assert set(MATRIX) == fields_of_the_schema()


async def prepared(estate: Estate, field: str, who: str) -> str:
    """The document, over an item, a campaign and a rule of its own."""
    create = """mutation ($name: String!) {
      createActionItem(title: "one", table: "shop.main.core.going", assignee: "dan") { id }
      createCampaign(input: {name: $name}) { id }
    }"""
    fresh = await estate.api.data(create, name=f"{field} {who}")
    kind, asked = field.split(".")[0].lower(), MATRIX[field][0]
    for name, value in (
        (ITEM, fresh["createActionItem"]["id"]),
        (CAMPAIGN, fresh["createCampaign"]["id"]),
        (RULE, 1),
        ("$UNIQUE", f"{field} {who} too"),
    ):
        asked = asked.replace(name, str(value))
    return f"{kind} {{ {asked} }}"


async def test_everybody_may_what_the_table_says(mariadb: MariaDB, redis_server: Redis, signer: Signer) -> None:
    async with made(mariadb, redis_server, signer, "thirdeye_matrix") as estate:
        await estate.refresh()
        wrong = []
        for field, (_, allowed) in MATRIX.items():
            for who, claims in WHO.items():
                document = await prepared(estate, field, who)
                headers = {"authorization": "" if claims is None else f"Bearer {signer.token(**claims)}"}
                answer = await estate.api.client.post(GRAPHQL, json={"query": document}, headers=headers)
                body = answer.json()
                codes = [error["extensions"]["code"] for error in body.get("errors", [])]
                assert "INTERNAL" not in codes, (field, body)
                may = answer.status_code == 200 and "FORBIDDEN" not in codes
                if may != (who in allowed):
                    wrong.append((field, who, body))
                if not may and claims is not None:
                    message = body["errors"][0]["message"]
                    assert "Admin" in message, message
                    assert body["data"] is None
        assert wrong == []


async def test_who_asks_is_told_what_is_allowed(estate: Estate) -> None:
    """`mayChange` says of each item what a change of it would."""
    ask = (
        "{ me { name teams isBot mayWrite mayAdminister } actionItems(first: 100) { edges { node { id mayChange } } } }"
    )
    (item,) = await estate.items(category=["STOP_REFRESH"])
    await estate.api.data(f'mutation {{ updateActionItem(id: {item["id"]}, assignee: "bob") {{ id }} }}')
    told = {}
    for name, roles in (("ann", ()), ("bob", ()), ("cyd", ()), ("stew", ("DataSteward",)), ("admin", ("Admin",))):
        answer = (await estate.ask_as(name, ask, roles=roles))["data"]
        assert answer["me"]["name"] == name
        told[name] = (answer["me"]["mayWrite"], answer["me"]["mayAdminister"], answer["me"]["teams"])
        for edge in answer["actionItems"]["edges"]:
            change = f"mutation {{ updateActionItem(id: {edge['node']['id']}, priority: LOW) {{ id }} }}"
            refused = "errors" in await estate.ask_as(name, change, roles=roles)
            assert edge["node"]["mayChange"] == (not refused), (name, edge)
        told[name] += (sorted({edge["node"]["mayChange"] for edge in answer["actionItems"]["edges"]}),)
    assert told == {
        "ann": (False, False, ["finance"], [False, True]),
        "bob": (False, False, [], [False, True]),
        "cyd": (False, False, [], [False]),
        "stew": (True, False, [], [True]),
        "admin": (True, True, [], [True]),
    }


async def test_without_write_roles_everybody_writes(mariadb: MariaDB, redis_server: Redis, signer: Signer) -> None:
    create = 'mutation { createActionItem(title: "t") { id } }'
    async with made(mariadb, redis_server, signer, "thirdeye_matrix", write_roles=[]) as estate:
        assert "errors" not in await estate.ask_as("cyd", create)
        refused = await estate.ask_as("cyd", "mutation { setPolicy(input: {}) { deleteRisk } }")
        assert refused["errors"][0]["message"].endswith("it needs the role Admin")
    more = {"write_roles": ["Writer"], "admin_roles": ["Chief", "Admin"]}
    async with made(mariadb, redis_server, signer, "thirdeye_matrix", **more) as estate:
        assert "errors" not in await estate.ask_as("cyd", create, roles=("Writer",))
        assert "errors" not in await estate.ask_as("cyd", create, roles=("Chief",))
        refused = await estate.ask_as("cyd", create, roles=("DataSteward",))
        assert "one of the roles Writer, Chief, Admin" in refused["errors"][0]["message"]


async def test_a_team_works_on_what_it_is_given_and_owns(estate: Estate) -> None:
    (item,) = await estate.items(category=["STOP_REFRESH"])
    start = f'mutation {{ updateActionItem(id: {item["id"]}, status: "IN_PROGRESS") {{ version }} }}'
    assert (await estate.ask_as("ann", start))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    await estate.api.data(f'mutation {{ updateActionItem(id: {item["id"]}, assignee: "finance") {{ id }} }}')
    # Ann is in the team, which also owns the table of another item.
    assert (await estate.ask_as("ann", start))["data"]["updateActionItem"]["version"] == 3
    (archive,) = await estate.items(category=["ARCHIVE"])
    comment = f'mutation {{ commentActionItem(id: {archive["id"]}, text: "ours") {{ id }} }}'
    assert "errors" not in await estate.ask_as("ann", comment)
    assert (await estate.ask_as("bob", comment))["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    # All or nothing: one of these is not hers.
    bulk = (
        "mutation { updateActionItems(filter: {detected: true}, changes: {priority: LOW}, expectedCount: 5) { done } }"
    )
    assert (await estate.ask_as("ann", bulk))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_bots_act_under_their_own_name(estate: Estate) -> None:
    (item,) = await estate.items(category=["PURGE"])
    claims = WHO["bot"] or {}
    headers = {"authorization": f"Bearer {estate.signer.token(**{**claims, 'roles': ['DataSteward']})}"}
    change = f'mutation {{ updateActionItem(id: {item["id"]}, title: "by a bot") {{ history {{ by byBot kind }} }} }}'
    answer = await estate.api.client.post(GRAPHQL, json={"query": change}, headers=headers)
    assert answer.json()["data"]["updateActionItem"]["history"] == [
        {"by": "ingestion-bot", "byBot": True, "kind": "UPDATED"},
        {"by": "thirdeye", "byBot": False, "kind": "DETECTED"},
    ]
