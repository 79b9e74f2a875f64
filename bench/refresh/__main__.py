"""`python -m bench.refresh [TABLES ...]`: full refreshes, refreshes after 1 % changed, and the floor of each, in one run.

The floor: the very statements that the refresh sent to OM, through the plain `mariadb` client into /dev/null.
"""

import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from bench.refresh.estates import Server, client, estate, server

SIZES = (10_000, 100_000, 1_000_000)
# About one table in 85, all over the estate.
_CHOSEN = "RIGHT(id, 2) IN ('00', '80', 'c0')"


def _environment(at: Server, om: str, thirdeye: str) -> dict[str, str]:
    return {
        # As `thirdeye worker` sets it for the process that refreshes.
        "MALLOC_MMAP_THRESHOLD_": "262144",
        "MALLOC_ARENA_MAX": "1",
        **os.environ,
        "ENVIRONMENT": "development",
        "JWT_ENABLED": "false",
        "OM_MYSQL_HOST": at.host,
        "OM_MYSQL_PORT": str(at.port),
        "OM_MYSQL_DB": om,
        "OM_MYSQL_USER_RO": at.user,
        "OM_MYSQL_PW_RO": at.password,
        "THIRDEYE_MYSQL_SCHEMA": thirdeye,
        "THIRDEYE_MYSQL_USER": at.user,
        "THIRDEYE_MYSQL_PW": at.password,
    }


def refresh(at: Server, om: str, thirdeye: str, kind: str, today: date, statements: Path) -> dict[str, Any]:
    """One refresh: seconds, and the seconds and the peak of memory in MB of each phase."""
    command = [sys.executable, "-m", "bench.refresh.single", kind, today.isoformat(), str(statements)]
    process = subprocess.Popen(command, env=_environment(at, om, thirdeye), stdout=subprocess.PIPE)
    assert process.stdout is not None
    output = process.stdout.read()
    if process.wait():
        raise SystemExit("the refresh failed")
    answer: dict[str, Any] = orjson.loads(output)
    return answer


def floor(at: Server, om: str, statements: Path) -> float:
    """Seconds of the same statements through the plain client."""
    command = [client(), f"--host={at.host}", f"--port={at.port}", f"--user={at.user}", f"--password={at.password}",
               "--default-character-set=utf8mb4", "--quick", "--batch", "--max-allowed-packet=256M", om]  # fmt: skip
    started = time.perf_counter()
    with statements.open("rb") as text:
        subprocess.run(command, stdin=text, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def change(at: Server, om: str, today: date) -> int:
    """Changes a hundredth of the tables: metadata, a day of usage, a tag, owners; how many."""
    with at.connect(om) as connection, connection.cursor() as cursor:
        # The estate may have changes of later today.
        cursor.execute("SELECT MAX(updatedAt) + 1 FROM table_entity")
        moment = max(int(cursor.fetchone()[0]), int(time.time() * 1000))
        count = cursor.execute(
            f"UPDATE table_entity SET json = JSON_SET(json, '$.updatedAt', %s, '$.description', %s) WHERE {_CHOSEN}",
            (moment, f"changed {moment}"),
        )
        cursor.execute(
            # Of tables that were used yesterday: a service's first usage for long would change all of its tables.
            "INSERT INTO entity_usage (id, entityType, usageDate, count1) SELECT id, 'table', %s, 5 FROM ("
            f"SELECT id FROM entity_usage WHERE usageDate = %s - INTERVAL 1 DAY AND entityType = 'table' AND {_CHOSEN}"
            ") AS used ON DUPLICATE KEY UPDATE count1 = count1 + 1",
            (today, today),
        )
        cursor.execute(
            "REPLACE INTO tag_usage (source, tagFQN, labelType, state, tagFQNHash, targetFQNHash) "
            f"SELECT 0, %s, 0, 1, %s, fqnHash FROM table_entity WHERE {_CHOSEN}",
            (f"Bench.T{moment}", f"bench{moment}"),
        )
        return int(count)


def measure(at: Server, tables: int) -> dict[str, Any]:
    """All of one size."""
    om, today = estate(at, tables)
    thirdeye = f"bench_te_{tables}"
    with at.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS `{thirdeye}`")
    with tempfile.TemporaryDirectory() as folder:
        statements, of_change = Path(folder) / "full.sql", Path(folder) / "change.sql"
        full = refresh(at, om, thirdeye, "FULL", today, statements)
        of_full = floor(at, om, statements)
        changed = change(at, om, today)
        incremental = refresh(at, om, thirdeye, "AUTO", today, of_change)
        of_incremental = floor(at, om, of_change)
    writing = sum(full["phases"].get(name, 0) for name in ("STAGING", "PUBLISHING"))
    print(f"\n{tables:,} tables on {at.version}")
    for name, found, least in (("full", full, of_full), ("after change", incremental, of_incremental)):
        print(f"  {name:<13} {found['seconds']:8.1f} s   floor {least:7.1f} s   peak {max(found['megabytes'].values())} MB   "
              f"{found['statements']} statements   {found['seen']:,} read, {found['changed']:,} rows changed")  # fmt: skip
        print(f"  {'':<13} {found['phases']}\n  {'':<13} {found['megabytes']}")
    print(f"  full / floor                 {full['seconds'] / of_full:6.2f}   without staging and publishing "
          f"({writing:.1f} s): {(full['seconds'] - writing) / of_full:.2f}")  # fmt: skip
    print(f"  after {changed:,} changed / full {incremental['seconds'] / full['seconds']:8.3f}", flush=True)
    return full


def main() -> None:
    sizes = [int(size) for size in sys.argv[1:]] or list(SIZES)
    with server() as at:
        seconds = {size: measure(at, size)["seconds"] for size in sizes}
    for smaller, larger in pairwise(sizes):
        growth = (seconds[larger] / seconds[smaller]) / (larger / smaller)
        print(f"{smaller:,} to {larger:,}: {growth:.2f} times the seconds per table")


if __name__ == "__main__":
    main()
