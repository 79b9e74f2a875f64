"""The middleware as an ASGI server would call it."""

import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from tests.support import tokens as by_hand
from tests.support.tokens import NOW
from thirdeye.auth import build_authenticator
from thirdeye.auth.authenticator import DevelopmentAuthenticator
from thirdeye.auth.identity import Identity
from thirdeye.auth.middleware import AuthenticationMiddleware, known_caller
from thirdeye.auth.principal import DEVELOPMENT_ADMINISTRATOR, Principal
from thirdeye.errors import Unavailable
from thirdeye.request_state import request_state
from thirdeye.settings import load_settings

pytestmark = pytest.mark.anyio


class Behind:
    """What the middleware protects: remembers the scopes that came through."""

    def __init__(self) -> None:
        self.seen: list[MutableMapping[str, Any]] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        self.seen.append(scope)


async def no_body() -> MutableMapping[str, Any]:
    raise AssertionError("a refused request is answered without reading its body")


async def call(scope: dict[str, Any], authenticator: Any = None, **settings: Any) -> tuple[Behind, list[Any]]:
    if authenticator is None:
        given = settings or {"jwt_public_key": by_hand.public_pem()}
        authenticator = build_authenticator(load_settings(_env_file=None, **given), lambda: NOW)
    behind, sent = Behind(), []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    middleware = AuthenticationMiddleware(
        behind, authenticator=authenticator, is_public=lambda scope: scope["path"] == "/health"
    )
    await middleware(scope, no_body, send)
    return behind, sent


def request(*authorizations: str, path: str = "/private") -> dict[str, Any]:
    headers = [(b"authorization", value.encode("latin-1")) for value in authorizations]
    return {"type": "http", "method": "POST", "path": path, "headers": headers}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
async def test_the_scheme_in_any_case(scheme: str) -> None:
    behind, sent = await call(request(f"{scheme} {by_hand.make_token()}"))
    assert sent == []
    (scope,) = behind.seen
    principal = request_state(scope).principal
    assert principal is not None
    assert principal.name == "admin"
    assert "user" not in scope


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        ("Bearer",),
        ("Bearer ",),
        ("Basic YWRtaW46YWRtaW4=",),
        (by_hand.make_token(),),
        (f"Bearer {by_hand.make_token()}", f"Bearer {by_hand.make_token()}"),
        (f"Bearer {by_hand.make_token()}", "Basic x"),
        (f"Bearer {by_hand.make_token()}, Bearer {by_hand.make_token()}",),
        (f"Bearer {by_hand.make_token()} x",),
        ("Bearer \xe4\xff",),
        ("Bearer " + "a" * 60_000,),
    ],
)
async def test_refusals_have_oms_shape(values: tuple[str, ...]) -> None:
    behind, (start, body) = await call(request(*values))
    assert behind.seen == []
    headers = dict(start["headers"])
    assert start["status"] == 401
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"www-authenticate"].startswith(b"Bearer")
    assert headers[b"content-length"] == str(len(body["body"])).encode()
    answer = json.loads(body["body"])
    assert answer.keys() == {"code", "message", "timestamp"}
    assert answer["code"] == 401
    assert "eyJ" not in answer["message"]


async def test_503_while_nobody_can_know() -> None:
    class Away:
        def cached(self, token: str) -> None:
            return None

        async def authenticate(self, token: str) -> Any:
            raise Unavailable("tokens cannot be verified at the moment")

    behind, (start, body) = await call(request("Bearer a.b.c"), Away())
    assert behind.seen == []
    assert start["status"] == json.loads(body["body"])["code"] == 503
    assert b"www-authenticate" not in dict(start["headers"])


async def test_what_is_public_needs_no_token_and_has_no_principal() -> None:
    behind, sent = await call(request(path="/health"))
    assert sent == []
    assert request_state(behind.seen[0]).principal is None


async def test_a_principal_put_there_before_does_not_help() -> None:
    scope = request()
    request_state(scope).principal = Principal(name="anybody")
    behind, (start, _) = await call(scope)
    assert behind.seen == []
    assert start["status"] == 401


async def test_lifespan_passes_and_websockets_are_closed() -> None:
    behind, sent = await call({"type": "lifespan"})
    assert behind.seen == [{"type": "lifespan"}]
    assert sent == []
    behind, sent = await call({"type": "websocket", "path": "/health", "headers": []})
    assert behind.seen == []
    assert [message["type"] for message in sent] == ["websocket.close"]


async def test_without_checks_everybody_is_the_development_administrator() -> None:
    for values in ((), ("Bearer junk",)):
        behind, sent = await call(request(*values), jwt_enabled=False, environment="development")
        assert sent == []
        principal = request_state(behind.seen[0]).principal
        assert principal is not None
        assert "Admin" in principal.roles


async def test_who_is_known_without_waiting() -> None:
    token, given = by_hand.make_token(), load_settings(_env_file=None, jwt_public_key=by_hand.public_pem())
    authenticator = build_authenticator(given, lambda: NOW)
    asked = request(f"Bearer {token}")
    assert known_caller(authenticator, asked) is None
    principal = await authenticator.authenticate(token)
    assert known_caller(authenticator, asked) is principal
    for refused in (request(), request("Basic x"), request(f"Bearer {token}", f"Bearer {token}"), request("Bearer x")):
        assert known_caller(authenticator, refused) is None
    assert known_caller(DevelopmentAuthenticator(), request()) is DEVELOPMENT_ADMINISTRATOR


async def test_whom_another_provider_names_is_looked_up_first(monkeypatch: pytest.MonkeyPatch) -> None:
    named = Principal(
        name="ann", identity=Identity(issuer="x", claim="sub", value="ann", name="ann", email=None, label="")
    )
    authenticator = build_authenticator(load_settings(_env_file=None, jwt_public_key=by_hand.public_pem()), lambda: NOW)
    monkeypatch.setattr(authenticator, "cached", lambda _: named)
    assert known_caller(authenticator, request("Bearer x")) is None
