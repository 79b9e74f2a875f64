"""RULES: evidence, activity and use of every table, and what the advisor makes of them."""

import asyncio

import numpy as np

from thirdeye.inventory.columns import MAX_SUM, NO_NODE, day_of
from thirdeye.inventory.feeds import FeedColumns
from thirdeye.inventory.rules import directly_in_use
from thirdeye.inventory.storage_prices import StoragePrice, Tariffs, contradictions, prices_by_service
from thirdeye.inventory.warehouses import mark_without_plan
from thirdeye.mirror import evaluation, store
from thirdeye.mirror.absence import restore_absent, restore_advice, restore_use
from thirdeye.mirror.advisor import Estate
from thirdeye.mirror.confirmations import confirmed_places
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.directory import directory_of, service_names
from thirdeye.mirror.feed_summaries import EstateFeeds
from thirdeye.mirror.feeds import assess, database_keys
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.labels import labels_of, set_cared_for
from thirdeye.mirror.lineage import find_nearest, graph_of, packed_nearest, without_lineage
from thirdeye.mirror.row_days import NO_PLACE
from thirdeye.mirror.series import classify_series, in_use_through_series
from thirdeye.mirror.state import packed_edges
from thirdeye.mirror.store import SQLRow


async def apply_rules(context: RefreshContext, work: RefreshWork) -> None:
    """Sets evidence, activity, use and advice of every table; gives graph, directory and tariffs."""
    state, today, thresholds, watching = work.state, context.today_number, context.thresholds, work.watching
    await restore_use(context, work)
    columns = assess(state, watching, work.accesses, work.usage.daily, today, thresholds)
    evaluation.classify_tables(state, work.usage, watching, columns, today, thresholds)
    del work.usage
    await restore_absent(context, work)
    classify_series(work.series, state, watching, columns, today, thresholds)
    in_use = directly_in_use(state.query["activity"]) & state.present()
    work.graph = graph_of(state, work.text_lineage, context.warnings)
    work.text_lineage.hold_through_deleted(work.graph.sources)
    await _stage_edges(context, work)
    nearest = await asyncio.to_thread(find_nearest, state, work.graph, in_use)
    through_lineage = nearest.any[: state.tables]
    through_series = in_use_through_series(work.series, through_lineage)
    evaluation.evaluate_use(state, through_lineage, through_series, today, thresholds)
    await context.blobs.stage_all(packed_nearest(nearest, state.tables))
    del nearest, through_lineage, through_series, in_use
    databases = dict.fromkeys((service, name) for service, name, _ in state.places.items or [NO_PLACE])
    feeds = EstateFeeds(
        columns=columns,
        watching=watching,
        accesses=work.accesses,
        names=[name for _, name in databases],
        today=today,
    )
    labels = labels_of(state, work.labels)
    set_cared_for(state, labels, today, thresholds.care_edit_days)
    reader = context.reader
    work.directory = directory_of(state, work.names, labels, feeds, reader.messages, reader.missing_evidence)
    _warn_of_sums(context, work)
    work.first_accesses = _new_first_accesses(work)
    work.tariffs = await _tariffs(context, work)
    services = [service["type"] for service in work.directory["services"]]
    state.query["flags"] = mark_without_plan(
        state.query["flags"], state.service_of_place()[state.query["place"]], services
    )
    estate = _estate(context, work, columns)
    await context.blobs.stage_json("advice", await context.advisor.advise(estate))
    await restore_advice(context, work)
    await context.blobs.stage_json("unlocking", await asyncio.to_thread(context.advisor.conclude, estate))


def _warn_of_sums(context: RefreshContext, work: RefreshWork) -> None:
    """Warns of services whose sizes do not add up, and names their largest table."""
    state, large = work.state, [service["bytes"] == MAX_SUM for service in work.directory["services"]]
    if not any(large):
        return
    sizes = np.where(state.present(), state.query["size"], -1)
    service_of_table = state.service_of_place()[state.query["place"]]
    for number in np.flatnonzero(large).tolist():
        largest = int(np.argmax(np.where(service_of_table == number, sizes, -1)))
        name, table = work.directory["services"][number]["name"], id_text(state.source["id"][largest])
        context.warnings.add(
            "SIZES_TOO_LARGE", f"{name} has more than {MAX_SUM} bytes, its table {table} {sizes[largest]}"
        )


async def _tariffs(context: RefreshContext, work: RefreshWork) -> Tariffs:
    services = work.directory["services"]
    prices = [StoragePrice.of(row) for row in await store.prices(context.thirdeye, context.today)]
    for problem in contradictions(prices):
        context.warnings.add("PRICE_CONTRADICTS", problem)
    names = {service["name"] for service in services}
    for price in prices:
        if price.service and price.service not in names:
            context.warnings.add("PRICE_OF_NO_SERVICE", str(price))
    return Tariffs(prices_by_service(services, prices, context.today), context.today)


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
    await context.blobs.drop("edge/", kept=await context.blobs.stage_all(packed_edges(state)))
    state.upstream, state.downstream = state.upstream[:0].copy(), state.downstream[:0].copy()
    state.edge_state = state.edge_state[:0].copy()


def _estate(context: RefreshContext, work: RefreshWork, feeds: FeedColumns) -> Estate:
    state, graph = work.state, work.graph
    place = state.query["place"]
    service = state.service_of_place()[place]
    lineage_confirmed = confirmed_places(state, service_names(state, work.names), work.confirmations, "LINEAGE")
    return Estate(
        query=state.query,
        source=state.source,
        present=state.present(),
        service=service,
        place=place,
        no_lineage=without_lineage(state.present(), service, graph) & ~lineage_confirmed[place],
        observed=feeds.observed,
        partial=feeds.partial,
        silent=feeds.silent,
        mass_absence=work.mass_absence[: len(feeds.silent)],
        tariffs=work.tariffs,
        nodes=graph.nodes,
        sources=graph.sources,
        targets=graph.targets,
        alive=graph.alive,
        unknown_nodes=graph.unknown,
        unread=work.text_lineage.unread_views != NO_NODE,
        tag_sets=state.tag_sets.items,
        labels=work.directory["labels"],
        incomplete=context.reader.evidence_incomplete,
        unseen=context.reader.verdicts_unseen,
        asset_ids=state.asset["id"],
        since=feeds.since,
        young=evaluation.young_tables(state, work.watching.places, context.today_number, context.thresholds),
        series=work.series.members,
    )
