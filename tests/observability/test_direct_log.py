"""The line of a request is what structlog would write of it."""

import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import structlog

from thirdeye.observability.logging import DirectLog, render_line

FIELDS = {"request_id": "1", "user": None, "ms": 0.5}


class Lines:
    """Keeps what is written, with the method that wrote it."""

    def __init__(self) -> None:
        self.written: list[tuple[str, Any]] = []

    def info(self, line: Any) -> None:
        self.written.append(("info", line))


@pytest.fixture
def lines() -> Iterator[Lines]:
    before, lines = structlog.get_config(), Lines()
    structlog.configure(
        processors=[structlog.stdlib.add_log_level, render_line],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: lines,
    )
    yield lines
    structlog.configure(**before)


def without_time(line: bytes) -> list[tuple[str, Any]]:
    fields = orjson.loads(line)
    assert fields.pop("timestamp")
    return list(fields.items())


def test_it_is_the_same_line(lines: Lines) -> None:
    structlog.get_logger("x").info("request", **FIELDS)
    DirectLog("x").info("request", **FIELDS)
    (method, line), (same_method, same_line) = lines.written
    assert (method, without_time(line)) == (same_method, without_time(same_line))
    assert without_time(line)[-2:] == [("event", "request"), ("level", "info")]


def test_it_keeps_to_the_level(lines: Lines) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    DirectLog("x").info("request", **FIELDS)
    assert lines.written == []


def test_a_processor_may_drop_it(lines: Lines) -> None:
    direct = DirectLog("x")
    with structlog.testing.capture_logs() as captured:
        direct.info("request", **FIELDS)
    assert captured == [{**FIELDS, "event": "request", "log_level": "info"}]
    assert lines.written == []
