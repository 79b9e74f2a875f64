"""A collector of traces on this machine: takes OTLP over HTTP and decodes what it is told."""

from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.support.upstreams import Behaviour, Exchange, Upstream


def take(exchange: Exchange) -> None:
    exchange.answer(200, b"", "connection: close")


@dataclass(frozen=True)
class Told:
    """A span as it arrived; ids in hexadecimal."""

    name: str
    trace: str
    id: str
    parent: str
    kind: str
    attributes: dict[str, Any]
    failed: bool
    seconds: float
    service: str


class Collector:
    """Listens at `endpoint`; `behave` says what it does to each batch."""

    def __init__(self, behave: Behaviour = take) -> None:
        self.upstream = Upstream(behave)

    @property
    def endpoint(self) -> str:
        return f"http://{self.upstream.address}"

    def environment(self, **more: str) -> dict[str, str]:
        """Settings of a process that tells this collector, ten times a second."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "100", **more}

    def spans(self, trace: str | None = None) -> list[Told]:
        """What came so far, of one trace or of all."""
        bodies = [request.body for request in list(self.upstream.requests) if request.target == "/v1/traces"]
        told = [span for body in bodies for span in decoded(body)]
        return [span for span in told if trace in {None, span.trace}]

    def stop(self) -> None:
        self.upstream.stop()


def decoded(body: bytes) -> list[Told]:
    """The spans of a batch."""
    told = []
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = {each.key: each.value.string_value for each in resource.resource.attributes}["service.name"]
        told += [told_of(span, service) for scope in resource.scope_spans for span in scope.spans]
    return told


def told_of(span: Span, service: str) -> Told:
    attributes = {each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes}
    return Told(
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        attributes=attributes,
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        service=service,
    )
