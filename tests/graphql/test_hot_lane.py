"""What the protocol answers by itself is what the application would answer, byte for byte, and is counted and logged alike."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar

import pytest
import structlog

from tests.score.test_service import insert, service
from tests.support import PATIENCE
from tests.support.api import GRAPHQL, Api, running
from tests.support.clocks import NOON, FixedClock
from tests.support.hot_answers import Ticks, questions, told
from tests.support.raw_http import Reluctant, serving
from thirdeye.edge import rate_limit
from thirdeye.edge.socket import GuardedProtocol
from thirdeye.graphql.hot_lane import HotLane
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("ticks", "trusted_counts")]
PATH = GRAPHQL.encode()
SCORE = b"x-om-operation-id: get_zi_score\r\n"


class Seen(GuardedProtocol):
    """Tells a test of its connections."""

    opened: ClassVar[asyncio.Queue[GuardedProtocol]]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        type(self).opened.put_nowait(self)


class Usual(Seen):
    """Has no lane."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._lane = None


@dataclass
class Side:
    """An API behind a real server, and a connection to it."""

    api: Api
    port: int
    protocol: type[Seen]
    taken: list[bool] = field(default_factory=list)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[tuple["Connection", GuardedProtocol]]:
        self.protocol.opened = asyncio.Queue()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield Connection(reader, writer), await self.protocol.opened.get()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def ask(self, *requests: bytes) -> tuple[list[bytes], list[Any]]:
        """All that is answered to each, and the lines of the log."""
        with structlog.testing.capture_logs() as logs:
            answers = []
            async with self.connect() as (connection, _):
                for request in requests:
                    connection.writer.write(request)
                    answers.append(await connection.read())
        return answers, [without_chance(line) for line in logs if line["event"] == "request"]


def without_chance(line: MutableMapping[str, Any]) -> dict[str, Any]:
    """A line of the log without its time, and an id that was made up."""
    made_up = re.fullmatch("[0-9a-f]{32}", line["request_id"])
    return {**line, "ms": 0, "request_id": "" if made_up else line["request_id"]}


@dataclass
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def read(self) -> bytes:
        """An answer, without what is another one each time; what follows it is not read."""
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"HTTP/1.1 100"):
                head += await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            body = await self.reader.readexactly(int(length[1])) if length else b""
        answer = re.sub(rb'"timestamp":"[^"]+"', b"", head + body)
        return re.sub(rb"(date: |x-request-id: (?=[0-9a-f]{32}\r))[^\r]+", rb"\1", answer)


@asynccontextmanager
async def both_ways(settings: Settings, signer: Signer, clock: FixedClock) -> AsyncIterator[tuple[Side, Side]]:
    """By the lane, and without it, over the same data."""
    async with (
        running(settings, signer, clock) as short,
        running(settings, signer, clock) as usual,
        serving(short.app, protocol=Seen) as short_port,
        serving(usual.app, protocol=Usual) as usual_port,
    ):
        yield Side(short, short_port, Seen), Side(usual, usual_port, Usual)


@pytest.fixture
def trusted_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine a count is older by the next request than one is trusted to be, and the request waits for another."""
    monkeypatch.setattr(rate_limit, "_COUNT_TRUSTED", PATIENCE)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each request that a lane was asked for, whether it answered it."""
    answered: list[bool] = []
    answer = HotLane.answer

    def noting(lane: HotLane, *arguments: Any) -> Any:
        found = answer(lane, *arguments)
        answered.append(found is not None)
        return found

    monkeypatch.setattr(HotLane, "answer", noting)
    return answered


def request(
    body: bytes = b"",
    *headers: bytes,
    token: str | None,
    start: bytes = b"POST %b HTTP/1.1" % PATH,
    request_id: bytes = b"the-same",
) -> bytes:
    lines = [start, b"host: t", b"content-length: %d" % len(body), *headers]
    if request_id:
        lines.append(b"x-request-id: " + request_id)
    if token is not None:
        lines.append(b"Authorization: Bearer " + token.encode())
    return b"\r\n".join([*lines, b"", body])


def header_lines(headers: dict[str, str]) -> Iterable[bytes]:
    return (f"{name}: {value}".encode() for name, value in headers.items())


