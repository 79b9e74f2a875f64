"""Tokens: every way to be almost right is refused, OM's own quirks are taken."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import OctKey

from tests.support.tokens import CLAIMS, NOW, SECONDS
from thirdeye.auth import Principal, build_authenticator
from thirdeye.auth.principal import principal_of
from thirdeye.auth.tokens import header_of, key_of_jwk, key_of_pem, token_rules_of, verified_claims
from thirdeye.errors import Unauthenticated
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings, load_settings

pytestmark = pytest.mark.anyio


def settings_of(signer: Signer, **more: Any) -> Settings:
    return load_settings(_env_file=None, **{"jwt_public_key": signer.public_pem, **more})


async def accept(signer: Signer, token: str, **more: Any) -> Principal:
    authenticator = build_authenticator(settings_of(signer, **more), lambda: NOW)
    principal = await authenticator.authenticate(token)
    assert authenticator.cached(token) == principal
    return principal


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": ...},
        {"exp": SECONDS + 1},
        {"exp": SECONDS - 29},
        {"exp": SECONDS + 0.5},
        {"nbf": SECONDS + 30},
        {"nbf": None},
        {"aud": "openmetadata"},
        {"aud": ["other", "openmetadata"]},
        {"aud": None},
        {"iat": SECONDS + 1000},
    ],
)
async def test_accepted(signer: Signer, claims: dict[str, Any]) -> None:
    assert (await accept(signer, signer.token(**claims))).name == "admin"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": SECONDS - 30}, "expired"),
        ({"exp": SECONDS - 5000}, "expired"),
        ({"exp": 0}, "expired"),
        ({"exp": "never"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"exp": [SECONDS + 5]}, "exp"),
        ({"nbf": SECONDS + 31}, "not valid yet"),
        ({"nbf": "x"}, "nbf"),
        ({"iss": "evil.org"}, "issuer"),
        ({"iss": ...}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"iss": ["open-metadata.org"]}, "issuer"),
        ({"aud": "other"}, "somebody else"),
        ({"aud": []}, "somebody else"),
        ({"aud": ["other"]}, "somebody else"),
        ({"aud": {"openmetadata": 1}}, "somebody else"),
        ({"aud": ""}, "somebody else"),
        ({"sub": ...}, "nobody"),
        ({"sub": "  "}, "nobody"),
        ({"sub": 7}, "nobody"),
        ({"sub": "@x"}, "nobody"),
    ],
)
async def test_refused_for_a_claim(signer: Signer, claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        await accept(signer, signer.token(**claims))


async def test_refused_for_the_signature(signer: Signer) -> None:
    stranger = Signer.generate()
    good = signer.token()
    head, body, signature = good.split(".")
    public = signer.public_pem.encode()
    forged_head = encoded({"alg": "HS256", "typ": "JWT"})
    forged = f"{forged_head}.{encoded(CLAIMS)}"
    mac = hmac.new(public, forged.encode(), hashlib.sha256).digest()
    stripped = hmac.new(public.strip(), forged.encode(), hashlib.sha256).digest()
    refused = [
        stranger.token(),
        f"{head}.{encoded({**CLAIMS, 'sub': 'root'})}.{signature}",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{good}.x",
        f"{forged}.{encoded(mac)}",
        f"{forged}.{encoded(stripped)}",
        *(
            f"{encoded({'alg': name})}.{body}.{signature}"
            for name in ("none", "None", "NONE", "RS512", "ES256", "", None, 5)
        ),
        *(f"{encoded({'alg': name})}.{body}." for name in ("none", "nOnE")),
        f"{encoded([])}.{body}.{signature}",
        f"{encoded(b'no json')}.{body}.{signature}",
        signer.token(header={"jku": "http://evil"}),
        f"{encoded({'alg': 'RS256', 'kid': 5})}.{body}.{signature}",
        "",
        "x",
        "a.b.c",
        "ü.ü.ü",
        "a" * 20_000,
    ]
    for token in refused:
        with pytest.raises(Unauthenticated):
            await accept(signer, token)


async def test_an_embedded_key_is_never_trusted(signer: Signer) -> None:
    stranger = Signer.generate()
    for header in ({"jwk": stranger.jwk()}, {"crit": ["b64"], "b64": False}, {"x5c": ["x"]}):
        head = encoded({"alg": "RS256", **header})
        _, body, signature = stranger.token().split(".")
        with pytest.raises(Unauthenticated, match="malformed"):
            await accept(signer, f"{head}.{body}.{signature}")


async def test_other_algorithms_only_when_allowed(signer: Signer) -> None:
    token = signer.token(header={"alg": "RS512"})
    with pytest.raises(Unauthenticated, match="algorithm"):
        await accept(signer, token)
    assert (await accept(signer, token, jwt_algorithm="RS256,RS512")).name == "admin"


async def test_a_development_secret(signer: Signer) -> None:
    secret = "a development secret of 32 bytes!"
    settings = load_settings(_env_file=None, jwt_secret=secret, environment="development")
    authenticator = build_authenticator(settings, lambda: NOW)
    head, body = encoded({"alg": "HS256"}), encoded(CLAIMS)
    mac = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert (await authenticator.authenticate(f"{head}.{body}.{encoded(mac)}")).name == "admin"
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(signer.token())
    await authenticator.stop()


def test_who_it_is() -> None:
    principal = principal_of(
        {"sub": "Ann@x.org", "username": "Bob.B@corp", "email": "b@x", "roles": ["Admin", 5], "tokenType": "BOT"}
    )
    assert principal == Principal(name="bob.b", email="b@x", roles=frozenset({"Admin"}), is_bot=True)
    plain = principal_of({"sub": "Ann@x.org", "roles": "Admin", "email": 5})
    assert (plain.name, plain.email, plain.roles, plain.is_bot) == ("ann", None, frozenset(), False)


async def test_a_verified_token_is_believed_until_its_end_and_never_past_it(signer: Signer) -> None:
    now = [NOW.timestamp()]
    authenticator = build_authenticator(settings_of(signer), lambda: datetime.fromtimestamp(now[0], UTC))
    long, short = signer.token(), signer.token(exp=SECONDS + 10)
    for token in (long, short):
        await authenticator.authenticate(token)
    now[0] += 39.9
    assert authenticator.cached(short) is not None
    now[0] += 0.1
    assert authenticator.cached(short) is None
    with pytest.raises(Unauthenticated):
        await authenticator.authenticate(short)
    assert authenticator.cached(long) is not None
    now[0] += 360_000
    assert authenticator.cached(long) is not None


def test_oms_modulus_with_padding_and_a_leading_zero(signer: Signer) -> None:
    sound = signer.jwk()
    raw = base64.urlsafe_b64decode(sound["n"] + "==")
    off = base64.urlsafe_b64encode(b"\0" + raw).decode()
    assert off.endswith("=")
    kid, key = key_of_jwk({**sound, "n": off})
    token, rules = signer.token(), token_rules_of(settings_of(signer))
    assert verified_claims(token, header_of(token), [key], rules, SECONDS)["sub"] == "admin"
    assert kid == sound["kid"]


@pytest.mark.parametrize(
    "entry", [None, 5, {}, {"kty": "oct", "k": "x"}, {"kty": "RSA"}, {"kty": "RSA", "n": 5, "e": []}]
)
def test_entries_that_are_no_public_key(entry: Any) -> None:
    with pytest.raises(ValueError, match="key"):
        key_of_jwk(entry)


def test_entries_for_encryption_and_bad_pems_are_no_key(signer: Signer) -> None:
    with pytest.raises(ValueError, match="key"):
        key_of_jwk(signer.jwk(use="enc"))
    with pytest.raises(ValueError, match="JWT_PUBLIC_KEY"):
        key_of_pem("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n")
    assert OctKey.import_key("x" * 32)


@given(
    st.text()
    | st.builds(lambda parts: ".".join(parts), st.lists(st.from_regex(r"[A-Za-z0-9_-]*", fullmatch=True), max_size=4))
)
def test_no_text_breaks_the_reading(token: str) -> None:
    try:
        header_of(token)
    except Unauthenticated:
        pass


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["iss", "sub", "exp", "nbf", "aud", "roles", "username", "email"]), json_values))
def test_no_claims_break_the_rules(signer: Signer, claims: dict[str, Any]) -> None:
    try:
        token = signer.token(**claims)
        token.encode()
    except ValueError:
        return
    rules, key = token_rules_of(settings_of(signer)), key_of_pem(signer.public_pem)
    try:
        verified = verified_claims(token, header_of(token), [key], rules, SECONDS)
        principal = principal_of(verified)
    except Unauthenticated:
        return
    assert verified["iss"] == "open-metadata.org"
    assert principal.name == principal.name.lower() != ""
