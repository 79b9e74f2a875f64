"""uvicorn's HTTP protocol with the bounds that it lacks: on the size of a request's head, and on the time to send it."""

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from thirdeye.errors import om_error_body

# A token may have 16 KB; a query string the longest document.
MAX_HEAD: Final = 160_000
# From the connection, or the first byte of another request on it, to the end of the head; in seconds.
HEAD_SECONDS: Final = 10.0
# How long a client that was refused may go on sending before the connection is closed on it.
_LINGER_SECONDS: Final = 1.0


class GuardedProtocol(HttpToolsProtocol):
    """Answers 431 to a head that is too long, 408 to one that does not come, 400 to what is not HTTP; in OM's shape."""

    _refused = False
    _received = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]
        self._start_head_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return  # read and thrown away, so that the client gets to see the answer
        self._received = self._received + len(data) if self._in_head else 0
        super().data_received(data)
        if self._in_head and self._received > MAX_HEAD and not self._refused:
            self._refuse(431, f"the head of a request must have at most {MAX_HEAD} bytes")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._head_timer is None:
            self._start_head_timer()

    def on_headers_complete(self) -> None:
        self._head_arrived()
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head, self._received = True, 0

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        self._refuse(400, "this is no valid HTTP/1.1 request")

    def _start_head_timer(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_timed_out)

    def _head_arrived(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_timed_out(self) -> None:
        self._head_timer = None
        if not self._refused and not self.transport.is_closing():
            self._refuse(408, f"the head of the request did not arrive within {HEAD_SECONDS:g} s")

    def _refuse(self, status: int, message: str) -> None:
        body = om_error_body(status, message)
        head = (
            b"content-type: application/json\r\ncache-control: no-store\r\nconnection: close\r\n"
            b"content-length: %d\r\n\r\n" % len(body)
        )
        self._refused = True
        self._head_arrived()
        self._unset_keepalive_if_required()
        self.transport.write(STATUS_LINE[status] + head + body)
        self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)
