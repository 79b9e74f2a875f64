"""Where a process's time goes, told as spans of a trace; without a collector nothing is told, and nothing costs anything.

OpenTelemetry is imported, by `tracing.py`, only where a collector is set.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, ClassVar, Protocol

from thirdeye.session import Tracer
from thirdeye.settings import Settings

if TYPE_CHECKING:
    from thirdeye.observability.metrics import Metrics

# The headers of W3C Trace Context: which span something was asked for in.
Origin = Mapping[str, str]
# What is known of a span when it begins or ends. Never what a caller sent, nor what a row holds.
Attribute = str | int | float | bool
Attributes = Mapping[str, Attribute]
# Told the level (process, redis), the result (hit, miss, error) and the seconds of a look-up in the cache.
CacheObserver = Callable[[str, str, float], None]


class Span(Protocol):
    """A span that is open."""

    def note(self, attributes: Mapping[str, Attribute | None]) -> None:
        """Adds what is known by now; None is left out."""

    def fail(self, kind: str) -> None:
        """Marks it as failed, with the kind of error."""


class _NoSpan:
    def note(self, _attributes: Mapping[str, Attribute | None]) -> None: ...

    def fail(self, _kind: str) -> None: ...


_NO_SPAN = _NoSpan()


class Spans:
    """Tells nothing: no collector is set. `TracedSpans` has the same methods and tells."""

    enabled: ClassVar[bool] = False

    def request(self, _name: str, _origin: Origin, _attributes: Attributes) -> AbstractContextManager[Span]:
        """The span of a request, a part of the caller's trace if `_origin` names one."""
        return nullcontext(_NO_SPAN)

    def job(self, _name: str, _origin: Origin | None) -> AbstractContextManager[Span]:
        """The span of a run of a job, in the trace of whoever queued it."""
        return nullcontext(_NO_SPAN)

    def queueing(self, _job: str) -> AbstractContextManager[Origin | None]:
        """A span while a job is queued; gives what its run needs to be in the same trace, None without one."""
        return nullcontext(None)

    def span(self, _name: str, _attributes: Attributes | None = None) -> AbstractContextManager[Span]:
        """A span within the current one, or the first of a trace."""
        return nullcontext(_NO_SPAN)

    def statements(self) -> Tracer | None:
        """What makes a span of each statement within a span; None without traces."""
        return None

    def look_ups(self, observe: CacheObserver) -> CacheObserver:
        """An observer that also makes a span of each look-up in Redis within a span."""
        return observe

    async def start(self) -> None:
        """Begins to tell."""

    async def stop(self) -> None:
        """Tells the rest, for two seconds at most."""


NO_SPANS = Spans()


def open_spans(settings: Settings, metrics: "Metrics") -> Spans:
    """What this process tells of where its time goes, by its settings."""
    if not settings.traces:
        return NO_SPANS
    from thirdeye.observability.tracing import TracedSpans

    return TracedSpans(settings, metrics)


def trace_id_source(settings: Settings) -> Callable[[], str | None] | None:
    """A function that gives the id of the trace that its caller is in; None where nothing is traced."""
    if not settings.traces:
        return None
    from thirdeye.observability.tracing import current_trace_id

    return current_trace_id
