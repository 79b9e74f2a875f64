"""Requests for a refresh."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.api import GRAPHQL, Api
from tests.support.mirror import mirror
from tests.support.published import NOON
from tests.support.waiting import wait_for_async
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


async def test_a_refresh_is_queued_once_and_only_by_administrators(own_estate: Api, signer: Signer) -> None:
    mutation = "mutation { refreshEstate { id phase requestedBy } }"
    first = (await own_estate.data(mutation))["refreshEstate"]
    assert first["phase"] == "QUEUED"
    assert (await own_estate.data(mutation))["refreshEstate"]["id"] == first["id"]
    runs = (await own_estate.data("{ refreshRuns { edges { node { id phase kind seen } } } }"))["refreshRuns"]["edges"]
    assert [edge["node"]["phase"] for edge in runs] == ["QUEUED", "DONE"]
    headers = {"authorization": f"Bearer {signer.token(roles=[])}"}
    answer = await own_estate.client.post(GRAPHQL, json={"query": mutation}, headers=headers)
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_run_is_running_for_as_long_as_its_process_lives(
    own_estate: Api, sql_server: MariaDB | MySQL, settings: Settings
) -> None:
    """The lease tells, which ends with the process. A killed worker's run was returned for two hours, nothing was queued, and
    nothing ran; and whoever asked in the third hour of a long refresh was promised another one."""

    async def asked() -> dict[str, Any]:
        return dict((await own_estate.data("mutation { refreshEstate { id phase } }"))["refreshEstate"])

    lock, schema = f"{settings.thirdeye_mysql_schema}.refresh", settings.thirdeye_mysql_schema
    with sql_server.connect(schema) as worker, worker.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, 0)", (lock,))
        started = NOON - timedelta(hours=3)
        cursor.execute(
            "INSERT INTO refresh_run (kind, phase, started_at) VALUES ('FULL', 'USAGE', %s)",
            (started.replace(tzinfo=None),),
        )
        worker.commit()
        running = {"id": cursor.lastrowid, "phase": "USAGE"}
        assert await asked() == running
        cursor.execute(
            "UPDATE refresh_run SET started_at = %s WHERE id = %s", (NOON.replace(tzinfo=None), running["id"])
        )
        worker.commit()
        assert await asked() == running
        # As the system does when it kills the process: nothing is said any more, and the connection ends.
        worker._sock.close()
        worker._force_close()
    with sql_server.connect(schema) as watcher, watcher.cursor() as cursor:

        def is_free() -> bool:
            cursor.execute("SELECT IS_FREE_LOCK(%s)", (lock,))
            return bool(cursor.fetchone()[0])

        await wait_for_async(is_free)
    waiting = await asked()
    assert (waiting["phase"], waiting["id"] > running["id"]) == ("QUEUED", True)
    assert await asked() == waiting
    # The next worker takes it, and says of the other that it is dead.
    async with mirror(settings, NOON) as estate:
        assert (await estate.refresh())["id"] == waiting["id"]
    runs = (await own_estate.data("{ refreshRuns { edges { node { id phase } } } }"))["refreshRuns"]["edges"]
    assert [run["node"]["phase"] for run in runs] == ["DONE", "FAILED", "DONE"]
