"""GraphQL over HTTP beyond what the public audit asks: media types, GET, persisted operations, caching, sizes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.support.api import GRAPHQL, Api, running
from thirdeye.errors import TransportError
from thirdeye.graphql.request import media_type, read_body
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio
PLAIN, MODERN = "application/json", "application/graphql-response+json"


@pytest.fixture
async def api(make_settings: Callable[..., Any], signer: Signer) -> AsyncIterator[Api]:
    async with running(make_settings(), signer) as api:
        yield api


def refused(response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"code", "message", "timestamp"}
    message: str = body["message"]
    return message


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, PLAIN),
        ("", PLAIN),
        ("*/*", PLAIN),
        ("application/*", PLAIN),
        (PLAIN, PLAIN),
        (MODERN, MODERN),
        (f"{PLAIN}, {MODERN}", MODERN),
        (f"{MODERN};q=0.5, {PLAIN}", PLAIN),
        (f"{PLAIN};q=0.5, {MODERN};q=0.9", MODERN),
        (f"{MODERN};q=0, */*", PLAIN),
        (f"{PLAIN};q=0, */*;q=0.1", MODERN),
        (f"{MODERN}; charset=utf-8", MODERN),
        (MODERN.upper(), MODERN),
        ("text/html, */*;q=0.8", PLAIN),
        ("text/html", None),
        ("application/xml", None),
        (f"{PLAIN};q=0", None),
        (f"{PLAIN};q=many", None),
        (f"{PLAIN};q=2", None),
        (",;,;q=", None),
        ("é", None),
    ],
)
def test_accept(accept: str | None, expected: str | None) -> None:
    found = media_type(None if accept is None else accept.encode("latin-1"))
    assert (found.decode() if found else None) == expected


async def test_what_cannot_be_answered_is_406(api: Api) -> None:
    response = await api.client.post(GRAPHQL, json={"query": "{ __typename }"}, headers={"accept": "application/xml"})
    assert MODERN in refused(response, 406)


async def test_a_get_is_a_query(api: Api) -> None:
    parameters = {
        "query": "query A($n: String!) { __type(name: $n) { name } } query B { __typename }",
        "operationName": "A",
        "variables": '{"n": "Query"}',
        "extensions": '{"a": 1}',
        "utm_source": "mail",
    }
    response = await api.client.get(GRAPHQL, params=parameters, headers={"accept": MODERN})
    assert response.json() == {"data": {"__type": {"name": "Query"}}}
    assert (response.headers["content-type"], response.headers["cache-control"]) == (MODERN, "no-store")


@pytest.mark.parametrize(
    ("parameters", "status", "word"),
    [
        ("", 400, "query"),
        ("query=%7B+__typename+%7D&query=%7B+__typename+%7D", 400, "once"),
        ("query=%7B+__typename+%7D&variables=%5B%5D", 400, "variables"),
        ("query=%7B+__typename+%7D&variables=%7B", 400, "variables"),
        ("query=%7B+__typename+%7D&extensions=5", 400, "extensions"),
        ("query=%FF", 400, "UTF-8"),
        ("&".join(f"a{n}=1" for n in range(30)), 400, "URL-encoded"),
        ("query=mutation+%7B+__typename+%7D", 405, "POST"),
        ("query=query+A+%7B+__typename+%7D+mutation+B+%7B+__typename+%7D&operationName=B", 405, "POST"),
        ("documentId=create_action_item&variables=%7B%22title%22%3A%22x%22%7D", 405, "POST"),
        ("documentId=nothing", 400, "documentId"),
        ("documentId=..%2F..%2Fetc%2Fpasswd", 400, "letters"),
    ],
)
async def test_gets_that_are_refused(api: Api, parameters: str, status: int, word: str) -> None:
    response = await api.client.get(f"{GRAPHQL}?{parameters}", headers={"accept": MODERN})
    assert word in refused(response, status)
    if status == 405:
        assert response.headers["allow"] == "POST"


@pytest.mark.parametrize("accept", [None, "*/*", "image/webp,*/*", "text/html"])
async def test_what_a_page_of_another_site_could_send_is_refused(api: Api, accept: str | None) -> None:
    headers = {"accept": accept} if accept else {}
    if accept is None:
        del api.client.headers["accept"]
    response = await api.client.get(GRAPHQL, params={"query": "{ __typename }"}, headers=headers)
    assert "Accept" in refused(response, 405)


async def test_persisted_operations_by_document_id(api: Api) -> None:
    asked = {"documentId": "list_action_items", "variables": {"first": 1}}
    assert "actionItems" in (await api.client.post(GRAPHQL, json=asked)).json()["data"]
    both = {**asked, "query": "{ nope }"}
    assert "actionItems" in (await api.client.post(GRAPHQL, json=both)).json()["data"]
    header = {"x-om-operation-id": "get_zi_score"}
    assert "differs" in refused(await api.client.post(GRAPHQL, json=asked, headers=header), 400)
    assert "documentId" in refused(await api.client.post(GRAPHQL, json={"documentId": "nope"}), 400)
    assert "documentId" in refused(await api.client.post(GRAPHQL, json={"documentId": 5}), 400)


async def test_a_persisted_query_by_get_is_sent_once(api: Api) -> None:
    parameters, headers = {"documentId": "list_action_items"}, {"accept": PLAIN}
    first = await api.client.get(GRAPHQL, params=parameters, headers=headers)
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    for tag in (first.headers["etag"], f'"x", W/{first.headers["etag"]}'):
        again = await api.client.get(GRAPHQL, params=parameters, headers={**headers, "if-none-match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other_type = {"accept": MODERN, "if-none-match": first.headers["etag"]}
    assert (await api.client.get(GRAPHQL, params=parameters, headers=other_type)).status_code == 200
    await api.data('mutation { createActionItem(title: "new") { id } }')
    tagged = {**headers, "if-none-match": first.headers["etag"]}
    changed = await api.client.get(GRAPHQL, params=parameters, headers=tagged)
    assert changed.status_code == 200
    assert "new" in changed.text
    # An error is nobody's to keep.
    wrong = await api.client.get(GRAPHQL, params={**parameters, "variables": '{"first": 0}'}, headers=headers)
    assert (wrong.headers["cache-control"], "etag" in wrong.headers) == ("no-store", False)


async def test_only_persisted_operations_when_so_configured(make_settings: Callable[..., Any], signer: Signer) -> None:
    async with running(make_settings(graphql_persisted_only=True), signer) as api:
        assert "persisted" in refused(await api.client.post(GRAPHQL, json={"query": "{ __typename }"}), 400)
        response = await api.client.get(GRAPHQL, params={"query": "{ __typename }"}, headers={"accept": PLAIN})
        assert "persisted" in refused(response, 400)
        assert "data" in (await api.client.post(GRAPHQL, json={"documentId": "list_action_items"})).json()
        header = {"x-om-operation-id": "list_action_items"}
        assert "data" in (await api.client.post(GRAPHQL, json={"query": "{ nope }"}, headers=header)).json()


async def test_status_codes_by_media_type(api: Api) -> None:
    for query, code in (("{", "GRAPHQL_PARSE_FAILED"), ("{ nope }", "GRAPHQL_VALIDATION_FAILED")):
        for accept, status in ((PLAIN, 200), (MODERN, 400)):
            response = await api.client.post(GRAPHQL, json={"query": query}, headers={"accept": accept})
            assert (response.status_code, response.headers["content-type"]) == (status, accept)
            (error,) = response.json()["errors"]
            assert error["extensions"]["code"] == code
            assert "data" not in response.json()
    # Executed, and null: that is no bad request.
    partly = await api.client.post(
        GRAPHQL, json={"query": "{ actionItems(first: 0) { totalCount } }"}, headers={"accept": MODERN}
    )
    assert (partly.status_code, partly.json()["data"]) == (200, None)


@pytest.mark.parametrize(
    ("request_", "word"),
    [
        ({"query": "{ __typename } #" + "x" * 100_000}, "100000 characters"),
        ({"query": "{ __typename }", "operationName": "x" * 201}, "operationName"),
        ({"query": "{ __typename }", "variables": {"x": "x" * 200_000}}, "variables"),
        ({"query": "{" + "a " * 5_000 + "}"}, "2500 tokens"),
        ({"query": "{" + '"""x"""' * 20_000 + "}"}, "characters"),
        ({"query": "{ a(x: [" + "1," * 5_000 + "]) }"}, "2500 tokens"),
    ],
)
async def test_what_is_too_large_is_refused(api: Api, request_: dict[str, Any], word: str) -> None:
    for _ in range(2):
        # The second time from memory.
        assert word in refused(await api.client.post(GRAPHQL, json=request_), 400)


async def test_long_texts_that_are_no_tokens_are_none(api: Api) -> None:
    for filling in ("#" + "x y " * 10_000 + "\n", " \t\n," * 10_000, "\ufeff" * 10_000):
        assert await api.data("{" + filling + " __typename }") == {"__typename": "Query"}
    long = "word " * 15_000
    for text in (f'"{long}"', f'"""{long}\n\\""" {long[:20_000]}"""'):
        answer = await api.ask(f"{{ __type(name: {text}) {{ name }} }}")
        assert answer["data"] == {"__type": None}


