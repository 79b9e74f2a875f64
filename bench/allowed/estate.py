"""The estate that requests are measured on: 20,000 tables, what detection finds in them, and a campaign of all of it."""

import asyncio
from datetime import UTC, date, datetime
from datetime import time as clock_time

from bench.refresh.estates import Server, estate
from thirdeye.clock import Clock
from thirdeye.services import open_services
from thirdeye.settings import Settings

TABLES = 20_000
_CAMPAIGN = """INSERT INTO campaign (name, owner, created_by, created_at) SELECT 'all', 'bench', 'bench', NOW()
WHERE NOT EXISTS (SELECT 1 FROM campaign)"""
_IN_CAMPAIGN = (
    "INSERT IGNORE INTO campaign_item (campaign, item) SELECT (SELECT MIN(id) FROM campaign), id FROM action_items"
)


def noon(day: date) -> Clock:
    """A clock that stands at noon."""
    moment = datetime.combine(day, clock_time(12), UTC)
    return lambda: moment


def prepared(at: Server) -> tuple[Settings, Clock]:
    """Settings and clock of an estate that is refreshed, with items; its rows are made unless they are there."""
    om, today = estate(at, TABLES)
    settings = at.settings(om, f"bench_allowed_{TABLES}").model_copy(update={"rate_limit": "off"})
    asyncio.run(_fill(settings, noon(today)))
    return settings, noon(today)


async def _fill(settings: Settings, clock: Clock) -> None:
    async with open_services(settings, clock=clock) as services:
        # Each time: what another version published may lack what this one answers.
        print("refreshing ...", flush=True)
        await services.refresh.run()
        await services.detection.run()
        await services.thirdeye.execute(_CAMPAIGN)
        await services.thirdeye.execute(_IN_CAMPAIGN)
