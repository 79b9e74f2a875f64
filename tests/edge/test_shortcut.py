"""The shortcut to the route that is asked most: exactly that path, and nothing that is no request."""

from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from thirdeye.edge.shortcut import ShortcutMiddleware

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("http", "/graphql", "endpoint"),
        ("http", "/graphql/", "app"),
        ("http", "/graphql/static/x.js", "app"),
        ("http", "/GraphQL", "app"),
        ("websocket", "/graphql", "app"),
        ("lifespan", None, "app"),
    ],
)
async def test_only_that_path(kind: str, path: str | None, expected: str) -> None:
    reached = list[str]()

    def noted(name: str) -> Any:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            reached.append(name)

        return app

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    shortcut = ShortcutMiddleware(noted("app"), path="/graphql", endpoint=noted("endpoint"))
    await shortcut({"type": kind, **({} if path is None else {"path": path})}, nothing, nothing)
    assert reached == [expected]
