"""Verifying one token: its signature by joserfc, its claims by OM's own rules. The only module that touches joserfc."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from thirdeye.errors import Unauthenticated
from thirdeye.settings import ASYMMETRIC, SYMMETRIC, Settings

LEEWAY = 30.0
_LONGEST = 16_384
_FORM = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z")
# Headers that would let a token bring or point to its own key, or change how it is read.
_REFUSED_HEADERS = frozenset({"jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"})


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a token must satisfy besides its signature."""

    algorithms: tuple[str, ...]
    issuers: frozenset[str]
    audiences: frozenset[str]


def rules_of(settings: Settings) -> Rules:
    """The rules that the settings name; algorithms pinned by the kind of key in use."""
    public = bool(settings.jwt_jwks_url or settings.jwt_public_key)
    fitting = ASYMMETRIC if public else SYMMETRIC
    algorithms = tuple(name for name in settings.jwt_algorithm if name in fitting) or ("HS256",)
    return Rules(
        algorithms=algorithms, issuers=frozenset(settings.jwt_issuers), audiences=frozenset(settings.jwt_audiences)
    )


def header_of(token: str) -> dict[str, Any]:
    """The header of a token, unverified. Raises Unauthenticated for what is no token or brings its own key."""
    raw = token.encode("utf-8", "surrogatepass")
    if len(raw) > _LONGEST or not _FORM.match(raw):
        raise Unauthenticated("the token is malformed")
    try:
        encoded = raw.split(b".", 1)[0]
        header = orjson.loads(urlsafe_b64decode(encoded + b"=" * (-len(encoded) % 4)))
    except ValueError:
        raise Unauthenticated("the token is malformed") from None
    if not isinstance(header, dict) or _REFUSED_HEADERS & header.keys():
        raise Unauthenticated("the token is malformed")
    kid = header.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise Unauthenticated("the token is malformed")
    return header


def verified_claims(
    token: str, header: Mapping[str, Any], keys: Iterable[Key], rules: Rules, now: float
) -> dict[str, Any]:
    """The claims, once one of the keys verifies the signature and all rules hold. Raises Unauthenticated."""
    algorithm = header.get("alg")
    if algorithm not in rules.algorithms:
        raise Unauthenticated("the token is signed by an algorithm that is not allowed")
    payload = _verified_payload(token, keys, rules.algorithms)
    try:
        claims = orjson.loads(payload)
    except ValueError:
        raise Unauthenticated("the token is malformed") from None
    if not isinstance(claims, dict):
        raise Unauthenticated("the token is malformed")
    _check_times(claims, now)
    _check_parties(claims, rules)
    return claims


def _verified_payload(token: str, keys: Iterable[Key], algorithms: Sequence[str]) -> bytes:
    for key in keys:
        try:
            return jws.deserialize_compact(token, key, algorithms=list(algorithms)).payload
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    raise Unauthenticated("the token's signature does not verify")


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise Unauthenticated(f"the token's {name} is no moment in time")
    return float(value)


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    # OM's bots carry a literal null: they never expire.
    expiry, not_before = _number(claims, "exp"), _number(claims, "nbf")
    if expiry is not None and now >= expiry + LEEWAY:
        raise Unauthenticated("the token has expired")
    if not_before is not None and now < not_before - LEEWAY:
        raise Unauthenticated("the token is not valid yet")


def _check_parties(claims: Mapping[str, Any], rules: Rules) -> None:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer not in rules.issuers:
        raise Unauthenticated("the token's issuer is not trusted")
    audience = claims.get("aud")
    if audience is None:
        return
    audiences = audience if isinstance(audience, list) else [audience]
    if not any(isinstance(name, str) and name in rules.audiences for name in audiences):
        raise Unauthenticated("the token is meant for somebody else")


def key_of_jwk(entry: Any) -> tuple[str | None, Key]:
    """Key id and public key of one entry of a key set. Raises ValueError for what cannot verify a signature."""
    if not isinstance(entry, dict) or entry.get("kty") not in {"RSA", "EC"} or entry.get("use", "sig") != "sig":
        raise ValueError("no public signature key")
    # OM pads its modulus; "d" and the like would be somebody's private key and are not wanted.
    wanted = {"kty", "n", "e", "crv", "x", "y"}
    data: dict[str, str | list[str]] = {
        name: value.rstrip("=") for name, value in entry.items() if name in wanted and isinstance(value, str)
    }
    try:
        key: Key = RSAKey.import_key(data) if data["kty"] == "RSA" else ECKey.import_key(data)
        key.as_dict(private=False)
    except Exception as error:
        raise ValueError(f"unusable key: {type(error).__name__}") from error
    kid = entry.get("kid")
    return (kid if isinstance(kid, str) else None), key


def key_of_pem(pem: str) -> Key:
    """The public key of a PEM. Raises ValueError when it is none."""
    for kind in (RSAKey, ECKey):
        try:
            key: Key = kind.import_key(pem)
            return key
        except Exception:  # noqa: S112  the other kind may fit
            continue
    raise ValueError("JWT_PUBLIC_KEY: this is no RSA or EC public key in PEM form")


def key_of_secret(secret: str) -> Key:
    """The symmetric key of a development secret."""
    return OctKey.import_key(secret)
