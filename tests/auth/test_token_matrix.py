"""Tokens judged a second time: made by hand, with what a library would not even let one write."""

import warnings
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.support import tokens as by_hand
from tests.support.tokens import CLAIMS, NOW, RULES, SECONDS
from thirdeye.auth import Authenticator, Principal, build_authenticator
from thirdeye.auth.authenticator import _MEMORY_SIZE, IdentityProvider
from thirdeye.auth.keys import FixedKey
from thirdeye.auth.tokens import TokenRules, is_default_key, key_of_jwk, key_of_pem, token_rules_of
from thirdeye.errors import ThirdEyeError, Unauthenticated, Unavailable
from thirdeye.settings import SettingsInvalid, load_settings

pytestmark = pytest.mark.anyio


def by_pem(**more: Any) -> Authenticator:
    settings = load_settings(_env_file=None, jwt_public_key=by_hand.public_pem(), **more)
    made = build_authenticator(settings, lambda: NOW)
    assert isinstance(made, Authenticator)
    return made


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512"])
async def test_each_allowed_algorithm(algorithm: str) -> None:
    token = by_hand.make_token(header={"alg": algorithm})
    assert "Admin" in (await by_pem(jwt_algorithm=[algorithm]).authenticate(token)).roles
    others = [name for name in ("RS256", "RS384", "RS512") if name != algorithm]
    with pytest.raises(Unauthenticated, match="algorithm"):
        await by_pem(jwt_algorithm=others).authenticate(token)


@pytest.mark.parametrize("header", [{"nonce": "x"}, {"pi.atm": "1"}, {"x5t": "x"}, {"cty": "JWT"}, {"typ": "at+jwt"}])
async def test_headers_that_say_nothing_to_us_are_ignored(header: dict[str, Any]) -> None:
    assert (await by_pem().authenticate(by_hand.make_token(header=header))).name == "admin"


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": by_hand.om_entry()},
        {"jku": "https://open-metadata.org/keys"},
        {"x5u": "https://open-metadata.org/keys"},
        {"x5c": ["MIIB"]},
        {"crit": []},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"kid": 5},
        {"kid": ["by-hand"]},
        {"kid": {"a": 1}},
        {"typ": 5},
    ],
)
async def test_headers_that_are_refused_even_under_a_true_signature(header: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        await by_pem().authenticate(by_hand.make_token(header=header))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"null",
        b"7",
        b'"admin"',
        b"\xff\xfe",
        b'{"iss": "open-metadata.org", "sub": "admin"',
        b'{"iss": "open-metadata.org", "sub": "admin", "exp": NaN}',
        b'{"iss": "open-metadata.org", "sub": "admin", "exp": Infinity}',
        b'{"iss": "open-metadata.org", "sub": "admin", "exp": 1e400}',
        b'{"iss": "open-metadata.org", "sub": "admin", "exp": ' + b"9" * 400 + b"}",
        b'{"iss": "open-metadata.org", "sub": "\\ud800"}',
        b'{"x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
async def test_payloads_that_are_no_claims(payload: bytes) -> None:
    with pytest.raises(Unauthenticated):
        await by_pem().authenticate(by_hand.sign({"alg": "RS256"}, payload))


@pytest.mark.parametrize(
    "names",
    [
        {"sub": "a\0b"},
        {"sub": "a\nb"},
        {"sub": "\x1b[31madmin"},
        {"sub": "\u200b"},
        {"sub": "admin\u202e"},
        {"sub": ["admin"]},
        {"sub": None},
        {"sub": True},
        {"sub": "x" * 257},
        {"username": 5},
        {"username": []},
        {"username": {}},
        {"username": False},
        {"username": "@corp"},
    ],
)
async def test_names_that_are_no_names(names: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated, match="nobody"):
        await by_pem().authenticate(by_hand.make_token(**names))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"sub": "Ann@x.org"}, "ann"),
        ({"username": "Bob", "sub": "ann"}, "bob"),
        ({"username": None, "sub": "ann"}, "ann"),
        ({"username": "", "sub": "ann"}, "ann"),
        ({"sub": "Zoë Müller"}, "zoë müller"),
        ({"sub": "x" * 256}, "x" * 256),
    ],
)
async def test_names(names: dict[str, Any], expected: str) -> None:
    assert (await by_pem().authenticate(by_hand.make_token(**names))).name == expected


@pytest.mark.parametrize("claims", [{"exp": True}, {"exp": False}, {"nbf": True}, {"nbf": False}])
async def test_a_boolean_is_no_moment(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated, match="no moment in time"):
        await by_pem().authenticate(by_hand.make_token(**claims))


