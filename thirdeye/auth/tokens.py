"""Verifying one token: its signature by joserfc, its claims by OM's own rules. The only module that touches joserfc."""

import json
import re
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jwk import Key as Key

from thirdeye.errors import Unauthenticated
from thirdeye.settings import ASYMMETRIC, SYMMETRIC, Settings

LEEWAY = 30.0
LONGEST = 16_384
_FORM = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
# Headers that would let a token bring or point to its own key, or change how it is read.
_REFUSED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"})
# RFC 7518 asks for no less; shorter keys have been factored.
_SHORTEST_RSA = 2048
# The modulus of the key pair that ships with OpenMetadata begins so, in base64url without its leading zero byte.
_DEFAULT_MODULUS = "2XTHbrS8uYv-THweGDgqRciCTZJIU0NuaPUQT43V7oQgj3EF"


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a token must satisfy besides its signature."""

    algorithms: tuple[str, ...]
    issuers: frozenset[str]
    audiences: frozenset[str]
    # OM's tokens carry no audience.
    audience_required: bool = False


def rules_of(settings: Settings) -> Rules:
    """The rules that the settings name; algorithms pinned by the kind of key in use."""
    public = bool(settings.jwt_jwks_url or settings.jwt_public_key)
    fitting = ASYMMETRIC if public else SYMMETRIC
    algorithms = tuple(name for name in settings.jwt_algorithm if name in fitting)
    if not algorithms and not public:
        algorithms = ("HS256",)
    return Rules(
        algorithms=algorithms, issuers=frozenset(settings.jwt_issuers), audiences=frozenset(settings.jwt_audiences)
    )


Claims = Mapping[str, Any]


def header_of(token: str) -> dict[str, Any]:
    """The header of a token, unverified. Raises Unauthenticated for what is no token or brings its own key."""
    header = _object_of(_parts(token)[0])
    if _REFUSED_HEADERS & header.keys():
        raise Unauthenticated("the token is malformed")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise Unauthenticated("the token is malformed")
    return header


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified. Raises Unauthenticated for what is no JSON object."""
    return _object_of(_parts(token)[1])


def issuer_of(token: str) -> str:
    """The issuer that a token names, unverified: it tells whose keys to try, nothing more. Raises Unauthenticated."""
    issuer = claims_of(token).get("iss")
    if not isinstance(issuer, str):
        raise Unauthenticated("the token's issuer is not trusted")
    return issuer


def _parts(token: str) -> list[bytes]:
    raw = token.encode("utf-8", "surrogatepass")
    if len(raw) > LONGEST or not _FORM.match(raw):
        raise Unauthenticated("the token is malformed")
    return raw.split(b".")


def _object_of(encoded: bytes) -> dict[str, Any]:
    try:
        return _json_object(urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except ValueError:
        raise Unauthenticated("the token is malformed") from None


def _json_object(raw: bytes) -> dict[str, Any]:
    """A JSON object in which no name stands twice: of two, different readers take different ones. Raises ValueError."""
    value = orjson.loads(raw)
    if not isinstance(value, dict):
        raise ValueError("no object")
    json.loads(raw, object_pairs_hook=_each_once)
    return value


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def check_algorithm(header: Mapping[str, Any], rules: Rules) -> None:
    """Raises Unauthenticated for an algorithm that is not pinned; needs no key, so it comes before asking for one."""
    if header.get("alg") not in rules.algorithms:
        raise Unauthenticated("the token is signed by an algorithm that is not allowed")


def verified_claims(
    token: str, header: Mapping[str, Any], keys: Iterable[Key], rules: Rules, now: float
) -> dict[str, Any]:
    """The claims, once one of the keys verifies the signature and all rules hold. Raises Unauthenticated."""
    check_algorithm(header, rules)
    payload = verified_payload(token, keys, rules.algorithms)
    try:
        claims = _json_object(payload)
    except ValueError:
        raise Unauthenticated("the token is malformed") from None
    try:
        for _, check in CLAIM_CHECKS:
            check(claims, rules, now)
    except Unauthenticated as error:
        # The signature is true, so the audit may say who it was.
        error.claimed = claims.get("sub")
        raise
    return claims


@lru_cache(maxsize=8)
def _registry(algorithms: tuple[str, ...]) -> jws.JWSRegistry:
    # RFC 7515: headers that are not understood are ignored; those that matter were refused in `header_of`.
    return jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)


