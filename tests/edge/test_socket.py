"""What is no request, or takes too long to become one: refused by the socket, in OM's shape, and the next one is served."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from thirdeye.edge import socket
from thirdeye.edge.socket import MAX_HEAD, GuardedProtocol
from thirdeye.local.servers import free_port

pytestmark = pytest.mark.anyio


async def echo(scope: Any, receive: Any, send: Any) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port() -> AsyncIterator[int]:
    number = free_port()
    config = uvicorn.Config(
        echo, host="127.0.0.1", port=number, http=GuardedProtocol, lifespan="off", log_config=None, server_header=False
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield number
    server.should_exit = True
    await task


async def exchange(port: int, *pieces: bytes, answers: int = 1) -> list[tuple[int, bytes]]:
    """Sends pieces over one connection and reads so many answers: status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.01)
        found = []
        for _ in range(answers):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            lines = head.lower().split(b"\r\n")
            length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length"))
            found.append((int(lines[0].split(b" ")[1]), await reader.readexactly(length)))
        return found
    finally:
        writer.close()


def post(body: bytes, *, more: bytes = b"") -> bytes:
    return b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n%s\r\n" % (len(body), more) + body


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


async def test_a_client_that_takes_its_time(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "HEAD_SECONDS", 0.2)
    for beginning in (b"", b"POST /x HT", post(b"one") + b"POST /x"):
        found = await exchange(port, beginning, answers=2 if beginning.endswith(b"POST /x") else 1)
        assert found[-1][0] == 408
        assert "did not arrive" in json.loads(found[-1][1])["message"]
    assert await exchange(port, post(b"next")) == [(200, b"next")]
