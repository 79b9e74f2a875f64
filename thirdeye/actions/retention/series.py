"""Which table an item about the retention of a series is about: one for each, however its parts come and go.

The table with an open item stays the one, be it absent; when it is gone the item moves to the part that goes last. What was
decided of one table of a series was decided of all of it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from thirdeye.actions.detection.rules import Decision
from thirdeye.actions.retention import store
from thirdeye.database import MySQL, Row
from thirdeye.inventory.columns import Array
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.series import SeriesEntry
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.table_names import SuffixKind, split_suffix
from thirdeye.pacing import in_thread


@dataclass(frozen=True, kw_only=True)
class RetentionSeries:
    """The series of an estate; arrays are by the number of a series, 0 stands for none.

    `of_table` is by table, `of_removed` of the gone tables of items and decisions. `holders`: the table that an item about
    a series is about. `costs`: what a series costs, USD a month.
    """

    snapshot: Snapshot
    of_table: Array
    of_removed: Mapping[int, int]
    holders: Array
    costs: Array

    def series(self, number: int) -> int:
        """The series that a table is part of, or was; 0 for none."""
        of_table = int(self.of_table[number]) if 0 <= number < len(self.of_table) else 0
        return of_table or self.of_removed.get(number, 0)

    def entry(self, number: int) -> SeriesEntry | None:
        """What is known of the series of a table."""
        series = self.series(number)
        return self.snapshot.series[series - 1] if series else None

    def holder(self, number: int) -> int:
        """The table that an item about a table's series is about; the table itself if it is part of none."""
        series = self.series(number)
        return int(self.holders[series]) if series else number

    def without_parts(self, numbers: Array) -> Array:
        """The tables that are no parts, and for each table that stands for its series the one that items are about."""
        series = self.of_table[numbers]
        stands = self.snapshot.representatives[series - 1] == numbers if len(self.snapshot.series) else series > 0
        chosen = (series == 0) | stands
        kept: Array = np.unique(np.where(series == 0, numbers, self.holders[series])[chosen])
        return kept

    def subject(self, number: int) -> str | None:
        """The name of a table's series, for a title; None for a table that is part of none."""
        entry = self.entry(number)
        if entry is None:
            return None
        return self.snapshot.series_fqn(entry) + ("" if entry["whole"] else "_*")

    def cost(self, number: int) -> Decimal | None:
        """What the series of a table costs; None for a table that is part of none."""
        entry = self.entry(number)
        return None if entry is None else Decimal(entry["cost"])

    def saving(self, number: int) -> Decimal:
        """What the old parts of the series of a table cost."""
        entry = self.entry(number)
        return Decimal(0) if entry is None else Decimal(entry["oldCost"])

    def decisions(self, decisions: Mapping[int, Decision]) -> dict[int, Decision]:
        """The newest decisions by the tables that items are about, given those by table."""
        newest = dict[int, Decision]()
        for number, decision in sorted(decisions.items(), key=lambda each: each[1].day):
            newest[self.holder(number)] = decision
        return newest


async def retention_series(
    thirdeye: MySQL, snapshot: Snapshot, named: Sequence[int], *, ended: bool = False
) -> RetentionSeries:
    """The series of a snapshot; `named` are the tables of open items about retentions. Raises Superseded.

    With `ended` also the gone tables of items that have ended are known.
    """
    await snapshot.load(("series",))
    removed = await store.removed_tables(thirdeye, ended=ended) if len(snapshot.series) else []
    return await in_thread(_retention_series, snapshot, named, removed)


def _retention_series(snapshot: Snapshot, named: Sequence[int], removed: Iterable[Row]) -> RetentionSeries:
    columns, series = snapshot.catalogue.columns, len(snapshot.series)
    chunks = [columns.parts(chunk)["series"] for chunk in range(columns.chunks)]
    of_table = np.concatenate([np.zeros(0, np.int32), *chunks])
    of_table[of_table > series] = 0
    wanted = dict[str, list[int]]()
    for row in removed:
        for name in _names(row):
            wanted.setdefault(name, []).append(row["number"])
    holders, costs = np.zeros(series + 1, np.int64), np.zeros(series + 1)
    of_removed = dict[int, int]()
    for number, entry in enumerate(snapshot.series, 1):
        holders[number], costs[number] = entry["last"], float(entry["cost"])
        if wanted:
            of_removed |= dict.fromkeys(wanted.get(snapshot.series_fqn(entry).casefold(), ()), number)
    for table in reversed(named):
        if table < len(of_table) and of_table[table]:
            holders[of_table[table]] = table
    return RetentionSeries(snapshot=snapshot, of_table=of_table, of_removed=of_removed, holders=holders, costs=costs)


def _names(row: Row) -> Iterator[str]:
    """The FQNs, without case, that the series of a table may have."""
    path = [row[name] for name in ("service", "database_name", "schema_name") if row[name]]
    name = row["name"]
    if row["table_type"] == "Partitioned":
        yield join_fqn([*path, name]).casefold()
    # Partitions of partitions belong to the whole.
    while (suffix := split_suffix(name)).kind is not SuffixKind.NONE:
        name = suffix.stem
        yield join_fqn([*path, name]).casefold()
