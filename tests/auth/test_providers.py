"""Whose tokens are taken: OM and other providers by their own key sets, and what OM does not take any more."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from tests.support import PATIENCE
from tests.support import tokens as by_hand
from tests.support.clocks import Monotonic
from tests.support.http_server import HTTPServer, key_set
from tests.support.tokens import NOW
from thirdeye.auth.authenticator import Authenticator, build_authenticator
from thirdeye.auth.revocation import RevocationCheck
from thirdeye.auth.tokens import verified_claims
from thirdeye.errors import Unauthenticated, Unavailable
from thirdeye.settings import SettingsInvalid, load_settings

pytestmark = pytest.mark.anyio
COMPANY = by_hand.new_key()


class Server(HTTPServer):
    """OM and a company's provider: key sets, and OM's `loggedInUser`, which does not answer while `hanging`."""

    status = 200
    hanging = False

    async def respond(self, path: str, head: str) -> tuple[int, bytes]:
        if path == "/om/keys":
            return 200, key_set([by_hand.om_entry()])
        if path == "/company/keys":
            return 200, key_set([by_hand.om_entry(COMPANY)])
        assert path == "/api/v1/users/loggedInUser"
        assert "bearer ey" in head.lower()
        if self.hanging:
            await asyncio.Event().wait()
        return self.status, b"{}"

    @property
    def checks(self) -> int:
        """How often OM was asked about a token."""
        return self.requests.count("/api/v1/users/loggedInUser")


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
        "principal_domains": ["example.com"],
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


def checked(server: Server, mode: Any, monotonic: Monotonic, *, timeout: float = PATIENCE) -> Authenticator:
    settings = load_settings(_env_file=None, jwt_jwks_url=f"{server.base}/om/keys")
    made = build_authenticator(settings, lambda: NOW)
    assert isinstance(made, Authenticator)
    url = f"{server.base}/api/v1/users/loggedInUser"
    made._revocation = RevocationCheck(url, mode, monotonic=monotonic, timeout=timeout)
    return made


async def test_om_is_asked_once_a_minute_for_each_token(server: Server) -> None:
    monotonic = Monotonic()
    made = checked(server, "fail-open", monotonic)
    token = by_hand.make_token()
    await asyncio.gather(*(made.authenticate(token) for _ in range(20)))
    assert made.cached(token) is not None
    assert server.checks == 1
    await made.authenticate(by_hand.make_token(sub="other"))
    assert server.checks == 2
    monotonic.now += 61
    # Due again: the memory alone does not let it pass.
    assert made.cached(token) is None
    await made.authenticate(token)
    assert (made.cached(token) is not None, server.checks) == (True, 3)
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


@pytest.mark.parametrize(("status", "hanging"), [(500, False), (302, False), (404, False), (200, True)])
async def test_while_om_cannot_be_asked_the_setting_says_what_happens(
    server: Server, status: int, hanging: bool
) -> None:
    server.status, server.hanging = status, hanging
    monotonic, timeout = Monotonic(), 0.05 if hanging else PATIENCE
    opened, closed = (checked(server, mode, monotonic, timeout=timeout) for mode in ("fail-open", "fail-closed"))
    token = by_hand.make_token()
    with structlog.testing.capture_logs() as logs:
        assert (await opened.authenticate(token)).name == "admin"
        with pytest.raises(Unavailable, match="cannot be asked"):
            await closed.authenticate(token)
        for number in range(5):
            # Left alone for a while: nobody waits for it.
            assert (await opened.authenticate(by_hand.make_token(sub=f"u{number}"))).name == f"u{number}"
    assert [entry["event"] for entry in logs] == ["revocation_unknown"] * 2
    await opened.stop()
    await closed.stop()


async def test_om_is_asked_again_after_a_while(server: Server) -> None:
    server.status = 500
    monotonic = Monotonic()
    closed, token = checked(server, "fail-closed", monotonic), by_hand.make_token()
    with pytest.raises(Unavailable, match="cannot be asked"):
        await closed.authenticate(token)
    server.status = 200
    monotonic.now += 6
    assert (await closed.authenticate(token)).name == "admin"
    await closed.stop()


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
