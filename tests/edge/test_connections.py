"""Connections that take more than their share: too many of them, or of requests on one, bodies that nobody asked for.

Relatives of a stream of `GET /metrics` without a token: every request that waits for another on its connection, everything
that keeps a connection open without a request, and every refusal that has to wait for its turn.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.raw_http import UNHURRIED, Reluctant, echo, post, read_answer, read_to_end, serving, until
from thirdeye.edge import socket, transport
from thirdeye.edge.bodies import BodyMiddleware
from thirdeye.edge.connections import Connections
from thirdeye.edge.socket import MAX_HEAD, MAX_WAITING, GuardedProtocol

pytestmark = pytest.mark.anyio
GET = b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "HEAD_SECONDS", PATIENCE)
    monkeypatch.setattr(transport, "LINGER_SECONDS", PATIENCE)
    # That of another test would tell at once what this one waits for.
    monkeypatch.delattr(Watched, "newest", raising=False)


class Watched(GuardedProtocol):
    """The newest connection, and how much each one has read."""

    newest: "Watched"
    read = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        Watched.newest = self

    def data_received(self, data: bytes) -> None:
        self.read += len(data)
        super().data_received(data)

    def run_out_of_time(self) -> None:
        """Does what happens when the time for the head, or the rest of a body, is over."""
        assert self._head_timer is not None
        self._head_timer.cancel()
        self._head_timed_out()


async def until_newest(condition: Callable[[Watched], bool]) -> None:
    """Waits until there is a connection, and until this is true of the newest."""
    await until(lambda: hasattr(Watched, "newest") and condition(Watched.newest))


class Gate:
    """Answers nothing until it is opened; then each request with its path."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        await self.open.wait()
        await answer(send, scope["path"].encode())


async def answer(send: Any, body: bytes, *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": 200, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


async def early(scope: Any, receive: Any, send: Any) -> None:
    """Answers without a look at the body."""
    await answer(send, b"early")


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    yield Gate()


def get(path: int | str, more: bytes = b"") -> bytes:
    return b"GET /%s HTTP/1.1\r\nhost: x\r\n%s\r\n" % (str(path).encode(), more)


async def connect(port: int, address: str = "127.0.0.1") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))


def code_of(body: bytes) -> int:
    refusal = json.loads(body)
    assert set(refusal) == {"code", "message", "timestamp"}
    return int(refusal["code"])


async def test_a_few_requests_at_once_are_answered_in_order(gate: Gate) -> None:
    async with serving(gate) as port:
        reader, writer = await connect(port)
        writer.write(b"".join(get(number) for number in range(1 + MAX_WAITING)))
        await until(lambda: bool(gate.asked))
        gate.open.set()
        expected = [(200, b"/%d" % number) for number in range(1 + MAX_WAITING)]
        assert [await read_answer(reader) for _ in expected] == expected
        # The connection goes on.
        writer.write(get("next"))
        assert await read_answer(reader) == (200, b"/next")
        writer.close()


async def test_a_stream_of_requests_holds_a_few_and_ends(gate: Gate) -> None:
    async with serving(gate, protocol=Watched) as port:
        reader, writer = await connect(port)
        writer.write(GET * 20_000)
        await until_newest(lambda newest: newest._refusal is not None)
        assert len(Watched.newest.pipeline) == MAX_WAITING
        gate.open.set()
        # What was due is answered first, the refusal comes last.
        answers = [await read_answer(reader) for _ in range(2 + MAX_WAITING)]
        assert [status for status, _ in answers] == [200] * (1 + MAX_WAITING) + [429]
        assert code_of(answers[-1][1]) == 429
        assert await read_to_end(reader) == b""
        assert len(gate.asked) == 1 + MAX_WAITING
        writer.close()


async def test_nothing_is_read_while_requests_wait_for_another(gate: Gate) -> None:
    large = b"x-filling: " + b"y" * (MAX_HEAD - 5_000) + b"\r\n"
    async with serving(gate, protocol=Watched) as port:
        reader, writer = await connect(port)
        # None of them alone is too much.
        sending = [get(number, large) for number in range(40)]
        writer.write(b"".join(sending))
        await until_newest(lambda newest: bool(newest.pipeline))
        before = Watched.newest.read
        for _ in range(100):
            await asyncio.sleep(0)
        # At most what one read of the loop takes.
        assert Watched.newest.read == before < 1_000_000
        gate.open.set()
        assert [await read_answer(reader) for _ in sending] == [(200, b"/%d" % number) for number in range(40)]
        writer.close()


