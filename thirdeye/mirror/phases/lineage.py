"""LINEAGE: edges between assets of all kinds, what those other than tables are, and what queries cost."""

from thirdeye.mirror.assets import evaluate_assets, name_assets, read_assets
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.lineage import EdgeReader
from thirdeye.mirror.query_costs import last_uses, read_query_costs, split_costs


async def read_lineage(context: RefreshContext, work: RefreshWork) -> None:
    """Sets edges and assets of the state, and the query cost of every table."""
    reader, state = context.reader, work.state
    buckets = await reader.changed_buckets(state.sums, "lineage")
    await EdgeReader(state, work.tables_by_id).read(buckets.mask, buckets.rows(reader.om.lineage))
    records = await read_assets(reader)
    changed = evaluate_assets(state, records, work.usage.assets_recent, work.usage.assets_90)
    del records
    await name_assets(context.thirdeye, reader, state, changed)
    costs, days, mentions = await read_query_costs(reader, work.tables_by_id, context.today_number)
    state.query["query_cost"] = split_costs(state.tables, costs, mentions)
    state.source["cost_use"] = last_uses(state.tables, days, mentions, context.today_number)
    del work.tables_by_id
