"""The same request once: an answer is kept under the caller's key, in the transaction of what the request changed.

Killed at any point either both are there or neither, and a client that retries gets the answer or has the work done.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import Final

from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.deadlines import Deadlines
from thirdeye.edge import store
from thirdeye.errors import BadInput, Conflict

KEPT: Final = timedelta(hours=24)
HEADER: Final = b"idempotency-key"
_MAX_KEY_LENGTH: Final = 255


class _NotKept(Exception):
    """Rolls the transaction back: the answer is not to be kept."""


class Idempotency:
    """Answers by caller and key over ThirdEye's schema. `timeout`: seconds to wait for a request with the same key."""

    def __init__(self, thirdeye: MySQL, clock: Clock, *, timeout: float = Deadlines.same_request) -> None:
        self._thirdeye = thirdeye
        self._clock = clock
        self._timeout = timeout

    async def once(
        self, caller: str, key: str, request: bytes, work: Callable[[], Awaitable[tuple[bytes, bool]]]
    ) -> tuple[bytes, bool]:
        """The answer to a request, and whether it was given before.

        `work` gives an answer, and whether to keep it; if not, all that it changed is undone. Raises Conflict for a key
        that was used for another request, Unavailable while the same request is in progress.
        """
        caller, fingerprint = caller[:256], sha256(request).digest()
        lock = sha256(b"\0".join((self._thirdeye.schema.encode(), caller.encode(), key.encode()))).hexdigest()
        answer = b""
        try:
            async with self._thirdeye.joined(lock[:60], self._timeout) as session:
                row = await store.kept_answer(session, caller, key, self._clock() - KEPT)
                if row is not None:
                    if bytes(row["request"]) != fingerprint:
                        raise Conflict("Idempotency-Key: was used for another request; take a new one for this")
                    return bytes(row["answer"]), True
                answer, keep = await work()
                if not keep:
                    raise _NotKept
                now = self._clock()
                await store.keep_answer(session, caller=caller, key=key, request=fingerprint, answer=answer, now=now)
        except _NotKept:
            pass
        return answer, False


def validate_key(header: bytes | None, extension: object) -> str | None:
    """The key of a request, from its header or its GraphQL extensions. Raises BadInput for one that is none."""
    if extension is not None and not isinstance(extension, str):
        raise BadInput("extensions.idempotencyKey: must be a string")
    keys = [key for key in (None if header is None else header.decode("latin-1"), extension) if key is not None]
    if not keys:
        return None
    key: str = keys[0]
    if len(set(keys)) > 1:
        raise BadInput("Idempotency-Key: differs from extensions.idempotencyKey; send one of them")
    if not 1 <= len(key) <= _MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise BadInput(f"Idempotency-Key: must have 1 to {_MAX_KEY_LENGTH} printable ASCII characters")
    return key
