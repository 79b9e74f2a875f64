"""From a token to the caller, with a bounded memory of the tokens that were verified."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx
import structlog

from thirdeye.auth.keys import FixedKey, KeySource, RemoteKeySet
from thirdeye.auth.principal import DEVELOPMENT_ADMINISTRATOR, Principal, principal_of
from thirdeye.auth.revocation import RevocationCheck
from thirdeye.auth.tokens import (
    LEEWAY,
    LONGEST,
    Rules,
    check_algorithm,
    header_of,
    issuer_of,
    key_of_pem,
    key_of_secret,
    rules_of,
    verified_claims,
)
from thirdeye.clock import Clock
from thirdeye.errors import Unauthenticated
from thirdeye.settings import Settings, SettingsInvalid

_MEMORY_SIZE: Final = 10_000
# A token that was refused for good is refused again for so many seconds without looking at it.
_REFUSED_SECONDS: Final = 10.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Somebody whose tokens are taken: his keys, and what his tokens must satisfy."""

    source: KeySource
    rules: Rules


class Authenticator:
    """Verifies tokens. Each issuer's tokens by that issuer's keys and rules only."""

    def __init__(
        self,
        *,
        trusts: Sequence[Trust],
        clock: Clock,
        denied: Container[bytes] = frozenset(),
        revocation: RevocationCheck | None = None,
    ) -> None:
        self._trusts = trusts
        self._by_issuer = {issuer: trust for trust in trusts for issuer in trust.rules.issuers}
        self._clock = clock
        self._denied = denied
        self._revocation = revocation
        self._memory: OrderedDict[bytes, tuple[Principal, float, float]] = OrderedDict()
        self._refused: OrderedDict[bytes, tuple[Unauthenticated, float]] = OrderedDict()
        self._generation = self._newest_generation()
        self._tasks: list[asyncio.Task[None]] = []

    def _newest_generation(self) -> int:
        return sum(trust.source.generation for trust in self._trusts)

    def cached(self, token: str) -> Principal | None:
        """The caller, when this very token was verified before and neither has expired nor been denied since."""
        if self._generation != self._newest_generation() or len(token) > LONGEST:
            return None
        digest = digest_of(token)
        known = self._memory.get(digest)
        if known is None or digest in self._denied:
            return None
        principal, since, until = known
        # Also looked at anew when the clock was set back.
        if not since <= self._clock().timestamp() < until:
            return None
        if self._revocation is not None and not self._revocation.passes(digest):
            return None
        self._memory.move_to_end(digest)
        return principal

    async def authenticate(self, token: str) -> Principal:
        """The caller. Raises Unauthenticated, or Unavailable while keys cannot be had."""
        digest = digest_of(token)
        self._raise_again(digest)
        header = header_of(token)
        if digest in self._denied:
            raise Unauthenticated("the token was denied by an administrator of ThirdEye: get a new one")
        trust = self.trust_of(token)
        check_algorithm(header, trust.rules)
        keys = await trust.source.keys(header.get("kid"))
        if self._generation != self._newest_generation():
            self._memory.clear()
            self._refused.clear()
            self._generation = self._newest_generation()
        if not keys:
            raise Unauthenticated("the token is signed with an unknown key")
        now = self._clock().timestamp()
        try:
            claims = verified_claims(token, header, keys, trust.rules, now)
            principal = principal_of(claims)
        except Unauthenticated as error:
            self._remember_refusal(digest, error, now)
            raise
        if self._revocation is not None:
            await self._revocation.check(token, digest)
        self._remember(digest, principal, now, claims)
        return principal

    def _remember_refusal(self, digest: bytes, error: Unauthenticated, now: float) -> None:
        if error.for_now:
            return
        kept = Unauthenticated(error.message)
        kept.claimed = error.claimed
        self._refused[digest] = (kept, now)
        while len(self._refused) > _MEMORY_SIZE:
            self._refused.popitem(last=False)

    def _raise_again(self, digest: bytes) -> None:
        known = self._refused.get(digest)
        if known is None or self._generation != self._newest_generation():
            return
        error, since = known
        if 0 <= self._clock().timestamp() - since < _REFUSED_SECONDS:
            again = Unauthenticated(error.message)
            again.claimed = error.claimed
            raise again

    def trust_of(self, token: str) -> Trust:
        """Whose keys and rules count, by the issuer that the token names. Raises Unauthenticated for a stranger."""
        trust = self._by_issuer.get(issuer_of(token))
        if trust is None:
            raise Unauthenticated("the token's issuer is not trusted")
        return trust

    def _remember(self, digest: bytes, principal: Principal, since: float, claims: dict[str, Any]) -> None:
        expiry = claims.get("exp")
        self._memory[digest] = (principal, since, float("inf") if expiry is None else expiry + LEEWAY)
        self._memory.move_to_end(digest)
        while len(self._memory) > _MEMORY_SIZE:
            self._memory.popitem(last=False)

    async def start(self) -> None:
        """Begins to keep the key sets fresh in the background."""
        self._tasks = [asyncio.create_task(trust.source.keep_fresh()) for trust in self._trusts]

    async def stop(self) -> None:
        """Lets go of the sources' connections."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for trust in self._trusts:
            await trust.source.aclose()
        if self._revocation is not None:
            await self._revocation.aclose()


class DevelopmentAuthenticator:
    """With JWT_ENABLED=false everybody is the development administrator."""

    def cached(self, token: str) -> Principal | None:  # noqa: ARG002
        return DEVELOPMENT_ADMINISTRATOR

    async def authenticate(self, token: str) -> Principal:  # noqa: ARG002
        return DEVELOPMENT_ADMINISTRATOR

    async def start(self) -> None:
        """Nothing to keep."""

    async def stop(self) -> None:
        """Nothing to let go of."""


def digest_of(token: str) -> bytes:
    """What a token is known by: its SHA-256."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def trusts_of(settings: Settings, http_client: httpx.AsyncClient | None = None) -> tuple[str, list[Trust]]:
    """Whom the settings trust: key set before public key before secret, then other providers.

    Raises SettingsInvalid for a key that must not be used.
    """
    kind, source = _own_source(settings, http_client)
    trusts = [Trust(source=source, rules=rules_of(settings))]
    for provider in settings.jwt_providers:
        trusts.append(
            Trust(
                source=_key_set(settings, provider.jwks_url, http_client),
                rules=Rules(
                    algorithms=tuple(provider.algorithms),
                    issuers=frozenset(provider.issuers),
                    audiences=frozenset(provider.audiences),
                    # A company's provider signs for many applications.
                    audience_required=True,
                ),
            )
        )
    return kind, trusts


