"""PROFILES: sizes and writes of tables."""

from typing import Final

from thirdeye.mirror.buckets import bucket_mask
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.openmetadata.source_tables import PROFILES
from thirdeye.mirror.profiles import ProfileReader


class ReadProfiles:
    """Reads the profiles that changed."""

    name: Final = "PROFILES"

    async def run(self, context: RefreshContext, work: RefreshWork) -> None:
        """Sets size and last write of every table."""
        reader, state = context.reader, work.state
        bucket_of_table = state.source["tail"]
        rekeyed = bucket_mask(bucket_of_table[work.rekeyed])
        buckets = await reader.changed_buckets(state.sums, "profiles", PROFILES, reader.checksums.profiles, rekeyed)
        profiles = ProfileReader(state, work.tables_by_hash, buckets.tables(bucket_of_table), context.warnings)
        async for row in buckets.rows(reader.om.profiles):
            profiles.add(row)
        del work.tables_by_hash, work.rekeyed
