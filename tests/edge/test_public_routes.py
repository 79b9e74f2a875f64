"""Every route with every method, without a token: only what stands here as public answers.

Relatives, all walked: other methods of public paths, spellings of their paths, what lies beside or below them, and
whatever a GET of the endpoint may ask for while the explorer is on.
"""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.routing import Mount, Route

from tests.support.api import GRAPHQL, Api, running
from thirdeye.graphql import explorer
from thirdeye.local.tokens import Signer
from thirdeye.rest import reference
from thirdeye.settings import SettingsInvalid, load_settings
from thirdeye.ui import page

pytestmark = pytest.mark.anyio
PREFIX = "/api/v1/thirdeye"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY", "GETS")
PAGES = ("/health", "/health/live", "/health/ready", "/docs", "/redoc", "/openapi.json")
# By hand, so that nothing becomes public unseen.
PUBLIC = frozenset({"/health", "/metrics", *(PREFIX + page for page in PAGES)})
# The page for people: any address below it is public, and all that stands there is the page or one of its files.
UI = f"{PREFIX}/ui"
DATA = "{ actionItems(first: 1) { edges { node { title } } } }"


def paths_of(routes: Any) -> Iterator[str]:
    """Every path that the application has; of a folder its files too."""
    for route in routes:
        if isinstance(route, Mount):
            yield from (route.path, f"{route.path}/", f"{route.path}/nothing.js", f"{route.path}/../graphql")
            yield from (f"{route.path}/{file.name}" for file in files_of(route.path))
        else:
            assert isinstance(route, Route)
            yield route.path.replace("{id}", "1").replace("{id:int}", "1")


def files_of(path: str) -> list[Any]:
    if path == UI:
        return list(page._FILES.iterdir())
    return list((explorer._FILES if path.startswith(GRAPHQL) else reference._FILES).iterdir())


def spellings(path: str) -> list[str]:
    """Other ways to write a path that some server or proxy may take for it."""
    return [
        f"{path}/", f"/{path}", f"{path};x", f"{path}%00", f"{path}%2f", f"{path}.json", f"{path}/x", path.upper(), f"{path}x",
        f"{path}/..%2fgraphql", path.replace("/", "//"),
    ]  # fmt: skip


def is_public(method: str, path: str) -> bool:
    folders = [f"{PREFIX}/reference", f"{GRAPHQL}/static"]
    is_file = any(path == f"{folder}/{file.name}" for folder in folders for file in files_of(folder))
    return method in ("GET", "HEAD") and (path in PUBLIC or is_file or path == UI or path.startswith(f"{UI}/"))


def is_of_the_page(response: httpx.Response, path: str) -> bool:
    """Whether this is the redirect to the page, the page itself, or the file of this name."""
    if path == UI:
        return (response.status_code, response.headers["location"]) == (307, "ui/")
    if response.request.method == "HEAD":
        return (response.status_code, response.content) == (200, b"")
    file = {file.name: file for file in files_of(UI)}.get(path.removeprefix(f"{UI}/"))
    if file is not None:
        return response.content == file.read_bytes()
    return response.status_code == 200 and response.text.startswith("<!doctype html>")


async def without_token(api: Api, method: str, path: str, **more: Any) -> httpx.Response:
    response = await api.client.request(method, path, **more)
    assert response.status_code < 500 or response.status_code == 501, (method, path)
    return response


@pytest.fixture(params=[False, True], ids=["without explorer", "with explorer"])
def playground(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def open_settings(make_settings: Callable[..., Any], playground: bool) -> Any:
    more = {"graphql_playground": True, "environment": "development"} if playground else {}
    return make_settings(rate_limit="off", **more)


async def test_only_exact_paths_with_get_are_public(open_settings: Any, signer: Signer, playground: bool) -> None:
    async with running(open_settings, signer) as api:
        del api.client.headers["authorization"]
        paths = set(paths_of(api.app.routes))
        assert paths >= {*PUBLIC, UI, f"{UI}/page.js", GRAPHQL, f"{PREFIX}/action-items/1", f"{PREFIX}/tables.csv"}
        assert (f"{GRAPHQL}/static/explorer.js" in paths) == playground
        others = {spelling for path in paths for spelling in spellings(path)} - paths
        for path in sorted(paths | others):
            for method in METHODS if path in paths else ("GET", "POST"):
                response = await without_token(api, method, path, headers={"accept": "application/json"})
                # Without the dots, which a client takes out.
                sent = response.request.url.path
                if is_public(method, sent) and sent.startswith(UI):
                    assert is_of_the_page(response, sent), (method, path, response.status_code)
                elif is_public(method, sent):
                    assert response.status_code == 200, (method, path, response.status_code)
                else:
                    assert response.status_code == 401, (method, path, response.status_code)


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/json", "application/graphql-response+json", "*/*", "", "text/html, application/json",
     "application/json, text/html;q=0.1", "TEXT/HTML", "text/plain", None],
)  # fmt: skip
async def test_nothing_is_answered_beside_the_explorers_page(
    open_settings: Any, signer: Signer, playground: bool, accept: str | None
) -> None:
    async with running(open_settings, signer) as api:
        del api.client.headers["authorization"]
        del api.client.headers["accept"]
        accepts = [] if accept is None else [("accept", accept)]
        for headers in (
            accepts,
            [*accepts, ("accept", "text/html")],
            [*accepts, ("x-om-operation-id", "get_zi_score")],
        ):
            for query in ({}, {"query": DATA}, {"documentId": "get_zi_score"}, {"query": f"mutation {DATA}"}):
                response = await without_token(api, "GET", GRAPHQL, params=query, headers=headers)
                is_page = playground and "text/html" in dict(headers[:1]).get("accept", "")
                assert response.status_code == (200 if is_page else 401)
                assert response.text.startswith("<!doctype html>") == is_page
                assert "actionItems" not in response.text
            for method in set(METHODS) - {"GET"}:
                response = await without_token(api, method, GRAPHQL, params={"query": DATA}, headers=headers)
                assert response.status_code == 401, method


def test_production_has_no_explorer() -> None:
    key = {"_env_file": None, "jwt_jwks_url": "http://keys"}
    with pytest.raises(SettingsInvalid, match="GRAPHQL_PLAYGROUND: true is allowed only with ENVIRONMENT=development"):
        load_settings(graphql_playground=True, **key)
    with pytest.raises(SettingsInvalid, match="GRAPHQL_PLAYGROUND"):
        load_settings(graphql_playground=True, environment="production", **key)
    assert load_settings(graphql_playground=True, environment="development", **key).graphql_playground
