"""What is no request, or takes too long to become one: refused by the socket, in OM's shape, and the next one is served."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import pytest

from tests.support import PATIENCE
from tests.support.raw_http import echo, exchange, post, read_answer, serving
from thirdeye.edge import socket, transport
from thirdeye.edge.socket import MAX_HEAD, GuardedProtocol

pytestmark = pytest.mark.anyio


class Watched(GuardedProtocol):
    """Tells a test of its connections."""

    opened: ClassVar[asyncio.Queue["Watched"]]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.opened.put_nowait(self)

    def run_out_of_time(self) -> None:
        """Does what happens when the time for the head is over."""
        assert self._head_timer is not None
        self._head_timer._run()


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    # Neither may end while a slow machine is at it.
    monkeypatch.setattr(socket, "HEAD_SECONDS", PATIENCE)
    monkeypatch.setattr(transport, "LINGER_SECONDS", PATIENCE)
    Watched.opened = asyncio.Queue()
    async with serving(echo, protocol=Watched) as port:
        yield port


async def test_requests_one_after_the_other_and_at_once(port: int) -> None:
    one, two = post(b"one"), post(b"two")
    assert await exchange(port, one, two, answers=2) == [(200, b"one"), (200, b"two")]
    assert await exchange(port, one + two, answers=2) == [(200, b"one"), (200, b"two")]
    # However it is cut into pieces.
    assert await exchange(port, one[:10], one[10:40], one[40:-1], one[-1:]) == [(200, b"one")]


async def test_the_longest_head(port: int) -> None:
    sound = post(b"x", more=b"x-filling: " + b"y" * (MAX_HEAD - 5_000) + b"\r\n")
    assert await exchange(port, sound) == [(200, b"x")]
    for head in (
        b"POST /x HTTP/1.1\r\nx-filling: " + b"y" * (MAX_HEAD + 300_000),
        b"GET /" + b"y" * (MAX_HEAD + 300_000),
        b"GET / HTTP/1.1\r\n" + b"x-filling: y\r\n" * 40_000,
    ):
        ((status, body),) = await exchange(port, head)
        assert status in {400, 431}
        answer = json.loads(body)
        assert answer["code"] == status
        assert set(answer) == {"code", "message", "timestamp"}
    assert await exchange(port, post(b"next")) == [(200, b"next")]


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"nothing\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
)
async def test_what_is_not_http(port: int, junk: bytes) -> None:
    ((status, body),) = await exchange(port, junk)
    assert (status, json.loads(body)["code"]) == (400, 400)
    assert await exchange(port, post(b"next")) == [(200, b"next")]


@pytest.mark.parametrize(("before", "beginning"), [(b"", b""), (b"", b"POST /x HT"), (b"one", b"POST /x")])
async def test_a_client_that_takes_its_time(port: int, before: bytes, beginning: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connection = await Watched.opened.get()
    if before:
        writer.write(post(before))
        assert await read_answer(reader) == (200, before)
    writer.write(beginning)
    while connection._received < len(beginning):
        await asyncio.sleep(0)
    connection.run_out_of_time()
    status, body = await read_answer(reader)
    assert status == 408
    assert "did not arrive" in json.loads(body)["message"]
    writer.close()
    assert await exchange(port, post(b"next")) == [(200, b"next")]
