"""RULES: evidence, activity and use of every table, and what the advisor makes of them."""

import asyncio

import numpy as np

from thirdeye.inventory.columns import day_of
from thirdeye.inventory.feeds import FeedColumns
from thirdeye.inventory.money import prices_by_service
from thirdeye.mirror import evaluation, store
from thirdeye.mirror.advisor import Estate
from thirdeye.mirror.confirmations import confirmed_places
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.directory import directory_of, service_names
from thirdeye.mirror.feed_summaries import EstateFeeds
from thirdeye.mirror.feeds import assess, database_keys
from thirdeye.mirror.lineage import find_nearest, graph_of, packed_nearest, without_lineage
from thirdeye.mirror.row_days import NO_PLACE
from thirdeye.mirror.state import packed_edges
from thirdeye.mirror.store import SQLRow


async def apply_rules(context: RefreshContext, work: RefreshWork) -> None:
    """Sets evidence, activity, use and advice of every table; gives graph, directory and prices."""
    state, today, thresholds, watching = work.state, context.today_number, context.thresholds, work.watching
    columns = assess(state, watching, work.accesses, work.usage.daily, today, thresholds)
    directly_in_use = evaluation.classify_tables(state, work.usage, watching, columns, today, thresholds)
    del work.usage
    work.graph = graph_of(state, state.present(), context.warnings)
    await _stage_edges(context, work)
    nearest = await asyncio.to_thread(find_nearest, state, work.graph, directly_in_use)
    evaluation.evaluate_use(state, nearest.any[: state.tables], today, thresholds)
    await context.blobs.stage_all(packed_nearest(nearest, state.tables))
    del nearest
    databases = dict.fromkeys((service, name) for service, name, _ in state.places.items or [NO_PLACE])
    feeds = EstateFeeds(
        columns=columns,
        watching=watching,
        accesses=work.accesses,
        names=[name for _, name in databases],
        today=today,
    )
    work.directory = directory_of(state, work.names, feeds, context.reader.messages)
    work.first_accesses = _new_first_accesses(work)
    prices = await store.prices(context.thirdeye, context.today)
    work.prices = prices_by_service(work.directory["services"], prices, context.today)
    await _advise(context, work, columns)


def _new_first_accesses(work: RefreshWork) -> list[SQLRow]:
    services, places = service_names(work.state, work.names), work.watching.places
    rows = list[SQLRow]()
    for key, database in database_keys(work.state, services, places).items():
        first = day_of(int(work.accesses.first[database]))
        if first is not None and work.accesses.remembered[database] != work.accesses.first[database]:
            place = int(np.flatnonzero(places.database == database)[0])
            service, name, _ = work.state.places.items[place]
            rows.append((key, services[service], name, first.isoformat()))
    return rows


async def _stage_edges(context: RefreshContext, work: RefreshWork) -> None:
    """Stages the state's edges and lets go of them: the graph has them."""
    state = work.state
    await context.blobs.drop("edge/", await context.blobs.stage_all(packed_edges(state)))
    state.upstream, state.downstream = state.upstream[:0].copy(), state.downstream[:0].copy()


async def _advise(context: RefreshContext, work: RefreshWork, feeds: FeedColumns) -> None:
    state, graph = work.state, work.graph
    place = state.query["place"]
    service = state.service_of_place()[place]
    lineage_confirmed = confirmed_places(state, service_names(state, work.names), work.confirmations, "LINEAGE")
    estate = Estate(
        query=state.query,
        source=state.source,
        present=state.present(),
        service=service,
        place=place,
        no_lineage=without_lineage(state.present(), service, graph) & ~lineage_confirmed[place],
        observed=feeds.observed,
        partial=feeds.partial,
        silent=feeds.silent,
        prices=work.prices,
        nodes=graph.nodes,
        sources=graph.sources,
        targets=graph.targets,
        tag_sets=state.tag_sets.items,
        incomplete=context.reader.evidence_incomplete,
    )
    await context.blobs.stage_json("advice", await context.advisor.advise(estate))