async def test_a_client_that_reads_no_answers_is_read_no_more() -> None:
    async def large(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"x" * 30_000)

    async with serving(large, protocol=Watched) as port:
        client = Reluctant(port)
        loop = asyncio.get_running_loop()
        sending = loop.create_task(loop.sock_sendall(client.socket, GET * 10 * 20_000))
        # Its answers fill what may wait for it, and no more.
        await until_newest(lambda newest: newest.flow.write_paused)
        assert Watched.newest.transport.get_write_buffer_size() < 65_536 + 31_000
        assert Watched.newest.flow.read_paused or Watched.newest._refusal is not None
        sending.cancel()
        client.close()


async def test_a_refusal_waits_for_the_answers_before_it(gate: Gate) -> None:
    async with serving(gate, protocol=Watched) as port:
        reader, writer = await connect(port)
        writer.write(get(1) + get(2) + b"\x16\x03\x01")
        await until_newest(lambda newest: newest._refusal is not None)
        gate.open.set()
        assert [await read_answer(reader) for _ in range(2)] == [(200, b"/1"), (200, b"/2")]
        status, body = await read_answer(reader)
        assert (status, code_of(body)) == (400, 400)
        assert await read_to_end(reader) == b""
        writer.close()


BROKEN = b"POST /x HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nno size\r\n"


async def test_a_body_that_is_no_http_is_refused_in_its_turn(gate: Gate) -> None:
    async with serving(echo) as port:
        reader, writer = await connect(port)
        writer.write(BROKEN)
        assert (await read_answer(reader))[0] == 400
        assert await read_to_end(reader) == b""
        writer.close()
    async with serving(gate, protocol=Watched) as port:
        reader, writer = await connect(port)
        writer.write(get(1) + BROKEN)
        await until_newest(lambda newest: newest._refusal is not None)
        gate.open.set()
        assert [(await read_answer(reader))[0] for _ in range(2)] == [200, 400]
        assert gate.asked == ["/1"]
        writer.close()


async def test_connections_in_all_and_by_address(gate: Gate) -> None:
    connections = Connections(limit=3, limit_by_address=2, **UNHURRIED)
    gate.open.set()
    async with serving(gate, connections=connections) as port:
        first = [await connect(port) for _ in range(2)]
        await until(lambda: len(connections._admitted) == 2)
        reader, writer = await connect(port)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in head
        assert b"\r\nconnection: close\r\n" in head
        assert code_of(await read_to_end(reader)) == 503
        writer.close()
        # Another address has its own, until there are enough in all.
        other = await connect(port, "127.0.0.2")
        await until(lambda: len(connections._admitted) == 3)
        last_reader, last_writer = await connect(port, "127.0.0.3")
        assert (await read_answer(last_reader))[0] == 503
        last_writer.close()
        # Those that are open are served, and one that ends makes room.
        for reader, writer in [*first, other]:
            writer.write(get("served"))
            assert await read_answer(reader) == (200, b"/served")
        first[0][1].close()
        await until(lambda: len(connections._admitted) == 2 and not connections._refused)
        reader, writer = await connect(port)
        writer.write(get("again"))
        assert await read_answer(reader) == (200, b"/again")
        writer.close()
        for _, each in [*first, other]:
            each.close()
        await until(lambda: not connections._admitted)
        assert not connections._by_address


async def test_beyond_the_limit_refused_connections_are_ended_untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thirdeye.edge.connections._MAX_TOLD", 1)
    connections = Connections(limit=4, limit_by_address=4, **UNHURRIED)
    async with serving(echo, connections=connections) as port:
        admitted = [await connect(port) for _ in range(4)]
        await until(lambda: len(connections._admitted) == 4)
        told_reader, told_writer = await connect(port)
        assert (await read_answer(told_reader))[0] == 503
        # It stays, as it may, and says nothing; so there is no room even for refusals.
        untold_reader, untold_writer = await connect(port)
        assert await read_to_end(untold_reader) == b""
        for _, writer in [*admitted, (None, told_writer), (None, untold_writer)]:
            writer.close()


@pytest.fixture
async def guarded() -> AsyncIterator[int]:
    app = BodyMiddleware(early, is_public=lambda scope: scope["path"] == "/health")
    async with serving(app, protocol=Watched) as port:
        yield port