def _own_source(settings: Settings, client: httpx.AsyncClient | None) -> tuple[str, KeySource]:
    if settings.jwt_jwks_url:
        return "JWT_JWKS_URL", _key_set(settings, settings.jwt_jwks_url, client)
    if settings.jwt_public_key:
        try:
            key = key_of_pem(settings.jwt_public_key)
            return "JWT_PUBLIC_KEY", FixedKey(key, allow_default=settings.may_use_default_key)
        except ValueError as error:
            raise SettingsInvalid(f"JWT_PUBLIC_KEY: {error}") from None
    assert settings.jwt_secret is not None
    return "JWT_SECRET", FixedKey(key_of_secret(settings.jwt_secret.get_secret_value()), allow_default=True)


def _key_set(settings: Settings, url: str, client: httpx.AsyncClient | None) -> RemoteKeySet:
    return RemoteKeySet(url, client=client, allow_default=settings.may_use_default_key)


def build_authenticator(
    settings: Settings,
    clock: Clock,
    http_client: httpx.AsyncClient | None = None,
    denied: Container[bytes] = frozenset(),
) -> Authenticator | DevelopmentAuthenticator:
    """The authenticator that the settings name. Raises SettingsInvalid for a key that must not be used."""
    if not settings.jwt_enabled:
        log.warning("tokens_not_checked", reason="JWT_ENABLED=false")
        return DevelopmentAuthenticator()
    kind, trusts = trusts_of(settings, http_client)
    revocation = None
    if settings.jwt_revocation != "off":
        revocation = RevocationCheck(settings.revocation_url, settings.jwt_revocation, client=http_client)
    log.info(
        "tokens_checked",
        by=kind,
        algorithms=list(trusts[0].rules.algorithms),
        issuers=sorted(issuer for trust in trusts for issuer in trust.rules.issuers),
        revocation=settings.jwt_revocation,
    )
    return Authenticator(trusts=trusts, clock=clock, denied=denied, revocation=revocation)
