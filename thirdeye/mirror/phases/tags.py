"""TAGS: tiers and tags of tables."""

from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.relations import set_tags


async def read_tags(context: RefreshContext, work: RefreshWork) -> None:
    """Sets tier and tags of every table, from the tags that changed."""
    reader, state = context.reader, work.state
    bucket_of_table = state.source["tail"]
    buckets = await reader.changed_buckets(state.sums, "tags", bucket_of_table[work.rekeyed])
    await set_tags(state, work.tables_by_hash, buckets.tables(bucket_of_table), buckets.rows(reader.om.tags))
