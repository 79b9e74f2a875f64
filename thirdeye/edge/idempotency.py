"""The same request once: an answer is kept under the caller's key, in the transaction of what the request changed.

Killed at any point either both are there or neither, and a client that retries gets the answer or has the work done.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

from thirdeye.background import PeriodicTask
from thirdeye.clock import Clock
from thirdeye.database import MySQL, Row
from thirdeye.deadlines import Deadlines
from thirdeye.edge import store
from thirdeye.errors import BadInput, Conflict, Unavailable

KEPT: Final = timedelta(hours=24)
HEADER: Final = b"idempotency-key"
_MAX_KEY_LENGTH: Final = 255
# Of one caller so many answers are kept, and so many bytes of them, the newest; and so many bytes of one answer.
_MAX_ANSWERS: Final = 5_000
_MAX_BYTES: Final = 8_000_000
_MAX_ANSWER_BYTES: Final = 1_000_000
_PRUNE_SECONDS: Final = 60.0


class _Undone(Exception):
    """Rolls the transaction back: the next attempt may do what this one could not."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """An answer. `replayed`: it was given before; `undone`: nothing that its request changed stays."""

    body: bytes
    replayed: bool = False
    undone: bool = False


class Idempotency:
    """Answers by caller and key over ThirdEye's schema. `timeout`: seconds to wait for a request with the same key.

    What is over a caller's bounds goes when a newer answer comes, what is too old each minute, whatever else works.
    """

    def __init__(self, thirdeye: MySQL, clock: Clock, *, timeout: float = Deadlines.same_request) -> None:
        self._thirdeye = thirdeye
        self._clock = clock
        self._timeout = timeout
        self._pruning = PeriodicTask(self.prune, _PRUNE_SECONDS, event="answers_not_pruned")

    async def start(self) -> None:
        """Begins to drop old answers in the background."""
        self._pruning.start()

    async def stop(self) -> None:
        """Stops that."""
        await self._pruning.stop()

    async def prune(self) -> None:
        """Drops all answers that are too old; while the schema is unavailable they stay."""
        with suppress(Unavailable):
            await store.forget_answers(self._thirdeye, self._clock() - KEPT)

    async def once(
        self, caller: str, key: str, request: bytes, work: Callable[[], Awaitable[tuple[bytes, bool]]]
    ) -> Outcome:
        """The answer to a request, from before if there is one.

        `work` gives an answer, and whether the next attempt would give the same; if not, all that it changed is undone. It
        is kept if its request changed something. Raises Conflict for a key that was used for another request, BadInput for
        an answer that is too large to be kept, Unavailable while the same request is in progress, or if the server undid
        what this one changed.
        """
        caller, fingerprint = caller[:256], sha256(request).digest()
        lock = sha256(b"\0".join((self._thirdeye.schema.encode(), caller.encode(), key.encode()))).hexdigest()
        body = b""
        try:
            async with self._thirdeye.joined(lock[:60], self._timeout) as session:
                row = await store.kept_answer(session, caller, key, self._clock() - KEPT)
                if row is not None:
                    return _replay(row, fingerprint)
                body, is_final = await work()
                if not is_final:
                    raise _Undone
                await session.check_mark()
                if not session.changes:
                    return Outcome(body=body)
                _check_size(body)
                now = self._clock()
                await store.keep_answer(session, caller=caller, key=key, request=fingerprint, answer=body, now=now)
        except _Undone:
            return Outcome(body=body, undone=True)
        # The answer is there. While others are at the same rows they stay for the next time.
        with suppress(Unavailable):
            await store.drop_answers_over(self._thirdeye, caller, _MAX_ANSWERS, _MAX_BYTES)
        return Outcome(body=body)


def _replay(row: Row, fingerprint: bytes) -> Outcome:
    if bytes(row["request"]) != fingerprint:
        raise Conflict("Idempotency-Key: was used for another request; take a new one for this")
    return Outcome(body=bytes(row["answer"]), replayed=True)


def _check_size(body: bytes) -> None:
    if len(body) > _MAX_ANSWER_BYTES:
        message = f"Idempotency-Key: the answer has {len(body):,} bytes, and at most {_MAX_ANSWER_BYTES:,} are kept"
        raise BadInput(f"{message}; nothing was changed, ask for fewer fields")


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
