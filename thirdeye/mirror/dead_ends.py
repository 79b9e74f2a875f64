"""The dead ends of the estate during a refresh: what they cost, and the blobs that tell of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Final

import numpy as np

from thirdeye.inventory.columns import (
    CHUNK,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    MAX_SUM,
    NO_NODE,
    WITHOUT_STORAGE,
    Array,
    Columns,
    blob_name,
)
from thirdeye.inventory.cost_sums import Sums, SumsByGroup
from thirdeye.inventory.dead_ends import (
    DOCUMENT,
    ORDER_FIELDS,
    ORDER_GROUP,
    TABLE_FIELDS,
    TABLE_GROUP,
    DeadEndDocument,
    DeadEndEntry,
    DeadEnds,
    Lineage,
    find_dead_ends,
)
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.rules import Activity, directly_in_use, has_activity
from thirdeye.inventory.storage_prices import Tariffs, costs
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Verdict
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.lineage import Graph
from thirdeye.mirror.state import State

# So many sets are told one by one, the most expensive; the others are in the sums.
MAX_SETS: Final = 5_000
_MONTH, _QUARTER = 30, 90
# Sums are kept by verdict and by whether a table was written in the last month.
_OTHER, _DELETED, _ARCHIVED, _VERDICTS = 0, 1, 2, 3
_KINDS: Final = 2 * _VERDICTS


def dead_ends_of(state: State, graph: Graph, unread_views: Array) -> DeadEnds:
    """The dead ends of a state whose tables are judged."""
    query, present = state.query, state.present()
    in_use = directly_in_use(query["activity"]) | query.has(IN_USE_THROUGH_LINEAGE | IN_USE_THROUGH_SERIES)
    unknown = has_activity(query["activity"], Activity.UNKNOWN)
    of_tables = present & (in_use | unknown) | (unread_views != NO_NODE)
    of_assets = (state.asset["in_use"] == 1) & graph.alive[state.tables :]
    lineage = Lineage(
        sources=graph.sources,
        targets=graph.targets,
        series=np.where(present, query["series"], 0),
        present=graph.alive,
        needed=np.concatenate([of_tables, of_assets]) | graph.unknown,
    )
    return find_dead_ends(lineage)


async def stage_dead_ends(blobs: BlobStage, found: DeadEnds, state: State, tariffs: Tariffs, today: int) -> None:
    """Stages the sum of all sets, the most expensive ones, and which tables they have."""
    document, kept = dead_end_document(found, state, tariffs, today)
    await blobs.stage_json(DOCUMENT, document)
    names = await blobs.stage_all(chain(_packed_order(kept), _packed_tables(kept, state.tables)))
    await blobs.drop(f"{ORDER_GROUP}/", f"{TABLE_GROUP}/", kept=names)


async def stage_no_dead_ends(blobs: BlobStage) -> None:
    """Stages that there are none."""
    nothing: DeadEndDocument = {"sets": 0, "tables": 0, "unpriced": 0, "cost": format_cost(Decimal(0)), "entries": []}
    await blobs.stage_json(DOCUMENT, nothing)
    await blobs.drop(f"{ORDER_GROUP}/", f"{TABLE_GROUP}/", kept=set())


@dataclass(frozen=True)
class _Members:
    """The tables of all sets, as DeadEnds has them, with what is added up; `place` is the index of each one's set."""

    place: Array
    service: Array
    tariff: Array
    columns: dict[str, Array]
    unpriced: Array

    @staticmethod
    def of(found: DeadEnds, state: State, tariffs: Tariffs) -> "_Members":
        query, numbers = state.query, found.numbers
        names = ("size", "query_cost", "written", "flags", "verdict", "blockers", "place")
        columns = {name: query[name][numbers] for name in names}
        service = state.service_of_place()[columns["place"]] if len(numbers) else numbers
        return _Members(
            place=np.unique(found.sets, return_inverse=True)[1],
            service=service,
            tariff=tariffs.of(service, columns["written"], columns["flags"]),
            columns=columns,
            unpriced=(columns["size"] < 0)
            & np.isnan(columns["query_cost"])
            & ((columns["flags"] & WITHOUT_STORAGE) == 0),
        )

    def written(self, days: int, today: int) -> Array:
        """Which were written in the last days."""
        written = self.columns["written"].astype(np.int64)
        recent: Array = (written > 0) & (today - written <= days)
        return recent

    def count(self, chosen: Array, sets: int) -> list[int]:
        """How many of these each set has."""
        counts: list[int] = np.bincount(self.place[chosen], minlength=sets).tolist()
        return counts

    def highest(self, values: Array, sets: int) -> list[int]:
        """The highest of these values that each set has."""
        highest = np.zeros(sets, np.int64)
        np.maximum.at(highest, self.place, values)
        result: list[int] = highest.tolist()
        return result


def dead_end_document(
    found: DeadEnds, state: State, tariffs: Tariffs, today: int, limit: int = MAX_SETS
) -> tuple[DeadEndDocument, DeadEnds]:
    """All sets in sum and the `limit` most expensive ones, with the tables of those."""
    members = _Members.of(found, state, tariffs)
    sets = np.unique(found.sets)
    chosen = _most_expensive(members, tariffs, len(sets), limit)
    sums = _sums(members, chosen, len(sets), tariffs, today)
    document: DeadEndDocument = {
        "sets": len(sets),
        "tables": len(found.numbers),
        "unpriced": int(members.unpriced.sum()),
        "cost": format_cost(_cost(sums)),
        "entries": _entries(_Counts.of(found, members, sets, today), sets, chosen, sums),
    }
    kept = np.isin(members.place, chosen)
    return document, DeadEnds(found.numbers[kept], found.sets[kept], found.steps[kept], found.assets, found.asset_sets)


