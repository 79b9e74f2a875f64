"""Clients that do not read: what they hold is little, ends, and is free for others when its bytes are gone.

Relatives of 40 clients that do not read an answer of 12 MB: streams, clients that read a little, several at once, those that
leave in the middle, and servers without a protocol of ours.
"""

import asyncio
from typing import Any

import pytest

from tests.support import PATIENCE
from tests.support.raw_http import Reluctant, exchange, post, read_answer, serving, until
from thirdeye.edge.concurrency import ConcurrencyMiddleware, RequestPlaces
from thirdeye.edge.delivery import PIECE, DeliveryMiddleware
from thirdeye.edge.socket import GuardedProtocol

pytestmark = pytest.mark.anyio
GET = b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n"
LARGE = bytes(range(256)) * 20_000
STREAM = b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n"
SMALL = b"GET /small HTTP/1.1\r\nhost: x\r\n\r\n"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """A large answer, a small one, or a stream without an end."""
    headers = [(b"content-type", b"text/plain")]
    if scope["path"] == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while not receive.__self__.disconnected:
            await send({"type": "http.response.body", "body": b"x" * 30_000, "more_body": True})
        return
    body = LARGE if scope["path"] == "/large" else b"small"
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Server:
    """The application with one place for a request, and what was given up."""

    def __init__(self, *, limit: int = 1, **bounds: Any) -> None:
        self.given_up = 0
        self.bounded = ConcurrencyMiddleware(
            answering, places=RequestPlaces(limit=limit, stopping=lambda: False), is_public=lambda _: False
        )
        self.app = DeliveryMiddleware(
            self.bounded, on_given_up=self._count, **{"piece_seconds": 10 * PATIENCE, **bounds}
        )

    def _count(self) -> None:
        self.given_up += 1

    def is_busy(self) -> bool:
        return self.bounded._places.taken > 0


class Watched(GuardedProtocol):
    newest: "Watched"

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        Watched.newest = self


async def status_of(port: int, request: bytes = SMALL) -> int:
    return (await exchange(port, request))[0][0]


@pytest.mark.parametrize("protocol", [GuardedProtocol, None], ids=["ours", "plain"])
async def test_a_large_answer_arrives_whole(protocol: type[GuardedProtocol] | None) -> None:
    server = Server()
    async with serving(server.app, protocol=protocol) as port:
        # Several over one connection, the next one asked for before the first is read.
        assert await exchange(port, GET, GET + SMALL, answers=3) == [(200, LARGE), (200, LARGE), (200, b"small")]
        head = await exchange(port, GET.replace(b"GET", b"HEAD") + SMALL, answers=0)
        assert head == []
    assert server.given_up == 0
    assert not server.app._under_way
    assert server.app._unread == 0


async def test_a_place_is_free_when_the_bytes_are_gone_and_not_before() -> None:
    server = Server()
    async with serving(server.app, protocol=Watched) as port:
        client = Reluctant(port, GET)
        await until(server.is_busy)
        await until(lambda: Watched.newest.flow.write_paused)
        # Of five megabytes, a piece waits, and what was left of the one before.
        assert Watched.newest.transport.get_write_buffer_size() < 2 * PIECE
        assert await status_of(port) == 503
        # All but what the kernels hold.
        await client.read_some(len(LARGE) - 1_000_000)
        assert await status_of(port) == 503
        await client.read_some(1_000_000)
        await until(lambda: not server.is_busy())
        assert await status_of(port) == 200
        client.close()


@pytest.mark.parametrize("request_", [GET, STREAM], ids=["body", "stream"])
@pytest.mark.parametrize("protocol", [GuardedProtocol, None], ids=["ours", "plain"])
async def test_who_does_not_read_is_given_up(protocol: type[GuardedProtocol] | None, request_: bytes) -> None:
    server = Server(piece_seconds=0.1)
    async with serving(server.app, protocol=protocol) as port:
        client = Reluctant(port, request_)
        await until(lambda: server.given_up == 1)
        assert not server.is_busy()
        assert await status_of(port) == 200
        # Half an answer does not look like a whole one.
        assert len(await client.read()) < len(LARGE)
        client.close()
    assert server.app._unread == 0


async def test_over_the_bound_of_all_the_one_that_does_not_read_gives_way() -> None:
    server = Server(limit=100, max_unread=len(LARGE) * 5 // 2)
    async with serving(server.app, protocol=Watched) as port:
        first = Reluctant(port, GET)
        await until(lambda: len(server.app._under_way) == 1)
        second = Reluctant(port, GET)
        await until(lambda: len(server.app._under_way) == 2)
        # The first one moves, so the second has waited longer when a third comes.
        await first.read_some(1_000_000)
        third = Reluctant(port, GET)
        await until(lambda: server.given_up == 1)
        assert len(await second.read()) < len(LARGE)
        await first.read_some(len(LARGE) - 1_000_000)
        await third.read_some(len(LARGE))
        await until(lambda: not server.is_busy())
        assert server.given_up == 1
        # However many do not read, those that do get theirs.
        reluctant = [Reluctant(port, GET) for _ in range(10)]
        for _ in range(5):
            assert await exchange(port, GET) == [(200, LARGE)]
        for client in (first, second, third, *reluctant):
            client.close()
        await until(lambda: not server.is_busy())
    assert server.app._unread == 0


@pytest.mark.parametrize("request_", [GET, STREAM], ids=["body", "stream"])
async def test_who_leaves_in_the_middle_holds_nothing(request_: bytes) -> None:
    server = Server()
    async with serving(server.app) as port:
        client = Reluctant(port, request_)
        await until(server.is_busy)
        await client.read_some(100_000)
        client.close()
        await until(lambda: not server.is_busy())
        assert await status_of(port) == 200
    assert (server.given_up, server.app._unread) == (0, 0)


async def test_the_next_request_waits_until_the_answer_before_it_is_read() -> None:
    server = Server()
    async with serving(server.app, protocol=Watched) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        writer.write(GET + post(b"x", path=b"/small"))
        await until(server.is_busy)
        await until(lambda: Watched.newest.flow.write_paused)
        assert len(Watched.newest.pipeline) == 1
        # It is one request at a time: a second place is not asked for.
        assert await read_answer(reader) == (200, LARGE)
        assert await read_answer(reader) == (200, b"small")
        writer.close()
