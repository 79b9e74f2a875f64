"""A real server behind the guarded protocol, and clients that send what no library would, or do not read."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import uvicorn

from tests.support import PATIENCE
from thirdeye.edge.connections import Connections
from thirdeye.edge.socket import GuardedProtocol

# Never looks by itself within a test, and never finds that a client is too slow.
UNHURRIED = {"write_seconds": 10 * PATIENCE, "look_seconds": PATIENCE}


@asynccontextmanager
async def serving(
    app: Any, *, protocol: type[GuardedProtocol] | None = GuardedProtocol, connections: Connections | None = None
) -> AsyncIterator[int]:
    """The port of a server that runs in this loop; without a protocol, by uvicorn's own."""
    http: Any = "httptools"
    if protocol is not None:
        http = partial(protocol, open_connections=connections or Connections(**UNHURRIED))
    # As ThirdEye is served: without anything of uvicorn's own around the application.
    config = uvicorn.Config(app, http=http, lifespan="off", log_config=None, server_header=False, proxy_headers=False)
    server = uvicorn.Server(config)
    # Named, so that asyncio lets small pieces go at once.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            while not task.done():
                # Whatever a client of a test left open, though it be accepted only now.
                for connection in list(server.server_state.connections):
                    connection.transport.abort()  # type: ignore[union-attr]
                await asyncio.wait([task], timeout=0.05)
            await task


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the body that it gets."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE)
    lines = head.lower().split(b"\r\n")
    length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
    return int(lines[0].split(b" ")[1]), await asyncio.wait_for(reader.readexactly(length), PATIENCE)


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """What comes until the server ends the connection, in order or not."""
    parts = []
    try:
        while part := await asyncio.wait_for(reader.read(65536), PATIENCE):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


async def exchange(port: int, *pieces: bytes, answers: int = 1) -> list[tuple[int, bytes]]:
    """Sends pieces over one connection and reads so many answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.01)
        return [await read_answer(reader) for _ in range(answers)]
    finally:
        writer.close()


def post(body: bytes, *, more: bytes = b"", path: bytes = b"/x") -> bytes:
    """A request."""
    return b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n%s\r\n" % (path, len(body), more) + body


class Reluctant:
    """A client that sends and reads nothing until it is told to; its kernel keeps little for it."""

    def __init__(self, port: int, *requests: bytes) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(b"".join(requests))
        self.socket.setblocking(False)

    async def read(self) -> bytes:
        """What comes until the server ends the connection; what it had not sent then is lost."""
        loop, parts = asyncio.get_running_loop(), []
        try:
            while part := await asyncio.wait_for(loop.sock_recv(self.socket, 65536), PATIENCE):
                parts.append(part)
        except ConnectionError:
            pass
        return b"".join(parts)

    async def read_some(self, size: int) -> int:
        loop, got = asyncio.get_running_loop(), 0
        while got < size:
            part = await asyncio.wait_for(loop.sock_recv(self.socket, size - got), PATIENCE)
            assert part
            got += len(part)
        return got

    def close(self) -> None:
        self.socket.close()


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what happens in this loop."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.01)
