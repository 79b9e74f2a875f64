"""PROFILES: sizes and writes of tables."""

from collections.abc import AsyncIterator
from functools import partial

from thirdeye.database import Row
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.openmetadata.source_tables import PROFILES
from thirdeye.mirror.profiles import set_profiles


async def read_profiles(context: RefreshContext, work: RefreshWork) -> None:
    """Sets size and last write of every table, from the profiles that changed."""
    reader, state = context.reader, work.state
    bucket_of_table = state.source["tail"]
    buckets = await reader.changed_buckets(state.sums, "profiles", bucket_of_table[work.rekeyed])
    tables, rows = buckets.tables(bucket_of_table), buckets.rows(partial(reader.om.profiles, context.today_number))

    async def set_all(rows: AsyncIterator[Row]) -> None:
        await set_profiles(state, work.tables_by_hash, tables, rows, context.warnings, context.today_number)

    await reader.read_part(PROFILES, "profiles", rows, set_all, None)
    del work.tables_by_hash
