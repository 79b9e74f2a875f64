"""The rule for text in, over the whole schema: no String of any mutation or REST body keeps what controls a terminal or page.

Reproduced with `keepTable(reason:)` and `setPolicy(protectedTags:)`. Relatives: every other String argument and input field,
found by walking the schema, in lists and filters that are kept too; halves of surrogate pairs however they are written;
text that a person gives on the command line, and text that goes out to a terminal.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from graphql import (
    GraphQLArgument,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLString,
    get_named_type,
    get_nullable_type,
)

from tests.support.action_estate import Estate, made
from tests.support.api import GRAPHQL
from thirdeye.actions.validation import validate_search
from thirdeye.errors import BadInput
from thirdeye.graphql.schema import build_schema
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer
from thirdeye.text import clean_text, visible

pytestmark = pytest.mark.anyio
SCHEMA = build_schema()
ITEMS = "/api/v1/thirdeye/action-items"
BAD = ("\0", "\x1b[31m", "\x08", "\x7f", "\x9b", "\u202e", "\u2066", "\u200f", "\u061c", "\u2028", "\u2029")
TABLE = "shop.main.core.going"
RULE = {"name": "n", "category": "PURGE", "priority": "LOW", "filter": {"zombie": True}}
# By mutation a call that is right; $ITEM and $CAMPAIGN stand for ids.
CALLS: Mapping[str, dict[str, Any]] = {
    "createActionItem": {"title": "t", "table": TABLE, "assignee": "ann"},
    "updateActionItem": {"id": "$ITEM", "title": "t"},
    "updateActionItems": {"filter": {"ids": ["$ITEM"]}, "changes": {"priority": "LOW"}, "expectedCount": 1},
    "deleteActionItem": {"id": 0},
    "stageActionItem": {"id": "$ITEM", "stage": None},
    "commentActionItem": {"id": "$ITEM", "text": "c"},
    "setActionRule": {"input": RULE},
    "deleteActionRule": {"id": 99_999},
    "createCampaign": {"input": {"name": "$UNIQUE"}},
    "updateCampaign": {"id": "$CAMPAIGN", "input": {"owner": "ann"}},
    "pickCampaignItems": {"id": "$CAMPAIGN", "add": ["$ITEM"]},
    "deleteCampaign": {"id": 0},
    "refreshEstate": {},
    "setStoragePrice": {"serviceType": "Mysql", "usdPerGbMonth": "0.1"},
    "confirmFeed": {"fqn": "shop.main", "reason": "all of it"},
    "confirmLineage": {"service": "shop", "reason": "all of it"},
    "keepTable": {"fqn": TABLE, "reason": "r", "until": "2026-04-01"},
    "releaseTable": {"fqn": TABLE},
    "approveRemoval": {"fqn": TABLE, "reason": "r r"},
    "withdrawApproval": {"fqn": TABLE},
    "setUncountedUse": {"input": {"users": ["backup_*"], "exceptUsers": ["backup_ann"], "statements": ["scan of"]}},
    "setBudget": {"service": "shop", "monthlyUsd": "100"},
    "setPolicy": {"input": {"protectedTags": ["PII.Sensitive"]}},
}
Path = tuple[str, ...]


def test_every_mutation_has_a_call() -> None:
    assert SCHEMA.mutation_type is not None
    assert set(CALLS) == set(SCHEMA.mutation_type.fields)


def strings(fields: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField], path: Path = ()) -> Iterator[Path]:
    """The paths to each String within arguments; `[]` at the end stands for the items of a list."""
    for name, field in fields.items():
        named = get_named_type(field.type)
        if isinstance(named, GraphQLInputObjectType):
            yield from strings(named.fields, (*path, name))
        elif named is GraphQLString:
            is_list = isinstance(get_nullable_type(field.type), GraphQLList)
            yield (*path, name, "[]") if is_list else (*path, name)


def with_text(call: dict[str, Any], path: Path, text: str) -> dict[str, Any]:
    changed = deepcopy(call)
    *above, last = [name for name in path if name != "[]"]
    place = changed
    for name in above:
        place = place.setdefault(name, {})
    place[last] = [text] if path[-1] == "[]" else text
    return changed


def document_of(mutation: str) -> str:
    assert SCHEMA.mutation_type is not None
    field = SCHEMA.mutation_type.fields[mutation]
    variables = ", ".join(f"${name}: {argument.type}" for name, argument in field.args.items())
    arguments = ", ".join(f"{name}: ${name}" for name in field.args)
    selection = "" if get_named_type(field.type).name == "Boolean" else "{ __typename }"
    return f"mutation {f'({variables})' if variables else ''} {{ {mutation}{f'({arguments})' if arguments else ''} {selection} }}"


def filled(value: Any, ids: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: filled(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, ids) for each in value]
    return ids.get(value, value) if isinstance(value, str) else value


async def stored_text(estate: Estate) -> str:
    """All that is kept of text, of every table."""
    columns = await estate.thirdeye.fetch_all(
        "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = DATABASE() "
        "AND data_type IN ('varchar', 'text', 'mediumtext', 'longtext', 'json') AND table_name NOT LIKE '%yoyo%'"
    )
    texts = []
    for row in columns:
        sql = f"SELECT `{row['c']}` AS v FROM `{row['t']}` WHERE `{row['c']}` IS NOT NULL"
        texts += [str(found["v"]) for found in await estate.thirdeye.fetch_all(sql)]
    return "\n".join(texts)


async def test_no_mutation_keeps_it(mariadb: MariaDB, redis_server: Redis, signer: Signer) -> None:
    async with made(mariadb, redis_server, signer, "thirdeye_text") as estate:
        await estate.refresh()
        walked = 0
        for mutation, call in CALLS.items():
            ids = await ids_for(estate, mutation)
            document = document_of(mutation)
            assert SCHEMA.mutation_type is not None
            paths = list(strings(SCHEMA.mutation_type.fields[mutation].args))
            if paths:
                await estate.api.data(document, **filled(call, ids))
            for path in paths:
                for bad in BAD:
                    wrong = with_text(filled(call, ids), path, f"x{bad}y")
                    answer = await estate.api.ask(document, **wrong)
                    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
                    assert codes in (["BAD_USER_INPUT"], ["NOT_FOUND"]), (mutation, path, bad, answer)
                    walked += 1
        assert walked > 30 * len(BAD)
        kept = await stored_text(estate)
        assert "PII.Sensitive" in kept
        assert [bad for bad in BAD if bad in kept or json.dumps(bad)[1:-1] in kept] == []


async def ids_for(estate: Estate, mutation: str) -> dict[str, Any]:
    create = """mutation ($name: String!) {
      createActionItem(title: "one") { id } createCampaign(input: {name: $name}) { id }
    }"""
    fresh = await estate.api.data(create, name=f"of {mutation}")
    return {
        "$ITEM": fresh["createActionItem"]["id"],
        "$CAMPAIGN": fresh["createCampaign"]["id"],
        "$UNIQUE": f"made by {mutation}",
    }


async def test_no_body_of_rest_keeps_it(estate: Estate) -> None:
    rest = estate.api.client
    path = f"{ITEMS}/{(await rest.post(ITEMS, json={'title': 't'})).json()['id']}"
    for bad in BAD:
        for field in ("title", "assignee", "table"):
            response = await rest.post(ITEMS, json={"title": "t", field: f"x{bad}y"})
            assert response.status_code == 400, (field, bad, response.text)
        for field in ("title", "assignee", "resolutionReason", "status"):
            response = await rest.patch(path, json={"resolution": "DISMISSED", field: f"x{bad}y"})
            assert response.status_code == 400, (field, bad, response.text)
    assert [item["title"] for item in await estate.items("title", detected=False)] == ["t"]


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "a\\ud83d b", "\\udc00\\ud800"])
async def test_half_a_surrogate_pair_is_no_text(estate: Estate, half: str) -> None:
    headers = {"content-type": "application/json"}
    query = "mutation ($t: String!) { createActionItem(title: $t) { id } }"
    for body in (
        f'{{"query": "{query}", "variables": {{"t": "{half}"}}}}',
        json.dumps({"query": query.replace("$t: String!", "$x: Int").replace("$t", f'"{half}"')}),
        json.dumps(
            {
                "query": f'mutation {{ createActionItem(title: "{half.replace(chr(92) + "u", chr(92) + "u{")}") {{ id }} }}'
            }
        ),
    ):
        response = await estate.api.client.post(GRAPHQL, content=body, headers=headers)
        assert response.status_code == 400 or response.json()["errors"][0]["extensions"]["code"] in (
            "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED",
        ), response.text  # fmt: skip
    response = await estate.api.client.post(ITEMS, content=f'{{"title": "{half}"}}', headers=headers)
    assert response.status_code == 400
    assert await estate.items(detected=False) == []


def test_what_the_rule_takes_and_refuses() -> None:
    for bad in (*BAD, "\ud800"):
        for lines in (False, True):
            with pytest.raises(BadInput, match="x: must not hold control characters"):
                clean_text(f"a{bad}b", "x", longest=10, lines=lines)
        assert "\\u" in visible(f"a{bad}b")
        assert bad not in visible(f"a{bad}b")
    assert clean_text(" a\r\nb\tc ", "x", longest=10, lines=True) == "a\nb\tc"
    with pytest.raises(BadInput, match="control"):
        clean_text("a\nb", "x", longest=10)
    # What people do write: joined emoji, Persian's non-joiner, accents, other scripts.
    for good in ("👩\u200d🔧", "می\u200cخواهم", "日本語", "e\u0301", "עברית", "🏴\U000e0067\U000e007f"):
        assert clean_text(good, "x", longest=10)
    assert (clean_text("e\u0301", "x", longest=9), clean_text("e\u0301", "x", longest=9, exact=True)) == (
        "é",
        "e\u0301",
    )
    for empty in ("", "  ", "\u200b", "\u200d\ufeff", "x" * 11):
        with pytest.raises(BadInput, match="x: must have 1 to 10 characters"):
            clean_text(empty, "x", longest=10)
    assert clean_text(" ", "x", longest=10, shortest=0) == ""
    assert validate_search(" \t") is None
    assert visible("plain \u00e9 👩\u200d🔧") == "plain \u00e9 👩\u200d🔧"
