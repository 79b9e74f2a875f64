"""RULES: evidence, activity and use of every table, and what the advisor makes of them."""

import asyncio

from thirdeye.inventory.money import prices_by_service
from thirdeye.mirror import evaluation, store
from thirdeye.mirror.advisor import Estate
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.directory import directory_of, read_names
from thirdeye.mirror.lineage import find_nearest, graph_of, packed_nearest
from thirdeye.mirror.state import packed_edges


async def apply_rules(context: RefreshContext, work: RefreshWork) -> None:
    """Sets evidence, activity, use and advice of every table; gives graph, directory and prices."""
    state, today, thresholds = work.state, context.today, context.thresholds
    feeds = evaluation.evaluate_feeds(state, work.usage, today, thresholds)
    directly_in_use = evaluation.classify_tables(state, work.usage, feeds, today, thresholds)
    del work.usage
    work.graph = graph_of(state, state.present(), context.warnings)
    await _stage_edges(context, work)
    nearest = await asyncio.to_thread(find_nearest, state, work.graph, directly_in_use)
    evaluation.evaluate_use(state, nearest.any[: state.tables], today, thresholds)
    await context.blobs.stage_all(packed_nearest(nearest, state.tables))
    del nearest
    names = await read_names(context.reader)
    work.directory = directory_of(state, names, feeds, context.reader.messages)
    prices = await store.prices(context.thirdeye, today)
    work.prices = prices_by_service(work.directory["services"], prices, today)
    await _advise(context, work, feeds)


async def _stage_edges(context: RefreshContext, work: RefreshWork) -> None:
    """Stages the state's edges and lets go of them: the graph has them."""
    state = work.state
    await context.blobs.drop("edge/", await context.blobs.stage_all(packed_edges(state)))
    state.upstream, state.downstream = state.upstream[:0].copy(), state.downstream[:0].copy()


async def _advise(context: RefreshContext, work: RefreshWork, feeds: evaluation.ServiceFeeds) -> None:
    state, graph = work.state, work.graph
    estate = Estate(
        query=state.query,
        source=state.source,
        present=state.present(),
        service=state.service_of_place()[state.query["place"]],
        observed=feeds.observed_days,
        prices=work.prices,
        nodes=graph.nodes,
        sources=graph.sources,
        targets=graph.targets,
        tag_sets=state.tag_sets.items,
        incomplete=context.reader.evidence_incomplete,
    )
    await context.blobs.stage_json("advice", await context.advisor.advise(estate))
