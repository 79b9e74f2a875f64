"""TAGS: tiers and tags of tables."""

from typing import Final

from thirdeye.mirror.buckets import bucket_mask
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.openmetadata.source_tables import TAGS
from thirdeye.mirror.relations import TagReader


class ReadTags:
    """Reads the tags that changed."""

    name: Final = "TAGS"

    async def run(self, context: RefreshContext, work: RefreshWork) -> None:
        """Sets tier and tags of every table."""
        reader, state = context.reader, work.state
        bucket_of_table = state.source["tail"]
        rekeyed = bucket_mask(bucket_of_table[work.rekeyed])
        buckets = await reader.changed_buckets(state.sums, "tags", TAGS, reader.checksums.tags, rekeyed)
        tags = TagReader(state, work.tables_by_hash, buckets.tables(bucket_of_table))
        async for row in buckets.rows(reader.om.tags):
            tags.add(row)
        tags.finish()
