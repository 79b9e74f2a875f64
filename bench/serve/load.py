"""Load on one address of this machine: `wrk` where it is installed, else a small generator of our own.

Both keep a fixed number of connections open and send the next request on each when its answer is there.
"""

import asyncio
import re
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
_MOST_REQUESTS = 2_000_000
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class LoadProblem(Exception):
    """An answer was not 200, or a connection broke: what was measured means nothing."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One request, sent over and over."""

    port: int
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def all_headers(self) -> dict[str, str]:
        return {"Content-Type": "application/json", **self.headers}

    def encoded(self) -> bytes:
        """The request as it goes over the wire."""
        headers = {"Host": f"{HOST}:{self.port}", "Content-Length": str(len(self.body)), **self.all_headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {self.path} HTTP/1.1\r\n{head}\r\n".encode() + self.body


def generator_name() -> str:
    """What `measure` will use."""
    return "wrk" if shutil.which("wrk") else "its own generator"


def measure(target: Target, *, seconds: float, connections: int, folder: Path) -> float:
    """Requests per second. Raises LoadProblem when any answer is not a success."""
    wrk = shutil.which("wrk")
    if wrk:
        return _measure_wrk(wrk, target, seconds, connections, folder)
    return asyncio.run(_measure(target, seconds, connections))


def _measure_wrk(wrk: str, target: Target, seconds: float, connections: int, folder: Path) -> float:
    script = folder / "request.lua"
    headers = "".join(f"wrk.headers[{_lua(name)}] = {_lua(value)}\n" for name, value in target.all_headers.items())
    script.write_text(f'wrk.method = "POST"\nwrk.body = {_lua(target.body.decode())}\n{headers}')
    url = f"http://{HOST}:{target.port}{target.path}"
    command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise LoadProblem(f"{url}:\n{done.stdout}{done.stderr}")
    return float(rate[1])


def _lua(text: str) -> str:
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'


async def _measure(target: Target, seconds: float, connections: int) -> float:
    request, started = target.encoded(), time.perf_counter()
    deadline = started + seconds
    counts = await asyncio.gather(
        *(_one_connection(target.port, request, deadline, _MOST_REQUESTS // connections) for _ in range(connections))
    )
    return sum(counts) / (time.perf_counter() - started)


async def _one_connection(port: int, request: bytes, deadline: float, most: int) -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    answered = 0
    try:
        while answered < most and time.perf_counter() < deadline:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200") or length is None:
                raise LoadProblem(head.decode("latin-1"))
            await reader.readexactly(int(length[1]))
            answered += 1
    finally:
        writer.close()
    return answered
