"""Stands in for ThirdEye's API behind the proxy, to find what the proxy really does when ThirdEye hangs or breaks off."""

import asyncio
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import httpx

from thirdeye.commands.doctor.examination import NotChecked, Probe, Result
from thirdeye.commands.doctor.facts import Answer, StandInFacts
from thirdeye.commands.doctor.probes.answers import ask
from thirdeye.commands.doctor.rules.stand_in import judge_stand_in
from thirdeye.settings import Settings

_MARK: Final = re.compile(rb"doctor-(echo|hang|break|write)-([0-9a-f]{12})")
_LIST: Final = "/api/v1/thirdeye/action-items"
_GRAPHQL: Final = "/api/v1/thirdeye/graphql"
# Of the time that the whole check may take.
_ECHO_SHARE: Final = 0.3
_FAILURE_SHARE: Final = 0.65
_MOST_BYTES: Final = 65_536
_OK: Final = b'{"status":"ok"}'
_TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class StandIn:
    """A server that answers, hangs or breaks off as the mark in a request says; open within `async with`.

    `arrivals`: by mark, how often it came. `headers`: those of the request that is echoed, by name in lower case.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.arrivals = dict[str, int]()
        self.headers = dict[str, list[str]]()
        self._tasks = set[asyncio.Task[None]]()

    async def __aenter__(self) -> "StandIn":
        self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=_MOST_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        # Only the end of this server cancels what hangs; asyncio would print it as a defect.
        expected = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError)
        try:
            with suppress(*expected):
                await self._answer(reader, writer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await _body(head, reader)
        match = _MARK.search(head) or _MARK.search(body)
        kind = match[1].decode() if match else ""
        if match:
            self.arrivals[match[0].decode()] = self.arrivals.get(match[0].decode(), 0) + 1
        if kind == "hang":
            await asyncio.Event().wait()
        if kind in ("break", "write"):
            return
        if kind == "echo":
            self.headers = _headers(head)
        size = len(_OK)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n")
        writer.write(f"Content-Length: {size}\r\n\r\n".encode() + _OK)
        await writer.drain()


def _headers(head: bytes) -> dict[str, list[str]]:
    headers = dict[str, list[str]]()
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return headers


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    headers = _headers(head)
    if "chunked" in ",".join(headers.get("transfer-encoding", [])).lower():
        return await reader.readuntil(b"0\r\n\r\n")
    lengths = headers.get("content-length", ["0"])
    size = int(lengths[0]) if lengths[0].isdigit() else 0
    return await reader.readexactly(min(size, _MOST_BYTES)) if size else b""


class StandInProbe:
    """Asks itself through the public address. Only while no API listens where the settings say."""

    def __init__(
        self, settings: Settings, client: httpx.AsyncClient, url: str, token: str | None, seconds: float
    ) -> None:
        self._settings, self._client, self._url = settings, client, url.rstrip("/")
        self._token, self._seconds = token, seconds

    def probes(self) -> Iterator[Probe]:
        """In place of the public address."""
        yield Probe("proxy", self.ask)

    async def ask(self) -> Result:
        """An echo first; then a hang, a break and a write that breaks off, all at once."""
        settings = self._settings
        try:
            server = await StandIn(settings.thirdeye_host, settings.thirdeye_port).__aenter__()
        except OSError as error:
            reason = f"port {settings.thirdeye_port} cannot be used ({error.strerror}): stop `thirdeye serve` first"
            raise NotChecked(reason) from error
        try:
            facts = await self._facts(server)
        finally:
            await server.__aexit__()
        hung, tries = facts.hang, facts.hang_arrivals
        return f"gave up a hang after {hung.seconds:.1f} s and {tries} tries", judge_stand_in(facts)

    async def _facts(self, server: StandIn) -> StandInFacts:
        number = uuid.uuid4().hex[:12]
        sent = self._headers(number)
        echo = await self._send("GET", "echo", number, sent)
        authorization = {"authorization": sent["authorization"]}
        hang, broken, write = await asyncio.gather(
            self._send("GET", "hang", number, authorization),
            self._send("GET", "break", number, authorization),
            self._send("POST", "write", number, authorization),
        )
        arrived = {
            kind: server.arrivals.get(f"doctor-{kind}-{number}", 0) for kind in ("hang", "break", "write", "echo")
        }
        return StandInFacts(
            sent=sent,
            came=server.headers,
            echo=echo,
            echo_arrivals=arrived["echo"],
            hang=hang,
            hang_arrivals=arrived["hang"],
            broken=broken,
            write=write,
            write_arrivals=arrived["write"],
            waited=_FAILURE_SHARE * self._seconds,
        )

    def _headers(self, number: str) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self._token or 'doctor'}",
            "x-om-operation-id": "get_zi_score",
            "x-request-id": f"doctor-{number}",
            "idempotency-key": f"doctor-{number}",
            "if-match": '"doctor"',
            "traceparent": _TRACE,
        }

    async def _send(self, method: str, kind: str, number: str, headers: dict[str, str]) -> Answer:
        mark = f"doctor-{kind}-{number}"
        limit = (_ECHO_SHARE if kind == "echo" else _FAILURE_SHARE) * self._seconds
        if method == "GET":
            return await ask(self._client, method, f"{self._url}{_LIST}?search={mark}", headers=headers, timeout=limit)
        body = {"query": f"mutation {{ __typename }} # {mark}"}
        return await ask(self._client, method, f"{self._url}{_GRAPHQL}", headers=headers, json=body, timeout=limit)
