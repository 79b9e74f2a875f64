"""Answers that are given again as bytes, for as long as what they were made of is the same.

A request is known by all that decides its answer: method, query string, the headers below, body. An answer is kept with the
token of the family of data that it is a pure function of, whoever asks: an object that stands for the data as they are, and
another one after a change. A family tells its token at once, or asks the database for each request; for that, what is asked
for the first time does not wait.

Only what would come to the same bytes again is left out: reading the request, finding, executing and rendering the operation.
The token of the caller, limits, rates, log line, metrics and request id are before and after this, as for any other request.

A family joins by being in `families`, and named in `families.py`. If its answers differ by caller, what the caller may see
must become a part of `Head` first.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from cachetools import LRUCache
from starlette.types import Scope, Send

from thirdeye.errors import HeaderPairs
from thirdeye.observability.metrics import Metrics
from thirdeye.observability.requests import security_headers_of
from thirdeye.request_state import request_state

_HEADERS: Final = frozenset({b"accept", b"content-type", b"x-om-operation-id", b"if-none-match", b"idempotency-key"})
# Of all that is kept, requests included; and the most that one may take of it.
_MAX_BYTES: Final = 8_000_000
_MAX_ENTRY: Final = 64_000
# What an entry takes beside its bytes.
_ENTRY_BYTES: Final = 2_000
# How many requests are remembered as asked before.
_MAX_ASKED: Final = 4_096
# What is known of a request before its body.
Head = tuple[Any, ...]


@dataclass(frozen=True)
class Family:
    """How a family tells its token; None while its data must be looked at first. One of them is set.

    `known` waits for nothing, and its data may change while an answer is made of them; `checked` asks the database, whose
    answer holds for whatever is read after it.
    """

    known: Callable[[], object | None] | None = None
    checked: Callable[[], Awaitable[object | None]] | None = None

    async def token(self) -> object | None:
        """Its token."""
        if self.known is not None:
            return self.known()
        return None if self.checked is None else await self.checked()


Families = Mapping[str, Family]


@dataclass(frozen=True)
class HotAnswer:
    """An answer as it is sent. `token` is that of its family when it was made."""

    family: str
    token: object
    operation: str
    status: int
    body: bytes
    headers: HeaderPairs

    @cached_property
    def around_id(self) -> tuple[bytes, bytes]:
        """What is sent between the server's own headers and the body, before and after the value of `x-request-id`."""
        before = b"".join(b"%b: %b\r\n" % header for header in self.headers)
        after = b"".join(b"\r\n%b: %b" % header for header in security_headers_of(self.headers))
        return before + b"x-request-id: ", after + b"\r\n\r\n"


class HotAnswers:
    """The answers that are kept; with no `families` there are none."""

    def __init__(self, families: Families, metrics: Metrics) -> None:
        self._families = families
        self._metrics = metrics
        self._kept: dict[Head, dict[bytes, HotAnswer]] = {}
        self._asked: LRUCache[int, None] = LRUCache(_MAX_ASKED)
        self._bytes = 0

    async def token(self, family: str | None, head: Head, body: bytes) -> object | None:
        """What to keep the answer to a request with; None for one that is not kept."""
        current = None if family is None else self._families.get(family)
        if current is None or (current.checked is not None and not self._was_asked(head, body)):
            return None
        return await current.token()

    def _was_asked(self, head: Head, body: bytes) -> bool:
        """Whether the same was asked before; a large one is never kept."""
        if len(body) > _MAX_ENTRY:
            return False
        key = hash((head, body))
        known = key in self._asked
        self._asked[key] = None
        return known

    def holds(self, family: str | None, token: object) -> bool:
        """Whether an answer that was made since its family told this token is one of the same data."""
        known = self._families[family].known if family is not None else None
        return known is None or known() is token

    @staticmethod
    def head_of(scope: Scope) -> Head:
        """What is known of a request before its body."""
        matters = [header for header in scope["headers"] if header[0] in _HEADERS]
        return (scope["method"], scope["query_string"], *matters)

    def kept_for(self, head: Head) -> Mapping[bytes, HotAnswer] | None:
        """By body the answers to requests that begin like this; None if none is kept: then its body is not worth a look."""
        return self._kept.get(head)

    async def find(self, head: Head, body: bytes) -> HotAnswer | None:
        """The answer, if whatever it was made of is the same still."""
        kept = self._kept[head].get(body)
        if kept is None or await self._families[kept.family].token() is not kept.token:
            self._metrics.observe_cache("answer", "miss", 0.0)
            return None
        return kept

    def holds_at_once(self, answer: HotAnswer) -> bool:
        """Whether it is known without waiting that an answer still holds."""
        known = self._families[answer.family].known
        return known is not None and known() is answer.token

    def count(self, answer: HotAnswer, scope: Scope) -> None:
        """Counts an answer that is given again like one that was worked out."""
        request_state(scope).operation = answer.operation
        self._metrics.observe_operation(answer.operation, "ok")
        self._metrics.observe_cache("answer", "hit", 0.0)

    async def send(self, answer: HotAnswer, scope: Scope, send: Send) -> None:
        """Sends an answer, and counts it."""
        self.count(answer, scope)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    def keep(self, head: Head, body: bytes, answer: HotAnswer) -> None:
        """Keeps an answer without errors that `holds`."""
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