@pytest.mark.parametrize("path", [b"/health", b"/api/v1/thirdeye/graphql", b"/nothing"])
async def test_a_body_of_a_gigabyte_is_refused_before_it_comes(guarded: int, path: bytes) -> None:
    reader, writer = await connect(guarded)
    writer.write(b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\nx" % path)
    status, body = await read_answer(reader)
    assert (status, code_of(body)) == (413, 413)
    # It is closed although the client neither sends the rest nor goes.
    assert await read_to_end(reader) == b""
    writer.close()


async def test_what_is_public_takes_no_body(guarded: int) -> None:
    for more in (b"content-length: 1\r\n\r\nx", b"transfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"):
        reader, writer = await connect(guarded)
        writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n" + more)
        assert (await read_answer(reader))[0] == 413
        assert await read_to_end(reader) == b""
        writer.close()
    reader, writer = await connect(guarded)
    # An empty one is none.
    writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")
    assert await read_answer(reader) == (200, b"early")
    writer.close()


@pytest.mark.parametrize("parts", [[b"12345", b"67890"], [b"1", b"2", b"3"]], ids=["whole", "endless"])
async def test_the_rest_of_a_body_after_its_answer(guarded: int, parts: list[bytes]) -> None:
    reader, writer = await connect(guarded)
    writer.write(b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n")
    assert await read_answer(reader) == (200, b"early")
    connection = Watched.newest
    await until(lambda: connection._head_timer is not None)
    for part in parts:
        before = connection.read
        writer.write(part)
        await until(lambda before=before: connection.read > before)  # type: ignore[misc]
    if sum(map(len, parts)) == 10:
        assert connection._head_timer is None
        assert connection.timeout_keep_alive_task is not None
        writer.write(post(b"next"))
        assert await read_answer(reader) == (200, b"early")
    else:
        # However often something comes, the time is over at its end.
        connection.run_out_of_time()
        assert await read_to_end(reader) == b""
    writer.close()


async def test_line_breaks_do_not_keep_a_connection(guarded: int) -> None:
    reader, writer = await connect(guarded)
    writer.write(post(b"one"))
    assert await read_answer(reader) == (200, b"early")
    connection = Watched.newest
    for _ in range(3):
        before = connection.read
        writer.write(b"\r\n")
        await until(lambda before=before: connection.read > before)  # type: ignore[misc]
    connection.run_out_of_time()
    assert (await read_answer(reader))[0] == 408
    assert await read_to_end(reader) == b""
    writer.close()


async def test_a_head_is_not_late_while_nobody_reads(gate: Gate) -> None:
    async with serving(gate, protocol=Watched) as port:
        reader, writer = await connect(port)
        writer.write(get(1) + get(2) + get(3)[:10])
        await until_newest(lambda newest: newest._head_timer is not None and bool(newest.pipeline))
        Watched.newest.run_out_of_time()
        writer.write(get(3)[10:])
        gate.open.set()
        assert [(await read_answer(reader))[1] for _ in range(3)] == [b"/1", b"/2", b"/3"]
        writer.close()


async def test_what_is_answered_ends_with_its_connection_although_more_waits() -> None:
    seen = asyncio.Queue[str]()

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        seen.put_nowait("asked")
        while (message := await receive())["type"] != "http.disconnect":
            seen.put_nowait(message["type"])
        seen.put_nowait("gone")

    async with serving(listening, protocol=Watched) as port:
        _, writer = await connect(port)
        writer.write(get(1) + get(2))
        assert await asyncio.wait_for(seen.get(), PATIENCE) == "asked"
        await until_newest(lambda newest: bool(newest.pipeline))
        Watched.newest.abort()
        assert await asyncio.wait_for(seen.get(), PATIENCE) == "http.request"
        assert await asyncio.wait_for(seen.get(), PATIENCE) == "gone"
        await asyncio.sleep(0)
        assert seen.empty()
        writer.close()


class Clock:
    """Looks at the connections at any time of its own."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self.now = asyncio.get_running_loop().time()

    def after(self, seconds: float) -> bool:
        self.now += seconds
        self._connections.look(self.now)
        return False


@pytest.mark.parametrize("last", [(), ((b"connection", b"close"),)], ids=["kept", "closing"])
async def test_a_client_that_takes_nothing_loses_its_connection(last: tuple[tuple[bytes, bytes], ...]) -> None:
    async def large(scope: Any, receive: Any, send: Any) -> None:
        await answer(send, b"x" * 5_000_000, headers=last)

    connections = Connections(write_seconds=10, look_seconds=PATIENCE)
    async with serving(large, protocol=Watched, connections=connections) as port:
        client = Reluctant(port, GET)
        await until_newest(lambda newest: newest.transport.get_write_buffer_size() > 0)
        clock = Clock(connections)
        clock.after(0)
        for _ in range(9):
            clock.after(1)
        assert connections._admitted
        # As long as it takes something, it may take its time.
        for _ in range(3):
            await client.read_some(600_000)
            for _ in range(9):
                clock.after(1)
            assert connections._admitted
        # What was still on its way is the last that it gets.
        await until(lambda: clock.after(10) or not connections._admitted)
        # Nothing more comes, also not of what the kernel had.
        assert len(await client.read()) < 3_000_000
        client.close()
