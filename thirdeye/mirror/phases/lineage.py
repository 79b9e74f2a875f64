"""LINEAGE: edges between assets of all kinds, what those other than tables are, and what queries cost."""

from functools import partial

import numpy as np

from thirdeye.inventory.columns import ABSENT, ONLY_WRITTEN, UNCOUNTED, UNREADABLE_USE, Array, Mask, select
from thirdeye.mirror.assets import AssetUse, evaluate_assets, name_assets, read_assets, warn_of_unreadable
from thirdeye.mirror.buckets import id_buckets
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.edges import EdgeReader
from thirdeye.mirror.identity.asset_numbers import forget_assets, free_assets
from thirdeye.mirror.openmetadata.source_tables import QUERIES, QUERY_COSTS, RELATIONS, STATEMENTS
from thirdeye.mirror.query_costs import (
    NO_COSTS,
    QueryCosts,
    chosen_mentions,
    last_uses,
    read_query_costs,
    split_costs,
    used_at_no_day,
    write_costs,
)
from thirdeye.mirror.state import State, load_edges
from thirdeye.mirror.statements.known import only_written
from thirdeye.mirror.statements.texts import MentionKinds, kinds_of_mentions


async def read_lineage(context: RefreshContext, work: RefreshWork) -> None:
    """Sets edges and assets of the state, and the query cost of every table."""
    reader, state = context.reader, work.state
    await _read_edges(context, work)
    read = partial(read_query_costs, reader, work.tables_by_id, context.today_number, context.warnings)
    found = await reader.bounded(QUERY_COSTS, read, NO_COSTS)
    state.query["query_cost"] = split_costs(state.tables, found.costs, found.mentions)
    await _set_use_by_statements(context, work, found)
    state.source["signs"][used_at_no_day(state.tables, found)] |= np.uint8(UNREADABLE_USE)
    del work.tables_by_id


async def _set_use_by_statements(context: RefreshContext, work: RefreshWork, found: QueryCosts) -> None:
    """Sets the newest days on which statements used and wrote each table, and which tables statements only write."""
    state, mentions, today = work.state, found.mentions, context.today_number
    nothing: Mask = np.zeros(len(mentions[0]), np.bool_)
    kinds = MentionKinds(nothing, nothing)
    read = partial(kinds_of_mentions, context, work, mentions)
    if context.reader.has(QUERIES):
        kinds = await context.reader.bounded(STATEMENTS, read, kinds)
    del work.word_keys
    used = ~kinds.writes & ~kinds.uncounted
    for column, chosen in (("cost_use", used), ("cost_written", kinds.writes)):
        state.source[column] = last_uses(state.tables, found.last_days, chosen_mentions(mentions, chosen), today)
    state.query["write_cost"] = write_costs(state.tables, found.costs, mentions, kinds.writes)
    is_written = only_written(state.tables, mentions, ~used)
    is_uncounted = select(mentions[0][kinds.uncounted].tolist(), state.tables)[: state.tables]
    state.query["use_kind"] = np.where(is_written, ONLY_WRITTEN, 0) | np.where(is_uncounted, UNCOUNTED, 0)


async def _read_edges(context: RefreshContext, work: RefreshWork) -> None:
    reader, state, now = context.reader, work.state, context.minute
    # An edge may be under another id than at the refresh before.
    rekeyed = id_buckets(state.source["id"])[work.rekeyed]
    del work.rekeyed
    buckets = await reader.changed_buckets(state.sums, "lineage", rekeyed)
    records, use = await read_assets(reader), AssetUse(work.usage.assets_recent, work.usage.assets_90)
    ids, names = state.asset["id"].copy(), state.asset["name"].copy()
    # What is absent first: its edges stay.
    absent = evaluate_assets(state, records, use, now, context.absence_limits)
    keeps = (not buckets.readable and state.remembers) or absent.any() or state.query.has(ABSENT).any()
    if context.progress.kind == "FULL" and keeps:
        await load_edges(context.thirdeye, state)
    # What cannot be read now holds as it did.
    if buckets.readable:
        edges = EdgeReader(state, work.tables_by_id, now, free_assets(state, now))
        rows = buckets.rows(reader.om.lineage)
        await reader.read_part(RELATIONS, "lineage", rows, lambda rows: edges.read(buckets.mask, rows, absent), None)
        await reader.warn_of_odd_relations("lineage", edges.odd)
    evaluate_assets(state, records, use, now, context.absence_limits)
    await warn_of_unreadable(reader, state, records)
    del records
    # Of what cannot be read now nobody knows what it names.
    work.forgotten_assets = [] if reader.verdicts_unseen else forget_assets(state, now)
    await name_assets(context.thirdeye, reader, state, _renamed(state, ids, names))


def _renamed(state: State, ids: Array, names: Array) -> Array:
    """The numbers of the assets that are new or have another name than before."""
    asset = state.asset
    known_ids, known_names = np.zeros_like(asset["id"]), np.zeros_like(asset["name"])
    known_ids[: len(ids)], known_names[: len(names)] = ids, names
    renamed = (asset["name"] != known_names) | (asset["id"] != known_ids)
    numbers: Array = np.flatnonzero(renamed & (asset["id"] != b""))
    return numbers