@pytest.mark.parametrize("size", [-1, 0, 1])
async def test_the_longest_token(size: int) -> None:
    longest = 16_384 + size
    # Base64 grows in steps, so the exact length comes from padding two parts.
    token = next(
        made
        for fill in range(11_500, 12_300)
        for extra in ("", "a", "aa", "aaa")
        if len(made := by_hand.make_token(header={"x": extra}, fill="x" * fill)) == longest
    )
    if size <= 0:
        assert (await by_pem().authenticate(token)).name == "admin"
    else:
        with pytest.raises(Unauthenticated, match="malformed"):
            await by_pem().authenticate(token)


async def test_no_message_repeats_the_token() -> None:
    for token in (by_hand.make_token(iss="secret-issuer"), "secret-issuer", by_hand.make_token(sub="secret-issuer\0")):
        with pytest.raises(Unauthenticated) as caught:
            await by_pem().authenticate(token)
        assert "secret" not in caught.value.message
        assert token not in caught.value.message


@pytest.mark.parametrize("bits", [1024, 2040])
def test_a_short_rsa_key_is_no_key(bits: int) -> None:
    key = by_hand.new_key(bits)
    # Warnings are errors in tests; in production joserfc's warning alone would let the key pass.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="2048"):
            key_of_jwk(by_hand.om_entry(key))
        with pytest.raises(ValueError, match="2048"):
            key_of_pem(by_hand.public_pem(key))


@pytest.mark.parametrize("changes", [{"use": "enc"}, {"kty": "oct"}, {"key_ops": ["encrypt"]}, {"key_ops": 5}])
def test_entries_meant_for_something_else(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="key"):
        key_of_jwk(by_hand.om_entry(**changes))


@pytest.mark.parametrize("changes", [{"use": ...}, {"use": None}, {"key_ops": ["verify"]}, {"key_ops": None}])
def test_entries_that_leave_their_use_open(changes: dict[str, Any]) -> None:
    entry = {name: value for name, value in by_hand.om_entry(**changes).items() if value is not ...}
    assert key_of_jwk(entry)[0] == by_hand.KEY_ID


@pytest.mark.parametrize("form", ["om", "standard"])
def test_oms_public_default_key_is_known_in_every_form(form: str) -> None:
    modulus = by_hand.default_modulus()
    n = by_hand.om_modulus(modulus) if form == "om" else by_hand.encode(modulus.to_bytes(256, "big"))
    assert is_default_key(key_of_jwk(by_hand.om_entry(n=n))[1])
    assert not is_default_key(key_of_jwk(by_hand.om_entry())[1])


def test_oms_public_default_key_as_pem_is_refused_in_production_and_reported_elsewhere() -> None:
    numbers = rsa.RSAPublicNumbers(65537, by_hand.default_modulus() | 1)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem = numbers.public_key().public_bytes(serialization.Encoding.PEM, form).decode()
    with structlog.testing.capture_logs() as logs:
        for more in ({"environment": "development"}, {"jwt_allow_default_key": True}):
            build_authenticator(load_settings(_env_file=None, jwt_public_key=pem, **more), lambda: NOW)
    with pytest.raises(SettingsInvalid, match="JWT_ALLOW_DEFAULT_KEY"):
        build_authenticator(load_settings(_env_file=None, jwt_public_key=pem), lambda: NOW)
    assert "default_key" in [entry["event"] for entry in logs]


def test_the_message_about_an_unusable_public_key_names_the_setting_once() -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    for pem in ("-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n", by_hand.public_pem(short)):
        with pytest.raises(SettingsInvalid) as refused:
            build_authenticator(load_settings(_env_file=None, jwt_public_key=pem), lambda: NOW)
        assert str(refused.value).count("JWT_PUBLIC_KEY") == 1


@pytest.mark.parametrize(
    "given",
    [
        {"jwt_public_key": by_hand.public_pem(), "jwt_algorithm": ["RS256", "HS256"]},
        {"jwt_jwks_url": "http://127.0.0.1/keys", "jwt_secret": "s" * 32, "jwt_algorithm": ["ES256", "HS512"]},
    ],
)
def test_a_public_key_never_comes_with_a_symmetric_algorithm(given: dict[str, Any]) -> None:
    settings = load_settings(_env_file=None, environment="development", **given)
    assert not {"HS256", "HS384", "HS512"} & set(token_rules_of(settings).algorithms)
    # Not even when the settings were changed past their own checks.
    bent = settings.model_copy(update={"jwt_algorithm": ["HS256"]})
    assert token_rules_of(bent).algorithms == ()