async def test_a_refused_document_is_explained_again_from_memory(api: Api) -> None:
    for query in ("{ nope }", "{", "{ actionItems(first: nine) { totalCount } }"):
        first, second = await api.ask(query), await api.ask(query)
        for answer in (first, second):
            for error in answer["errors"]:
                assert error["extensions"].pop("requestId")
        assert first == second
        assert first["errors"][0]["locations"]


async def test_lists_may_not_multiply(api: Api) -> None:
    below = "verdict { blockers { assets(first: 20) { __typename } } }"
    query = f"query($n: Int) {{ verdicts {{ bestSavings(first: $n) {{ {below} }} }} }}"
    message = refused(await api.client.post(GRAPHQL, json={"query": query, "variables": {"n": 1000}}), 400)
    assert "21000 nodes" in message
    assert (await api.client.post(GRAPHQL, json={"query": query, "variables": {"n": 100}})).status_code == 200
    # One list alone is refused by its resolver, which says what its range is.
    (error,) = (await api.ask("{ actionItems(first: 1000000) { totalCount } }"))["errors"]
    assert error["extensions"] | {"requestId": ""} == {"code": "BAD_USER_INPUT", "argument": "first", "requestId": ""}


class SlowBody:
    """A client that sends half a body and waits."""

    def __init__(self) -> None:
        self.sent = False

    async def __call__(self) -> dict[str, Any]:
        if self.sent:
            await asyncio.Event().wait()
        self.sent = True
        return {"type": "http.request", "body": b'{"query":', "more_body": True}


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thirdeye.graphql.request._BODY_SECONDS", 0.05)
    with pytest.raises(TransportError, match="did not arrive") as caught:
        await read_body(SlowBody())
    assert caught.value.status == 408


async def test_a_request_that_is_cut_off_is_none() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    with pytest.raises(TransportError, match="ended"):
        await read_body(receive)


def test_a_manifest_of_all_operations() -> None:
    from thirdeye.graphql.operations import manifest

    made = json.loads(json.dumps(manifest()))
    assert (made["format"], made["version"]) == ("apollo-persisted-query-manifest", 1)
    by_id = {each["id"]: each for each in made["operations"]}
    assert by_id["get_zi_score"]["type"] == "query"
    assert by_id["create_action_item"]["type"] == "mutation"
    assert set(by_id["get_zi_score"]) == {"id", "name", "type", "body"}
