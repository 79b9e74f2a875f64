"""Verifies one token: its signature by joserfc, its claims by OM's rules. The only module that imports joserfc."""

import json
import re
import warnings
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jwk import Key as Key

from thirdeye.errors import Unauthenticated
from thirdeye.outside_json import read_json
from thirdeye.setting_types import ASYMMETRIC, SYMMETRIC
from thirdeye.settings import Settings

LEEWAY = 30.0
MAX_TOKEN_BYTES = 16_384
_FORM = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
# Headers that would let a token bring or point to its own key, or change how it is read.
_REFUSED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"})
# By algorithm the order of its curve.
_ORDERS: Final = {
    "ES256": int("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", 16),
    "ES384": int("F" * 48 + "C7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    "ES512": int("1" + "F" * 64 + "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
}
# The least that RFC 7518 allows; shorter keys have been factored.
_MIN_RSA_BITS = 2048
# How the modulus of the key pair that ships with OpenMetadata starts, in base64url without its leading zero byte.
_DEFAULT_MODULUS = "2XTHbrS8uYv-THweGDgqRciCTZJIU0NuaPUQT43V7oQgj3EF"


@dataclass(frozen=True, kw_only=True)
class TokenRules:
    """What a token must satisfy besides having a valid signature."""

    algorithms: tuple[str, ...]
    issuers: frozenset[str]
    audiences: frozenset[str]
    # OM's tokens carry no audience.
    audience_required: bool = False


def token_rules_of(settings: Settings) -> TokenRules:
    """The rules for OM's tokens; algorithms are limited to those of the kind of key in use."""
    public = bool(settings.jwt_jwks_url or settings.jwt_public_key)
    usable = ASYMMETRIC if public else SYMMETRIC
    algorithms = tuple(name for name in settings.jwt_algorithm if name in usable)
    if not algorithms and not public:
        algorithms = ("HS256",)
    issuers, audiences = frozenset(settings.jwt_issuers), frozenset(settings.jwt_audiences)
    return TokenRules(algorithms=algorithms, issuers=issuers, audiences=audiences)


Claims = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Header:
    """The members of a token's header that matter here."""

    algorithm: object
    key_id: str | None


def header_of(token: str) -> Header:
    """The unverified header of a token. Raises Unauthenticated for a malformed one, or one that brings its own key."""
    header = _decoded_object(_parts(token)[0])
    kid = header.get("kid")
    if _REFUSED_HEADERS & header.keys() or not isinstance(kid, str | None):
        raise Unauthenticated("the token is malformed")
    return Header(header.get("alg"), kid)


def claims_of(token: str) -> dict[str, object]:
    """The unverified claims of a token. Raises Unauthenticated for anything but a JSON object."""
    return _decoded_object(_parts(token)[1])


def issuer_of(token: str) -> str:
    """The unverified issuer of a token; trust it only to select the keys to try. Raises Unauthenticated."""
    issuer = claims_of(token).get("iss")
    if not isinstance(issuer, str):
        raise Unauthenticated("the token's issuer is not trusted")
    return issuer


def _parts(token: str) -> list[bytes]:
    raw = token.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_TOKEN_BYTES or not _FORM.match(raw):
        raise Unauthenticated("the token is malformed")
    parts = raw.split(b".")
    # The last letter of a part may hold bits that stand for nothing. With others the token would be another text with
    # the same signature.
    if any(_encoded(_decoded(part)) != part for part in parts):
        raise Unauthenticated("the token is malformed")
    return parts


def _decoded(part: bytes) -> bytes:
    try:
        return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except ValueError:
        raise Unauthenticated("the token is malformed") from None


def _encoded(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def digest_of(token: str) -> bytes:
    """The SHA-256 of a token; tokens themselves are not kept."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def memory_key(token: str) -> bytes:
    """What a process remembers a token by, for tokens themselves are not kept: BLAKE2b takes a third of SHA-256's time."""
    return blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32).digest()


def denial_of(token: str) -> bytes:
    """What denies a token: the SHA-256 of its header and payload, for of these others can make no other token."""
    return digest_of(token.rpartition(".")[0])


def denials_of(token: str, algorithm: object) -> tuple[bytes, ...]:
    """What may deny a well-formed token: also its whole text, as it was denied before, and that of its twin."""
    twins = _twins_of(token, _ORDERS[algorithm]) if isinstance(algorithm, str) and algorithm in _ORDERS else []
    return (denial_of(token), *map(digest_of, [token, *twins]))


def _twins_of(token: str, order: int) -> list[str]:
    """The token with the other signature that anybody can make of an ECDSA signature (r, s): (r, n - s)."""
    signed, _, encoded = token.rpartition(".")
    signature, size = _decoded(encoded.encode()), (order.bit_length() + 7) // 8
    if len(signature) != 2 * size:
        return []
    other = (order - int.from_bytes(signature[size:], "big")) % order
    return [f"{signed}.{_encoded(signature[:size] + other.to_bytes(size, 'big')).decode()}"]


def _decoded_object(encoded: bytes) -> dict[str, object]:
    try:
        return _json_object(_decoded(encoded))
    except ValueError:
        raise Unauthenticated("the token is malformed") from None


def _json_object(raw: bytes) -> dict[str, object]:
    """A JSON object without duplicate names, of which different readers take different ones. Raises ValueError."""
    value = read_json(raw, max_bytes=MAX_TOKEN_BYTES)
    if not isinstance(value, dict):
        raise ValueError("no object")
    # The second reading may recurse, for the first has bounded the depth.
    json.loads(raw, object_pairs_hook=_reject_duplicate_names)
    return value


def _reject_duplicate_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate name")
    return members


def check_algorithm(header: Header, rules: TokenRules) -> None:
    """Raises Unauthenticated for an algorithm that is not allowed. Needs no key, so it runs before keys are fetched."""
    if header.algorithm not in rules.algorithms:
        raise Unauthenticated("the token is signed by an algorithm that is not allowed")


def verified_claims(
    token: str, header: Header, keys: Iterable[Key], rules: TokenRules, now: float
) -> dict[str, object]:
    """The claims of a token that one of the keys verifies and that satisfies all rules. Raises Unauthenticated."""
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
        # The signature is valid, so the audit may name the subject.
        error.claimed = claims.get("sub")
        raise
    return claims


@lru_cache(maxsize=8)
def _registry(algorithms: tuple[str, ...]) -> jws.JWSRegistry:
    # RFC 7515: unknown headers are ignored; `header_of` has refused the dangerous ones.
    return jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)


