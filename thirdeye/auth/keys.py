"""Sources of the keys that verify tokens: a key set behind a URL, or one fixed key."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import structlog

from thirdeye.auth.tokens import Key, is_default_key, key_of_jwk
from thirdeye.background import PeriodicTask
from thirdeye.deadlines import Deadlines
from thirdeye.errors import Unauthenticated, Unavailable
from thirdeye.outside_json import read_json

_TTL = 300.0
# An unknown key id triggers a fetch, but no more often than this: anybody can make up key ids.
_COOL_DOWN = 5.0
# Without any key no request can be served, so the next attempt comes sooner.
_COOL_DOWN_EMPTY = 1.0
_MAX_KEY_SET_BYTES = 262_144
_MAX_KEYS = 50
_DEFAULT_KEY = "this key pair ships with OpenMetadata, so anybody can sign with it: give OpenMetadata one of its own"
# Whoever controls the way there would choose the keys that tokens are verified with.
_REDIRECTED = (
    "redirects are not followed: set JWT_JWKS_URL, or jwks_url in JWT_PROVIDERS, to where the key set itself is"
)
log = structlog.get_logger(__name__)


class KeySetRedirected(Exception):
    """The key set is said to be elsewhere; the message says where."""


@dataclass(frozen=True)
class KeySetAnswer:
    """The entries of a key set as they came, and the time that its server says it is."""

    entries: list[object]
    date: str | None


async def fetch_key_set(client: httpx.AsyncClient, url: str, timeout: float = Deadlines.key_set) -> KeySetAnswer:
    """The key set behind a URL. Raises KeySetRedirected, ValueError for what is none, and the errors of httpx."""
    # Uncompressed, so that the limit on the body bounds what is sent.
    request = client.stream("GET", url, headers={"accept-encoding": "identity"}, follow_redirects=False)
    async with asyncio.timeout(timeout), request as response:
        if response.has_redirect_location:
            target = str(response.url.join(response.headers["location"]))
            raise KeySetRedirected(f"redirects to {without_secrets(target)}")
        response.raise_for_status()
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MAX_KEY_SET_BYTES:
                raise ValueError("the key set is too large")
    document = read_json(bytes(body), max_bytes=_MAX_KEY_SET_BYTES)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("this is no key set")
    return KeySetAnswer(entries[:_MAX_KEYS], response.headers.get("date"))


class KeySource(Protocol):
    """Where keys come from; `generation` grows whenever they change."""

    generation: int

    async def keys(self, kid: str | None) -> list[Key]:
        """The keys of this id, all without an id; empty when none fits.

        Raises Unavailable before any keys are known, Unauthenticated for a key that must not be used.
        """

    def age(self) -> float:
        """Seconds since the keys were fetched; infinite before, 0 of a key that never changes."""

    async def start(self) -> None:
        """Starts refreshing the keys in the background."""

    async def stop(self) -> None:
        """Stops refreshing and closes connections."""


class FixedKey:
    """One key for every token, whatever its key id."""

    generation = 0

    def __init__(self, key: Key, *, allow_default: bool) -> None:
        self._key = key
        if is_default_key(key):
            if not allow_default:
                raise ValueError(f"JWT_PUBLIC_KEY: {_DEFAULT_KEY}; JWT_ALLOW_DEFAULT_KEY=true takes it nevertheless")
            _warn_of_default_key()

    async def keys(self, kid: str | None) -> list[Key]:  # noqa: ARG002
        return [self._key]

    def age(self) -> float:
        return 0.0

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class RemoteKeySet:
    """A key set behind a URL, fetched every five minutes and for an unknown key id; the last one is used in an outage.

    Leaves out the key pair that ships with OM unless `allow_default`: anybody can sign with it.
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
        self._log_url = without_secrets(url)
        # An injected client is closed by its owner.
        self._owns_client = client is None
        self._client = client or httpx.AsyncClient(timeout=timeout)
        self._timeout = timeout
        self._monotonic = monotonic
        self._allow_default = allow_default
        self._refused_key_ids: set[str | None] = set()
        self._keys: list[tuple[str | None, Key]] | None = None
        self._fetched_at = self._attempted_at = float("-inf")
        self._lock = asyncio.Lock()
        self._refreshing = PeriodicTask(self._refresh_if_stale, self._cool_down, event="key_set_not_refreshed")
        self.generation = 0

    async def keys(self, kid: str | None) -> list[Key]:
        # One request waits for a slow source; the others use the keys at hand.
        if not self._keys_of(kid) or (self._is_stale() and not self._lock.locked()):
            await self._refetch()
        if self._keys is None:
            raise Unavailable("tokens cannot be verified at the moment: the key set cannot be reached")
        keys = self._keys_of(kid)
        if not keys and kid in self._refused_key_ids:
            raise Unauthenticated(f"the token is signed with a key that is not allowed: {_DEFAULT_KEY}")
        return keys

    async def start(self) -> None:
        """Fetches the set before a request has to wait for it, and again soon after a failure."""
        self._refreshing.start(wait_first=False)

    async def _refresh_if_stale(self) -> None:
        if self._is_stale():
            await self._refetch()

    def age(self) -> float:
        return self._monotonic() - self._fetched_at

    def _is_stale(self) -> bool:
        return self.age() > _TTL

    def _cool_down(self) -> float:
        return _COOL_DOWN if self._keys else _COOL_DOWN_EMPTY

    def _keys_of(self, kid: str | None) -> list[Key]:
        return [key for key_id, key in self._keys or () if kid is None or key_id == kid]

    # A lock and no SingleFlight, so that a fetch ends when the background task is cancelled.
    async def _refetch(self) -> None:
        called_at = self._monotonic()
        async with self._lock:
            # Another request may have fetched while this one waited; failures cool down as well.
            if self._attempted_at > called_at or self._monotonic() - self._attempted_at < self._cool_down():
                return
            try:
                entries = (await fetch_key_set(self._client, self._url, self._timeout)).entries
            except KeySetRedirected as error:
                log.warning("key_set_away", url=self._log_url, error=str(error), advice=_REDIRECTED)
                return
            except Exception as error:  # whatever it is, the keys at hand stay in use
                log.warning("key_set_away", url=self._log_url, error=type(error).__name__)
                return
            finally:
                # Counted from the end: who has waited for a slow source must not wait for it again.
                self._attempted_at = self._monotonic()
            self._replace_keys(entries)

    def _replace_keys(self, entries: list[object]) -> None:
        keys, refused_key_ids = [], set()
        for entry in entries:
            try:
                kid, key = key_of_jwk(entry)
            except ValueError as error:
                log.warning("key_ignored", url=self._log_url, reason=str(error))
                continue
            if is_default_key(key):
                if not self._allow_default:
                    refused_key_ids.add(kid)
                    log.error("default_key_refused", url=self._log_url, advice=_DEFAULT_KEY)
                    continue
                _warn_of_default_key()
            keys.append((kid, key))
        if not keys and not refused_key_ids:
            log.warning("key_set_empty", url=self._log_url)
            return
        # The same keys keep the generation: made-up key ids must not empty the memory of verified tokens.
        if self._identities(keys) != self._identities(self._keys or []):
            self.generation += 1
        self._keys, self._refused_key_ids, self._fetched_at = keys, refused_key_ids, self._monotonic()

    @staticmethod
    def _identities(keys: list[tuple[str | None, Key]]) -> set[tuple[str | None, str]]:
        return {(kid, key.thumbprint()) for kid, key in keys}

    async def stop(self) -> None:
        """Stops refreshing, and closes the client unless it was injected."""
        await self._refreshing.stop()
        if self._owns_client:
            await self._client.aclose()


def _warn_of_default_key() -> None:
    log.warning("default_key", advice=_DEFAULT_KEY)


def without_secrets(url: str) -> str:
    """The address without user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
