"""The metrics of all processes that serve one port together, in one scrape.

Each sample gets the label `process`, as if the processes were instances of their own: so a counter that begins anew after
a restart is one that was reset, and no gauge has to be added up or chosen from. A process tells the others its text over a
socket in their folder; of one that does not answer there are no samples this time.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final

import structlog

from thirdeye.serving_process import ServingProcess

_TIMEOUT: Final = 2.0
_SAMPLE: Final = re.compile(rb"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (.*)")
log = structlog.get_logger(__name__)


class ProcessMetrics:
    """Tells the others what `render` gives, and asks them for theirs."""

    def __init__(self, process: ServingProcess, render: Callable[[], bytes], *, timeout: float = _TIMEOUT) -> None:
        self._process = process
        self._render = render
        self._timeout = timeout
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens for the others."""
        path = self._process.socket_of(self._process.number)
        # Of the process that had this number before.
        path.unlink(missing_ok=True)
        try:
            self._server = await asyncio.start_unix_server(self._tell, path)
        except OSError as error:
            # Such as a path of more than 107 bytes. Metrics are no reason not to serve.
            log.warning("metrics_not_shared", socket=str(path), reason=str(error))

    async def stop(self) -> None:
        """Stops listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        self._process.socket_of(self._process.number).unlink(missing_ok=True)

    async def _tell(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(self._render())
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    async def text(self) -> bytes:
        """Prometheus' text for all of them."""
        numbers = range(self._process.count)
        return merge(zip(numbers, await asyncio.gather(*map(self._text_of, numbers)), strict=True))

    async def _text_of(self, number: int) -> bytes:
        if number == self._process.number:
            return self._render()
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = await asyncio.open_unix_connection(self._process.socket_of(number))
                try:
                    return await reader.read()
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return b""


def merge(texts: Iterable[tuple[int, bytes]]) -> bytes:
    """One text out of several, by process: each metric described once, each sample labelled with its process."""
    families: dict[bytes, list[bytes]] = {}
    for number, text in texts:
        description, samples = b"", list[bytes]()
        for line in text.splitlines(keepends=True):
            if line.startswith(b"# HELP "):
                description = line
            elif line.startswith(b"# TYPE "):
                samples = families.setdefault(description + line, [])
            else:
                samples.append(_labelled(line, number))
    return b"".join(description + b"".join(samples) for description, samples in families.items())


def _labelled(line: bytes, number: int) -> bytes:
    found = _SAMPLE.match(line)
    if found is None:
        return line
    name, labels, value = found.groups()
    more = b"," + labels if labels else b""
    return b'%s{process="%d"%s} %s\n' % (name, number, more, value)
