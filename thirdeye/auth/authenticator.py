"""From a token to the caller, with a bounded memory of tokens verified lately."""

import hashlib
from collections import OrderedDict

import httpx
import structlog

from thirdeye.auth.keys import FixedKey, KeySource, RemoteKeySet
from thirdeye.auth.principal import DEVELOPMENT_ADMINISTRATOR, Principal, principal_of
from thirdeye.auth.tokens import (
    LEEWAY,
    LONGEST,
    Rules,
    check_algorithm,
    header_of,
    key_of_pem,
    key_of_secret,
    rules_of,
    verified_claims,
)
from thirdeye.clock import Clock
from thirdeye.errors import Unauthenticated
from thirdeye.settings import Settings

# A verified token is believed again for so many seconds, then looked at anew.
_MEMORY_SECONDS = 60.0
_MEMORY_SIZE = 10_000
log = structlog.get_logger(__name__)


class Authenticator:
    """Verifies tokens against one source of keys."""

    def __init__(self, *, source: KeySource, rules: Rules, clock: Clock) -> None:
        self._source = source
        self._rules = rules
        self._clock = clock
        self._memory: OrderedDict[bytes, tuple[Principal, float, float]] = OrderedDict()
        self._generation = source.generation

    def cached(self, token: str) -> Principal | None:
        """The caller, when this very token was verified within the last minute and has not expired since."""
        if self._generation != self._source.generation or len(token) > LONGEST:
            return None
        digest = _digest(token)
        known = self._memory.get(digest)
        if known is None:
            return None
        principal, since, until = known
        # Also looked at anew when the clock was set back.
        if not since <= self._clock().timestamp() < until:
            return None
        self._memory.move_to_end(digest)
        return principal

    async def authenticate(self, token: str) -> Principal:
        """The caller. Raises Unauthenticated, or Unavailable while keys cannot be had."""
        header = header_of(token)
        check_algorithm(header, self._rules)
        kid = header.get("kid")
        keys = await self._source.keys(kid)
        if self._generation != self._source.generation:
            self._memory.clear()
            self._generation = self._source.generation
        if not keys:
            raise Unauthenticated("the token is signed with an unknown key")
        now = self._clock().timestamp()
        claims = verified_claims(token, header, keys, self._rules, now)
        principal = principal_of(claims)
        expiry = claims.get("exp")
        until = now + _MEMORY_SECONDS if expiry is None else min(now + _MEMORY_SECONDS, expiry + LEEWAY)
        self._remember(_digest(token), principal, now, until)
        return principal

    def _remember(self, digest: bytes, principal: Principal, since: float, until: float) -> None:
        self._memory[digest] = (principal, since, until)
        self._memory.move_to_end(digest)
        while len(self._memory) > _MEMORY_SIZE:
            self._memory.popitem(last=False)

    async def aclose(self) -> None:
        """Lets go of the source's connections."""
        await self._source.aclose()


class Everybody:
    """With JWT_ENABLED=false everybody is the development administrator."""

    def cached(self, token: str) -> Principal | None:  # noqa: ARG002
        return DEVELOPMENT_ADMINISTRATOR

    async def authenticate(self, token: str) -> Principal:  # noqa: ARG002
        return DEVELOPMENT_ADMINISTRATOR

    async def aclose(self) -> None:
        """Nothing to let go of."""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def build_authenticator(
    settings: Settings, clock: Clock, http_client: httpx.AsyncClient | None = None
) -> Authenticator | Everybody:
    """The authenticator that the settings name: key set before public key before secret. Raises ValueError for a bad PEM."""
    if not settings.jwt_enabled:
        log.warning("tokens_not_checked", reason="JWT_ENABLED=false")
        return Everybody()
    source: KeySource
    if settings.jwt_jwks_url:
        kind, source = "JWT_JWKS_URL", RemoteKeySet(settings.jwt_jwks_url, client=http_client)
    elif settings.jwt_public_key:
        kind, source = "JWT_PUBLIC_KEY", FixedKey(key_of_pem(settings.jwt_public_key))
    else:
        assert settings.jwt_secret is not None
        kind, source = "JWT_SECRET", FixedKey(key_of_secret(settings.jwt_secret.get_secret_value()))
    rules = rules_of(settings)
    log.info("tokens_checked", by=kind, algorithms=list(rules.algorithms), issuers=sorted(rules.issuers))
    return Authenticator(source=source, rules=rules, clock=clock)
