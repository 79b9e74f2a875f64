"""Runs of detection in a process of its own, over an estate of many tables."""

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.api import prepare_accounts, settings_for
from tests.support.deployment import process_environment
from tests.support.synthetic import Synthetic, many
from thirdeye.actions.detection.run import Detection
from thirdeye.database import thirdeye_database
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate
from thirdeye.settings import Settings, load_settings

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def measured(server: MariaDB, redis: Redis, tables: int, findings: int) -> Iterator[dict[str, Any]]:
    """The runs: opening, nothing new, a tenth changed. The rules' maxima allow for all findings."""
    signer = Signer.generate()
    prepare_accounts(server, "om_none", "thirdeye_detection")
    settings = settings_for(server, redis, om_schema="om_none", schema="thirdeye_detection", signer=signer)
    asyncio.run(_publish(settings, tables, findings, NOW))
    yield {"run": "first", **_child(settings)}
    yield {"run": "again", **_child(settings)}
    asyncio.run(_publish(settings, tables, findings, NOW + timedelta(days=1)))
    yield {"run": "a tenth changed", **_child(settings)}


async def _publish(settings: Settings, tables: int, findings: int, now: datetime) -> None:
    thirdeye = thirdeye_database(settings, lambda _name, _seconds: None)
    await thirdeye.start()
    try:
        await migrate(settings, thirdeye)
        await thirdeye.execute("UPDATE action_rule SET maximum_items = 1000000, enabled = category = 'PURGE'")
        columns, rows = many(tables, findings, now)
        if now > NOW:
            # A tenth of the findings' tables is gone, and another tenth costs twice as much.
            columns["flags"][: findings // 10] = 0
            columns["size"][findings // 10 : findings // 5] *= 2
            rows = iter(())
        await Synthetic(thirdeye, generation=(now - NOW).days).publish_columns(columns, rows, now)
    finally:
        await thirdeye.stop()


def _child(settings: Settings) -> dict[str, Any]:
    completed = subprocess.run(
        [sys.executable, "-m", "bench.detection.measurement"],
        env=process_environment(settings), capture_output=True, text=True, check=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(completed.stdout.splitlines()[-1])
    return result


async def _run() -> None:
    settings = load_settings(_env_file=None)
    thirdeye = thirdeye_database(settings, lambda _name, _seconds: None)
    await thirdeye.start()
    started = time.perf_counter()
    outcome = await Detection(
        settings=settings, thirdeye=thirdeye, estate=EstateReader(thirdeye), clock=lambda: datetime.now(UTC)
    ).run()
    seconds = time.perf_counter() - started
    events = await thirdeye.fetch_one("SELECT COUNT(*) AS events FROM action_event")
    await thirdeye.stop()
    assert outcome is not None
    assert events is not None
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    counts = {"opened": outcome.opened, "changed": outcome.changed, "measured": outcome.measured}
    print(json.dumps({**counts, **events, "seconds": seconds, "megabytes": megabytes}))


if __name__ == "__main__":
    asyncio.run(_run())
