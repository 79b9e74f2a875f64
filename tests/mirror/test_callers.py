"""Who signs in through another provider, over users and teams as OpenMetadata has them: what they own, and what they do not."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support import tokens as by_hand
from tests.support.api import GRAPHQL, running
from tests.support.asking import Asker
from tests.support.clocks import NOON
from tests.support.http_server import HTTPServer, key_set
from tests.support.om_estate import OMEstate
from tests.support.om_rows import OMRows
from thirdeye.auth.identity import email_digest
from thirdeye.auth.principal import Principal
from thirdeye.inventory.callers import people_of
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.tokens import Signer
from thirdeye.mirror.callers import people_lists
from thirdeye.mirror.names import Names
from thirdeye.settings import Settings, load_settings

pytestmark = pytest.mark.anyio
ISSUER, PARTNER = "https://corp.okta.example", "https://login.partner.example"
MINE = "{ tables(filter: {mine: true}) { edges { node { fqn } } } }"
OURS, THEIRS = "shop.main.core.ours", "shop.main.core.theirs"


class Provider(HTTPServer):
    """The key set of both providers."""

    async def respond(self, path: str, head: str) -> tuple[int, bytes]:
        return 200, key_set([by_hand.om_entry()])


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    await made.start()
    yield made
    await made.stop()


async def refreshed(om: OMRows, estate: OMEstate) -> None:
    """Ada in team Finance, which owns a table; Grace owns another; the rest is nobody, or somebody else."""
    om.person("user:Ada", email="ada@corp.example")
    om.person("user:grace", email="Grace.Hopper@corp.example")
    om.person("user:left", email="left@corp.example", deleted=True)
    om.person("user:ingestion-bot", email="ingestion-bot@corp.example", bot=True)
    om.person("user:nobody", name="")
    om.person("team:Finance")
    # Who is called like a team that is gone is not taken for it.
    om.person("team:Grace", deleted=True)
    om.member("Finance", "Ada")
    om.table(OURS)
    om.table(THEIRS)
    om.owns("team:Finance", OURS)
    for named in ("user:grace", "user:left", "user:ingestion-bot", "team:Grace"):
        om.owns(named, THEIRS)
    run = await estate.mirror.refresh()
    assert run["error"] is None


async def test_the_directory_has_who_may_sign_in_and_no_address(om: OMRows, estate: OMEstate) -> None:
    await refreshed(om, estate)
    thirdeye = estate.mirror.thirdeye
    snapshot = await EstateReader(thirdeye).snapshot()
    people = people_of(snapshot.directory)
    assert people.names == {"ada", "grace"}
    assert people.emails == {
        email_digest("ada@corp.example"): "ada",
        email_digest("grace.hopper@corp.example"): "grace",
    }
    assert set(snapshot.directory["people"]["teams"].values()) == {"finance"}
    rows = await thirdeye.fetch_all("SELECT data FROM estate_blob WHERE name = 'directory'")
    assert all(b"@" not in bytes(row["data"]) for row in rows)
    # Who comes, goes or is renamed is known after the next refresh, though no table changed.
    om.run("UPDATE user_entity SET json = JSON_SET(json, '$.deleted', true) WHERE name = 'grace'")
    om.person("user:new", email="new@corp.example")
    run = await estate.mirror.refresh()
    assert run["kind"] == "INCREMENTAL"
    people = people_of((await EstateReader(thirdeye).snapshot()).directory)
    assert people.names == {"ada", "new"}
    assert email_digest("grace.hopper@corp.example") not in people.emails


async def test_tokens_of_other_providers_find_what_their_users_own(
    om: OMRows, estate: OMEstate, rows_settings: Settings, signer: Signer, provider: Provider
) -> None:
    await refreshed(om, estate)
    common = {"jwks_url": provider.url, "audiences": ["thirdeye"]}
    providers = [
        {**common, "issuers": [ISSUER], "principal_domains": ["corp.example"]}, {**common, "issuers": [PARTNER]},
    ]  # fmt: skip
    fields = rows_settings.model_dump(exclude_unset=True)
    async with running(
        load_settings(_env_file=None, **{**fields, "jwt_providers": providers}), signer, lambda: NOON
    ) as api:

        async def mine(issuer: str, **claims: Any) -> list[str]:
            token = by_hand.make_token(iss=issuer, aud="thirdeye", sub="00u1", roles=..., **claims)
            headers = {"authorization": f"Bearer {token}"}
            answer = (await api.client.post(GRAPHQL, json={"query": MINE}, headers=headers)).json()
            return [edge["node"]["fqn"] for edge in answer["data"]["tables"]["edges"]]

        assert await mine(ISSUER, email="ADA@corp.example") == [OURS]
        assert await mine(ISSUER, email="grace@corp.example") == [THEIRS]
        assert await mine(ISSUER, email="Grace.Hopper@corp.example") == [THEIRS]
        for email in ("finance", "left", "ingestion-bot", "nobody"):
            assert await mine(ISSUER, email=f"{email}@corp.example") == []
        for email in ("ada@evil.example", "ada@corp.example", "grace.hopper@corp.example"):
            assert await mine(PARTNER, email=email) == []
        assert await mine(PARTNER, email=None, preferred_username="ada") == []


async def test_who_is_called_like_a_team_gets_none_of_its_rights(
    om: OMRows, estate: OMEstate, rows_settings: Settings
) -> None:
    await refreshed(om, estate)
    asker = Asker(estate.mirror.thirdeye, rows_settings, lambda: NOON)
    create = 'mutation { createActionItem(title: "clean up", assignee: "finance") { id } }'
    item = (await asker.ask(create))["data"]["createActionItem"]["id"]
    change = f'mutation {{ updateActionItem(id: {item}, status: "DONE") {{ id }} }}'
    keep = f'mutation {{ keepTable(fqn: "{OURS}", reason: "r", until: "2026-12-24") {{ fqn }} }}'
    for document in (change, keep):
        for name, may in (("finance", False), ("grace", False), ("ada", True)):
            answer = await asker.ask(document, principal=Principal(name=name))
            codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
            assert codes == ([] if may else ["FORBIDDEN"]), (document, name, json.dumps(answer))
    own = "{ actionItems(filter: {mine: true}) { totalCount } }"
    for name, count in (("finance", 0), ("ada", 1)):
        answer = await asker.ask(own, principal=Principal(name=name))
        assert answer["data"]["actionItems"]["totalCount"] == count


def test_an_address_of_two_is_nobodys() -> None:
    rows = [
        {"name": name, "email_digest": digest} for name, digest in (("a", "x"), ("B", "x"), ("c", "y"), (None, "z"))
    ]
    owners = {("team", "1"): "T", ("team", "2"): None, ("team", "3"): "Gone", ("user", "4"): "A", ("user", "5"): "Bot"}
    names = Names(owners=owners, departed={("team", "3"): True})
    assert people_lists([*rows, {"name": "d", "email_digest": None}], names) == {
        "names": ["a", "b", "c", "d"], "emails": {"y": "c"}, "reserved": ["bot"], "teams": {"1": "t"},
    }  # fmt: skip
