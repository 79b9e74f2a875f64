"""Measuring, after each refresh, what became of the tables that items named."""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from thirdeye.actions.renamed_tables import renamed_tables_of
from thirdeye.actions.savings import store
from thirdeye.actions.savings.rules import Baseline, Entry, Found, Now, measure
from thirdeye.actions.store import moment_text
from thirdeye.database import MySQL, Row
from thirdeye.inventory.columns import CHUNK, PRESENT, day_of
from thirdeye.inventory.reader import Snapshot

# The columns that it looks at.
MEASURED: Final = ("flags", "size", "written")
_PAGE: Final = 1_000


async def measure_savings(thirdeye: MySQL, snapshot: Snapshot, now: datetime) -> int:
    """Writes what changed since the last time; gives how many tables that were. Run again it writes nothing."""
    await snapshot.load(MEASURED)
    entries, gone = list[tuple[Baseline, Entry]](), list[tuple[Row, Baseline]]()
    async for row in store.baselines(thirdeye):
        before = _baseline(row)
        state = _now(snapshot, before.number)
        if not state.present:
            gone.append((row, before))
            continue
        entries += _measured(row, before, state, snapshot.as_of)
    twins = await renamed_tables_of(thirdeye, [before.number for _, before in gone])
    for row, before in gone:
        twin = twins.get(before.number)
        size = None if twin is None else -1 if twin["size_bytes"] is None else twin["size_bytes"]
        state = Now(present=False, size=None, last_written=None, twin_size=size)
        entries += _measured(row, before, state, snapshot.as_of)
    moment = moment_text(now)
    for start in range(0, len(entries), _PAGE):
        async with thirdeye.transaction() as session:
            await store.put_entries(
                session,
                [
                    (
                        before.number,
                        moment,
                        str(entry.found.value),
                        str(before.cost),
                        str(entry.cost),
                        str(entry.realized),
                    )
                    for before, entry in entries[start : start + _PAGE]
                ],
            )
    return len(entries)


def _measured(row: Row, before: Baseline, state: Now, today: date) -> list[tuple[Baseline, Entry]]:
    last = None if row["kind"] is None else Found(row["kind"])
    entry = measure(before, state, row["realized_usd"], last, today)
    return [] if entry is None else [(before, entry)]


def _baseline(row: Row) -> Baseline:
    return Baseline(
        number=row["table_number"],
        size=row["size_bytes"],
        price=Decimal(row["usd_per_gb_month"]),
        storage=row["storage_usd"],
        queries=row["query_usd"],
        last_written=row["last_written"],
        taken=row["taken_at"].date(),
    )


def _now(snapshot: Snapshot, number: int) -> Now:
    columns = snapshot.catalogue.columns
    if number >= columns.length:
        return Now(present=False, size=None, last_written=None)
    chunk, place = divmod(number, CHUNK)
    parts = columns.parts(chunk)
    size = int(parts["size"][place])
    return Now(
        present=bool(parts["flags"][place] & PRESENT),
        size=None if size < 0 else size,
        last_written=day_of(int(parts["written"][place])),
    )
