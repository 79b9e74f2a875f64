"""STAGING: everything that readers will see, written where they do not look yet."""

import asyncio
from typing import Final

from thirdeye.database import Row
from thirdeye.inventory.columns import CHUNK
from thirdeye.inventory.totals import summarise
from thirdeye.mirror import facts, store
from thirdeye.mirror.changes import changes
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.directory import Names, directory_of
from thirdeye.mirror.duplicates import DuplicateFinder
from thirdeye.mirror.evaluation import ServiceFeeds
from thirdeye.mirror.lineage import packed_adjacency
from thirdeye.mirror.name_ranks import rank_names
from thirdeye.mirror.openmetadata.source_tables import TABLES
from thirdeye.mirror.state import PREFIXES, State, packed_state


class StageChanges:
    """Stages the rows and blobs that differ from the generation before."""

    name: Final = "STAGING"

    async def run(self, context: RefreshContext, work: RefreshWork) -> None:
        """Gives the changes of tables; the next phase only has to publish."""
        state = work.state
        await context.blobs.stage_all(packed_adjacency(work.graph))
        del work.graph
        await rank_names(context.thirdeye, context.blobs, state, work.renamed.numbers)
        await context.blobs.stage_json("directory", work.directory)
        await _stage_summary(context, work)
        await _stage_duplicates(context, state)
        await _stage_facts(context, work)
        await _stage_state(context, state)
        context.progress.tables = int(state.present().sum())


async def stage_empty_estate(context: RefreshContext, work: RefreshWork, obstacle: str) -> None:
    """Stages an estate without tables, for an OM whose tables cannot be read because of an obstacle."""
    warning = f"{obstacle}: {TABLES.unknown_without}"
    context.warnings.add("NOT_READABLE", warning)
    work.directory = directory_of(State(), Names(), ServiceFeeds([], []), [warning])
    work.prices = []
    await context.blobs.stage_json("directory", work.directory)
    await _stage_summary(context, work)
    await context.blobs.stage_json("duplicates", [])


async def _stage_summary(context: RefreshContext, work: RefreshWork) -> None:
    """Prepares what `estate` answers."""
    summary = await asyncio.to_thread(summarise, work.state.query, work.directory, work.prices)
    await context.blobs.stage_json("summary", summary)


async def _stage_duplicates(context: RefreshContext, state: State) -> None:
    async def read_columns(ids: list[str]) -> list[Row]:
        return await context.reader.rows(TABLES, lambda: context.reader.om.column_names(ids))

    finder = DuplicateFinder(state, context.thirdeye, context.blobs, read_columns, context.warnings)
    await context.blobs.drop("columns/", await finder.find())


async def _stage_facts(context: RefreshContext, work: RefreshWork) -> None:
    renamed = work.renamed.mask(work.state.tables)
    for chunk in range(work.state.query.chunks):
        old = await facts.previous_chunk(context.blobs, chunk)
        new = facts.current_chunk(work.state, chunk)
        first = chunk * CHUNK
        changed = facts.changed_facts(old, new, renamed[first : first + CHUNK])
        context.advisor.compare(old, new, first)
        if context.previous_generation:
            work.changes += changes(old or {}, new, first)
        context.progress.changed += int(changed.sum())
        await store.stage_facts(context.thirdeye, facts.fact_rows(new, first, changed))


async def _stage_state(context: RefreshContext, state: State) -> None:
    names = await context.blobs.stage_all(packed_state(state))
    for prefix in PREFIXES:
        await context.blobs.drop(prefix, names)
