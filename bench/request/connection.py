"""A connection in memory: the real protocol of the server without the kernel between."""

import asyncio
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from thirdeye.edge.connections import Connections
from thirdeye.edge.socket import GuardedProtocol


class _Transport(asyncio.Transport):
    """Takes whatever is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 40_000), "sockname": ("127.0.0.1", 8586)})
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def write_eof(self) -> None: ...
    def close(self) -> None: ...
    def abort(self) -> None: ...


class _Protocol(GuardedProtocol):
    """Tells when an answer is complete."""

    answered: asyncio.Event

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self.answered.set()


class MemoryConnection:
    """One open connection to an application, as `thirdeye serve` would keep it."""

    def __init__(self, app: Any) -> None:
        config = uvicorn.Config(
            app, http=_Protocol, log_config=None, access_log=False, server_header=False, proxy_headers=False,
            lifespan="off", timeout_keep_alive=3600,
        )  # fmt: skip
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Sat, 28 Nov 2026 12:00:00 GMT")]
        loop = asyncio.get_running_loop()
        self._transport = _Transport()
        self._protocol = _Protocol(config, state, {}, loop, open_connections=Connections())
        self._protocol.answered = asyncio.Event()
        self._protocol.connection_made(self._transport)

    async def ask(self, request: bytes) -> bytes:
        """The whole answer to the bytes of a request, head and body, when its log line is written as well."""
        self._transport.written.clear()
        self._protocol.answered.clear()
        self._protocol.data_received(request)
        await self._protocol.answered.wait()
        await asyncio.sleep(0)
        return b"".join(self._transport.written)

    def close(self) -> None:
        self._protocol.connection_lost(None)
