"""Why a token is or is not accepted, check by check, for operators."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from thirdeye.auth.authenticator import Authenticator, IdentityProvider
from thirdeye.auth.identity import ClaimRules, People, called, user_of
from thirdeye.auth.principal import principal_of
from thirdeye.auth.tokens import (
    CLAIM_CHECKS,
    LEEWAY,
    Claims,
    check_algorithm,
    claims_of,
    denial_of,
    header_of,
    verified_payload,
)
from thirdeye.errors import ThirdEyeError


@dataclass(frozen=True)
class TokenCheck:
    """The result of one check; `passed` is None when it could not be made."""

    name: str
    passed: bool | None
    detail: str


async def diagnose(authenticator: Authenticator, token: str, now: float, people: People) -> list[TokenCheck]:
    """All checks of a token in order, up to the first that makes the next ones impossible; `people` may sign in."""
    checks: list[TokenCheck] = []
    name = "form"
    try:
        header = header_of(token)
        claims = claims_of(token)
        checks.append(TokenCheck(name, True, f"a signed token of {len(token)} characters"))
        name = "issuer"
        provider = authenticator.provider_of(token)
        checks.append(TokenCheck(name, True, f"{claims.get('iss')!r} is trusted"))
        name = "algorithm"
        check_algorithm(header, provider.rules)
        checks.append(TokenCheck(name, True, f"{header.algorithm} is allowed"))
        name = "key"
        keys = await provider.key_source.keys(header.key_id)
        checks.append(TokenCheck(name, True, f"{len(keys)} known for kid {header.key_id!r}" if keys else "none"))
        name = "signature"
        verified_payload(token, keys, provider.rules.algorithms)
        checks.append(TokenCheck(name, True, "verifies"))
    except ThirdEyeError as error:
        return [*checks, TokenCheck(name, False if error.status == 401 else None, error.message)]
    checks += _claim_checks(claims, provider, now)
    return [*checks, _caller_check(claims, provider.claim_rules, people), await _final_check(authenticator, token)]


def _claim_checks(claims: Claims, provider: IdentityProvider, now: float) -> Iterator[TokenCheck]:
    for name, check in CLAIM_CHECKS:
        detail = _detail(name, claims.get(name))
        try:
            check(claims, provider.rules, now)
            yield TokenCheck(name, True, detail)
        except ThirdEyeError as error:
            yield TokenCheck(name, False, f"{error.message} ({detail})")


def _detail(name: str, value: object) -> str:
    if value is None:
        return "absent"
    if name in ("exp", "nbf") and isinstance(value, int | float) and abs(value) < 1e11:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC, give or take {LEEWAY:g} s"
    return repr(value)[:200]


def _caller_check(claims: Claims, rules: ClaimRules | None, people: People) -> TokenCheck:
    try:
        principal = principal_of(claims, rules)
    except ThirdEyeError as error:
        return TokenCheck("caller", False, error.message)
    roles = ", ".join(sorted(principal.roles)) or "none"
    kind = "a bot" if principal.is_bot else "a person"
    identity = principal.identity
    if identity is None:
        why, name = f"by {'username' if claims.get('username') else 'sub'} of OpenMetadata's own token", principal.name
    else:
        why, name = f"by {identity.claim} {identity.value!r}: {user_of(identity, people)[1]}", called(identity, people)
    return TokenCheck("caller", True, f"{name}, {kind}, roles: {roles}; {why}")


async def _final_check(authenticator: Authenticator, token: str) -> TokenCheck:
    """Whether a request would be accepted, with denylist and revocation."""
    try:
        await authenticator.authenticate(token)
    except ThirdEyeError as error:
        return TokenCheck("accepted", False if error.status == 401 else None, error.message)
    return TokenCheck("accepted", True, f"sha256 {denial_of(token).hex()[:16]}...")
