"""Whether OpenMetadata still accepts a token: its `loggedInUser` tells, and its answer counts for a minute."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, Literal

import httpx
import structlog
from cachetools import LRUCache

from thirdeye.cooldown import Cooldown
from thirdeye.deadlines import Deadlines
from thirdeye.errors import Unauthenticated, Unavailable
from thirdeye.single_flight import SingleFlight

_ANSWER_SECONDS: Final = 60.0
# Seconds without a call after a failed one: not every request must wait for OM.
_COOL_DOWN: Final = 5.0
_MEMORY_SIZE: Final = 10_000
RevocationMode = Literal["fail-open", "fail-closed"]
log = structlog.get_logger(__name__)


class RevocationCheck:
    """Calls `url` with the token itself. While OM is unavailable its last answer on a token counts, however old.

    Without one, `mode` decides whether the token passes.
    """

    def __init__(
        self,
        url: str,
        mode: RevocationMode,
        *,
        client: httpx.AsyncClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        timeout: float = Deadlines.revocation,
    ) -> None:
        self._url = url
        self._mode = mode
        # An injected client is closed by its owner.
        self._owns_client = client is None
        self._client = client or httpx.AsyncClient(timeout=timeout)
        self._timeout = timeout
        self._monotonic = monotonic
        # By digest of the token: whether OM accepts it, and until when that counts. Answers outlast that for an outage,
        # so this is no TTLCache.
        self._answers: LRUCache[bytes, tuple[bool, float]] = LRUCache(_MEMORY_SIZE)
        self._calls = SingleFlight()
        self._cooldown = Cooldown(_COOL_DOWN, monotonic)

    def passes(self, digest: bytes) -> bool:
        """Whether OM accepted this token within the last minute."""
        answer = self._answers.get(digest)
        return answer is not None and answer[0] and self._monotonic() < answer[1]

    async def check(self, token: str, digest: bytes) -> None:
        """Raises Unauthenticated for a token that OM refuses, Unavailable if it is unknown and `mode` is fail-closed."""
        accepted, valid_until = self._answers.get(digest, (None, 0.0))
        if accepted is None or self._monotonic() >= valid_until:
            answer = await self._ask(token, digest)
            accepted = accepted if answer is None else answer
        if accepted is None and self._mode == "fail-closed":
            raise Unavailable("tokens cannot be verified at the moment: OpenMetadata cannot be asked; try again later")
        if accepted is False:
            raise Unauthenticated("OpenMetadata does not take this token any more: sign in again")

    async def _ask(self, token: str, digest: bytes) -> bool | None:
        """Whether OM accepts the token; None while OM is unavailable."""
        if self._cooldown.active:
            return None
        return await self._calls.do(digest, lambda: self._call(token, digest))

    async def _call(self, token: str, digest: bytes) -> bool | None:
        headers = {"authorization": f"Bearer {token}"}
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._client.get(self._url, headers=headers, follow_redirects=False)
            reason = f"HTTP {response.status_code}"
            if response.status_code in (200, 401, 403):
                accepted = response.status_code == 200
                self._answers[digest] = (accepted, self._monotonic() + _ANSWER_SECONDS)
                return accepted
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            reason = type(error).__name__
        self._cooldown.start()
        log.warning("revocation_unknown", reason=reason, mode=self._mode)
        return None

    async def aclose(self) -> None:
        """Closes the client, unless it was injected."""
        if self._owns_client:
            await self._client.aclose()
