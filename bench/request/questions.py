"""The questions that are measured, and the application that answers them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from bench.request.connection import MemoryConnection
from tests.support.api import LONG_DEADLINES
from thirdeye.app import create_app, keep_what_is_made
from thirdeye.observability.logging import configure_logging
from thirdeye.paging import encode_cursor
from thirdeye.settings import load_settings

_GRAPHQL: Final = "/api/v1/thirdeye/graphql"
_ADHOC: Final = "{ actionItems(first: 50) { edges { node { id title status priority updatedAt } } } }"
# The page after an item of those that `fill` makes.
_PAGE: Final = """query page($after: String) { actionItems(first: 50, after: $after) {
  edges { cursor node { id title status category priority createdAt updatedAt } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} }"""
_AFTER: Final = encode_cursor("updatedAt", "desc", "2026-01-03T12:00:00", 1801)
# A variable that nobody declared: in each request another number of as many digits, so that none is like one before.
_NUMBER: Final = 1_000_000_000
_WARM_UP: Final = 30


@dataclass(frozen=True)
class Question:
    """A name, the bytes of the request, and how many requests are measured."""

    name: str
    request: bytes
    requests: int
    _numbers: Iterator[int] = field(default_factory=partial(count, _NUMBER), compare=False)

    def another(self) -> bytes:
        """The bytes of the next request."""
        return self.request.replace(b"%d" % _NUMBER, b"%d" % next(self._numbers))


def questions(token: str, requests: int) -> list[Question]:
    """What is asked; `requests` of the cheapest, a tenth of those that ask a database."""
    by_id = {"x-om-operation-id": "get_zi_score"}
    listed = {"x-om-operation-id": "list_action_items"}
    fifty = {"variables": {"first": 50}}
    another = {"query": _PAGE, "variables": {"after": _AFTER, "request": _NUMBER}}
    return [
        Question("hot get_zi_score", _post(token, {}, by_id), requests),
        Question("list_action_items, first 50", _post(token, fifty, listed), requests // 10),
        Question("ad hoc: five fields of 50 items", _post(token, {"query": _ADHOC}, {}), requests // 10),
        Question("page of 50 items, each another", _post(token, another, {}), requests // 10),
    ]


def _post(token: str, body: dict[str, Any], headers: dict[str, str]) -> bytes:
    content = json.dumps(body).encode()
    all_headers = {
        "host": "thirdeye", "content-type": "application/json", "authorization": f"Bearer {token}", **headers,
        "content-length": str(len(content)),
    }  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
    return f"POST {_GRAPHQL} HTTP/1.1\r\n{lines}\r\n".encode() + content


@asynccontextmanager
async def answering(settings: dict[str, Any], asked: list[Question]) -> AsyncIterator[MemoryConnection]:
    """A connection to the real application, which has been asked everything often enough to know it."""
    _log_to_nowhere()
    app = create_app(load_settings(_env_file=None, **settings), deadlines=LONG_DEADLINES)
    async with app.router.lifespan_context(app):
        connection = MemoryConnection(app)
        while b'"capturedAt"' not in (answer := await connection.ask(asked[0].request)):
            if b" 200 " not in answer[:20] and b" 503 " not in answer[:20]:
                sys.exit(f"nothing measured: {answer[:500]!r}")
            await asyncio.sleep(0.2)
        for question in asked:
            for _ in range(_WARM_UP):
                answer = await connection.ask(question.another())
            if b" 200 " not in answer[:20] or b'"errors"' in answer:
                sys.exit(f"nothing measured, {question.name}: {answer[:500]!r}")
        keep_what_is_made()
        yield connection
        connection.close()


def _log_to_nowhere() -> None:
    """The lines of production, written with its system calls, to where they take no place."""
    stdout, sys.stdout = sys.stdout, Path("/dev/null").open("w")  # noqa: SIM115  for as long as the process
    try:
        configure_logging("INFO")
    finally:
        sys.stdout = stdout