def odd_requests(signer: Signer) -> dict[str, bytes]:
    """Those that must go the usual way, or look as if they had to, after the score was asked for in this way."""
    token, score = signer.token(), SCORE.strip()
    chunked = request(b"2\r\n{}\r\n0\r\n\r\n", score, b"content-type: application/json", token=token)
    return {
        "as usual": request(b"", score, token=token),
        "no id of its own": request(b"", score, token=token, request_id=b""),
        "an id that is none": request(b"", score, token=token, request_id=b"\xff id"),
        "no token": request(b"", score, token=None),
        "two tokens": request(b"", score, b"authorization: Bearer x", token=token),
        "another scheme": request(b"", score, b"authorization: Basic eA==", token=None),
        "the scheme in small letters": request(b"", score, b"authorization: bearer " + token.encode(), token=None),
        "junk": request(b"", score, token="x.y.z"),
        "a token that was never seen": request(b"", score, token=signer.token(sub="another")),
        "an expired one": request(b"", score, token=signer.token(exp=int(NOON.timestamp()) - 100)),
        "a forged one": request(b"", score, token=Signer.generate().token()),
        "with a query string": request(b"", score, token=token, start=b"POST %b?x=1 HTTP/1.1" % PATH),
        "written another way": request(b"", score, token=token, start=b"POST %b HTTP/1.1" % PATH.replace(b"q", b"%71")),
        "of a whole address": request(b"", score, token=token, start=b"POST http://t%b HTTP/1.1" % PATH),
        "of another path": request(b"", score, token=token, start=b"POST %b/ HTTP/1.1" % PATH),
        "put": request(b"", score, token=token, start=b"PUT %b HTTP/1.1" % PATH),
        "of an older version": request(b"", score, token=token, start=b"POST %b HTTP/1.0" % PATH),
        "that would go on": request(b"", score, b"connection: keep-alive", token=token, start=b"POST %b HTTP/1.0" % PATH),
        "as the last": request(b"", score, b"connection: close", token=token),
        "that waits to be told": request(b"{}", score, b"content-type: application/json", b"expect: 100-continue", token=token),
        "to become another protocol": request(b"", score, b"connection: upgrade", b"upgrade: h2c", token=token),
        "in chunks": chunked.replace(b"content-length: 12", b"transfer-encoding: chunked"),
        "of another origin": request(b"", score, b"origin: https://elsewhere.example", token=token),
    }  # fmt: skip


async def test_it_answers_what_the_application_would(
    history: Settings, signer: Signer, clock: FixedClock, answered: list[bool]
) -> None:
    token = signer.token()
    asked = {
        name: request(body, *header_lines(headers), token=token)
        for name, headers, body in questions()
        if body is not None
        and ("zi_score" in str(headers) or "ziScore" in body.decode() or name == "list_action_items")
    }
    async with both_ways(history, signer, clock) as (short, usual):
        for name, content in {**asked, **odd_requests(signer)}.items():
            for _ in range(3):
                assert await short.ask(content) == await usual.ask(content), name
        # On one connection, one after the other.
        content = asked["get_zi_score"]
        assert await short.ask(*[content] * 5) == await usual.ask(*[content] * 5)
        first, second = [(await side.api.client.get("/metrics")).text for side in (short, usual)]
        assert told(first) == told(second)
    assert answered.count(True) > 15
    assert False in answered


async def test_however_a_request_is_cut_into_pieces(
    history: Settings, signer: Signer, clock: FixedClock, answered: list[bool]
) -> None:
    content = request(b"{}", SCORE.strip(), b"content-type: application/json", token=signer.token())
    # At this speed the limiter has some wait until they are counted.
    unlimited = history.model_copy(update={"rate_limit": "off"})
    async with both_ways(unlimited, signer, clock) as (side, _):
        *_, whole = (await side.ask(content, content, content))[0]
        answered.clear()
        async with side.connect() as (connection, protocol):
            for cut in range(1, len(content)):
                protocol.data_received(content[:cut])
                protocol.data_received(content[cut:])
                assert await connection.read() == whole, cut
            # Several at once, and an end that is the beginning of the next.
            protocol.data_received(content * 3 + content[:50])
            protocol.data_received(content[50:] + content)
            assert [await connection.read() for _ in range(5)] == [whole] * 5
            # The server's own headers are those of now.
            protocol.server_state.default_headers = [(b"date", b"now"), (b"server", b"x")]
            protocol.data_received(content)
            assert await connection.read() == whole.replace(b"date: ", b"date: \r\nserver: x")
            # It waits for the next one as after any answer.
            assert protocol._in_head
            assert protocol._head_timer is None
            assert protocol.timeout_keep_alive_task is not None
    # All but those whose body was still to come when there was nothing more to read.
    assert answered == [True] * (len(content) - 1 - 2 + 5 + 1)


async def test_one_behind_a_request_that_is_being_answered_waits_for_it(
    history: Settings, signer: Signer, clock: FixedClock, answered: list[bool]
) -> None:
    token = signer.token()
    hot = request(b"", SCORE.strip(), token=token)
    slow = request(b'{"query": "{ dataQuality { checkedAt } }"}', b"content-type: application/json", token=token)
    async with both_ways(history, signer, clock) as (side, _):
        await side.ask(hot, hot, hot)
        answered.clear()
        (first,), _ = await side.ask(slow)
        async with side.connect() as (connection, protocol):
            protocol.data_received(slow + hot + hot)
            assert await connection.read() == first
            assert b"ziScore" in await connection.read()
            assert b"ziScore" in await connection.read()
    assert answered == []


