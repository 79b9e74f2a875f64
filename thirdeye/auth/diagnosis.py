"""Why a token is or is not accepted, check by check: for whoever looks after an installation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from thirdeye.auth.authenticator import Authenticator, Trust, digest_of
from thirdeye.auth.principal import principal_of
from thirdeye.auth.tokens import (
    CLAIM_CHECKS,
    LEEWAY,
    Key,
    check_algorithm,
    claims_of,
    header_of,
    verified_payload,
)
from thirdeye.errors import ThirdEyeError


@dataclass(frozen=True, kw_only=True)
class Step:
    """One check: `passed` is None when it could not be made."""

    name: str
    passed: bool | None
    detail: str


async def explain(authenticator: Authenticator, token: str, now: float) -> list[Step]:
    """All checks of a token in their order; what is after one that nothing can follow is left out."""
    steps: list[Step] = []

    def passed(name: str, detail: str) -> None:
        steps.append(Step(name=name, passed=True, detail=detail))

    name = "form"
    try:
        header = header_of(token)
        claims = claims_of(token)
        passed(name, f"a signed token of {len(token)} characters")
        name = "issuer"
        trust = authenticator.trust_of(token)
        passed(name, f"{claims.get('iss')!r} is trusted")
        name = "algorithm"
        check_algorithm(header, trust.rules)
        passed(name, f"{header.get('alg')} is allowed")
        name = "key"
        keys = await _keys(trust, header)
        passed(name, f"{len(keys)} known for kid {header.get('kid')!r}" if keys else "none")
        name = "signature"
        verified_payload(token, keys, trust.rules.algorithms)
        passed(name, "verifies")
    except ThirdEyeError as error:
        return [*steps, Step(name=name, passed=False if error.status == 401 else None, detail=error.message)]
    return [*steps, *_claims(claims, trust, now), *_caller(claims), await _acceptance(authenticator, token)]


async def _keys(trust: Trust, header: Mapping[str, Any]) -> Sequence[Key]:
    return await trust.source.keys(header.get("kid"))


def _claims(claims: Mapping[str, Any], trust: Trust, now: float) -> list[Step]:
    steps = []
    for name, check in CLAIM_CHECKS:
        try:
            check(claims, trust.rules, now)
            steps.append(Step(name=name, passed=True, detail=_detail(name, claims.get(name))))
        except ThirdEyeError as error:
            steps.append(Step(name=name, passed=False, detail=f"{error.message} ({_detail(name, claims.get(name))})"))
    return steps


def _detail(name: str, value: Any) -> str:
    if value is None:
        return "absent"
    if name in ("exp", "nbf") and isinstance(value, int | float) and abs(value) < 1e11:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S} UTC, give or take {LEEWAY:g} s"
    return repr(value)[:200]


def _caller(claims: Mapping[str, Any]) -> list[Step]:
    try:
        principal = principal_of(claims)
    except ThirdEyeError as error:
        return [Step(name="caller", passed=False, detail=error.message)]
    roles = ", ".join(sorted(principal.roles)) or "none"
    kind = "a bot" if principal.is_bot else "a person"
    return [Step(name="caller", passed=True, detail=f"{principal.name}, {kind}, roles: {roles}")]


async def _acceptance(authenticator: Authenticator, token: str) -> Step:
    """The answer that a request would get, with denials and revocation."""
    try:
        await authenticator.authenticate(token)
    except ThirdEyeError as error:
        return Step(name="accepted", passed=False if error.status == 401 else None, detail=error.message)
    return Step(name="accepted", passed=True, detail=f"sha256 {digest_of(token).hex()[:16]}...")
