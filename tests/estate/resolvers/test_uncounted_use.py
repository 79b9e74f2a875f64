"""Administrators say whose use does not count; what cannot be meant, or contradicts itself, is refused by its field."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.api import Api, running
from tests.support.clocks import NOON
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]
FIELDS = "users exceptUsers statements setBy setAt"
SET = f"mutation ($input: UncountedUseInput!) {{ setUncountedUse(input: $input) {{ {FIELDS} }} }}"
ASK = f"{{ uncountedUse {{ {FIELDS} }} }}"


@pytest.fixture
async def api(settings: Settings, signer: Signer, sql_server: MariaDB | MySQL) -> AsyncIterator[Api]:
    more = {"uncounted_users": ["svc_catalogue"], "uncounted_statements": ["/* scanner */"]}
    async with running(settings.model_copy(update=more), signer, clock=lambda: NOON) as api:
        yield api


async def test_what_is_said_holds_until_something_else_is(api: Api) -> None:
    before = (await api.data(ASK))["uncountedUse"]
    assert before == {
        "users": ["svc_catalogue"], "exceptUsers": [], "statements": ["/* scanner */"], "setBy": None, "setAt": None,
    }  # fmt: skip
    said = {"users": ["backup_*", " backup_* "], "exceptUsers": ["backup_ann"], "statements": ["unload all"]}
    answer = (await api.data(SET, input=said))["setUncountedUse"]
    assert answer == {
        "users": ["svc_catalogue", "backup_*"], "exceptUsers": ["backup_ann"],
        "statements": ["/* scanner */", "unload all"], "setBy": "admin", "setAt": answer["setAt"],
    }  # fmt: skip
    assert (await api.data(ASK))["uncountedUse"] == answer
    assert (await api.data("{ refreshRuns { edges { node { phase } } } }"))["refreshRuns"]["edges"]
    again = (await api.data(SET, input={}))["setUncountedUse"]
    assert (again["users"], again["exceptUsers"]) == (["svc_catalogue"], [])


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"users": ["*"]}, "users"),
        ({"users": ["a*b*c"]}, "users"),
        ({"users": [""]}, "users"),
        ({"users": ["a" * 201]}, "users"),
        ({"users": [f"user_{number}" for number in range(51)]}, "users"),
        ({"statements": ["**"]}, "statements"),
        ({"users": ["backup_*"], "exceptUsers": ["BACKUP*"]}, "exceptUsers"),
        ({"users": ["scanner", "backup_*"], "exceptUsers": ["scanner"]}, "exceptUsers"),
        # The settings say so.
        ({"users": ["backup_*"], "exceptUsers": ["svc_*"]}, "exceptUsers"),
    ],
)
async def test_what_cannot_be_meant_is_refused(api: Api, said: dict[str, Any], field: str) -> None:
    error = await api.error(SET, input=said)
    assert (error["extensions"]["code"], error["extensions"]["argument"]) == ("BAD_USER_INPUT", field)
    assert (await api.data(ASK))["uncountedUse"]["setBy"] is None


async def test_exceptions_need_users(settings: Settings, signer: Signer) -> None:
    async with running(settings, signer, clock=lambda: NOON) as api:
        error = await api.error(SET, input={"exceptUsers": ["backup_ann"]})
        assert error["extensions"]["argument"] == "exceptUsers"
