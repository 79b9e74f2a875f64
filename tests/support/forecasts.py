"""The forecasts of a deployment, whose worker looks only whether the score is due."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

from tests.support import PATIENCE
from tests.support.api import settings_for
from tests.support.clocks import NOON
from tests.support.deployment import Deployment
from tests.support.hostile import NAMES
from tests.support.mirror import nothing
from thirdeye.database import thirdeye_database
from thirdeye.forecast.forecaster import Forecaster
from thirdeye.inventory.reader import EstateReader
from thirdeye.settings import Settings


def forecast_deployment(deployment: Deployment) -> None:
    """Computes them once, out of what the first refresh left, without the extra."""
    settings = settings_for(
        deployment.mariadb, deployment.redis, om_schema="om", schema="thirdeye", signer=deployment.signer
    )
    # In a thread of its own: playwright's event loop may run in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _forecast(settings)).result()


# A new table, one that grew, one that is gone, whose names want to be more than names.
TABLES_THAT_CHANGED = {
    "since": "2026-01-02", "days": 61, "unknownTables": 3, "new": {"tables": 12, "usd": 300.5},
    "growth": {"tables": 2, "usd": -20.25}, "gone": {"tables": 1, "usd": -80.0},
    "largest": [
        {"fqn": f"s.d.s.{NAMES[0]}", "kind": "NEW", "beforeUsd": None, "nowUsd": 250.0},
        {"fqn": f"s.d.s.{NAMES[1]}", "kind": "GONE", "beforeUsd": 80.0, "nowUsd": None},
        {"fqn": f"s.d.s.{NAMES[8]}", "kind": "GROWTH", "beforeUsd": 60.0, "nowUsd": 39.75},
    ],
}  # fmt: skip


def put_tables_that_changed(deployment: Deployment) -> None:
    """As a forecast some weeks later would have them."""
    with deployment.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE budget_forecast SET document = JSON_SET(document, '$.tableDrivers', JSON_EXTRACT(%s, '$'))",
            (json.dumps(TABLES_THAT_CHANGED),),
        )
        connection.commit()


async def _forecast(settings: Settings) -> None:
    thirdeye = thirdeye_database(settings, nothing)
    await thirdeye.start()
    try:
        forecaster = Forecaster(thirdeye=thirdeye, estate=EstateReader(thirdeye), clock=lambda: NOON, with_extra=False)
        async with asyncio.timeout(PATIENCE):
            # The day's facts follow the refresh.
            while not await forecaster.is_due():
                await asyncio.sleep(0.05)
        assert await forecaster.compute()
    finally:
        await thirdeye.stop()
