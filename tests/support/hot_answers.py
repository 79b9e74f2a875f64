"""Applications that keep answers, and what they are asked."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.support.api import Api, running
from tests.support.clocks import FixedClock
from thirdeye.graphql.documents import DocumentCache
from thirdeye.graphql.operations import PersistedOperations
from thirdeye.graphql.schema import build_schema
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

MODERN = "application/graphql-response+json"
BY_ID = {"x-om-operation-id": "get_zi_score"}


class Ticks:
    """The seconds by which a process knows how old a version is; they stand still unless a test moves them."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def in_one_piece(app: ASGIApp) -> ASGIApp:
    """The app behind a server that has all of a body at once, as is usual; httpx sends its end by itself."""

    async def passes_on(scope: Scope, receive: Receive, send: Send) -> None:
        pieces = []
        while (message := await receive()).get("more_body"):
            pieces.append(message["body"])

        async def receive_all() -> Message:
            return {"type": "http.request", "body": b"".join(pieces), "more_body": False}

        await app(scope, receive_all, send)

    return passes_on


@asynccontextmanager
async def answering(settings: Settings, signer: Signer, clock: FixedClock) -> AsyncIterator[Api]:
    async with running(settings, signer, clock) as api:
        transport = httpx.ASGITransport(app=in_one_piece(api.app), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://t", headers=api.client.headers) as client:
            yield replace(api, client=client)


def hits(metrics: str) -> int:
    found = re.search(r'thirdeye_cache_requests_total\{level="answer",result="hit"\} (\d+)', metrics)
    return int(found[1]) if found else 0


async def metrics_of(api: Api) -> str:
    return (await api.client.get("/metrics")).text


@asynccontextmanager
async def in_two_ways(settings: Settings, signer: Signer, clock: FixedClock) -> AsyncIterator[tuple[Api, Api]]:
    """One API that keeps answers and one that works each out, over the same data."""
    without = settings.model_copy(update={"hot_answers": False})
    async with answering(settings, signer, clock) as hot, answering(without, signer, clock) as slow:
        yield hot, slow


def questions() -> list[tuple[str, dict[str, str], bytes | None]]:
    """Name, headers and body (None: a GET) of what is asked: every persisted query, and the score in all ways."""
    documents = DocumentCache(build_schema(), playground=False)
    operations = PersistedOperations(documents)
    plain = {"content-type": "application/json"}
    asked: list[tuple[str, dict[str, str], bytes | None]] = []
    for name in operations:
        (kind,) = operations.find(name).operations.values()
        if kind.value == "query":
            asked.append((name, {**plain, "x-om-operation-id": name}, b"{}"))
    score, text = {**plain, **BY_ID}, b'{"query": "{ ziScore { score stale capturedAt } }"}'
    tag = {"accept": MODERN, **BY_ID}
    return [
        *asked,
        ("no body", BY_ID, b""),
        ("modern", {**score, "accept": MODERN}, b"{}"),
        ("not acceptable", {**score, "accept": "text/html"}, b"{}"),
        ("another type", {**score, "content-type": "text/plain"}, b"{}"),
        ("named", score, b'{"operationName": "get_zi_score"}'),
        ("named wrongly", score, b'{"operationName": "other"}'),
        ("no JSON", score, b"{"),
        ("a bad key", {**score, "idempotency-key": "\t"}, b"{}"),
        ("by document id", plain, b'{"documentId": "get_zi_score"}'),
        ("two ids", score, b'{"documentId": "get_estate"}'),
        ("ad hoc", plain, text),
        ("GET", tag, None),
        ("GET of what is known", {**tag, "if-none-match": "*, W/\"nothing\""}, None),
        ("GET without a type", {"accept": "*/*", **BY_ID}, None),
    ]  # fmt: skip


def told(metrics: str) -> list[str]:
    """How often each operation was run and each route was asked, as alerts see it."""
    counted = r"thirdeye_(http_requests_total|graphql_\w+_total|http_request_seconds_count)\{.*"
    return sorted(line[0] for line in re.finditer(counted, metrics))
