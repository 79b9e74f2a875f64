"""The transport of a connection: it knows how much the client took, and closes so that a last answer can be read."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Any, Final

# Bytes of one connection that wait in this process; over it, writing pauses until they are gone.
_HIGH_WATER: Final = 32_768
# And in the kernel, so that a client that does not read is noticed before megabytes are.
_SEND_BUFFER: Final = 65_536
# How long a client that gets its last answer may go on sending, in seconds.
LINGER_SECONDS: Final = 1.0
_DISCARD: Final = struct.pack("ii", 1, 0)


class GuardedTransport(asyncio.Transport):
    """Passes on to `transport`. `is_receiving` says whether a part of a request is still to come: closed at once, the
    connection would take the answer along.
    """

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, is_receiving: Callable[[], bool]
    ) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._is_receiving = is_receiving
        self._lingering = False
        self._written = self._taken = 0
        self._taken_at = loop.time()
        transport.set_write_buffer_limits(high=_HIGH_WATER, low=0)
        self._set_option(socket.SO_SNDBUF, _SEND_BUFFER)

    def _set_option(self, option: int, value: int | bytes) -> None:
        connection = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):
            connection.setsockopt(socket.SOL_SOCKET, option, value)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._lingering:
            self._written += len(data)
            self._transport.write(data)

    def write_last(self, data: bytes) -> None:
        """Writes, and closes once the client has had time to read."""
        self.write(data)
        self._linger()

    def close(self) -> None:
        if self._is_receiving() and not self._transport.is_closing():
            self._linger()
        elif not self._lingering:
            self._transport.close()

    def abort(self) -> None:
        """Ends the connection now; what the client has not taken is lost, in the kernel too."""
        self._set_option(socket.SO_LINGER, _DISCARD)
        self._transport.abort()

    def _linger(self) -> None:
        if self._lingering or self._transport.is_closing():
            return
        self._lingering = True
        self._transport.write_eof()
        # What comes is thrown away; unread, it would end the connection before its last answer is read.
        self._transport.resume_reading()
        self._loop.call_later(LINGER_SECONDS, self._transport.close)

    def is_closing(self) -> bool:
        return self._lingering or self._transport.is_closing()

    def is_stuck(self, now: float, seconds: float) -> bool:
        """Whether bytes wait of which the client took none for so long; to be asked more often than that."""
        waiting = self._transport.get_write_buffer_size()
        taken = self._written - waiting
        if not waiting or taken != self._taken:
            self._taken, self._taken_at = taken, now
        return now - self._taken_at >= seconds

    def pause_reading(self) -> None:
        if not self._lingering:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        return self._transport.get_extra_info(name, default)

    def get_write_buffer_size(self) -> int:
        return self._transport.get_write_buffer_size()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._transport.set_protocol(protocol)
