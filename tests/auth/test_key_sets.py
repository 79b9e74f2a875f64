"""Key sets under load and misfortune: herds, slow sources, secrets in the URL, sets that did not change."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import structlog

from tests.support import PATIENCE
from tests.support import tokens as by_hand
from tests.support.clocks import Monotonic
from tests.support.http_server import HTTPServer, key_set
from tests.support.tokens import NOW, RULES
from thirdeye.auth.authenticator import Authenticator, IdentityProvider, build_authenticator
from thirdeye.auth.keys import RemoteKeySet
from thirdeye.errors import Unauthenticated, Unavailable
from thirdeye.settings import load_settings

pytestmark = pytest.mark.anyio


class Source(HTTPServer):
    """Serves `entries`; while `open` is clear it takes requests and does not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Any] = [by_hand.om_entry()]
        self.asked = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        # Where it redirects to.
        self.moved = ""

    async def respond(self, path: str, head: str) -> tuple[int, bytes]:
        self.asked.set()
        await self.open.wait()
        return (302, self.moved.encode()) if self.moved else (200, key_set(self.entries))


@pytest.fixture
async def source() -> AsyncIterator[Source]:
    source = Source()
    await source.start()
    yield source
    await source.stop()


def remote_keys(url: str, monotonic: Monotonic, **more: Any) -> RemoteKeySet:
    return RemoteKeySet(url, monotonic=monotonic, timeout=PATIENCE, **more)


def authenticator(keys: RemoteKeySet) -> Authenticator:
    return Authenticator(providers=[IdentityProvider(key_source=keys, rules=RULES)], clock=lambda: NOW)


async def test_a_herd_at_the_start_makes_one_request(source: Source) -> None:
    auth = authenticator(remote_keys(source.url, Monotonic()))
    source.open.clear()
    herd = [asyncio.create_task(auth.authenticate(by_hand.make_token(sub=f"user{n}"))) for n in range(50)]
    await source.asked.wait()
    source.open.set()
    assert {principal.name for principal in await asyncio.gather(*herd)} == {f"user{n}" for n in range(50)}
    assert len(source.requests) == 1
    await auth.stop()


async def test_a_slow_source_is_waited_for_by_one_request_only(source: Source) -> None:
    monotonic = Monotonic()
    auth = authenticator(remote_keys(source.url, monotonic))
    await auth.authenticate(by_hand.make_token())
    source.open.clear()
    source.asked.clear()
    monotonic.now += 301
    waiting = asyncio.create_task(auth.authenticate(by_hand.make_token(sub="first")))
    await source.asked.wait()
    # The source has not answered, and yet everybody else goes on with the keys at hand.
    assert (await auth.authenticate(by_hand.make_token(sub="second"))).name == "second"
    assert not waiting.done()
    source.open.set()
    assert (await waiting).name == "first"
    assert len(source.requests) == 2
    await auth.stop()


async def test_a_set_that_did_not_change_leaves_the_memory_alone(source: Source) -> None:
    monotonic = Monotonic()
    auth = authenticator(remote_keys(source.url, monotonic))
    token = by_hand.make_token()
    await auth.authenticate(token)
    monotonic.now += 10
    with pytest.raises(Unauthenticated, match="unknown key"):
        await auth.authenticate(by_hand.make_token(header={"kid": "made up"}))
    assert len(source.requests) == 2
    assert auth.cached(token) is not None
    await auth.stop()


async def test_a_key_replaced_under_the_same_kid_is_gone_at_once(source: Source) -> None:
    monotonic = Monotonic()
    keys = remote_keys(source.url, monotonic)
    auth = authenticator(keys)
    token, fresh = by_hand.make_token(), by_hand.new_key()
    await auth.authenticate(token)
    source.entries = [by_hand.om_entry(fresh)]
    monotonic.now += 301
    # Not by way of the authenticator: its memory must notice by itself.
    await keys.keys(by_hand.KEY_ID)
    assert auth.cached(token) is None
    with pytest.raises(Unauthenticated, match="signature"):
        await auth.authenticate(token)
    assert (await auth.authenticate(by_hand.make_token(key=fresh))).name == "admin"
    await auth.stop()


async def test_credentials_in_the_url_are_not_logged(source: Source) -> None:
    url = source.url.replace("//", "//reader:hunter2@") + "?key=hunter3"
    source.entries = [{"kty": "oct"}]
    with structlog.testing.capture_logs() as logs:
        auth = authenticator(remote_keys(url, Monotonic()))
        with pytest.raises(Unavailable):
            await auth.authenticate(by_hand.make_token())
        await auth.stop()
    assert {"key_ignored", "key_set_empty"} <= {entry["event"] for entry in logs}
    assert "127.0.0.1" in repr(logs)
    assert "hunter" not in repr(logs)