async def test_junk_after_a_head_is_refused(
    history: Settings, signer: Signer, clock: FixedClock, answered: list[bool]
) -> None:
    hot = request(b"", SCORE.strip(), token=signer.token())
    junk = hot.replace(b"content-length: 0", b"transfer-encoding: chunked") + b"no chunk\r\n"
    async with both_ways(history, signer, clock) as (short, usual):
        for side in (short, usual):
            await side.ask(hot, hot, hot)
            (answer,), lines = await side.ask(junk)
            assert answer.startswith(b"HTTP/1.1 400 "), answer
            assert len(lines) == (side is usual)
            assert await side.ask(hot)
        # What is no request is not begun.
        async with short.connect() as (connection, protocol):
            protocol.data_received(junk)
            assert not protocol.tasks
            assert (await connection.read()).startswith(b"HTTP/1.1 400 ")
    assert answered == [True, True]


async def test_refusals_are_those_of_the_usual_way(
    history: Settings, signer: Signer, clock: FixedClock, answered: list[bool]
) -> None:
    token = signer.token(sub="leaving", exp=int(NOON.timestamp()) + 60)
    hot = request(b"", SCORE.strip(), token=token)

    def statuses(answers: list[bytes]) -> list[int]:
        return [int(answer[9:12]) for answer in answers]

    async with both_ways(history, signer, clock) as (side, _):
        lane: HotLane = side.api.app.state.hot_lane
        assert statuses((await side.ask(hot, hot, hot))[0]) == [200] * 3
        assert answered == [True]
        lane.places.taken += history.max_requests
        assert statuses((await side.ask(hot))[0]) == [503]
        lane.places.taken -= history.max_requests
        assert statuses((await side.ask(hot))[0]) == [200]
        stopping, lane.places.stopping = lane.places.stopping, lambda: True
        assert statuses((await side.ask(hot))[0]) == [503]
        lane.places.stopping = stopping
        clock.now = NOON + timedelta(minutes=2)
        assert statuses((await side.ask(hot))[0]) == [401]
    assert answered == [True, False, True, False, False]


async def test_an_answer_is_given_until_there_is_another_one(
    history: Settings, signer: Signer, clock: FixedClock, ticks: Ticks, answered: list[bool]
) -> None:
    hot = request(b"", SCORE.strip(), token=signer.token())
    async with both_ways(history, signer, clock) as (side, _), service(history, clock) as (_, thirdeye):

        async def scores(times: int) -> list[int]:
            return [int(re.findall(rb'"score":(\d+)', answer)[0]) for answer in (await side.ask(*[hot] * times))[0]]

        assert await scores(4) == [50] * 4
        await insert(thirdeye, NOON, 60)
        assert await scores(2) == [50] * 2
        assert answered == [True] * 4
        ticks.now += 1
        assert await scores(4) == [60] * 4
        assert answered[4:] == [False, False, True, True]


@pytest.mark.usefixtures("trusted_counts")
async def test_each_request_is_counted_once(
    history: Settings, signer: Signer, clock: FixedClock, answered: list[bool]
) -> None:
    limited = history.model_copy(update={"rate_limit": "400/hour"})
    hot = request(b"", SCORE.strip(), token=signer.token(sub="eager"))
    async with both_ways(limited, signer, clock) as (side, _):
        answers, _ = await side.ask(*[hot] * 420)
    statuses = [int(answer[9:12]) for answer in answers]
    assert statuses == [200] * 400 + [429] * 20
    # Once half of the limit is counted each waits for the count. So many may have gone on while a count was under way.
    assert 100 < answered.count(True) <= 200 + rate_limit._MIN_DEFERRED


async def test_for_a_client_that_does_not_read_little_is_written(
    history: Settings, signer: Signer, clock: FixedClock, answered: list[bool]
) -> None:
    hot = request(b"", SCORE.strip(), token=signer.token())
    unlimited = history.model_copy(update={"rate_limit": "off"})
    async with both_ways(unlimited, signer, clock) as (side, _):
        await side.ask(hot, hot, hot)
        answered.clear()
        side.protocol.opened = asyncio.Queue()
        client = Reluctant(side.port)
        try:
            protocol = await side.protocol.opened.get()
            requests = 0
            while not protocol.flow.read_paused:
                protocol.data_received(hot)
                requests += 1
                assert requests < 4_000
            assert protocol.flow.write_paused
            assert protocol.transport.get_write_buffer_size() < 100_000
        finally:
            client.close()
    # One that came then waits in the application, and the next behind it: nothing more is read.
    assert answered == [True] * (requests - 2)


@pytest.mark.parametrize(
    "setting",
    [
        {"hot_answers": False},
        {"cors_origins": ["https://app.example"]},
        {"otel_exporter_otlp_endpoint": "http://127.0.0.1:1"},
    ],
)
async def test_there_is_none_where_more_is_to_be_done(
    make_settings: Callable[..., Settings], signer: Signer, clock: FixedClock, setting: dict[str, Any]
) -> None:
    async with running(make_settings().model_copy(update=setting), signer, clock) as api:
        assert not hasattr(api.app.state, "hot_lane")
