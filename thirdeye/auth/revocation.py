"""Whether OpenMetadata still takes a token: asked of its `loggedInUser`, for a minute each."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Literal

import httpx
import structlog

from thirdeye.cooldown import Cooldown
from thirdeye.deadlines import Deadlines
from thirdeye.errors import Unauthenticated, Unavailable

_BELIEVED: Final = 60.0
# After a failure OM is left alone for so many seconds: requests must not each wait for it.
_COOLDOWN: Final = 5.0
_SIZE: Final = 10_000
Mode = Literal["fail-open", "fail-closed"]
log = structlog.get_logger(__name__)


class RevocationCheck:
    """Asks OM at `url` with the token itself. While OM is away, `mode` tells whether tokens pass that OM was not asked of;
    one that OM refused stays refused."""

    def __init__(
        self,
        url: str,
        mode: Mode,
        *,
        client: httpx.AsyncClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        timeout: float = Deadlines.revocation,
    ) -> None:
        self._url = url
        self._mode = mode
        # A client that was given belongs to whoever gave it.
        self._owned = client is None
        self._client = client or httpx.AsyncClient(timeout=timeout)
        self._timeout = timeout
        self._monotonic = monotonic
        # By the digest of the token: whether OM takes it, and until when that is believed.
        self._known: OrderedDict[bytes, tuple[bool, float]] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[bool | None]] = {}
        self._cooldown = Cooldown(_COOLDOWN, monotonic)

    def passes(self, digest: bytes) -> bool:
        """Whether OM took this token within the last minute."""
        known = self._known.get(digest)
        return known is not None and known[0] and self._monotonic() < known[1]

    async def check(self, token: str, digest: bytes) -> None:
        """Raises Unauthenticated for a token that OM refuses; Unavailable when nobody can tell and the mode says so."""
        known = self._known.get(digest)
        if known is None or self._monotonic() >= known[1]:
            answer = await self._ask(token, digest)
            known = (answer, 0.0) if answer is not None else known
        if known is None:
            if self._mode == "fail-closed":
                raise Unavailable(
                    "tokens cannot be verified at the moment: OpenMetadata cannot be asked; try again later"
                )
            return
        if not known[0]:
            raise Unauthenticated("OpenMetadata does not take this token any more: sign in again")

    async def _ask(self, token: str, digest: bytes) -> bool | None:
        """Once for all that wait for the same token; None while OM cannot be asked."""
        if self._cooldown.active:
            return None
        task = self._asking.get(digest)
        if task is None:
            task = self._asking[digest] = asyncio.create_task(self._fetch(token, digest))
            task.add_done_callback(lambda _: self._asking.pop(digest, None))
        return await asyncio.shield(task)

    async def _fetch(self, token: str, digest: bytes) -> bool | None:
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._client.get(
                    self._url, headers={"authorization": f"Bearer {token}"}, follow_redirects=False
                )
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            self._away(type(error).__name__)
            return None
        if answer.status_code not in (200, 401, 403):
            self._away(f"HTTP {answer.status_code}")
            return None
        taken = answer.status_code == 200
        self._known[digest] = (taken, self._monotonic() + _BELIEVED)
        self._known.move_to_end(digest)
        if len(self._known) > _SIZE:
            self._known.popitem(last=False)
        return taken

    def _away(self, reason: str) -> None:
        self._cooldown.start()
        log.warning("revocation_unknown", reason=reason, mode=self._mode)

    async def aclose(self) -> None:
        """Closes the client, unless it was given."""
        if self._owned:
            await self._client.aclose()
