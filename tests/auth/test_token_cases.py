"""The matrix: what may be wrong with a token, as one table; by hand, under a true signature where that is possible."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import RSAKey

from tests.support import tokens as by_hand
from tests.support.tokens import CLAIMS, NOW, SECONDS
from thirdeye.auth.authenticator import Authenticator, IdentityProvider
from thirdeye.auth.keys import FixedKey
from thirdeye.auth.middleware import AuthenticationMiddleware
from thirdeye.auth.tokens import Key, TokenRules, key_of_jwk, key_of_pem
from thirdeye.errors import Unauthenticated
from thirdeye.request_state import request_state

pytestmark = pytest.mark.anyio
make = by_hand.make_token


class TwoKeys:
    """A key set of two, found by their ids."""

    generation = 0

    def __init__(self, **keys: Key) -> None:
        self._keys = keys

    async def keys(self, kid: str | None) -> list[Key]:
        return [key for known, key in self._keys.items() if kid in (None, known)]

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


@cache
def company_key() -> rsa.RSAPrivateKey:
    return by_hand.new_key()


def authenticator() -> Authenticator:
    """OM with one key, and a company's provider with another."""
    om = TokenRules(
        algorithms=("RS256",), issuers=frozenset({"open-metadata.org"}), audiences=frozenset({"openmetadata"})
    )
    company = TokenRules(
        algorithms=("RS256", "RS512"),
        issuers=frozenset({"https://login.example.com"}),
        audiences=frozenset({"thirdeye"}),
        audience_required=True,
    )
    return Authenticator(
        providers=[
            IdentityProvider(
                key_source=TwoKeys(**{"by-hand": key_of_pem(by_hand.public_pem()), "é": COMPANY}), rules=om
            ),
            IdentityProvider(key_source=FixedKey(COMPANY, allow_default=False), rules=company),
        ],
        clock=lambda: NOW,
    )


COMPANY = key_of_pem(by_hand.public_pem(company_key()))


def company(**claims: Any) -> str:
    return make(key=company_key(), **{"iss": "https://login.example.com", "aud": "thirdeye", "sub": "ann", **claims})


