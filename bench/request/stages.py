"""The stages of a request, and a clock that shares a request's time out among them."""

import functools
import statistics
import time
import types
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any, Final
from unittest.mock import patch

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from thirdeye.auth.middleware import AuthenticationMiddleware
from thirdeye.edge.bodies import BodyMiddleware
from thirdeye.edge.concurrency import ConcurrencyMiddleware
from thirdeye.edge.delivery import DeliveryMiddleware
from thirdeye.edge.rate_limit import RateLimiter, RateLimitMiddleware
from thirdeye.edge.shortcut import ShortcutMiddleware
from thirdeye.edge.socket import GuardedProtocol
from thirdeye.graphql import hot_lane, http
from thirdeye.graphql.answer import Answer
from thirdeye.graphql.hot_answers import HotAnswers
from thirdeye.graphql.hot_lane import HotLane
from thirdeye.graphql.http import GraphQLEndpoint
from thirdeye.graphql.operation_runner import OperationRunner
from thirdeye.observability.logging import LineWriter
from thirdeye.observability.metrics import Metrics
from thirdeye.observability.requests import RequestMiddleware, RequestRecorder

SOCKET: Final = "socket, parse"
# What is called in each stage. The time of a call is its stage's, less that of the calls of other stages within it.
STAGES: Final[dict[str, tuple[tuple[Any, str], ...]]] = {
    SOCKET: ((GuardedProtocol, "data_received"), (RequestResponseCycle, "run_asgi")),
    "id, headers": ((RequestMiddleware, "__call__"), (hot_lane, "begin_request")),
    "authentication": ((AuthenticationMiddleware, "__call__"), (hot_lane, "known_caller")),
    "limits, rates": (
        (DeliveryMiddleware, "__call__"),
        (BodyMiddleware, "__call__"),
        (ConcurrencyMiddleware, "__call__"),
        (RateLimitMiddleware, "__call__"),
        (RateLimiter, "may_go_on"),
        (RateLimiter, "_hit"),
    ),
    "find operation": ((ShortcutMiddleware, "__call__"), (GraphQLEndpoint, "__call__"), (HotLane, "answer")),
    "hot answer": (
        (HotAnswers, "head_of"),
        (HotAnswers, "find"),
        (HotAnswers, "kept_for"),
        (HotAnswers, "holds_at_once"),
        (HotAnswers, "keep"),
    ),
    "execute": ((OperationRunner, "execute"),),
    "render": ((Answer, "body"), (http, "_response")),
    "send": ((http, "send_response"), (HotAnswers, "send"), (GuardedProtocol, "_is_answered_by_lane")),
    "log": ((RequestRecorder, "record"), (LineWriter, "_flush")),
    "metrics": (
        (Metrics, "observe_request"),
        (Metrics, "observe_operation"),
        (Metrics, "observe_database"),
        (Metrics, "observe_cache"),
    ),
}
_EMPTY_CALLS: Final = 20_000


class StageClock:
    """Adds up the nanoseconds of the processor and the calls of each stage between two `take`s."""

    def __init__(self, now: Callable[[], int] = time.thread_time_ns) -> None:
        self._now = now
        self._nanoseconds = Counter[str]()
        self._calls = Counter[str]()
        self._stack: list[str] = []
        self._since = 0

    def enter(self, stage: str) -> None:
        now = self._now()
        if self._stack:
            self._nanoseconds[self._stack[-1]] += now - self._since
        self._stack.append(stage)
        self._calls[stage] += 1
        self._since = self._now()

    def leave(self) -> None:
        now = self._now()
        self._nanoseconds[self._stack.pop()] += now - self._since
        self._since = self._now()

    def take(self, cost_of_call: float = 0.0) -> dict[str, float]:
        """Microseconds of each stage since the last `take`, less `cost_of_call` nanoseconds for each call that was timed."""
        taken = {
            stage: max(self._nanoseconds[stage] - cost_of_call * self._calls[stage], 0.0) / 1000 for stage in STAGES
        }
        self._nanoseconds.clear()
        self._calls.clear()
        return taken

    def cost_of_call(self) -> float:
        """Nanoseconds that the clock itself adds to each call that it times."""
        empty = self.timed(SOCKET, lambda: None)
        costs = []
        for _ in range(_EMPTY_CALLS):
            empty()
            costs.append(self._nanoseconds.pop(SOCKET))
        self._calls.clear()
        return statistics.median(costs)

    def timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted; of a coroutine only while it runs, not while it waits."""

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            self.enter(stage)
            try:
                result = function(*arguments, **named)
            finally:
                self.leave()
            return self._steps(stage, result) if isinstance(result, types.CoroutineType) else result

        return call

    @types.coroutine
    def _steps(self, stage: str, coroutine: Any) -> Generator[Any, Any, Any]:
        resume, value = coroutine.send, None
        while True:
            self.enter(stage)
            try:
                waits_for = resume(value)
            except StopIteration as end:
                return end.value
            finally:
                self.leave()
            try:
                resume, value = coroutine.send, (yield waits_for)
            except BaseException as error:
                resume, value = coroutine.throw, error


def timing(clock: StageClock) -> ExitStack:
    """Times all of `STAGES` until it is closed. Raises AttributeError where a stage names what is no more."""
    patches = ExitStack()
    for stage, places in STAGES.items():
        for owner, name in places:
            found = owner.__dict__[name]
            if isinstance(found, staticmethod):
                timed: Any = staticmethod(clock.timed(stage, found.__func__))
            elif isinstance(found, property):
                assert found.fget is not None
                timed = property(clock.timed(stage, found.fget))
            else:
                timed = clock.timed(stage, found)
            patches.enter_context(patch.object(owner, name, timed))
    return patches
