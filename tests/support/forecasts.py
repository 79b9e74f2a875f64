"""The forecasts of a deployment, whose worker looks only whether the score is due."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from tests.support import PATIENCE
from tests.support.api import settings_for
from tests.support.clocks import NOON
from tests.support.deployment import Deployment
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