def _sums(members: _Members, chosen: Array, sets: int, tariffs: Tariffs, today: int) -> dict[int, Sums]:
    """By the position of a set in `chosen`, times _KINDS, plus the kind of its tables; last come all other sets together."""
    rank = np.full(sets, len(chosen))
    rank[chosen] = np.arange(len(chosen))
    verdict = np.select(
        [members.columns["verdict"] == VERDICT_CODE[each] for each in (Verdict.DELETE, Verdict.ARCHIVE)],
        [_DELETED, _ARCHIVED],
        _OTHER,
    )
    kind = verdict * 2 + members.written(_MONTH, today)
    sums = SumsByGroup(tariffs)
    groups = rank[members.place] * _KINDS + kind
    sums.add(groups, members.tariff, members.columns["size"], members.columns["query_cost"])
    return sums.sums()


def _most_expensive(members: _Members, tariffs: Tariffs, sets: int, limit: int) -> Array:
    """The places of the most expensive sets, in ascending order; of equal ones those with more tables."""
    cost = np.nan_to_num(costs(tariffs, members.service, members.columns))
    by_set, tables = (np.bincount(members.place, weights, minlength=sets) for weights in (cost, None))
    order = np.lexsort((-tables, -by_set))
    return np.sort(order[:limit])


@dataclass(frozen=True)
class _Counts:
    """By set, how many tables and other assets it has; its last step and its newest write; by bit, tables with a blocker."""

    tables: list[int]
    unpriced: list[int]
    written30: list[int]
    written90: list[int]
    assets: list[int]
    steps: list[int]
    last: list[int]
    blockers: dict[int, list[int]]

    @staticmethod
    def of(found: DeadEnds, members: _Members, sets: Array, today: int) -> "_Counts":
        count, blockers = len(sets), members.columns["blockers"]
        return _Counts(
            tables=members.count(np.ones(len(found.numbers), np.bool_), count),
            unpriced=members.count(members.unpriced, count),
            written30=members.count(members.written(_MONTH, today), count),
            written90=members.count(members.written(_QUARTER, today), count),
            assets=np.bincount(np.searchsorted(sets, found.asset_sets), minlength=count).tolist(),
            steps=members.highest(found.steps, count),
            last=members.highest(members.columns["written"], count),
            blockers={bit: members.count((blockers & bit) != 0, count) for bit in BLOCKER_BIT.values()},
        )


def _entries(counts: _Counts, sets: Array, chosen: Array, sums: dict[int, Sums]) -> list[DeadEndEntry]:
    """The chosen sets, the most expensive first."""
    entries, start = list[DeadEndEntry](), 0
    for rank, place in enumerate(chosen.tolist()):
        first = rank * _KINDS
        by_kind = {kind: sums[first + kind] for kind in range(_KINDS) if first + kind in sums}
        entries.append(_entry(counts, place, int(sets[place]), start, by_kind))
        start += counts.tables[place]
    entries.sort(key=lambda entry: (-Decimal(entry["cost"]), -entry["tables"], entry["number"]))
    return entries


def _entry(counts: _Counts, place: int, number: int, start: int, by_kind: dict[int, Sums]) -> DeadEndEntry:
    everything = Sums()
    for sums in by_kind.values():
        everything.add(sums)
    writes = sum((sums.queries for kind, sums in by_kind.items() if kind % 2), Decimal(0))
    return {
        "number": number,
        "start": start,
        "tables": counts.tables[place],
        "unpriced": counts.unpriced[place],
        "steps": counts.steps[place],
        "assets": counts.assets[place],
        "bytes": min(everything.bytes, MAX_SUM),
        "storage": format_cost(everything.storage),
        "queries": format_cost(everything.queries),
        "cost": format_cost(everything.storage + everything.queries),
        "deleted": format_cost(_cost(by_kind, _DELETED)),
        "archived": format_cost(_cost(by_kind, _ARCHIVED)),
        "written30": counts.written30[place],
        "written90": counts.written90[place],
        "writes": format_cost(writes),
        "last": counts.last[place],
        "services": sorted(everything.services),
        "blockers": [(bit, of_set[place]) for bit, of_set in counts.blockers.items() if of_set[place]],
    }


def _cost(sums: dict[int, Sums], verdict: int | None = None) -> Decimal:
    """What tables cost, all of them or those under a verdict."""
    chosen = (each for kind, each in sums.items() if verdict is None or kind % _KINDS // 2 == verdict)
    return sum((each.storage + each.queries for each in chosen), Decimal(0))


def _packed_order(kept: DeadEnds) -> Iterator[tuple[str, bytes]]:
    """The tables of the sets with the step of each, in their order."""
    order = Columns(ORDER_FIELDS, len(kept.numbers))
    order["number"], order["step"] = kept.numbers, kept.steps
    yield from order.blobs(ORDER_GROUP)


def _packed_tables(kept: DeadEnds, tables: int) -> Iterator[tuple[str, bytes]]:
    """By table its set and step; no blob for a chunk that has none."""
    by_table = Columns(TABLE_FIELDS, tables)
    by_table["set"][kept.numbers], by_table["step"][kept.numbers] = kept.sets + 1, kept.steps
    for chunk in np.unique(kept.numbers // CHUNK).tolist():
        yield blob_name(TABLE_GROUP, chunk), by_table.packed(chunk)
