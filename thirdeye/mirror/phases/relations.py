"""RELATIONS: owners, domains and retention of tables, their own and what they inherit."""

from thirdeye.mirror import relations
from thirdeye.mirror.buckets import id_buckets
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.openmetadata.source_tables import DATABASES, SCHEMAS


async def read_relations(context: RefreshContext, work: RefreshWork) -> None:
    """Sets owners, domain and retention of every table: its own if they changed, and all that it inherits."""
    reader, state = context.reader, work.state
    bucket_of_table = id_buckets(state.source["id"])
    buckets = await reader.changed_buckets(state.sums, "ownership", bucket_of_table[work.rekeyed])
    tables, rows = buckets.tables(bucket_of_table), buckets.rows(reader.om.ownership)
    await relations.set_ownership(state, work.tables_by_id, tables, rows)
    inherited, retained = relations.InheritedOwnership(), set[str]()
    for table in (SCHEMAS, DATABASES):
        if buckets.readable and await reader.can_read(table):
            inherited.add(await reader.om.owned_places(table.name))
            retained.update(await reader.om.retained_places(table.name))
    relations.inherit(state, inherited)
    relations.set_retention(state, retained)
