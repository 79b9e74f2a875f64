"""Small real servers on this machine that note what reaches them and answer as a test says, or do not."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.support import PATIENCE


@dataclass
class Received:
    """A request as it arrived; names of headers in lower case, each with all of its values."""

    method: str
    target: str
    headers: dict[str, list[str]]
    body: bytes


@dataclass
class Exchange:
    """One request and the connection that it came over."""

    request: Received
    connection: socket.socket
    over: threading.Event

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def answer(self, status: int, body: bytes = b"{}", *headers: str) -> None:
        # After it the connection ends: a proxy that kept it might send the next request into that.
        own = ("connection: close", f"content-length: {len(body)}", "content-type: application/json")
        lines = [f"HTTP/1.1 {status} X", *own, *headers]
        self.send("\r\n".join([*lines, "", ""]).encode() + (b"" if self.request.method == "HEAD" else body))


Behaviour = Callable[[Exchange], None]


def sound(exchange: Exchange) -> None:
    exchange.answer(200, b'{"ok":true}')


def close(exchange: Exchange) -> None:
    """Takes the request and ends the connection."""


def reset(exchange: Exchange) -> None:
    exchange.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(exchange: Exchange) -> None:
    exchange.over.wait(PATIENCE)


def slow(exchange: Exchange) -> None:
    """Begins its answer, and never comes to its body."""
    exchange.send(b"HTTP/1.1 200 X\r\ncontent-le")
    exchange.over.wait(PATIENCE)


def half_a_head(exchange: Exchange) -> None:
    exchange.send(b"HTTP/1.1 200 X\r\ncontent-le")


def half_a_body(exchange: Exchange) -> None:
    exchange.send(b'HTTP/1.1 200 X\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"half":')


def no_header(exchange: Exchange) -> None:
    """Sends what is no header."""
    exchange.send(b"HTTP/1.1 200 X\r\nno\0header\r\n\r\n{}")


def status(code: int) -> Behaviour:
    """Answers with a status and a body of its own."""

    def behave(exchange: Exchange) -> None:
        exchange.answer(code, b'{"code":%d,"message":"its own"}' % code)

    behave.__name__ = f"status {code}"
    return behave


@dataclass
class Upstream:
    """Listens on `port` and does to each request what `behave` says; `requests` has all that came."""

    behave: Behaviour
    requests: list[Received] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                connection, _ = self._listening.accept()
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(PATIENCE)
            request = _receive(connection)
            if request is not None:
                self.requests.append(request)
                self.behave(Exchange(request, connection, self._over))

    def stop(self) -> None:
        """Gives up whatever hangs."""
        self._over.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(PATIENCE)


def _receive(connection: socket.socket) -> Received | None:
    """One request; None where the other side ended the connection before."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip())
    length = int(headers.get("content-length", ["0"])[0])
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            return None
        body += part
    return Received(method, target, headers, body)


def openmetadata(exchange: Exchange) -> None:
    """Answers like OpenMetadata: its version, its page, and 401 for the rest without a token."""
    request = exchange.request
    if "upgrade" in request.headers:
        exchange.send(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nhello")
    elif request.target == "/api/v1/system/version":
        exchange.answer(200, b'{"version":"1.6.1","revision":"0","timestamp":1735689600000}')
    elif not request.target.startswith("/api/"):
        exchange.answer(200, b"<!DOCTYPE html><title>OpenMetadata</title>")
    else:
        exchange.answer(401, b'{"code":401,"message":"Not authorized; Token not present"}')
