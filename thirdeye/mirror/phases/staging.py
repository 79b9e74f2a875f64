"""STAGING: everything that readers will see, written where they do not look yet."""

import asyncio
from collections.abc import Iterable

import numpy as np

from thirdeye.inventory.columns import CHUNK, blob_name
from thirdeye.inventory.cost_map import COST_MAP, cost_map
from thirdeye.inventory.directory import place_services
from thirdeye.inventory.labels import no_labels
from thirdeye.inventory.name_search import pack_names
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.series_entries import SeriesBlobs
from thirdeye.inventory.storage_prices import Tariffs
from thirdeye.inventory.totals import summarise
from thirdeye.mirror import facts, store
from thirdeye.mirror.changes import changes
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.dead_ends import dead_ends_of, stage_dead_ends, stage_no_dead_ends
from thirdeye.mirror.directory import directory_of
from thirdeye.mirror.duplicates import DuplicateFinder
from thirdeye.mirror.evidence.seen_columns import SeenColumns
from thirdeye.mirror.identity.table_numbers import empty_unnumbered, forget_tables
from thirdeye.mirror.lineage import packed_adjacency, packed_unread
from thirdeye.mirror.names import Names
from thirdeye.mirror.openmetadata.source_tables import TABLES
from thirdeye.mirror.series import series_entries
from thirdeye.mirror.state import PREFIXES, State, packed_state


async def stage_changes(context: RefreshContext, work: RefreshWork) -> None:
    """Stages the rows and blobs that differ from the generation before; gives the changes of tables."""
    state = work.state
    await forget_tables(context, work)
    await context.blobs.stage_all(packed_adjacency(work.graph))
    unread = await context.blobs.stage_all(packed_unread(work.text_lineage.unread_views))
    await context.blobs.drop("unread/", kept=unread)
    dead_ends = await asyncio.to_thread(dead_ends_of, state, work.graph, work.text_lineage.unread_views)
    await stage_dead_ends(context.blobs, dead_ends, state, work.tariffs, context.today_number)
    del work.graph, work.text_lineage
    await _rank_names(context, work)
    await context.blobs.stage_json("directory", work.directory)
    await _stage_summary(context, work)
    await _stage_series(context, work)
    finder = DuplicateFinder(
        state, context.thirdeye, context.blobs, context.reader, work.copy_candidates, context.today_number
    )
    await context.blobs.drop("columns/", kept=await finder.find())
    del work.copy_candidates
    await _stage_facts(context, work)
    context.reader.forget_broken(state.sums)
    await context.blobs.drop(*PREFIXES, kept=await context.blobs.stage_all(packed_state(state)))
    context.progress.tables = int(state.present().sum())


async def stage_empty_estate(context: RefreshContext, work: RefreshWork, obstacle: str) -> None:
    """Stages an estate without tables, for an OM whose tables cannot be read because of an obstacle."""
    warning = f"{obstacle}: {TABLES.unknown_without}"
    context.warnings.add("NOT_READABLE", warning)
    work.directory = directory_of(State(), Names(), no_labels(), None, [warning])
    work.tariffs = Tariffs([], context.today)
    await context.blobs.stage_json("directory", work.directory)
    await _stage_summary(context, work)
    await context.blobs.drop("series/", kept=set())
    await context.blobs.stage_json("duplicates", [])
    await stage_no_dead_ends(context.blobs)


async def _rank_names(context: RefreshContext, work: RefreshWork) -> None:
    """Gives every table its place in the order of names, and stages the names of the chunks with new ones."""
    state, renamed = work.state, work.renamed.numbers
    if len(renamed) == 0:
        return
    parts = [np.frombuffer(bytes.fromhex(part), ">u4") for part in await store.name_order(context.thirdeye)]
    numbers, ranks = np.concatenate([np.zeros(0, ">u4"), *parts]), np.zeros(state.tables, np.int32)
    ranks[numbers] = np.arange(len(numbers), dtype=np.int32)
    state.query["name_rank"] = ranks
    for chunk in np.unique(renamed // CHUNK).tolist():
        first, end = chunk * CHUNK, min((chunk + 1) * CHUNK, state.tables)
        names = await store.names_between(context.thirdeye, first, end)
        text = await asyncio.to_thread(pack_names, [names.get(number, "") for number in range(first, end)])
        await context.blobs.stage(f"names/{chunk:05d}", text)


async def _stage_summary(context: RefreshContext, work: RefreshWork) -> None:
    """Prepares what `estate` and `costMap` answer."""
    query, directory, tariffs = work.state.query, work.directory, work.tariffs
    await context.blobs.stage_json("summary", await asyncio.to_thread(summarise, query, directory, tariffs))
    catalogue = Catalogue(columns=query, place_service=place_services(directory), tariffs=tariffs)
    await context.blobs.stage_json(COST_MAP, await asyncio.to_thread(cost_map, catalogue))


async def _stage_series(context: RefreshContext, work: RefreshWork) -> None:
    """Prepares what answers tell of series."""
    packing, staged = SeriesBlobs(), set[str]()

    async def stage(blobs: Iterable[bytes]) -> None:
        for blob in blobs:
            name = blob_name("series", len(staged))
            staged.add(name)
            await context.blobs.stage(name, blob)

    pages = series_entries(work.series, work.state, work.tariffs, context.thirdeye, context.today_number)
    async for entries in pages:
        await stage(packing.add(entries))
    await stage(packing.rest())
    await context.blobs.drop("series/", kept=staged)
    del work.series


async def _stage_facts(context: RefreshContext, work: RefreshWork) -> None:
    renamed = work.renamed.mask(work.state.tables)
    seen = SeenColumns(context.blobs, context.reader.verdicts_unseen)
    for chunk in range(work.state.query.chunks):
        old = await facts.previous_chunk(context.blobs, chunk)
        new = work.state.query.parts(chunk) | work.state.source.parts(chunk)
        first = chunk * CHUNK
        changed = facts.changed_facts(old, new, renamed[first : first + CHUNK])
        context.advisor.compare(old, new, first)
        empty_unnumbered(new)
        if context.previous_generation:
            work.changes += changes(await seen.before(chunk, old, new) if old else {}, new, first)
        context.progress.changed += int(changed.sum())
        await store.stage_facts(context.thirdeye, facts.fact_rows(new, first, changed))
    await seen.end()
