"""uvicorn's HTTP protocol with the bounds that it lacks: on the head of a request and the time to send it, on requests that
wait for others on the same connection, on connections, and on clients that do not read.
"""

import asyncio
from typing import Any, Final, Protocol, cast

from starlette.types import Scope
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from thirdeye.edge.connections import Connections
from thirdeye.edge.transport import GuardedTransport
from thirdeye.errors import om_error_body

# A token may have 16 KB; a query string the longest document.
MAX_HEAD: Final = 160_000
# From the connection, or the first byte of another request on it, to the end of the head; in seconds. And from an answer to
# the end of a body that it did not wait for.
HEAD_SECONDS: Final = 10.0
# Requests that wait on a connection until those before them are answered.
MAX_WAITING: Final = 16


class Lane(Protocol):
    """Answers some of the requests that are sent to `path` by POST as soon as they are there, without a task."""

    @property
    def path(self) -> str: ...

    def expects(self, scope: Scope) -> Any:  # noqa: ANN401
        """What it knows of a request by its head, if it may answer it; else None."""

    def answer(self, known: Any, scope: Scope, body: bytes) -> tuple[int, bytes] | None:  # noqa: ANN401
        """Status, and what follows the server's own headers; None if the application has to answer."""


class GuardedProtocol(HttpToolsProtocol):
    """Answers 431 to a head that is too long, 408 to one that does not come, 400 to what is not HTTP, 429 to too many
    requests at once, 503 to a connection too many; in OM's shape, after the answers that are still due, and as the last.
    """

    _refusal: bytes | None = None
    _received = 0
    _in_head = True
    # Whether the first byte of the head that comes is there.
    _begun = False
    _head_timer: asyncio.TimerHandle | None = None
    # What is being answered; `cycle` is what came last.
    _running: RequestResponseCycle | None = None
    # What the lane knows of the request whose body is still to come, and what came of it.
    _known_in_lane: Any = None
    _lane_body = b""
    # The server's headers, and their bytes.
    _headers_sent: tuple[list[tuple[bytes, bytes]], bytes] = ([], b"")

    def __init__(self, *arguments: Any, open_connections: Connections, **more: Any) -> None:  # noqa: ANN401
        super().__init__(*arguments, **more)
        self._open_connections = open_connections
        # The application's, unless something of uvicorn's own is around it.
        self._lane: Lane | None = getattr(getattr(self.app, "state", None), "hot_lane", None)
        self._lane_url = None if self._lane is None or self.root_path else self._lane.path.encode()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's is one in all but name.
        self._guarded = GuardedTransport(cast(asyncio.Transport, transport), self.loop, lambda: not self._in_head)
        super().connection_made(self._guarded)
        self.flow = _PipelineFlow(self)
        if self._open_connections.admit(self, self.client[0] if self.client else "", self.loop):
            self._start_head_timer()
        elif not transport.is_closing():
            self._refuse(
                503, "there are too many connections; close some, or try again in a second", b"retry-after: 1\r\n"
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        self._open_connections.leave(self)
        self._disconnect()
        super().connection_lost(exc)

    def is_stuck(self, now: float, seconds: float) -> bool:
        """Whether the client took nothing of what waits for it for so many seconds."""
        return self._guarded.is_stuck(now, seconds)

    def abort(self) -> None:
        """Ends the connection at once; what is being answered goes nowhere."""
        self._disconnect()
        self._guarded.abort()

    def _disconnect(self) -> None:
        self.pipeline.clear()
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None or self.transport.is_closing():
            return  # read and thrown away, so that the client gets to see the answer
        self._received = self._received + len(data) if self._in_head else 0
        super().data_received(data)
        if self._is_refused():
            return
        if self._known_in_lane is not None:
            self._leave_lane()  # the rest of its body may take its time
        if self._in_head and self._received > MAX_HEAD:
            self._refuse(431, f"the head of a request must have at most {MAX_HEAD} bytes")
        elif self._head_timer is None and (
            # Most heads come in one piece, and need no timer. Line breaks alone begin none, and must not keep the
            # connection either.
            self._begun or (self.timeout_keep_alive_task is None and not self._is_answering())
        ):
            self._start_head_timer()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= MAX_WAITING:
            self._refuse(429, f"at most {MAX_WAITING} requests may wait on a connection; read their answers first")
            raise _EnoughParsed
        super().on_message_begin()
        # For whoever sends an answer that is not taken.
        self.scope["thirdeye.abort"] = self.abort  # type: ignore[typeddict-unknown-key]
        self._begun = True

    def on_headers_complete(self) -> None:
        self._head_arrived()
        self._in_head = self._begun = False
        if not self._enters_lane():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._known_in_lane is None:
            super().on_body(body)
        else:
            self._lane_body += body

    def on_message_complete(self) -> None:
        if self._known_in_lane is not None and self._is_answered_by_lane():
            return
        super().on_message_complete()
        self._in_head, self._received = True, 0
        if not self._is_answering() and not self.transport.is_closing():
            # The rest of a body that the answer did not wait for.
            self._head_arrived()
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _enters_lane(self) -> bool:
        """Whether the lane may answer the request whose head is there."""
        if self.url != self._lane_url or self._lane is None or self._is_answering():
            return False
        parser = self.parser
        if parser.get_method() != b"POST" or not parser.should_keep_alive() or parser.get_http_version() != "1.1":
            return False
        if parser.should_upgrade() or self.expect_100_continue or self.flow.write_paused:
            return False
        # As it is said again to the application, if that answers.
        scope = cast(dict[str, Any], self.scope)
        scope["method"], scope["path"], scope["query_string"] = "POST", self._lane.path, b""
        self._known_in_lane, self._lane_body = self._lane.expects(scope), b""
        return self._known_in_lane is not None

    def _is_answered_by_lane(self) -> bool:
        assert self._lane is not None
        answer = self._lane.answer(self._known_in_lane, cast(dict[str, Any], self.scope), self._lane_body)
        if answer is None:
            self._leave_lane()
            return False
        self._known_in_lane = None
        status, rest = answer
        self.transport.write(STATUS_LINE[status] + self._default_headers() + rest)
        self._in_head, self._received = True, 0
        self.on_response_complete()
        return True

    def _default_headers(self) -> bytes:
        # The server makes another list each second.
        headers = self.server_state.default_headers
        if headers is not self._headers_sent[0]:
            self._headers_sent = headers, b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._headers_sent[1]

    def _leave_lane(self) -> None:
        """The application answers; it gets what came so far."""
        self._known_in_lane = None
        super().on_headers_complete()
        if self._lane_body:
            super().on_body(self._lane_body)

    def on_response_complete(self) -> None:
        if self._refusal is not None and not self.pipeline and not self.transport.is_closing():
            self.server_state.total_requests += 1
            self._send_refusal()
            return
        super().on_response_complete()
        if not self._in_head and not self.pipeline and self._head_timer is None and not self.transport.is_closing():
            self._start_head_timer()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        if self._refusal is None:
            self._refuse(400, "this is no valid HTTP/1.1 request")

    def _is_refused(self) -> bool:
        return self._refusal is not None

    def _is_answering(self) -> bool:
        # The newest request, which is answered last.
        return self.cycle is not None and not self.cycle.response_complete

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_timed_out)

    def _head_arrived(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_timed_out(self) -> None:
        self._head_timer = None
        if self._refusal is not None or self.transport.is_closing():
            return
        if self.flow.read_paused:
            self._start_head_timer()  # it cannot arrive while nobody reads
        elif self._in_head:
            self._refuse(408, f"the head of the request did not arrive within {HEAD_SECONDS:g} s")
        else:
            self.transport.close()

    def _refuse(self, status: int, message: str, headers: bytes = b"") -> None:
        body = om_error_body(status, message)
        head = (
            b"content-type: application/json\r\ncache-control: no-store\r\nconnection: close\r\n%s"
            b"content-length: %d\r\n\r\n" % (headers, len(body))
        )
        self._refusal = STATUS_LINE[status] + head + body
        self._head_arrived()
        if not self._in_head:
            self._give_up_newest()
        if not self._is_answering():
            self._send_refusal()

    def _give_up_newest(self) -> None:
        """What came of the newest request is no HTTP: unless it is being answered already, the refusal is its answer."""
        if self.pipeline:
            self.pipeline.popleft()
        elif self._running is not None and not self._running.response_started:
            self._disconnect()
            self._running.response_complete = True

    def _send_refusal(self) -> None:
        self._unset_keepalive_if_required()
        assert self._refusal is not None
        self._guarded.write_last(self._refusal)


class _EnoughParsed(Exception):
    """Ends the parsing of what else has arrived."""


class _PipelineFlow(FlowControl):
    """Reads nothing more while requests wait for the one before them: what they may hold is bounded by one read."""

    def __init__(self, protocol: GuardedProtocol) -> None:
        super().__init__(protocol.transport)
        self._protocol = protocol

    def resume_reading(self) -> None:
        if not self._protocol.pipeline:
            super().resume_reading()
