"""Refreshes that are killed, cut off or doubled: readers keep what they had, and the next one makes it whole."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.mirror.test_refresh import a_world, agrees, follows
from tests.support import PATIENCE
from tests.support.clocks import NOON, TODAY
from tests.support.deployment import process_environment
from tests.support.mirror import Mirror, mirror
from tests.support.om_changes import OpenMetadataChanges
from tests.support.second_inventory import second_inventory
from tests.support.second_memory import Known, known_to
from thirdeye.errors import Unavailable
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.mirror.refresh import PHASE_NAMES, RefreshRunning
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio
# Kills itself as soon as it enters a phase.
CHILD = """
import asyncio, os, signal, sys
from datetime import datetime
from tests.support.mirror import mirror
from thirdeye.settings import Settings

async def main():
    phase, now, settings = sys.argv[1], datetime.fromisoformat(sys.argv[2]), Settings(_env_file=None)
    def at(entered, _seen):
        if entered == phase:
            os.kill(os.getpid(), signal.SIGKILL)
    async with mirror(settings, now) as estate:
        await estate.refreshing().run(on_progress=at)
asyncio.run(main())
"""


def killed_in(phase: str, settings: Settings, now: datetime, folder: Path) -> None:
    """Runs a refresh in a process of its own that kills itself with -9 as it enters the phase."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, phase, now.isoformat()], env=process_environment(settings), cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]


async def refreshed(estate: Mirror) -> dict[str, Any]:
    """The next refresh, as soon as the server has seen that whoever held the lease is dead."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await estate.refresh()
            except RefreshRunning:
                await asyncio.sleep(0.05)


async def check_kill(phase: str, settings: Settings, server: MariaDB | MySQL, folder: Path) -> None:
    """Killed in the first refresh and in one from changes; the next one agrees with the second inventory."""
    async with mirror(settings, NOON) as estate:
        killed_in(phase, settings, NOON, folder)
        assert await estate.thirdeye.fetch_one("SELECT * FROM estate_state") is None
        run = await refreshed(estate)
        assert run["phase"] == "DONE"
        with server.connect() as connection:
            await follows(estate, connection, Known())
            before, known = await estate.inventory(), await known_to(estate)
            OpenMetadataChanges(connection, settings.om_mysql_db, TODAY, Random(phase)).some(25)
            killed_in(phase, settings, NOON, folder)
            assert await estate.inventory() == before
            assert (await refreshed(estate))["kind"] == "INCREMENTAL"
            await follows(estate, connection, known)
        phases = await estate.thirdeye.fetch_all("SELECT phase, error FROM refresh_run ORDER BY id")
        assert [row["phase"] for row in phases] == ["FAILED", "DONE", "FAILED", "DONE"]
        assert "the process that ran it ended" in phases[0]["error"]


@pytest.mark.unmeasured
@pytest.mark.parametrize("phase", ["USAGE", "PUBLISHING"])
async def test_a_kill_leaves_readers_what_they_had(
    phase: str,
    mariadb: MariaDB,
    redis_server: Redis,
    signer: Signer,
    tmp_path: Path,
    mariadb_schema_name: Callable[[str], str],
) -> None:
    settings = a_world(mariadb, redis_server, signer, mariadb_schema_name, tables=60, seed=5)
    await check_kill(phase, settings, mariadb, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("phase", PHASE_NAMES)
async def test_a_kill_in_any_phase(
    phase: str,
    sql_server: MariaDB | MySQL,
    redis_server: Redis,
    signer: Signer,
    tmp_path: Path,
    schema_name: Callable[[str], str],
) -> None:
    settings = a_world(sql_server, redis_server, signer, schema_name, tables=90, seed=6)
    await check_kill(phase, settings, sql_server, tmp_path)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """One that a test may kill."""
    server = MariaDB(tmp_path_factory.mktemp("own"))
    server.start()
    yield server
    server.kill()


@pytest.mark.unmeasured
# While OpenMetadata is read, and while what came of it is written; between them is what a refresh only computes.
@pytest.mark.parametrize("phase", ["TABLES", pytest.param("RULES", marks=pytest.mark.soak), "STAGING"])
async def test_a_server_that_restarts_in_the_middle_is_met_again(
    phase: str, own_server: MariaDB, redis_server: Redis, signer: Signer
) -> None:
    settings = a_world(own_server, redis_server, signer, lambda prefix: f"{prefix}_{phase.lower()}", tables=60, seed=8)
    async with mirror(settings, NOON) as estate:
        restarted = False

        def restart(entered: str, _seen: int) -> None:
            nonlocal restarted
            if entered == phase and not restarted:
                restarted = True
                own_server.kill()
                own_server.start()

        with pytest.raises(Unavailable):
            await estate.refreshing().run(on_progress=restart)
        assert restarted
        await until_it_answers(estate)
        assert (await estate.refresh())["phase"] == "DONE"
        with own_server.connect() as connection:
            await agrees(estate, second_inventory(connection, settings.om_mysql_db, TODAY))


async def until_it_answers(estate: Mirror) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await estate.thirdeye.ping(PATIENCE)
                await estate.om.ping(PATIENCE)
                return
            except Unavailable:
                await asyncio.sleep(0.05)


async def test_one_refresh_at_a_time(settings: Settings) -> None:
    async with mirror(settings, NOON) as first, mirror(settings, NOON) as second:
        results = await asyncio.gather(first.refresh(), second.refresh(), return_exceptions=True)
        assert sorted(type(result).__name__ for result in results) == ["RefreshRunning", "dict"]
        assert (await second.refresh())["kind"] == "INCREMENTAL"
        async with second.thirdeye.lease("refresh") as lease:
            assert lease is not None
            with pytest.raises(RefreshRunning):
                await first.refresh()


async def test_a_refresh_that_was_buried_publishes_nothing(settings: Settings, sql_server: MariaDB | MySQL) -> None:
    async with mirror(settings, NOON) as estate:
        await estate.refresh()
        before = await estate.thirdeye.fetch_one("SELECT generation FROM estate_state")
        entered = list[str]()

        def bury(phase: str, _seen: int) -> None:
            entered.append(phase)
            if phase != "STAGING":
                return
            with sql_server.connect(settings.thirdeye_mysql_schema) as connection, connection.cursor() as cursor:
                cursor.execute("UPDATE refresh_run SET finished_at = NOW(), phase = 'FAILED' WHERE finished_at IS NULL")

        with pytest.raises(Unavailable, match="nothing of it was published"):
            await estate.refreshing().run("FULL", on_progress=bury)
        assert await estate.thirdeye.fetch_one("SELECT generation FROM estate_state") == before
        assert "STAGING" in entered
