"""HTTP: who is let in, what is refused and in which shape. On one server; no database matters here."""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.routing import Mount, Route

from tests.support.api import GRAPHQL, Api, running
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio
PREFIX = "/api/v1/thirdeye"
QUERY = {"query": "{ __typename }"}


@pytest.fixture
async def api(make_settings: Callable[..., Any], signer: Signer) -> AsyncIterator[Api]:
    async with running(make_settings(), signer) as api:
        yield api


def om_shaped(response: Any, status: int) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"code", "message", "timestamp"}
    assert body["code"] == status
    assert response.headers["content-type"] == "application/json"
    message: str = body["message"]
    return message


async def test_what_is_open_needs_no_token(api: Api) -> None:
    del api.client.headers["authorization"]
    service = (await api.client.get("/health")).json()
    assert (service["status"], service["service"]) == ("ok", "thirdeye-analytics")
    assert service["timestamp"]
    assert (await api.client.get(f"{PREFIX}/health")).json() == {"status": "ok"}
    assert (await api.client.get(f"{PREFIX}/health/live")).status_code == 200
    assert (await api.client.get(f"{PREFIX}/health/ready")).json() == {"status": "ok", "degraded": []}
    assert "thirdeye_http_requests_total" in (await api.client.get("/metrics")).text


@pytest.mark.parametrize(
    "path", [GRAPHQL, f"{PREFIX}/dashboard/zi-score", f"{PREFIX}/action-items", f"{PREFIX}/nothing", "/", "/healthy"]
)
async def test_everything_else_needs_one(api: Api, path: str) -> None:
    del api.client.headers["authorization"]
    om_shaped(await api.client.post(path, json=QUERY), 401)
    response = await api.client.get(path)
    om_shaped(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_slash_at_the_end_leads_nowhere(api: Api) -> None:
    # Least of all to a host that the caller chose.
    headers = {"host": "evil.example", "x-forwarded-host": "evil.example"}
    paths = [route.path.format(id=1, path="") for route in api.app.routes if isinstance(route, Route | Mount)]
    assert len(paths) > 15
    # The page's address has a slash at its end.
    for path in set(paths) - {f"{PREFIX}/ui"}:
        for method in ("GET", "POST"):
            response = await api.client.request(method, f"{path.rstrip('/')}/", headers=headers, json=QUERY)
            assert "location" not in response.headers
            assert "evil" not in response.text
            om_shaped(response, 405 if response.status_code == 405 else 404)


async def test_what_is_not_there_says_so(api: Api) -> None:
    om_shaped(await api.client.get(f"{PREFIX}/nothing"), 404)
    om_shaped(await api.client.put(f"{PREFIX}/action-items"), 405)


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b"null", "application/json", 400),
        (b'"x"', "application/json", 400),
        (b"[]", "application/json", 400),
        (b'[{"query": "{ __typename }"}]', "application/json", 400),
        (b"{}", "application/json", 400),
        (b'{"query": 5}', "application/json", 400),
        (b'{"query": "{ __typename }", "variables": []}', "application/json", 400),
        (b'{"query": "{ __typename }", "variables": "x"}', "application/json", 400),
        (b'{"query": "{ __typename }", "operationName": 5}', "application/json", 400),
        (b'{"query": "{ __typename }", "extensions": []}', "application/json", 400),
        (b'{"query": "\\ud800"}', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"query": "{ __typename }"}', "text/plain", 415),
        (b"query=x", "application/x-www-form-urlencoded", 415),
        (b'{"query": "{ __typename }"}', "application/json; charset=latin-1", 415),
        (b'{"query": "{ __typename }"}', "multipart/form-data; boundary=x", 415),
        (b'{"query": "' + b"{a" * 4_000 + b'"}', "application/json", 400),
        (b'{"query": "{' + b"a " * 20_000 + b'}"}', "application/json", 400),
    ],
)
async def test_what_is_no_request_is_refused(api: Api, body: bytes, content_type: str, status: int) -> None:
    om_shaped(await api.client.post(GRAPHQL, content=body, headers={"content-type": content_type}), status)


