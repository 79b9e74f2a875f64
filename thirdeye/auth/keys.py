"""Where the keys come from: a key set fetched by URL, or one fixed key."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import orjson
import structlog

from thirdeye.auth.tokens import Key, is_default_key, key_of_jwk
from thirdeye.deadlines import Deadlines
from thirdeye.errors import Unauthenticated, Unavailable

_TTL = 300.0
# An unknown kid makes us ask again, but no more often than this: anybody can make up kids.
_COOL_DOWN = 5.0
# Without any key nobody can be let in, so then it is tried sooner.
_COOL_DOWN_EMPTY = 1.0
_LARGEST = 262_144
_MOST_KEYS = 50
_DEFAULT_KEY = "this key pair ships with OpenMetadata, so anybody can sign with it: give OpenMetadata one of its own"
log = structlog.get_logger(__name__)


class KeySource(Protocol):
    """Gives the keys that may have signed a token of this key id; `generation` grows when the keys change."""

    generation: int

    async def keys(self, kid: str | None) -> list[Key]:
        """None when no key fits. Raises Unavailable while it cannot be known, Unauthenticated for a key not to be used."""

    async def keep_fresh(self) -> None:
        """Goes on until it is cancelled."""

    async def aclose(self) -> None:
        """Lets go of connections."""


class FixedKey:
    """One key, whatever the token says."""

    generation = 0

    def __init__(self, key: Key, *, allow_default: bool) -> None:
        self._key = key
        if is_default_key(key):
            if not allow_default:
                raise ValueError(f"{_DEFAULT_KEY}; JWT_ALLOW_DEFAULT_KEY=true takes it nevertheless")
            warn_of_default_key()

    async def keys(self, kid: str | None) -> list[Key]:  # noqa: ARG002
        return [self._key]

    async def keep_fresh(self) -> None:
        """It never changes."""

    async def aclose(self) -> None:
        """Nothing to let go of."""


class RemoteKeySet:
    """A key set behind a URL: kept for five minutes, asked again for an unknown kid, kept on while the source is away.

    OM's public default key in it is left out unless `allow_default`: anybody can sign with it.
    """

    def __init__(
        self,
        url: str,
        *,
        client: httpx.AsyncClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        allow_default: bool = False,
        timeout: float = Deadlines.key_set,
    ) -> None:
        self._url = url
        self._shown = _without_secrets(url)
        # A client that was given belongs to whoever gave it.
        self._owned = client is None
        self._client = client or httpx.AsyncClient(timeout=timeout)
        self._timeout = timeout
        self._monotonic = monotonic
        self._allow_default = allow_default
        self._refused: set[str | None] = set()
        self._keys: list[tuple[str | None, Key]] | None = None
        self._fetched = self._tried = float("-inf")
        self._lock = asyncio.Lock()
        self.generation = 0

    async def keys(self, kid: str | None) -> list[Key]:
        """The keys of this id; for a token without one, all of them. Raises Unavailable before the first fetch worked."""
        stale = self._monotonic() - self._fetched > _TTL
        # One request waits for a slow source; the others go on with the keys at hand while it does.
        if not self._known(kid) or (stale and not self._lock.locked()):
            await self._refetch()
        if self._keys is None:
            raise Unavailable("tokens cannot be verified at the moment: the key set cannot be reached")
        known = self._known(kid)
        if not known and kid in self._refused:
            raise Unauthenticated(f"the token is signed with a key that is not allowed: {_DEFAULT_KEY}")
        return known

    async def keep_fresh(self) -> None:
        """Fetches the set before a request has to wait for it, and again soon after a failure."""
        while True:
            if self._monotonic() - self._fetched > _TTL:
                await self._refetch()
            await asyncio.sleep(self._cool_down())

    def _cool_down(self) -> float:
        return _COOL_DOWN if self._keys else _COOL_DOWN_EMPTY

    def _known(self, kid: str | None) -> list[Key]:
        return [key for known, key in self._keys or () if kid is None or known == kid]

    async def _refetch(self) -> None:
        asked = self._monotonic()
        async with self._lock:
            # Somebody else may have fetched while this one waited; failures cool down as well.
            if self._tried > asked or self._monotonic() - self._tried < self._cool_down():
                return
            try:
                entries = await self._fetch()
            except Exception as error:  # whatever it is, the keys at hand must go on working
                log.warning("key_set_away", url=self._shown, error=type(error).__name__)
                return
            finally:
                # From the end on: whoever waited for a source that is slow must not wait for it once more.
                self._tried = self._monotonic()
            self._take(entries)

    async def _fetch(self) -> list[Any]:
        # Not compressed: the bound on the body is one on what is sent.
        asking = self._client.stream("GET", self._url, headers={"accept-encoding": "identity"}, follow_redirects=False)
        async with asyncio.timeout(self._timeout), asking as response:
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
        keys, refused = [], set()
        for entry in entries:
            try:
                kid, key = key_of_jwk(entry)
            except ValueError as error:
                log.warning("key_ignored", url=self._shown, reason=str(error))
                continue
            if is_default_key(key) and not self._allow_default:
                refused.add(kid)
                log.error("default_key_refused", url=self._shown, advice=_DEFAULT_KEY)
                continue
            if is_default_key(key):
                warn_of_default_key()
            keys.append((kid, key))
        if not keys and not refused:
            log.warning("key_set_empty", url=self._shown)
            return
        # The same keys again leave the generation: made-up kids must not empty the memory of verified tokens.
        if self._identities(keys) != self._identities(self._keys or []):
            self.generation += 1
        self._keys, self._refused, self._fetched = keys, refused, self._monotonic()

    @staticmethod
    def _identities(keys: list[tuple[str | None, Key]]) -> set[tuple[str | None, str]]:
        return {(kid, key.thumbprint()) for kid, key in keys}

    async def aclose(self) -> None:
        """Closes the client, unless it was given."""
        if self._owned:
            await self._client.aclose()


def warn_of_default_key() -> None:
    """Says it loudly that a key is the one that ships with OpenMetadata."""
    log.warning("default_key", advice=_DEFAULT_KEY)


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