async def test_what_is_logged_names_the_kind_of_key_and_no_secret() -> None:
    secret = "a development secret of 32 bytes!"
    with structlog.testing.capture_logs() as logs:
        made = build_authenticator(
            load_settings(_env_file=None, jwt_secret=secret, environment="development"), lambda: NOW
        )
        await made.stop()
    assert logs[0]["by"] == "JWT_SECRET"
    assert secret not in repr(logs)
    assert secret not in repr(vars(made))


class Recording(FixedKey):
    """Says whether a key was asked for."""

    asked = False

    async def keys(self, kid: str | None) -> Any:
        self.asked = True
        raise Unavailable("away")


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES256"])
async def test_a_wrong_algorithm_is_refused_before_any_key_is_asked_for(algorithm: str) -> None:
    source = Recording(key_of_pem(by_hand.public_pem()), allow_default=False)
    rules = TokenRules(algorithms=("RS256",), issuers=frozenset({"open-metadata.org"}), audiences=frozenset())
    made = Authenticator(providers=[IdentityProvider(key_source=source, rules=rules)], clock=lambda: NOW)
    with pytest.raises(Unauthenticated, match="algorithm"):
        await made.authenticate(f"{by_hand.encode({'alg': algorithm, 'kid': 'x'})}.{by_hand.encode(CLAIMS)}.eA")
    assert not source.asked


async def test_the_memory_forgets_what_was_used_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _MEMORY_SIZE == 10_000
    monkeypatch.setattr("thirdeye.auth.authenticator._MEMORY_SIZE", 2)
    made = by_pem()
    first, second, third = (by_hand.make_token(sub=name) for name in ("first", "second", "third"))
    await made.authenticate(first)
    await made.authenticate(second)
    assert made.cached(first) is not None
    await made.authenticate(third)
    assert made.cached(second) is None
    assert made.cached(first) is not None
    assert made.cached(third) is not None


async def test_the_memory_does_not_outlive_a_clock_set_back() -> None:
    now = [SECONDS]
    settings = load_settings(_env_file=None, jwt_public_key=by_hand.public_pem())
    made = build_authenticator(settings, lambda: datetime.fromtimestamp(now[0], UTC))
    token = by_hand.make_token()
    await made.authenticate(token)
    assert made.cached(token) is not None
    now[0] -= 3600
    assert made.cached(token) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
KEY = key_of_pem(by_hand.public_pem())


def judged(token: str) -> Principal | None:
    """The caller or None; any other error than Unauthenticated is a defect."""
    made = Authenticator(
        providers=[IdentityProvider(key_source=FixedKey(KEY, allow_default=False), rules=RULES)], clock=lambda: NOW
    )
    coroutine = made.authenticate(token)
    try:
        coroutine.send(None)
    except StopIteration as done:
        principal: Principal = done.value
        return principal
    except ThirdEyeError as error:
        assert isinstance(error, Unauthenticated)
        return None
    raise AssertionError("a fixed key needs no waiting")


@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "x5t", "cty", "nonce", "jwk", "crit"]), json_values))
def test_whatever_the_header_says(header: dict[str, Any]) -> None:
    judged(by_hand.sign({"alg": "RS256", **header}, CLAIMS))


@given(st.binary(max_size=200))
def test_whatever_the_payload_is(payload: bytes) -> None:
    principal = judged(by_hand.sign({"alg": "RS256"}, payload))
    assert principal is None


@given(
    st.dictionaries(
        st.sampled_from(["iss", "sub", "username", "exp", "nbf", "aud", "roles", "email", "isBot", "tokenType"]),
        json_values | st.sampled_from(["open-metadata.org", "openmetadata", SECONDS, SECONDS + 60]),
    )
)
def test_whatever_the_claims_are(claims: dict[str, Any]) -> None:
    all_claims = {**CLAIMS, **claims}
    principal = judged(by_hand.sign({"alg": "RS256"}, all_claims))
    if principal is None:
        return
    assert all_claims["iss"] == "open-metadata.org"
    assert all_claims.get("exp") is None or all_claims["exp"] + 30 > SECONDS
    assert all_claims.get("nbf") is None or all_claims["nbf"] - 30 <= SECONDS
    audience = all_claims.get("aud")
    assert audience is None or "openmetadata" in (audience if isinstance(audience, list) else [audience])
    assert principal.name
    assert principal.name.isprintable()
    assert principal.name == principal.name.lower()
    assert "@" not in principal.name
    assert all(isinstance(role, str) for role in principal.roles)


@given(st.data())
def test_a_changed_byte_is_never_accepted_as_somebody_else(data: st.DataObject) -> None:
    token = by_hand.make_token()
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.characters(max_codepoint=255)) + token[place + 1 :]
    principal = judged(changed)
    # Not even another last letter of the signature, of which some bits stand for nothing.
    assert (principal is None) == (changed != token)
