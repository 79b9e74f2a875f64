"""`python -m bench.serve.log_line`: the line of a request, by `thirdeye.observability.logging` and by structlog's own parts."""

import asyncio
import logging
import os
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import orjson
import structlog

from thirdeye.observability.logging import LineWriter, render_line

ROUNDS = 9
LINES = 4_800
# How many requests end in one turn of the event loop: one when it is idle, many under load.
LINES_PER_TURN = (1, 4, 16)
EVENT = {
    "request_id": "0123456789abcdef0123456789abcdef",
    "method": "POST",
    "path": "/api/v1/thirdeye/graphql",
    "user": "admin",
    "operation": "get_zi_score",
    "status": 200,
    "ms": 1.23,
}
PARTS = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    structlog.processors.JSONRenderer(serializer=orjson.dumps, default=str),
)


class _NoFile:
    def info(self, line: bytes) -> None:
        """Renders only."""


def logger(processors: Sequence[Any], target: Any) -> Any:
    return structlog.wrap_logger(
        target, processors=processors, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO)
    ).bind()


async def measure(log: Any, lines_per_turn: int) -> float:
    """Microseconds of processor time a line."""
    started = time.thread_time()
    for _ in range(LINES // lines_per_turn):
        for _ in range(lines_per_turn):
            log.info("request", **EVENT)
        await asyncio.sleep(0)
    return (time.thread_time() - started) / LINES * 1e6


async def compare(contenders: dict[str, Callable[[], Any]]) -> None:
    for lines_per_turn in LINES_PER_TURN:
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(ROUNDS):
            for name in list(contenders) if number % 2 else list(contenders)[::-1]:
                times[name].append(await measure(contenders[name](), lines_per_turn))
        for name, found in times.items():
            print(f"{lines_per_turn:>3} lines a turn  {name:<40}{statistics.median(found):6.1f} us a line", flush=True)


def main() -> None:
    read_end, write_end = os.pipe()

    def drain() -> None:
        while os.read(read_end, 1 << 20):
            pass

    threading.Thread(target=drain, daemon=True).start()
    file: BinaryIO = os.fdopen(write_end, "wb")
    contenders = {
        "ours, not written": lambda: logger([render_line], _NoFile()),
        "structlog's, not written": lambda: logger(PARTS, _NoFile()),
        "ours": lambda: logger([render_line], LineWriter(file)),
        "structlog's": lambda: logger(PARTS, structlog.BytesLogger(file)),
    }
    asyncio.run(compare(contenders))


if __name__ == "__main__":
    main()
