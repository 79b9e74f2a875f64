"""RELATIONS: owners, domains and retention of tables, their own and what they inherit."""

from typing import Final

from thirdeye.mirror import relations
from thirdeye.mirror.buckets import bucket_mask, id_buckets
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.openmetadata.source_tables import DATABASES, RELATIONS, SCHEMAS
from thirdeye.mirror.reader import OpenMetadataReader


class ReadRelations:
    """Reads the owners and domains that changed, and all that schemas and databases hand down."""

    name: Final = "RELATIONS"

    async def run(self, context: RefreshContext, work: RefreshWork) -> None:
        """Sets owners, domain and retention of every table."""
        reader, state = context.reader, work.state
        bucket_of_table = id_buckets(state.source["id"])
        rekeyed = bucket_mask(bucket_of_table[work.rekeyed])
        buckets = await reader.changed_buckets(state.sums, "ownership", RELATIONS, reader.checksums.ownership, rekeyed)
        ownership = relations.OwnershipReader(state, work.tables_by_id, buckets.tables(bucket_of_table))
        async for row in buckets.rows(reader.om.ownership):
            ownership.add(row)
        ownership.finish()
        await _inherit(reader, work, relations_readable=buckets.readable)


async def _inherit(reader: OpenMetadataReader, work: RefreshWork, *, relations_readable: bool) -> None:
    tables = [table.name for table in (SCHEMAS, DATABASES) if relations_readable and await reader.can_read(table)]
    relations.inherit(work.state, await relations.read_inherited(reader.om, tables))
    retained = [place for table in tables for place in await reader.om.retained_places(table)]
    relations.set_retention(work.state, frozenset(retained))
