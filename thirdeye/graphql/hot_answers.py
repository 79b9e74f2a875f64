"""Answers that are given again as bytes, for as long as what they were made of is the same.

A request is known by all that decides its answer: method, query string, the headers below, body. An answer is kept with the
token of the family of data that it is a pure function of, whoever asks: an object that the family gives until its data, or the
time that has passed, may make another answer; then it gives none until it has looked, and another one after a change.

Only what would come to the same bytes again is left out: reading the request, finding, executing and rendering the operation.
The token of the caller, limits, rates, log line, metrics and request id are before and after this, as for any other request.

A family joins with a function in `families`, and by being named in `PreparedDocument.family`. If its answers differ by caller,
what the caller may see must become a part of `Head` first.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import Scope, Send

from thirdeye.errors import HeaderPairs
from thirdeye.observability.metrics import Metrics
from thirdeye.request_state import request_state

_HEADERS: Final = frozenset({b"accept", b"content-type", b"x-om-operation-id", b"if-none-match", b"idempotency-key"})
# Of all that is kept, requests included; and the most that one may take of it.
_MAX_BYTES: Final = 8_000_000
_MAX_ENTRY: Final = 64_000
# What an entry takes beside its bytes.
_ENTRY_BYTES: Final = 2_000
# What is known of a request before its body.
Head = tuple[Any, ...]
Families = Mapping[str, Callable[[], object | None]]


@dataclass(frozen=True, slots=True)
class HotAnswer:
    """An answer as it is sent. `token` is that of its family when it was made."""

    family: str
    token: object
    operation: str
    status: int
    body: bytes
    headers: HeaderPairs


class HotAnswers:
    """The answers that are kept; with no `families` there are none."""

    def __init__(self, families: Families, metrics: Metrics) -> None:
        self._families = families
        self._metrics = metrics
        self._kept: dict[Head, dict[bytes, HotAnswer]] = {}
        self._bytes = 0

    def token(self, family: str | None) -> object | None:
        """The token of a family; None when its data must be looked at first, and for what is never kept."""
        current = None if family is None else self._families.get(family)
        return None if current is None else current()

    @staticmethod
    def head_of(scope: Scope) -> Head:
        """What is known of a request before its body."""
        matters = [header for header in scope["headers"] if header[0] in _HEADERS]
        return (scope["method"], scope["query_string"], *matters)

    def knows(self, head: Head) -> bool:
        """Whether an answer to a request that begins like this is kept, so that its body is worth a look."""
        return head in self._kept

    def find(self, head: Head, body: bytes) -> HotAnswer | None:
        """The answer, if whatever it was made of is the same still."""
        kept = self._kept[head].get(body)
        if kept is None or self.token(kept.family) is not kept.token:
            self._metrics.observe_cache("answer", "miss", 0.0)
            return None
        return kept

    async def send(self, answer: HotAnswer, scope: Scope, send: Send) -> None:
        """Sends an answer, and counts it like one that was worked out."""
        request_state(scope).operation = answer.operation
        self._metrics.observe_operation(answer.operation, "ok")
        self._metrics.observe_cache("answer", "hit", 0.0)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    def keep(self, head: Head, body: bytes, answer: HotAnswer) -> None:
        """Keeps an answer without errors, made while its token was that of its family, from before to after."""
        size = len(body) + len(answer.body) + sum(len(name) + len(value) for name, value in head[2:]) + len(head[1])
        if size > _MAX_ENTRY:
            return
        if self._bytes > _MAX_BYTES:
            self._kept.clear()
            self._bytes = 0
        known = self._kept.setdefault(head, {})
        if body not in known:
            self._bytes += size + _ENTRY_BYTES
        known[body] = answer
