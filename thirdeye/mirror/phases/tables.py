"""TABLES: which tables exist, and what OM's row of each says."""

import numpy as np

from thirdeye.mirror import store
from thirdeye.mirror.absence import keep_unread, settle_absences
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.identity.renewed_tables import merge_renewed_tables
from thirdeye.mirror.identity.table_numbers import free_numbers
from thirdeye.mirror.store import TextRow
from thirdeye.mirror.tables import TableReader


async def read_tables(context: RefreshContext, work: RefreshWork) -> None:
    """Reads all tables, or those that changed; gives those that are renamed and rekeyed."""

    async def stage(rows: list[TextRow]) -> None:
        await store.stage_text(context.thirdeye, rows)
        progress.on_progress(progress.phase, progress.seen)
        context.check_lease()

    progress, state = context.progress, work.state
    free = await free_numbers(context, state)
    reader = TableReader(context.reader.om, state, context.today_number, context.warnings, stage, free)
    await (reader.read_all() if progress.kind == "FULL" else reader.read_changes())
    progress.seen = reader.seen
    await keep_unread(context, state, reader.unread.numbers)
    work.renewed = await merge_renewed_tables(context.thirdeye, state, reader)
    state.seen_services |= reader.services
    work.renamed, work.read, work.rekeyed = reader.renamed, reader.read, reader.rekeyed.numbers.astype(np.int32)
    # It holds indexes of all tables.
    del reader
    await settle_absences(context, work)