async def test_oms_public_default_key_in_a_set_is_refused_or_reported(source: Source) -> None:
    default = by_hand.om_entry(n=by_hand.om_modulus(by_hand.default_modulus()), kid="default")
    source.entries = [default, by_hand.om_entry()]
    for allowed, event in ((True, "default_key"), (False, "default_key_refused")):
        with structlog.testing.capture_logs() as logs:
            auth = authenticator(remote_keys(source.url, Monotonic(), allow_default=allowed))
            assert (await auth.authenticate(by_hand.make_token())).name == "admin"
            with pytest.raises(Unauthenticated, match="does not verify" if allowed else "ships with OpenMetadata"):
                await auth.authenticate(by_hand.make_token(header={"kid": "default"}))
            await auth.stop()
        assert [entry["event"] for entry in logs] == [event]


async def test_a_set_of_nothing_but_the_default_key_is_known_to_hold_no_key(source: Source) -> None:
    source.entries = [by_hand.om_entry(n=by_hand.om_modulus(by_hand.default_modulus()))]
    auth = authenticator(remote_keys(source.url, Monotonic()))
    with pytest.raises(Unauthenticated, match="ships with OpenMetadata"):
        await auth.authenticate(by_hand.make_token())
    await auth.stop()


async def test_a_set_is_kept_fresh_without_anybody_asking(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thirdeye.auth.keys._COOL_DOWN", 0.01)
    monotonic = Monotonic()
    auth = authenticator(remote_keys(source.url, monotonic))
    await auth.start()
    await source.asked.wait()
    source.asked.clear()
    token = by_hand.make_token()
    await auth.authenticate(token)
    assert auth.cached(token) is not None
    # The key is withdrawn: what it signed is forgotten with the next look, although no request came to it.
    source.entries = [by_hand.om_entry(kid="other")]
    monotonic.now += 301
    await source.asked.wait()
    while auth.cached(token) is not None:
        await asyncio.sleep(0.001)
    with pytest.raises(Unauthenticated, match="unknown key"):
        await auth.authenticate(token)
    await auth.stop()


async def test_a_set_that_is_too_large_is_no_set(source: Source) -> None:
    source.entries = [by_hand.om_entry(), "x" * 262_144]
    auth = authenticator(remote_keys(source.url, Monotonic()))
    with pytest.raises(Unavailable):
        await auth.authenticate(by_hand.make_token())
    await auth.stop()


async def test_an_address_that_is_none_is_no_internal_error() -> None:
    auth = authenticator(remote_keys("http://127.0.0.1:99999999/keys", Monotonic()))
    with pytest.raises(Unavailable):
        await auth.authenticate(by_hand.make_token())
    await auth.stop()


async def test_a_client_that_was_given_is_left_open(source: Source) -> None:
    async with httpx.AsyncClient() as client:
        settings = load_settings(_env_file=None, jwt_jwks_url=source.url)
        auth = build_authenticator(settings, lambda: NOW, http_client=client)
        assert (await auth.authenticate(by_hand.make_token())).name == "admin"
        await auth.stop()
        assert not client.is_closed


async def test_a_bounded_number_of_keys_is_tried_for_a_token_without_kid(source: Source) -> None:
    other = by_hand.om_entry(by_hand.new_key())
    token = by_hand.make_token(header={"kid": ...})
    for before, accepted in ((49, True), (50, False)):
        source.entries = [{**other, "kid": str(number)} for number in range(before)] + [by_hand.om_entry()]
        auth = authenticator(remote_keys(source.url, Monotonic()))
        if accepted:
            assert (await auth.authenticate(token)).name == "admin"
        else:
            with pytest.raises(Unauthenticated, match="signature"):
                await auth.authenticate(token)
        await auth.stop()


@pytest.mark.parametrize("moved", ["https://user:secret@login.example.com/keys?token=secret", "/elsewhere/keys"])
async def test_a_set_that_redirects_is_not_followed_and_the_log_says_what_to_do(source: Source, moved: str) -> None:
    source.moved = moved
    auth = authenticator(remote_keys(source.url, Monotonic()))
    with structlog.testing.capture_logs() as logs, pytest.raises(Unavailable, match="key set cannot be reached"):
        await auth.authenticate(by_hand.make_token())
    (entry,) = logs
    where = f"{source.base}/elsewhere/keys" if moved.startswith("/") else "https://login.example.com/keys"
    assert (entry["event"], entry["url"], entry["error"]) == ("key_set_away", source.url, f"redirects to {where}")
    assert "JWT_JWKS_URL" in entry["advice"]
    assert source.requests == ["/keys"]
    await auth.stop()
