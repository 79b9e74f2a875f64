"""Load on one address of this machine: `wrk` where it is installed, else a small generator of our own.

Both keep a fixed number of connections open and send the next request on each when its answer is there.
"""

import asyncio
import itertools
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

HOST = "127.0.0.1"
_MOST_REQUESTS = 2_000_000
# What stands in the body of a question that is another one each time: one of its values, and the number of the request.
VALUE = "<value>"
NUMBER = "<number>"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class LoadProblem(Exception):
    """An answer was not 200, or a connection broke: what was measured means nothing."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """One request, sent over and over; with `values`, another one each time."""

    port: int
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    values: tuple[str, ...] = ()

    def single(self, number: int) -> "Target":
        """The request with this number, counted from the end when it is negative; the same one where all are the same."""
        if not self.values:
            return self
        value = self.values[number % len(self.values)]
        body = self.body.decode().replace(VALUE, value).replace(NUMBER, str(number))
        return replace(self, body=body.encode(), values=())

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
    script.write_text(f'wrk.method = "POST"\n{_lua_body(target)}\n{headers}')
    url = f"http://{HOST}:{target.port}{target.path}"
    command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    if rate is None or "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise LoadProblem(f"{url}:\n{done.stdout}{done.stderr}")
    return float(rate[1])


def _lua_body(target: Target) -> str:
    if not target.values:
        return f"wrk.body = {_lua(target.body.decode())}"
    before, _, rest = target.body.decode().partition(VALUE)
    between, _, after = rest.partition(NUMBER)
    values = ",\n".join(_lua(value) for value in target.values)
    # Numbered from a random one: rounds do not ask each other's questions again.
    return f"""local values = {{{values}}}
local number = {secrets.randbelow(10**9)}
request = function()
  number = number + 1
  local value = values[number % #values + 1]
  return wrk.format(nil, nil, nil, {_lua(before)} .. value .. {_lua(between)} .. number .. {_lua(after)})
end"""


def _lua(text: str) -> str:
    return '"' + "".join(f"\\{byte:03d}" for byte in text.encode()) + '"'


async def _measure(target: Target, seconds: float, connections: int) -> float:
    numbers, started = itertools.count(secrets.randbelow(10**9)), time.perf_counter()
    deadline = started + seconds
    same = target.encoded()

    def next_request() -> bytes:
        return target.single(next(numbers)).encoded() if target.values else same

    counts = await asyncio.gather(
        *(
            _one_connection(target.port, next_request, deadline, _MOST_REQUESTS // connections)
            for _ in range(connections)
        )
    )
    return sum(counts) / (time.perf_counter() - started)


async def _one_connection(port: int, next_request: Callable[[], bytes], deadline: float, most: int) -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    answered = 0
    try:
        while answered < most and time.perf_counter() < deadline:
            writer.write(next_request())
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            if not head.startswith(b"HTTP/1.1 200") or length is None:
                raise LoadProblem(head.decode("latin-1"))
            await reader.readexactly(int(length[1]))
            answered += 1
    finally:
        writer.close()
    return answered
