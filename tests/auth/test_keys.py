"""Key sets from a real HTTP server that rotates, breaks and goes away."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from thirdeye.auth.authenticator import Authenticator, IdentityProvider
from thirdeye.auth.keys import RemoteKeySet
from thirdeye.auth.tokens import TokenRules
from thirdeye.errors import Unauthenticated, Unavailable
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = TokenRules(
    algorithms=("RS256",), issuers=frozenset({"open-metadata.org"}), audiences=frozenset({"openmetadata"})
)


class KeyServer:
    """Serves `body` with `status` at one address and counts the requests."""

    def __init__(self) -> None:
        self.body: bytes = b""
        self.status = 200
        self.requests = 0
        self._server: asyncio.Server | None = None
        self.url = ""

    def serve(self, *entries: Any) -> None:
        self.body = json.dumps({"keys": entries}).encode()

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/keys"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + self.body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()


class Monotonic:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    server = KeyServer()
    await server.start()
    yield server
    await server.stop()


def authenticator(server: KeyServer, monotonic: Monotonic) -> Authenticator:
    return Authenticator(
        providers=[IdentityProvider(key_source=RemoteKeySet(server.url, monotonic=monotonic), rules=RULES)],
        clock=lambda: NOW,
    )


async def test_keys_are_fetched_once_and_one_bad_entry_spoils_nothing(server: KeyServer, signer: Signer) -> None:
    server.serve({"kty": "RSA", "n": "!"}, None, 5, {"kty": "oct", "k": "x", "kid": "s"}, signer.jwk())
    auth = authenticator(server, Monotonic())
    for _ in range(3):
        assert (await auth.authenticate(signer.token())).name == "admin"
    assert server.requests == 1
    await auth.stop()


async def test_an_unknown_kid_is_asked_for_at_most_every_five_seconds(server: KeyServer, signer: Signer) -> None:
    server.serve(signer.jwk())
    monotonic = Monotonic()
    auth = authenticator(server, monotonic)
    await auth.authenticate(signer.token())
    fresh = Signer.generate()
    token = fresh.token(header={"kid": "next"})
    for _ in range(5):
        with pytest.raises(Unauthenticated, match="unknown key"):
            await auth.authenticate(token)
    assert server.requests == 1
    monotonic.now += 10
    server.serve(fresh.jwk(kid="next"))
    results = await asyncio.gather(*(auth.authenticate(token) for _ in range(20)))
    assert len(results) == 20
    assert server.requests == 2
    # What is gone from the set is not believed any more, not even from memory.
    with pytest.raises(Unauthenticated):
        await auth.authenticate(signer.token())
    assert auth.cached(signer.token()) is None
    await auth.stop()


async def test_old_keys_are_kept_while_the_source_is_away_or_talks_junk(server: KeyServer, signer: Signer) -> None:
    server.serve(signer.jwk())
    monotonic = Monotonic()
    auth = authenticator(server, monotonic)
    await auth.authenticate(signer.token())
    for status, body in ((500, b""), (200, b"junk"), (200, b"[]"), (200, b'{"keys": []}'), (200, b"x" * 300_000)):
        server.status, server.body = status, body
        monotonic.now += 400
        assert (await auth.authenticate(signer.token())).name == "admin"
    assert server.requests == 6
    await server.stop()
    monotonic.now += 400
    assert (await auth.authenticate(signer.token())).name == "admin"
    await auth.stop()
    await server.start()


async def test_before_the_first_key_nothing_can_be_known(server: KeyServer, signer: Signer) -> None:
    server.status = 500
    monotonic = Monotonic()
    auth = authenticator(server, monotonic)
    for _ in range(3):
        with pytest.raises(Unavailable, match="key set"):
            await auth.authenticate(signer.token())
    assert server.requests == 1
    server.status = 200
    server.serve(signer.jwk())
    monotonic.now += 10
    assert (await auth.authenticate(signer.token())).name == "admin"
    await auth.stop()


async def test_a_token_without_kid_is_tried_with_every_key(server: KeyServer, signer: Signer) -> None:
    server.serve(Signer.generate().jwk(kid="a"), signer.jwk(kid="b"))
    auth = authenticator(server, Monotonic())
    assert (await auth.authenticate(signer.token(header={"kid": ...}))).name == "admin"
    with pytest.raises(Unauthenticated, match="signature"):
        await auth.authenticate(Signer.generate().token(header={"kid": ...}))
    await auth.stop()
