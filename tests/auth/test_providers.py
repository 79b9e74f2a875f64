"""Whose tokens are taken: OM and other providers by their own key sets, and what OM does not take any more."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from tests.support import tokens as by_hand
from thirdeye.auth.authenticator import Authenticator, build_authenticator
from thirdeye.auth.revocation import RevocationCheck
from thirdeye.auth.tokens import verified_claims
from thirdeye.errors import Unauthenticated, Unavailable
from thirdeye.settings import SettingsInvalid, load_settings

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COMPANY = by_hand.new_key()


class Server:
    """OM and a company's provider on one real HTTP server: key sets, and `loggedInUser`."""

    def __init__(self) -> None:
        self.status = 200
        self.delay = 0.0
        self.asked: list[str] = []
        self._answering: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        try:
            await self._do_answer(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()
            self._answering.discard(task)

    async def _do_answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ")[1]
        status, body = 200, b"{}"
        if path == "/om/keys":
            body = json.dumps({"keys": [by_hand.om_entry()]}).encode()
        elif path == "/company/keys":
            body = json.dumps({"keys": [by_hand.om_entry(COMPANY)]}).encode()
        else:
            self.asked.append(path)
            await asyncio.sleep(self.delay)
            status = self.status
            assert "bearer ey" in head.lower()
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._answering):
            task.cancel()
        await asyncio.gather(*self._answering)
        await asyncio.sleep(0)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    await made.start()
    yield made
    await made.stop()


def company_token(**claims: Any) -> str:
    return by_hand.make_token(
        key=COMPANY, **{"iss": "https://login.example.com", "aud": "thirdeye", "sub": "ann", **claims}
    )


async def test_two_providers_each_by_its_own_keys(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = {
        "jwks_url": f"{server.base}/company/keys",
        "issuers": ["https://login.example.com"],
        "audiences": ["thirdeye"],
    }
    monkeypatch.setenv("JWT_PROVIDERS", json.dumps([provider]))
    settings = load_settings(_env_file=None, jwt_jwks_url=f"{server.base}/om/keys")
    made = build_authenticator(settings, lambda: NOW)
    assert isinstance(made, Authenticator)
    assert (await made.authenticate(by_hand.make_token())).name == "admin"
    assert (await made.authenticate(company_token())).name == "ann"
    # Both sets have a key of the same id; that of the other provider is never tried.
    for token in (
        by_hand.make_token(iss="https://login.example.com", aud="thirdeye"),
        company_token(iss="open-metadata.org"),
    ):
        with pytest.raises(Unauthenticated, match="does not verify"):
            await made.authenticate(token)
    with pytest.raises(Unauthenticated, match="somebody else"):
        await made.authenticate(company_token(aud=...))
    await made.stop()


@pytest.mark.parametrize(
    ("providers", "word"),
    [
        ([{"jwks_url": "ftp://x", "issuers": ["a"], "audiences": ["b"]}], "http"),
        ([{"jwks_url": "http://x", "issuers": [], "audiences": ["b"]}], "JWT_PROVIDERS"),
        ([{"jwks_url": "http://x", "issuers": ["a"], "audiences": []}], "JWT_PROVIDERS"),
        ([{"jwks_url": "http://x", "issuers": ["a"], "audiences": ["b"], "algorithms": ["HS256"]}], "algorithms"),
        ([{"jwks_url": "http://x", "issuers": ["a"], "audiences": ["b"], "audience": "c"}], "JWT_PROVIDERS"),
        ([{"jwks_url": "http://x", "issuers": ["open-metadata.org"], "audiences": ["b"]}], "once"),
    ],
)
def test_providers_that_cannot_be(providers: list[dict[str, Any]], word: str) -> None:
    with pytest.raises(SettingsInvalid, match=word):
        load_settings(_env_file=None, jwt_public_key=by_hand.public_pem(), jwt_providers=providers)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"rate_limit": "many"}, "RATE_LIMIT"),
        ({"rate_limit": "0/minute"}, "RATE_LIMIT"),
        ({"rate_limit": "5/fortnight"}, "RATE_LIMIT"),
        ({"cors_origins": ["*"]}, "CORS_ORIGINS"),
        ({"cors_origins": ["https://x/path"]}, "CORS_ORIGINS"),
        ({"cors_origins": ["null"]}, "CORS_ORIGINS"),
        ({"max_requests": 0}, "MAX_REQUESTS"),
        ({"jwt_revocation": "fail-open"}, "JWT_REVOCATION_URL"),
        ({"jwt_revocation": "maybe"}, "JWT_REVOCATION"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, Any], word: str) -> None:
    with pytest.raises(SettingsInvalid, match=word):
        load_settings(_env_file=None, jwt_public_key=by_hand.public_pem(), **given)


