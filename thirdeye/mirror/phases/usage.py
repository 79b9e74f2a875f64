"""USAGE: which tables were used on which days."""

from typing import Final

from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.openmetadata.source_tables import USAGE
from thirdeye.mirror.state import UsageSums
from thirdeye.mirror.usage import UsageReader


class ReadUsage:
    """Reads the days that changed, then adds all days up, oldest first, while the advisor looks on."""

    name: Final = "USAGE"

    async def run(self, context: RefreshContext, work: RefreshWork) -> None:
        """Sets first and last use, days of use and longest gap of every table; gives the totals."""
        reader, no_sums = context.reader, UsageSums()
        usage = UsageReader(
            reader.om, context.thirdeye, context.run, work.state, context.today, context.thresholds.recent_days
        )
        sums = await reader.optional(USAGE, reader.checksums.usage, no_sums)
        await usage.read(sums, work.tables_by_id, context.warnings)
        work.usage = await usage.add_up(work.tables_by_id, context.advisor)
