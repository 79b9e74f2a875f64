"""What OpenMetadata remembers of earlier sizes: the profiles of each day, by service. Read once, after an installation."""

from dataclasses import dataclass
from datetime import date
from typing import Final

import structlog

from thirdeye.database import MySQL
from thirdeye.inventory.columns import day_number
from thirdeye.mirror.openmetadata.source_tables import PROFILES
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.reader import open_reader
from thirdeye.mirror.warnings import RefreshWarnings

# One statement sorts them all. With more, OpenMetadata's server would work for minutes on a curve that nothing is decided by.
MAX_PROFILES: Final = 1_000_000
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class SizeChange:
    """On a day by how many bytes the known tables of a service grew, and of how many the size became known."""

    service_hash: str
    day: int
    change: int
    sized: int


async def past_size_changes(om: MySQL, thirdeye: MySQL, since: date, until: date) -> list[SizeChange]:
    """In the order of the days, up to but not including the last; nothing where profiles cannot be read, or are too many.

    Of tables that OpenMetadata has forgotten nothing is known any more. Raises DatabaseUnavailable.
    """
    reader = await open_reader(om, thirdeye, RefreshWarnings())
    if reader.obstacle is not None or not reader.has(PROFILES):
        return []
    async with om.session() as session:
        openmetadata = OpenMetadata(session, {})
        if await openmetadata.profiles_up_to(MAX_PROFILES + 1) > MAX_PROFILES:
            log.info("past_too_large", limit=MAX_PROFILES)
            return []
        rows = await openmetadata.size_changes(day_number(since), day_number(until))
    return [
        SizeChange(
            service_hash=row["service_hash"],
            day=int(row["day"]),
            change=int(row["size_change"]),
            sized=int(row["sized"]),
        )
        for row in rows
    ]