def verified_payload(token: str, keys: Iterable[Key], algorithms: Sequence[str]) -> bytes:
    """The payload, once one of the keys verifies the signature. Raises Unauthenticated."""
    registry = _registry(tuple(algorithms))
    for key in keys:
        try:
            return jws.deserialize_compact(token, key, registry=registry).payload
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    raise Unauthenticated("the token's signature does not verify")


def _number(claims: Claims, name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise Unauthenticated(f"the token's {name} is no moment in time")
    return float(value)


def _check_expiry(claims: Claims, _: Rules, now: float) -> None:
    # OM's bots carry a literal null: they never expire.
    expiry = _number(claims, "exp")
    if expiry is not None and now >= expiry + LEEWAY:
        raise Unauthenticated("the token has expired")


def _check_not_before(claims: Claims, _: Rules, now: float) -> None:
    not_before = _number(claims, "nbf")
    if not_before is not None and now < not_before - LEEWAY:
        raise Unauthenticated("the token is not valid yet", for_now=True)


def _check_issuer(claims: Claims, rules: Rules, _: float) -> None:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer not in rules.issuers:
        raise Unauthenticated("the token's issuer is not trusted")


def _check_audience(claims: Claims, rules: Rules, _: float) -> None:
    audience = claims.get("aud")
    if audience is None and not rules.audience_required:
        return
    audiences = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(name, str) and name in rules.audiences for name in audiences):
        raise Unauthenticated("the token is meant for somebody else")


# Each raises Unauthenticated.
CLAIM_CHECKS: Final[tuple[tuple[str, Callable[[Claims, Rules, float], None]], ...]] = (
    ("exp", _check_expiry),
    ("nbf", _check_not_before),
    ("iss", _check_issuer),
    ("aud", _check_audience),
)


def key_of_jwk(entry: Any) -> tuple[str | None, Key]:
    """Key id and public key of one entry of a key set. Raises ValueError for what cannot verify a signature."""
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC") or not _may_verify(entry):
        raise ValueError("no public signature key")
    # OM pads its modulus; "d" and the like would be somebody's private key and are not wanted.
    wanted = {"kty", "n", "e", "crv", "x", "y"}
    data: dict[str, str | list[str]] = {
        name: value.rstrip("=") for name, value in entry.items() if name in wanted and isinstance(value, str)
    }
    try:
        key = _import_jwk(data)
    except Exception as error:
        raise ValueError(f"unusable key: {type(error).__name__}") from error
    _check_length(key)
    kid = entry.get("kid")
    return (kid if isinstance(kid, str) else None), key


def _may_verify(entry: Mapping[str, Any]) -> bool:
    operations = entry.get("key_ops")
    fits = operations is None or (isinstance(operations, list) and "verify" in operations)
    return fits and entry.get("use") in (None, "sig")


def _import_jwk(data: dict[str, str | list[str]]) -> Key:
    key: Key = _quietly(RSAKey if data["kty"] == "RSA" else ECKey, data)
    key.as_dict(private=False)
    return key


def _quietly(kind: type[RSAKey] | type[ECKey], data: Any) -> Key:
    # joserfc only warns of short keys; here they are refused, so its warning says nothing new.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return kind.import_key(data)


def _check_length(key: Key) -> None:
    modulus = _modulus(key)
    if modulus is not None and modulus.bit_length() < _SHORTEST_RSA:
        raise ValueError(f"an RSA key must have at least {_SHORTEST_RSA} bits")


def _modulus(key: Key) -> int | None:
    return key.public_key.public_numbers().n if isinstance(key, RSAKey) else None


def is_default_key(key: Key) -> bool:
    """Whether this key ships with OpenMetadata: its private half is public, so anybody can sign with it."""
    modulus = _modulus(key)
    if modulus is None:
        return False
    # Compared as a number written anew: OM's leading zero byte shifts every letter of the base64.
    written = urlsafe_b64encode(modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")).decode()
    return written.startswith(_DEFAULT_MODULUS)


def key_of_pem(pem: str) -> Key:
    """The public key of a PEM. Raises ValueError when it is none."""
    for kind in (RSAKey, ECKey):
        try:
            key = _quietly(kind, pem)
        except Exception:  # noqa: S112  the other kind may fit
            continue
        try:
            _check_length(key)
        except ValueError as error:
            raise ValueError(f"JWT_PUBLIC_KEY: {error}") from None
        return key
    raise ValueError("JWT_PUBLIC_KEY: this is no RSA or EC public key in PEM form")


def key_of_secret(secret: str) -> Key:
    """The symmetric key of a development secret."""
    return OctKey.import_key(secret)
