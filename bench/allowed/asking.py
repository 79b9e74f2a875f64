"""Asks the real application as an ASGI server would, without a client's share of the time."""

import time
from typing import Any

import orjson
from starlette.applications import Starlette

_HEADERS = [(b"content-type", b"application/json"), (b"accept", b"application/json")]


class Asker:
    """Asks the app; its lifespan must be under way."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    async def ask(self, query: str) -> tuple[float, int, bytes]:
        """Milliseconds, the status and the body of an answer."""
        body, sent = orjson.dumps({"query": query}), list[Any]()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/api/v1/thirdeye/graphql", "query_string": b"",
                 "headers": _HEADERS, "http_version": "1.1", "scheme": "http", "server": ("bench", 80),
                 "client": ("bench", 1)}  # fmt: skip
        started = time.perf_counter()
        await self._app(scope, receive, send)
        elapsed = (time.perf_counter() - started) * 1000
        return elapsed, sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
