"""TABLES: which tables exist, and what OM's row of each says."""

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.mirror import store
from thirdeye.mirror.absence import settle_absences
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.identity.renewed_tables import merge_renewed_tables
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.store import TextRow
from thirdeye.mirror.tables import TableReader


async def read_tables(context: RefreshContext, work: RefreshWork) -> None:
    """Reads all tables, or those that changed; gives those that are renamed and rekeyed, and indexes of all."""

    async def stage(rows: list[TextRow]) -> None:
        await store.stage_text(context.thirdeye, rows)
        progress.on_progress(progress.phase, progress.seen)
        context.check_lease()

    progress, state = context.progress, work.state
    reader = TableReader(context.reader.om, state, context.today_number, context.warnings, stage)
    await (reader.read_all() if progress.kind == "FULL" else reader.read_changes())
    progress.seen = reader.seen
    work.renewed = await merge_renewed_tables(context.thirdeye, state, reader)
    state.seen_services |= reader.services
    work.renamed, work.read, work.rekeyed = reader.renamed, reader.read, reader.rekeyed.numbers.astype(np.int32)
    # Its own index is freed before two more are made.
    del reader
    await settle_absences(context, work)
    work.tables_by_id, work.tables_by_hash = Index(state.source["id"]), Index(_current_keys(state))


def _current_keys(state: State) -> Array:
    """The hashes of the names that OpenMetadata has: another table may have that of one that it lacks."""
    return np.where(state.source["stamp"] != 0, state.source["key"], b"")
