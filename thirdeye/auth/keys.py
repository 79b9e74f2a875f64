"""Where the keys come from: a key set fetched by URL, or one fixed key."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

import httpx
import orjson
import structlog
from joserfc.jwk import Key

from thirdeye.auth.tokens import key_of_jwk
from thirdeye.errors import Unavailable

_TTL = 300.0
# An unknown kid makes us ask again, but no more often than this: anybody can make up kids.
_COOL_DOWN = 10.0
_TIMEOUT = 3.0
_LARGEST = 262_144
_MOST_KEYS = 50
_DEFAULT_MODULUS = "2XTHbrS8uYv-THweGDgqRciCTZJIU0NuaPUQT43V7oQgj3EF"
log = structlog.get_logger(__name__)


class KeySource(Protocol):
    """Gives the keys that may have signed a token of this key id."""

    generation: int

    async def keys(self, kid: str | None) -> list[Key]:
        """None when no key fits. Raises Unavailable while it cannot be known."""

    async def aclose(self) -> None:
        """Lets go of connections."""


class FixedKey:
    """One key, whatever the token says."""

    generation = 0

    def __init__(self, key: Key) -> None:
        self._key = key

    async def keys(self, kid: str | None) -> list[Key]:  # noqa: ARG002
        return [self._key]

    async def aclose(self) -> None:
        """Nothing to let go of."""


class RemoteKeySet:
    """A key set behind a URL: kept for five minutes, asked again for an unknown kid, kept on while the source is away."""

    def __init__(
        self, url: str, *, client: httpx.AsyncClient | None = None, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._client = client or httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False)
        self._monotonic = monotonic
        self._keys: list[tuple[str | None, Key]] | None = None
        self._fetched = self._tried = float("-inf")
        self._lock = asyncio.Lock()
        self.generation = 0

    async def keys(self, kid: str | None) -> list[Key]:
        """The keys of this id; for a token without one, all of them. Raises Unavailable before the first fetch worked."""
        if self._monotonic() - self._fetched > _TTL or (kid is not None and not self._known(kid)):
            await self._refetch()
        if self._keys is None:
            raise Unavailable("tokens cannot be verified at the moment: the key set cannot be reached")
        return self._known(kid)

    def _known(self, kid: str | None) -> list[Key]:
        return [key for known, key in self._keys or () if kid is None or known == kid]

    async def _refetch(self) -> None:
        asked = self._monotonic()
        async with self._lock:
            # Somebody else may have fetched while this one waited; failures cool down as well.
            if self._tried > asked or self._monotonic() - self._tried < _COOL_DOWN:
                return
            self._tried = self._monotonic()
            try:
                entries = await self._fetch()
            except (httpx.HTTPError, ValueError, TimeoutError) as error:
                log.warning("key_set_away", url=self._url, error=type(error).__name__)
                return
            self._take(entries)

    async def _fetch(self) -> list[Any]:
        async with asyncio.timeout(_TIMEOUT), self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _LARGEST:
                    raise ValueError("the key set is too large")
        document = orjson.loads(bytes(body))
        entries = document.get("keys") if isinstance(document, dict) else None
        if not isinstance(entries, list):
            raise ValueError("this is no key set")
        return entries[:_MOST_KEYS]

    def _take(self, entries: list[Any]) -> None:
        keys = []
        for entry in entries:
            try:
                keys.append(key_of_jwk(entry))
            except ValueError as error:
                log.warning("key_ignored", url=self._url, reason=str(error))
                continue
            if str(entry.get("n", "")).lstrip("A").startswith(_DEFAULT_MODULUS) or _DEFAULT_MODULUS in str(
                entry.get("n")
            ):
                log.warning("default_key", advice="this key pair ships with OpenMetadata and is public: make your own")
        if not keys:
            log.warning("key_set_empty", url=self._url)
            return
        self._keys, self._fetched = keys, self._monotonic()
        self.generation += 1

    async def aclose(self) -> None:
        """Closes the client."""
        await self._client.aclose()
