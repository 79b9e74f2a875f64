"""Key sets from a real HTTP server that rotates, breaks and goes away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.clocks import Monotonic
from tests.support.http_server import HTTPServer, key_set
from tests.support.tokens import NOW, RULES
from thirdeye.auth.authenticator import Authenticator, IdentityProvider
from thirdeye.auth.keys import RemoteKeySet
from thirdeye.errors import Unauthenticated, Unavailable
from thirdeye.local.tokens import Signer

pytestmark = pytest.mark.anyio


class KeyServer(HTTPServer):
    """Serves `body` with `status`."""

    body = b""
    status = 200

    def serve(self, *entries: Any) -> None:
        self.body = key_set(entries)

    async def respond(self, path: str, head: str) -> tuple[int, bytes]:
        return self.status, self.body


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    server = KeyServer()
    await server.start()
    yield server
    await server.stop()


def authenticator(server: KeyServer, monotonic: Monotonic) -> Authenticator:
    return Authenticator(
        providers=[
            IdentityProvider(key_source=RemoteKeySet(server.url, monotonic=monotonic, timeout=PATIENCE), rules=RULES)
        ],
        clock=lambda: NOW,
    )


async def test_keys_are_fetched_once_and_one_bad_entry_spoils_nothing(server: KeyServer, signer: Signer) -> None:
    server.serve({"kty": "RSA", "n": "!"}, None, 5, {"kty": "oct", "k": "x", "kid": "s"}, signer.jwk())
    auth = authenticator(server, Monotonic())
    assert auth.key_age() == float("inf")
    for _ in range(3):
        assert (await auth.authenticate(signer.token())).name == "admin"
    assert (len(server.requests), auth.key_age()) == (1, 0)
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
    assert len(server.requests) == 1
    monotonic.now += 10
    server.serve(fresh.jwk(kid="next"))
    results = await asyncio.gather(*(auth.authenticate(token) for _ in range(20)))
    assert len(results) == 20
    assert len(server.requests) == 2
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
    assert len(server.requests) == 6
    await server.stop()
    monotonic.now += 400
    assert (await auth.authenticate(signer.token())).name == "admin"
    await auth.stop()


async def test_before_the_first_key_nothing_can_be_known(server: KeyServer, signer: Signer) -> None:
    server.status = 500
    monotonic = Monotonic()
    auth = authenticator(server, monotonic)
    for _ in range(3):
        with pytest.raises(Unavailable, match="key set"):
            await auth.authenticate(signer.token())
    assert len(server.requests) == 1
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
