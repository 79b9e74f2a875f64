"""USAGE: which tables were used on which days."""

from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.openmetadata.source_tables import USAGE
from thirdeye.mirror.state import UsageSums
from thirdeye.mirror.usage import UsageReader


async def read_usage(context: RefreshContext, work: RefreshWork) -> None:
    """Reads the days that differ, then adds all days up, oldest first, while the advisor looks on; gives the totals."""
    reader, recent_days = context.reader, context.thresholds.recent_days
    usage = UsageReader(reader.om, context.thirdeye, context.run, work.state, context.today_number, recent_days)
    sums = await reader.optional(USAGE, reader.checksums.usage, UsageSums())
    await usage.read(sums, work.tables_by_id, context.warnings)
    work.usage = await usage.add_up(work.tables_by_id, context.advisor)
