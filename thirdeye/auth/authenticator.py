"""From a token to the caller, with a bounded memory of the tokens that were verified."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Final

import httpx
import structlog
from cachetools import LRUCache

from thirdeye.auth.identity import ClaimRules
from thirdeye.auth.keys import FixedKey, KeySource, RemoteKeySet
from thirdeye.auth.principal import DEVELOPMENT_ADMINISTRATOR, Principal, principal_of
from thirdeye.auth.revocation import RevocationCheck
from thirdeye.auth.tokens import (
    LEEWAY,
    MAX_TOKEN_BYTES,
    TokenRules,
    check_algorithm,
    denials_of,
    expiry_of,
    header_of,
    issuer_of,
    key_of_pem,
    key_of_secret,
    memory_key,
    token_rules_of,
    verified_claims,
)
from thirdeye.clock import Clock
from thirdeye.errors import Unauthenticated
from thirdeye.setting_types import Provider
from thirdeye.settings import Settings, SettingsInvalid

_MEMORY_SIZE: Final = 10_000
# For so many seconds a refused token is refused again without being verified.
_REFUSED_SECONDS: Final = 10.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class IdentityProvider:
    """A party whose tokens are accepted: its keys, the rules for its tokens, and how they name people if it is not OM."""

    key_source: KeySource
    rules: TokenRules
    claim_rules: ClaimRules | None = None


class Authenticator:
    """Verifies each token by the keys and rules of its own issuer only."""

    def __init__(
        self,
        *,
        providers: Sequence[IdentityProvider],
        clock: Clock,
        denied: Container[bytes] = frozenset(),
        revocation: RevocationCheck | None = None,
    ) -> None:
        self._providers = providers
        self._by_issuer = {issuer: provider for provider in providers for issuer in provider.rules.issuers}
        self._clock = clock
        self._denied = denied
        self._revocation = revocation
        # Deadlines are kept beside the entries: a hit of a TTLCache takes 3 us, one of this 0.6 us. By digest of the
        # token: the caller, when it was verified, until when that holds, and what denies it; the refusal, and when it was.
        self._verified: LRUCache[bytes, tuple[Principal, float, float, tuple[bytes, ...]]] = LRUCache(_MEMORY_SIZE)
        self._refused: LRUCache[bytes, tuple[Unauthenticated, float]] = LRUCache(_MEMORY_SIZE)
        self._generation = self._newest_generation()

    def _newest_generation(self) -> int:
        # With every request, so without a generator.
        newest = 0
        for provider in self._providers:
            newest += provider.key_source.generation
        return newest

    def cached(self, token: str) -> Principal | None:
        """The caller, if this token was verified before and has neither expired nor been denied since."""
        if self._generation != self._newest_generation() or len(token) > MAX_TOKEN_BYTES:
            return None
        digest = memory_key(token)
        entry = self._verified.get(digest)
        if entry is None:
            return None
        principal, verified_at, expires_at, denials = entry
        if self._is_denied(denials):
            return None
        # Verified again when the clock was set back.
        if not verified_at <= self._clock().timestamp() < expires_at:
            return None
        if self._revocation is not None and not self._revocation.passes(digest):
            return None
        return principal

    async def authenticate(self, token: str) -> Principal:
        """The caller. Raises Unauthenticated, or Unavailable while the keys cannot be fetched."""
        digest = memory_key(token)
        self._raise_known_refusal(digest)
        header = header_of(token)
        denials = denials_of(token, header.algorithm)
        if self._is_denied(denials):
            raise Unauthenticated("the token was denied by an administrator of ThirdEye: get a new one")
        provider = self.provider_of(token)
        check_algorithm(header, provider.rules)
        keys = await provider.key_source.keys(header.key_id)
        if self._generation != self._newest_generation():
            self._verified.clear()
            self._refused.clear()
            self._generation = self._newest_generation()
        if not keys:
            raise Unauthenticated("the token is signed with an unknown key")
        now = self._clock().timestamp()
        try:
            claims = verified_claims(token, header, keys, provider.rules, now)
            principal = principal_of(claims, provider.claim_rules)
        except Unauthenticated as error:
            if not error.for_now:
                self._refused[digest] = (_copy_of(error), now)
            raise
        if self._revocation is not None:
            await self._revocation.check(token, digest)
        expiry = expiry_of(claims)
        self._verified[digest] = (principal, now, float("inf") if expiry is None else expiry + LEEWAY, denials)
        return principal

    def _is_denied(self, denials: tuple[bytes, ...]) -> bool:
        # With every request, so without a generator.
        for denial in denials:  # noqa: SIM110
            if denial in self._denied:
                return True
        return False

    def _raise_known_refusal(self, digest: bytes) -> None:
        entry = self._refused.get(digest)
        if entry is None or self._generation != self._newest_generation():
            return
        error, refused_at = entry
        if 0 <= self._clock().timestamp() - refused_at < _REFUSED_SECONDS:
            raise _copy_of(error)

    def provider_of(self, token: str) -> IdentityProvider:
        """The provider that the token names as its issuer. Raises Unauthenticated for an unknown one."""
        provider = self._by_issuer.get(issuer_of(token))
        if provider is None:
            raise Unauthenticated("the token's issuer is not trusted")
        return provider

    async def start(self) -> None:
        """Starts refreshing the key sets in the background."""
        for provider in self._providers:
            await provider.key_source.start()

    def key_age(self) -> float:
        """Seconds since the oldest of the key sets was fetched; infinite before all of them were."""
        return max(provider.key_source.age() for provider in self._providers)

    async def stop(self) -> None:
        """Stops refreshing and closes connections."""
        for provider in self._providers:
            await provider.key_source.stop()
        if self._revocation is not None:
            await self._revocation.aclose()


class DevelopmentAuthenticator:
    """With JWT_ENABLED=false every caller is the development administrator."""

    def cached(self, token: str) -> Principal | None:  # noqa: ARG002
        return DEVELOPMENT_ADMINISTRATOR

    async def authenticate(self, token: str) -> Principal:  # noqa: ARG002
        return DEVELOPMENT_ADMINISTRATOR

    def key_age(self) -> float:
        return 0.0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def _copy_of(error: Unauthenticated) -> Unauthenticated:
    # An exception that is kept and raised again would collect tracebacks.
    copy = Unauthenticated(error.message)
    copy.claimed = error.claimed
    return copy


def identity_providers_of(
    settings: Settings, http_client: httpx.AsyncClient | None = None
) -> tuple[str, list[IdentityProvider]]:
    """OpenMetadata first, then JWT_PROVIDERS; with the name of the setting that OM's keys come from.

    JWT_JWKS_URL wins over JWT_PUBLIC_KEY, that over JWT_SECRET. Raises SettingsInvalid for a key that must not be used.
    """
    setting, key_source = _openmetadata_keys(settings, http_client)
    providers = [IdentityProvider(key_source=key_source, rules=token_rules_of(settings))]
    for provider in settings.jwt_providers:
        rules = TokenRules(
            algorithms=tuple(provider.algorithms),
            issuers=frozenset(provider.issuers),
            audiences=frozenset(provider.audiences),
            # A company's provider signs for many applications.
            audience_required=True,
        )
        key_set = _key_set(settings, provider.jwks_url, http_client)
        claim_rules = claim_rules_of(settings, provider)
        providers.append(IdentityProvider(key_source=key_set, rules=rules, claim_rules=claim_rules))
    return setting, providers


def claim_rules_of(settings: Settings, provider: Provider) -> ClaimRules:
    """How the tokens of a provider of JWT_PROVIDERS name people: its own settings before those for all of them."""
    mapping = provider.principal_claims_mapping or settings.jwt_principal_claims_mapping
    claims = dict(entry.split(":", 1) for entry in mapping)
    others = (other for other in settings.jwt_providers if other is not provider)
    return ClaimRules(
        principal_claims=tuple(provider.principal_claims or settings.jwt_principal_claims),
        # Its own order of claims stands against a mapping for all.
        username_claim=None if provider.principal_claims else claims.get("username"),
        email_claim=None if provider.principal_claims else claims.get("email"),
        domains=frozenset(provider.principal_domains),
        foreign_domains=frozenset(domain for other in others for domain in other.principal_domains),
        roles_claim=provider.roles_claim or settings.jwt_roles_claim,
    )


def _openmetadata_keys(settings: Settings, client: httpx.AsyncClient | None) -> tuple[str, KeySource]:
    if settings.jwt_jwks_url:
        return "JWT_JWKS_URL", _key_set(settings, settings.jwt_jwks_url, client)
    if settings.jwt_public_key:
        try:
            key = key_of_pem(settings.jwt_public_key)
            return "JWT_PUBLIC_KEY", FixedKey(key, allow_default=settings.may_use_default_key)
        except ValueError as error:
            raise SettingsInvalid(str(error)) from None
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
    setting, providers = identity_providers_of(settings, http_client)
    revocation = None
    if settings.jwt_revocation != "off":
        revocation = RevocationCheck(settings.revocation_url, settings.jwt_revocation, client=http_client)
    log.info(
        "tokens_checked",
        by=setting,
        algorithms=list(providers[0].rules.algorithms),
        issuers=sorted(issuer for provider in providers for issuer in provider.rules.issuers),
        revocation=settings.jwt_revocation,
    )
    return Authenticator(providers=providers, clock=clock, denied=denied, revocation=revocation)