def hmac_with_public_key(algorithm: str = "HS256") -> str:
    signed = f"{by_hand.encode({'alg': algorithm, 'kid': 'by-hand'})}.{by_hand.encode(CLAIMS)}"
    mac = hmac.new(by_hand.public_pem().encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{by_hand.encode(mac)}"


def unsigned(algorithm: Any, signature: str = "") -> str:
    return f"{by_hand.encode({'alg': algorithm})}.{by_hand.encode(CLAIMS)}.{signature}"


def raw_claims(text: str) -> str:
    return by_hand.sign({"alg": "RS256", "kid": "by-hand"}, text.encode())


def raw_header(text: str) -> str:
    return by_hand.sign(text.encode(), CLAIMS)


def altered(change: Callable[[list[str]], list[str]]) -> str:
    return ".".join(change(make().split(".")))


REFUSED: dict[str, tuple[Callable[[], str], str]] = {
    # algorithm confusion
    "HS256 with the public key as its secret": (hmac_with_public_key, "algorithm"),
    "HS512 with the public key as its secret": (lambda: hmac_with_public_key("HS512"), "algorithm"),
    "none": (lambda: unsigned("none", "AA"), "algorithm"),
    "none without a signature": (lambda: unsigned("none"), "malformed"),
    "None": (lambda: unsigned("None", "AA"), "algorithm"),
    "NONE": (lambda: unsigned("NONE", "AA"), "algorithm"),
    "nOnE": (lambda: unsigned("nOnE", "AA"), "algorithm"),
    "none with a blank": (lambda: unsigned("none ", "AA"), "algorithm"),
    "algorithm empty": (lambda: unsigned("", "AA"), "algorithm"),
    "algorithm null": (lambda: unsigned(None, "AA"), "algorithm"),
    "algorithm absent": (lambda: raw_header('{"kid": "by-hand"}'), "algorithm"),
    "algorithm a list": (lambda: unsigned(["RS256"], "AA"), "algorithm"),
    "algorithm in small letters": (lambda: unsigned("rs256", "AA"), "algorithm"),
    "RS512 where RS256 is pinned": (lambda: make(header={"alg": "RS512"}), "algorithm"),
    "PS256 over an RS256 signature": (lambda: raw_header('{"alg": "PS256", "kid": "by-hand"}'), "algorithm"),
    "ES256 with an RSA key": (lambda: raw_header('{"alg": "ES256", "kid": "by-hand"}'), "algorithm"),
    # keys that the token brings along
    "embedded jwk": (lambda: make(header={"jwk": by_hand.om_entry()}), "malformed"),
    "jku": (lambda: make(header={"jku": "https://evil.example/keys"}), "malformed"),
    "x5u": (lambda: make(header={"x5u": "https://evil.example/cert"}), "malformed"),
    "x5c": (lambda: make(header={"x5c": ["MIIB"]}), "malformed"),
    "crit": (lambda: make(header={"crit": ["exp"]}), "malformed"),
    "b64 false": (lambda: make(header={"b64": False, "crit": ["b64"]}), "malformed"),
    "zip": (lambda: make(header={"zip": "DEF"}), "malformed"),
    # key ids
    "kid of nobody": (lambda: make(header={"kid": "nobody"}), "unknown key"),
    "kid a path": (lambda: make(header={"kid": "../../../../dev/null"}), "unknown key"),
    "kid SQL": (lambda: make(header={"kid": "x' UNION SELECT 'secret"}), "unknown key"),
    "kid a URL": (lambda: make(header={"kid": "https://evil.example/key"}), "unknown key"),
    "kid empty": (lambda: make(header={"kid": ""}), "unknown key"),
    "kid a number": (lambda: make(header={"kid": 1}), "malformed"),
    "kid a list": (lambda: make(header={"kid": ["by-hand"]}), "malformed"),
    "kid of another key": (lambda: make(header={"kid": "é"}), "does not verify"),
    # sizes and shapes
    "a header of 17 KB": (lambda: make(header={"x": "x" * 17_000}), "malformed"),
    "a claim of 17 KB": (lambda: make(x="x" * 17_000), "malformed"),
    "two parts": (lambda: altered(lambda parts: parts[:2]), "malformed"),
    "four parts": (lambda: altered(lambda parts: [*parts, "x"]), "malformed"),
    "five parts, as if encrypted": (lambda: altered(lambda parts: [*parts, "x", "y"]), "malformed"),
    "padding": (lambda: altered(lambda parts: [parts[0] + "=", *parts[1:]]), "malformed"),
    "standard base64": (lambda: altered(lambda parts: [parts[0] + "+/", *parts[1:]]), "malformed"),
    "a line break at its end": (lambda: make() + "\n", "malformed"),
    "JSON serialization": (lambda: json.dumps({"payload": "x", "signatures": []}), "malformed"),
    "header no JSON": (lambda: raw_header("nothing"), "malformed"),
    "header a list": (lambda: raw_header("[]"), "malformed"),
    "header with alg twice": (lambda: raw_header('{"alg": "none", "kid": "by-hand", "alg": "RS256"}'), "malformed"),
    "claims with sub twice": (
        lambda: raw_claims('{"iss": "open-metadata.org", "sub": "ann", "sub": "admin"}'),
        "malformed",
    ),
    "claims with exp twice": (
        lambda: raw_claims('{"iss": "open-metadata.org", "sub": "a", "exp": 1, "exp": 99999999999}'),
        "malformed",
    ),
    "a name twice deeper down": (
        lambda: raw_claims('{"iss": "open-metadata.org", "sub": "a", "x": {"y": 1, "y": 2}}'),
        "malformed",
    ),
    "claims a list": (lambda: raw_claims("[]"), "malformed"),
    "claims nested without end": (lambda: raw_claims('{"x": ' + "[" * 3000 + "]" * 3000 + "}"), "malformed"),
    # signatures
    "another's signature": (lambda: make(key=by_hand.new_key()), "does not verify"),
    "signature cut short": (lambda: altered(lambda parts: [*parts[:2], parts[2][:-6]]), "does not verify"),
    "signature empty": (lambda: altered(lambda parts: [*parts[:2], ""]), "malformed"),
    "signature zero": (lambda: altered(lambda parts: [*parts[:2], by_hand.encode(b"\0" * 256)]), "does not verify"),
    "claims of another token": (
        lambda: altered(lambda parts: [parts[0], make(sub="root").split(".")[1], parts[2]]),
        "does not verify",
    ),
    # times
    "expired": (lambda: make(exp=SECONDS - 31), "expired"),
    "expired at the edge of the leeway": (lambda: make(exp=SECONDS - 30), "expired"),
    "exp zero": (lambda: make(exp=0), "expired"),
    "exp negative": (lambda: make(exp=-1), "expired"),
    "exp a string": (lambda: make(exp=str(SECONDS + 60)), "no moment"),
    "exp a list": (lambda: make(exp=[SECONDS + 60]), "no moment"),
    "exp true": (lambda: make(exp=True), "no moment"),
    "exp infinite": (
        lambda: raw_claims('{"iss": "open-metadata.org", "sub": "a", "exp": 1e999}'),
        "no moment|malformed",
    ),
    "exp Infinity": (lambda: raw_claims('{"iss": "open-metadata.org", "sub": "a", "exp": Infinity}'), "malformed"),
    "exp NaN": (lambda: raw_claims('{"iss": "open-metadata.org", "sub": "a", "exp": NaN}'), "malformed"),
    "exp beyond time": (lambda: make(exp=10**16), "no moment"),
    "nbf to come": (lambda: make(nbf=SECONDS + 31), "not valid yet"),
    "nbf a string": (lambda: make(nbf="now"), "no moment"),
    "nbf beyond time": (lambda: make(nbf=10**16), "no moment"),
    # parties
    "no issuer": (lambda: make(iss=...), "issuer"),
    "issuer null": (lambda: make(iss=None), "issuer"),
    "issuer a list": (lambda: make(iss=["open-metadata.org"]), "issuer"),
    "issuer of nobody": (lambda: make(iss="evil.example"), "issuer"),
    "issuer in other letters": (lambda: make(iss="Open-Metadata.org"), "issuer"),
    "issuer with a slash": (lambda: make(iss="open-metadata.org/"), "issuer"),
    "OM's issuer, the company's key": (lambda: make(key=company_key()), "does not verify"),
    "the company's issuer, OM's key": (
        lambda: make(iss="https://login.example.com", aud="thirdeye"),
        "does not verify",
    ),
    "audience of somebody else": (lambda: make(aud="grafana"), "somebody else"),
    "audiences of others": (lambda: make(aud=["grafana", "superset"]), "somebody else"),
    "audience a number": (lambda: make(aud=5), "somebody else"),
    "audience empty": (lambda: make(aud=[]), "somebody else"),
    "OM's token for the company's audience": (lambda: make(aud="thirdeye"), "somebody else"),
    "the company's without an audience": (lambda: company(aud=...), "somebody else"),
    "the company's for OM's audience": (lambda: company(aud="openmetadata"), "somebody else"),
    # callers
    "nobody": (lambda: make(sub=...), "nobody"),
    "a name of control characters": (lambda: make(sub="a\x00b"), "nobody"),
    "a name of 257 letters": (lambda: make(sub="x" * 257), "nobody"),
}

ACCEPTED: dict[str, tuple[Callable[[], str], str]] = {
    "as OM makes it": (make, "admin"),
    "exp null, as for bots": (lambda: make(exp=None), "admin"),
    "exp absent": (lambda: make(exp=...), "admin"),
    "exp a float": (lambda: make(exp=SECONDS + 0.5), "admin"),
    "exp within the leeway": (lambda: make(exp=SECONDS - 29), "admin"),
    "exp far": (lambda: make(exp=SECONDS + 10**9), "admin"),
    "nbf within the leeway": (lambda: make(nbf=SECONDS + 30), "admin"),
    "no kid": (lambda: make(header={"kid": ...}), "admin"),
    "one audience": (lambda: make(aud="openmetadata"), "admin"),
    "several audiences": (lambda: make(aud=["grafana", "openmetadata"]), "admin"),
    "the company's": (company, "ann"),
    "the company's by RS512": (lambda: company_rs512(), "ann"),
}


def company_rs512() -> str:
    claims = {"iss": "https://login.example.com", "aud": ["thirdeye"], "sub": "ann"}
    return by_hand.sign({"alg": "RS512"}, claims, company_key(), "RS512")


def test_the_table_is_long_enough() -> None:
    assert len(REFUSED) + len(ACCEPTED) >= 60


@pytest.mark.parametrize("name", REFUSED)
async def test_refused(name: str) -> None:
    token, why = REFUSED[name]
    with pytest.raises(Unauthenticated, match=why):
        await authenticator().authenticate(token())


@pytest.mark.parametrize("name", ACCEPTED)
async def test_accepted(name: str) -> None:
    token, caller = ACCEPTED[name]
    made = authenticator()
    assert (await made.authenticate(token())).name == caller
    assert made.cached(token()) is not None


def entry_with(modulus: bytes) -> dict[str, Any]:
    return by_hand.om_entry(n=base64.urlsafe_b64encode(modulus).decode())


def test_moduli_padded_and_negative() -> None:
    raw = (by_hand.private_key().public_key().public_numbers().n).to_bytes(256, "big")
    # With and without the zero byte that says "not negative", with and without padding: one and the same key.
    entries = [
        *(entry_with(padding + raw) for padding in (b"", b"\0", b"\0\0")),
        by_hand.om_entry(n=by_hand.encode(raw)),
    ]
    for entry in entries:
        key = key_of_jwk(entry)[1]
        assert isinstance(key, RSAKey)
        assert key.public_key.public_numbers().n == int.from_bytes(raw, "big")
    for broken in (b"", b"\0", b"\x03", b"\xff" * 16):
        with pytest.raises(ValueError, match="key"):
            key_of_jwk(entry_with(broken))


@given(st.data())
async def test_whatever_is_changed_in_a_token_is_answered_401(data: st.DataObject) -> None:
    token = make()
    kind = data.draw(st.sampled_from(["byte", "cut", "insert", "swap", "part", "claims", "header"]))
    place = data.draw(st.integers(0, len(token) - 1))
    if kind == "byte":
        changed = token[:place] + data.draw(st.characters(max_codepoint=255)) + token[place + 1 :]
    elif kind == "cut":
        changed = token[:place] + token[data.draw(st.integers(place + 1, len(token))) :]
    elif kind == "insert":
        changed = (
            token[:place]
            + data.draw(st.text(st.characters(max_codepoint=255), min_size=1, max_size=40))
            + token[place:]
        )
    elif kind == "swap":
        changed = token[place:] + token[:place]
    else:
        parts = token.split(".")
        number = data.draw(st.integers(0, 2))
        parts[number] = by_hand.encode(data.draw(st.binary(max_size=80)))
        changed = ".".join(parts)
    status, caller = await asked(changed)
    # What base64 does not tell apart is still the same token; a cut may leave it whole.
    assert (status, caller) in {(401, None), (200, "admin")}
    if caller is not None:
        assert changed.strip().split(".")[:2] == token.split(".")[:2]


async def asked(token: str) -> tuple[int, str | None]:
    """Status and caller, through the real middleware."""
    status, caller = 200, None

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal caller
        principal = request_state(scope).principal
        caller = principal.name if principal else None

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    async def receive() -> Any:
        raise AssertionError("a refused request is answered without reading its body")

    header = b"Bearer " + token.encode("latin-1", "replace")
    scope = {"type": "http", "method": "POST", "path": "/x", "headers": [(b"authorization", header)]}
    middleware = AuthenticationMiddleware(app, authenticator=authenticator(), is_public=lambda _: False)
    await middleware(scope, receive, send)
    return status, caller
