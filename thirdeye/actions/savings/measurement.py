"""Measuring, after each refresh, what became of the tables that items named."""

from datetime import datetime

from thirdeye.actions.batches import batches
from thirdeye.actions.renamed_tables import renamed_tables_of
from thirdeye.actions.savings import store
from thirdeye.actions.savings.rules import SavingEntry, TableState, measure
from thirdeye.actions.savings.store import MeasuredBaseline
from thirdeye.database import MySQL
from thirdeye.inventory.columns import ABSENT, CHUNK, PRESENT, day_of
from thirdeye.inventory.evidence import Evidence
from thirdeye.inventory.snapshot import Snapshot


async def measure_savings(thirdeye: MySQL, snapshot: Snapshot, now: datetime) -> int:
    """Writes what changed since the last time; returns for how many tables. Run again it writes nothing."""
    await snapshot.load(("flags", "size", "written"))
    profiled = Evidence.PROFILES not in snapshot.missing_evidence
    entries, gone = list[SavingEntry](), list[MeasuredBaseline]()

    def add(baseline: MeasuredBaseline, state: TableState) -> None:
        entry = measure(baseline, state, baseline.realized_usd, baseline.kind, snapshot.as_of)
        if entry is not None:
            entries.append(entry)

    async for baseline in store.baselines(thirdeye):
        state = _table_state(snapshot, baseline.table_number)
        if state is None:
            # Absence is no deed: nothing is measured of what is only as it was last seen.
            continue
        if state.present and profiled:
            add(baseline, state)
        elif not state.present:
            gone.append(baseline)
    renamed_tables = await renamed_tables_of(thirdeye, [baseline.table_number for baseline in gone])
    for baseline in gone:
        table = renamed_tables.get(baseline.table_number)
        if table is not None and not profiled:
            # Nobody can tell how large it is.
            continue
        size = None if table is None else table["size_bytes"]
        add(baseline, TableState(present=False, renamed=table is not None, size=size))
    for batch in batches(entries):
        async with thirdeye.transaction() as session:
            await store.insert_entries(session, batch, now)
    return len(entries)


def _table_state(snapshot: Snapshot, number: int) -> TableState | None:
    """A table as it is now; None for one that OpenMetadata no longer has and that does not count as gone yet."""
    columns = snapshot.catalogue.columns
    if number >= columns.length:
        return TableState(present=False)
    chunk, place = divmod(number, CHUNK)
    parts = columns.parts(chunk)
    size, flags = int(parts["size"][place]), int(parts["flags"][place])
    if flags & ABSENT:
        return None
    return TableState(
        present=bool(flags & PRESENT),
        size=None if size < 0 else size,
        last_written=day_of(int(parts["written"][place])),
    )