async def test_a_body_may_have_a_megabyte_and_no_more(api: Api) -> None:
    frame = len(json.dumps({**QUERY, "extensions": {"x": ""}}))
    for size, status in ((1_000_000, 200), (1_000_001, 413), (5_000_000, 413)):
        body = json.dumps({**QUERY, "extensions": {"x": "x" * (size - frame)}})
        response = await api.client.post(GRAPHQL, content=body, headers={"content-type": "application/json"})
        assert response.status_code == status
    om_shaped(response, 413)
    assert response.headers["connection"] == "close"


async def test_only_post_and_a_byte_order_mark_is_forgiven(api: Api) -> None:
    for method in ("GET", "PUT", "DELETE"):
        response = await api.client.request(method, GRAPHQL, headers={"accept": "text/html"})
        om_shaped(response, 405)
        assert response.headers["allow"] == ("POST" if method == "GET" else "GET, POST")
    body = b"\xef\xbb\xbf" + json.dumps(QUERY).encode()
    response = await api.client.post(GRAPHQL, content=body, headers={"content-type": "Application/JSON; charset=UTF-8"})
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_limits_answer_in_oms_shape(api: Api) -> None:
    for query, word in (
        ("{" + " ".join(f"a{i}: __typename" for i in range(101)) + "}", "aliases"),
        ("{" + "__typename " * 51 + "}", "__typename"),
        ("{" + "__typename " * 501 + "}", "fields"),
        ("{a{a{a{a{a{a{a{a{a}}}}}}}}}", "deep"),
    ):
        assert word in om_shaped(await api.client.post(GRAPHQL, json={"query": query}), 400)


async def test_request_ids_are_taken_over_when_sane(api: Api) -> None:
    response = await api.client.post(GRAPHQL, json={"query": "{ nope }"}, headers={"x-request-id": "abc-1.2"})
    assert response.headers["x-request-id"] == "abc-1.2"
    assert response.json()["errors"][0]["extensions"]["requestId"] == "abc-1.2"
    for strange in ("", "a b", "x" * 129, "<script>"):
        response = await api.client.post(GRAPHQL, json=QUERY, headers={"x-request-id": strange})
        assert len(response.headers["x-request-id"]) == 32


async def test_the_explorer_is_there_only_when_switched_on(make_settings: Callable[..., Any], signer: Signer) -> None:
    async with running(make_settings(graphql_playground=True, environment="development"), signer) as api:
        token = api.client.headers.pop("authorization")
        page = await api.client.get(GRAPHQL, headers={"accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")
        assert "https://" not in page.text
        for name in ("graphiql.min.js", "react.production.min.js", "explorer.js", "graphiql.min.css"):
            assert f"{GRAPHQL}/static/{name}" in page.text
            assert (await api.client.get(f"{GRAPHQL}/static/{name}")).status_code == 200
        om_shaped(await api.client.post(GRAPHQL, json=QUERY), 401)
        from graphql import get_introspection_query

        api.client.headers["authorization"] = token
        for query in (get_introspection_query(), get_introspection_query(schema_description=True)):
            assert "data" in await api.ask(query)
        # Only the explorer's own query may be so deep.
        renamed = get_introspection_query().replace("IntrospectionQuery", "Other")
        om_shaped(await api.client.post(GRAPHQL, json={"query": renamed}), 400)


async def test_tokens_unchecked_makes_everybody_the_development_administrator(
    make_settings: Callable[..., Any], signer: Signer
) -> None:
    async with running(make_settings(jwt_enabled=False, environment="development"), signer) as api:
        del api.client.headers["authorization"]
        assert (await api.data("{ __typename }")) == {"__typename": "Query"}
