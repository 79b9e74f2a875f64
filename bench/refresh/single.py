"""One refresh in a process of its own; prints a line of JSON. Writes the statements that it sent to OM to a file."""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path
from typing import Any

import orjson
from pymysql.converters import encoders, escape_item

from thirdeye.database import Session, om_database, thirdeye_database
from thirdeye.migrations import migrate
from thirdeye.mirror.refresh import EstateRefresh
from thirdeye.observability.logging import configure_logging
from thirdeye.observability.metrics import Metrics
from thirdeye.settings import process_settings
from thirdeye.verdict.advisor import advisors


def _recorded(method: Any, sent: list[str]) -> Callable[..., Any]:
    def recording(self: Session, sql: str, values: Any = None) -> Any:
        if self._name == "openmetadata":
            bound = {name: escape_item(value, "utf8mb4", encoders) for name, value in (values or {}).items()}
            sent.append(sql % bound if bound else sql)
        return method(self, sql, values)

    return recording


def _peak() -> int:
    """The peak of this process's memory in MB since the last call."""
    status = Path("/proc/self/status").read_text()
    # 5 resets the peak.
    Path("/proc/self/clear_refs").write_text("5")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) // 1024


async def _refresh(kind: Any, today: date, statements: Path) -> dict[str, Any]:
    settings, sent, phases = process_settings(), list[str](), dict[str, float]()
    for name in ("fetch_all", "stream", "execute"):
        setattr(Session, name, _recorded(getattr(Session, name), sent))
    om, thirdeye = (make(settings, lambda _name, _seconds: None) for make in (om_database, thirdeye_database))
    await om.start()
    await thirdeye.start()
    await migrate(settings, thirdeye)
    started = last = time.perf_counter()
    current = "START"
    megabytes = dict[str, int]()

    def progress(phase: str, _seen: int) -> None:
        nonlocal last, current
        if phase != current:
            now = time.perf_counter()
            phases[current] = round(now - last, 2)
            last = now
            megabytes[current] = _peak()
            current = phase

    noon, advisor = datetime.combine(today, clock_time(12), UTC), advisors(settings, thirdeye)
    refresh = EstateRefresh(
        settings=settings, om=om, thirdeye=thirdeye, clock=lambda: noon, metrics=Metrics(), advisor=advisor
    )
    run = await refresh.run(kind, on_progress=progress)
    seconds = time.perf_counter() - started
    phases[current], megabytes[current] = round(time.perf_counter() - last, 2), _peak()
    await om.stop()
    await thirdeye.stop()
    statements.write_text(";\n".join(statement.strip() for statement in sent) + ";\n")
    return {
        "seconds": seconds, "kind": run["kind"], "seen": run["seen"], "changed": run["changed"], "statements": len(sent),
        "phases": phases, "megabytes": megabytes,
    }  # fmt: skip


if __name__ == "__main__":
    configure_logging("ERROR")
    answer = asyncio.run(_refresh(sys.argv[1], date.fromisoformat(sys.argv[2]), Path(sys.argv[3])))
    print(orjson.dumps(answer).decode())
