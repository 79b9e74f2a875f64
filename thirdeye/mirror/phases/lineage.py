"""LINEAGE: edges between assets of all kinds, what those other than tables are, and what queries cost."""

from typing import Final

import numpy as np

from thirdeye.mirror.assets import evaluate_assets, name_assets, read_assets
from thirdeye.mirror.buckets import BUCKETS
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.lineage import EdgeReader
from thirdeye.mirror.openmetadata.source_tables import RELATIONS
from thirdeye.mirror.query_costs import read_query_costs, split_costs


class ReadLineage:
    """Reads the edges that changed, all assets other than tables, and the costs of queries."""

    name: Final = "LINEAGE"

    async def run(self, context: RefreshContext, work: RefreshWork) -> None:
        """Sets edges and assets of the state, and the query cost of every table."""
        await _read_edges(context, work)
        await _read_assets(context, work)
        costs = await read_query_costs(context.reader, work.tables_by_id, context.today_number)
        work.state.query["query_cost"] = split_costs(work.state.tables, *costs)
        del work.tables_by_id


async def _read_edges(context: RefreshContext, work: RefreshWork) -> None:
    reader, state = context.reader, work.state
    edges = EdgeReader(state, work.tables_by_id)
    no_buckets = np.zeros(BUCKETS + 1, np.bool_)
    buckets = await reader.changed_buckets(state.sums, "lineage", RELATIONS, reader.checksums.lineage, no_buckets)
    edges.drop(buckets.mask)
    edges.retry()
    async for row in buckets.rows(reader.om.lineage):
        edges.add(row)
    edges.finish()


async def _read_assets(context: RefreshContext, work: RefreshWork) -> None:
    records = await read_assets(context.reader)
    changed = evaluate_assets(work.state, records, work.usage.assets_recent, work.usage.assets_90)
    await name_assets(context.thirdeye, context.reader, work.state, changed)