def verified_payload(token: str, keys: Iterable[Key], algorithms: Sequence[str]) -> bytes:
    """The payload of a token whose signature one of the keys verifies. Raises Unauthenticated."""
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


def expiry_of(claims: Claims) -> float | None:
    """Seconds since 1970; None for a token that never expires, as OM's bots have with a literal null."""
    return _number(claims, "exp")


def _check_expiry(claims: Claims, _: TokenRules, now: float) -> None:
    expiry = expiry_of(claims)
    if expiry is not None and now >= expiry + LEEWAY:
        raise Unauthenticated("the token has expired")


def _check_not_before(claims: Claims, _: TokenRules, now: float) -> None:
    not_before = _number(claims, "nbf")
    if not_before is not None and now < not_before - LEEWAY:
        raise Unauthenticated("the token is not valid yet", for_now=True)


def _check_issuer(claims: Claims, rules: TokenRules, _: float) -> None:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer not in rules.issuers:
        raise Unauthenticated("the token's issuer is not trusted")


def _check_audience(claims: Claims, rules: TokenRules, _: float) -> None:
    audience = claims.get("aud")
    if audience is None and not rules.audience_required:
        return
    audiences = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(name, str) and name in rules.audiences for name in audiences):
        raise Unauthenticated("the token is meant for somebody else")


# Each raises Unauthenticated.
CLAIM_CHECKS: Final[tuple[tuple[str, Callable[[Claims, TokenRules, float], None]], ...]] = (
    ("exp", _check_expiry),
    ("nbf", _check_not_before),
    ("iss", _check_issuer),
    ("aud", _check_audience),
)


def key_of_jwk(entry: object) -> tuple[str | None, Key]:
    """Key id and public key of one entry of a key set. Raises ValueError for a key that cannot verify signatures."""
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC") or not _may_verify(entry):
        raise ValueError("no public signature key")
    # OM pads its modulus. Private members, such as "d", are left out.
    public = {"kty", "n", "e", "crv", "x", "y"}
    data: dict[str, str | list[str]] = {
        name: value.rstrip("=") for name, value in entry.items() if name in public and isinstance(value, str)
    }
    try:
        key: Key = _import_without_warning(RSAKey if data["kty"] == "RSA" else ECKey, data)
        key.as_dict(private=False)
    except Exception as error:
        raise ValueError(f"unusable key: {type(error).__name__}") from error
    _check_length(key)
    kid = entry.get("kid")
    return (kid if isinstance(kid, str) else None), key


def _may_verify(entry: Mapping[str, object]) -> bool:
    operations = entry.get("key_ops")
    allowed = operations is None or (isinstance(operations, list) and "verify" in operations)
    return allowed and entry.get("use") in (None, "sig")


def _import_without_warning(kind: type[RSAKey] | type[ECKey], data: str | dict[str, str | list[str]]) -> Key:
    # joserfc warns of short keys; `_check_length` refuses them.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return kind.import_key(data)


def _check_length(key: Key) -> None:
    modulus = _modulus(key)
    if modulus is not None and modulus.bit_length() < _MIN_RSA_BITS:
        raise ValueError(f"an RSA key must have at least {_MIN_RSA_BITS} bits")


def _modulus(key: Key) -> int | None:
    return key.public_key.public_numbers().n if isinstance(key, RSAKey) else None


def is_default_key(key: Key) -> bool:
    """Whether this key ships with OpenMetadata: its private key is published, so anybody can sign with it."""
    modulus = _modulus(key)
    if modulus is None:
        return False
    # Encoded again from the number: OM's leading zero byte shifts every letter of the base64.
    encoded = urlsafe_b64encode(modulus.to_bytes((modulus.bit_length() + 7) // 8, "big")).decode()
    return encoded.startswith(_DEFAULT_MODULUS)


def key_of_pem(pem: str) -> Key:
    """The public key of JWT_PUBLIC_KEY. Raises ValueError for an unusable one."""
    for kind in (RSAKey, ECKey):
        try:
            key = _import_without_warning(kind, pem)
        except Exception:  # noqa: S112  try the other kind
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
