"""A real HTTP server on this machine, in the event loop of the test."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any


class HTTPServer:
    """Answers GET requests by `respond`, and notes their paths in `requests`."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._answering: set[asyncio.Task[Any]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listens; on the same port again after `stop`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Of its key set."""
        return f"{self.base}/keys"

    async def respond(self, path: str, head: str) -> tuple[int, bytes]:
        """Status and body."""
        raise NotImplementedError

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._answering.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head.split(" ")[1])
            status, body = await self.respond(self.requests[-1], head)
            # The body of a redirect is where it leads.
            where = f"Location: {body.decode()}\r\n" if 300 <= status < 400 and body else ""
            writer.write(
                f"HTTP/1.1 {status} X\r\n{where}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(body)
            await writer.drain()
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            pass  # the test is over, or whoever asked has given up
        finally:
            writer.close()
            self._answering.discard(task)

    async def stop(self) -> None:
        """Refuses connections from now on, and gives up what it has not answered."""
        self._server.close()
        for task in list(self._answering):
            task.cancel()
        await asyncio.gather(*self._answering)
        await asyncio.sleep(0)


def key_set(entries: Iterable[Any]) -> bytes:
    """The body of a key set."""
    return json.dumps({"keys": list(entries)}).encode()