class Monotonic:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def checked(server: Server, mode: Any, monotonic: Monotonic) -> Authenticator:
    settings = load_settings(_env_file=None, jwt_jwks_url=f"{server.base}/om/keys")
    made = build_authenticator(settings, lambda: NOW)
    assert isinstance(made, Authenticator)
    made._revocation = RevocationCheck(f"{server.base}/api/v1/users/loggedInUser", mode, monotonic=monotonic)
    return made


async def test_om_is_asked_once_a_minute_for_each_token(server: Server) -> None:
    monotonic = Monotonic()
    made = checked(server, "fail-open", monotonic)
    token = by_hand.make_token()
    await asyncio.gather(*(made.authenticate(token) for _ in range(20)))
    assert made.cached(token) is not None
    assert server.asked == ["/api/v1/users/loggedInUser"]
    await made.authenticate(by_hand.make_token(sub="other"))
    assert len(server.asked) == 2
    monotonic.now += 61
    # Due again: the memory alone does not let it pass.
    assert made.cached(token) is None
    await made.authenticate(token)
    assert (made.cached(token) is not None, len(server.asked)) == (True, 3)
    await made.stop()


@pytest.mark.parametrize("mode", ["fail-open", "fail-closed"])
async def test_what_om_refuses_is_refused_and_stays_so(server: Server, mode: str) -> None:
    monotonic = Monotonic()
    made = checked(server, mode, monotonic)
    token = by_hand.make_token()
    await made.authenticate(token)
    server.status = 401
    monotonic.now += 61
    with pytest.raises(Unauthenticated, match="sign in again"):
        await made.authenticate(token)
    # Away now, and what is known counts on.
    server.status = 500
    monotonic.now += 61
    with pytest.raises(Unauthenticated, match="sign in again"):
        await made.authenticate(token)
    assert made.cached(token) is None
    await made.stop()


@pytest.mark.parametrize(("status", "delay"), [(500, 0.0), (302, 0.0), (404, 0.0), (200, 3.0)])
async def test_while_om_cannot_be_asked_the_setting_says_what_happens(
    server: Server, status: int, delay: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thirdeye.auth.revocation._TIMEOUT", 0.2)
    server.status, server.delay = status, delay
    monotonic = Monotonic()
    opened, closed = checked(server, "fail-open", monotonic), checked(server, "fail-closed", monotonic)
    token = by_hand.make_token()
    with structlog.testing.capture_logs() as logs:
        assert (await opened.authenticate(token)).name == "admin"
        with pytest.raises(Unavailable, match="cannot be asked"):
            await closed.authenticate(token)
    assert [entry["event"] for entry in logs] == ["revocation_unknown"] * 2
    asked = len(server.asked)
    for number in range(5):
        # Left alone for a while: nobody waits for it.
        assert (await opened.authenticate(by_hand.make_token(sub=f"u{number}"))).name == f"u{number}"
    assert len(server.asked) == asked
    server.status, server.delay = 200, 0.0
    monotonic.now += 6
    assert (await closed.authenticate(token)).name == "admin"
    for each in (opened, closed):
        await each.stop()


async def test_a_token_that_is_not_valid_yet_passes_as_soon_as_it_is(server: Server) -> None:
    now = [NOW.timestamp()]
    settings = load_settings(_env_file=None, jwt_jwks_url=f"{server.base}/om/keys")
    made = build_authenticator(settings, lambda: datetime.fromtimestamp(now[0], UTC))
    assert isinstance(made, Authenticator)
    token = by_hand.make_token(nbf=int(now[0]) + 35)
    for later, accepted in ((0, False), (4.5, False), (0.5, True)):
        now[0] += later
        if accepted:
            await made.authenticate(token)
        else:
            with pytest.raises(Unauthenticated, match="not valid yet"):
                await made.authenticate(token)
    await made.stop()


async def test_what_is_refused_for_good_is_refused_again_without_a_look_and_looked_at_again_later(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, looks = [NOW.timestamp()], []
    settings = load_settings(_env_file=None, jwt_jwks_url=f"{server.base}/om/keys")
    made = build_authenticator(settings, lambda: datetime.fromtimestamp(now[0], UTC))
    assert isinstance(made, Authenticator)

    def look(*given: Any) -> Any:
        looks.append(given[0])
        return verified_claims(*given)

    monkeypatch.setattr("thirdeye.auth.authenticator.verified_claims", look)
    token = by_hand.make_token(exp=int(now[0]) - 60)
    # Also when the clock is set back to before it: then it is another question.
    for later, looked in ((0, 1), (9, 1), (2, 2), (-3600, 3)):
        now[0] += later
        refused = now[0] >= NOW.timestamp()
        if refused:
            with pytest.raises(Unauthenticated, match="expired"):
                await made.authenticate(token)
        else:
            assert (await made.authenticate(token)).name == "admin"
        assert len(looks) == looked
    await made.stop()
