"""PUBLISHING: one transaction, after which readers see the new generation."""

from datetime import timedelta

import orjson

from thirdeye.database import Session
from thirdeye.inventory.columns import FIRST_ASSET
from thirdeye.mirror import store
from thirdeye.mirror.context import RefreshContext, RefreshLost, RefreshWork
from thirdeye.mirror.evidence.store import remember_columns
from thirdeye.mirror.identity import store as identity
from thirdeye.mirror.identity.table_numbers import StillReferredTo


async def publish(context: RefreshContext, work: RefreshWork) -> None:
    """Merges what is staged and closes the run, both or neither. Raises RefreshLost if another may have taken over."""
    async with context.thirdeye.transaction() as session:
        context.check_lease()
        if not await store.is_open(session, context.run):
            raise RefreshLost
        await _forget(session, context, work)
        await store.merge_staged(session, context.now)
        await _put_changes(session, context, work)
        rows = ((identifier, number, context.now) for identifier, number in work.renewed.former_rows())
        await identity.put_former_ids(session, rows)
        await store.put_first_accesses(session, work.first_accesses)
        await context.advisor.publish(session, context.run)
        await remember_columns(session, context.reader.first_read())
        now = context.clock()
        await store.publish_state(session, context.run, now, context.today)
        await store.finish_run(session, context.run, context.progress.counts("DONE"), context.warnings.entries, now)


async def _forget(session: Session, context: RefreshContext, work: RefreshWork) -> None:
    """Deletes the tables that are forgotten. Raises StillReferredTo if something was said of one meanwhile."""
    if work.forgotten and await context.references(work.forgotten):
        raise StillReferredTo
    await identity.forget(session, work.forgotten)
    await identity.forget_assets(session, work.forgotten_assets, FIRST_ASSET + work.state.asset.length)


async def _put_changes(session: Session, context: RefreshContext, work: RefreshWork) -> None:
    rows = (
        (context.run, context.now, str(change.kind.value), change.number, orjson.dumps(change.detail).decode())
        for change in work.changes
    )
    await store.put_changes(session, rows)
    await store.delete_changes(session, context.now - timedelta(days=context.settings.changes_days))
