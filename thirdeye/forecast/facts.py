"""What each place holds and costs, added up from the published estate. Pure, over columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import numpy as np

from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.forecast.rules import SUMMED_KINDS, Facts, archive_saved, round_daily
from thirdeye.inventory.columns import (
    IN_USE,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    PRESENT,
    WITHOUT_STORAGE,
    Array,
    Mask,
    day_number,
)
from thirdeye.inventory.cost_sums import SumsByGroup
from thirdeye.inventory.domain_names import domain_path, with_parents
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.rules import Activity, has_activity
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import STOP_REFRESH, VERDICT_CODE, Verdict
from thirdeye.score.rules import TALLY_COLUMNS, Tally, tally_groups
from thirdeye.verdict.policy import policy_from
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.unlocking import is_blocked

FACT_COLUMNS: Final = tuple(
    dict.fromkeys((*TALLY_COLUMNS, "query_cost", "write_cost", "verdict", "blockers", "unknown", "idle", "domains"))
)
_VERDICT_KINDS: Final = {verdict: verdict.lower() for verdict in Verdict}
_TABLES: Final = len(SUMMED_KINDS)


@dataclass(slots=True)
class PlaceFacts:
    """The facts of a place and the tally that its score is made of; in use and idle are numbers of tables."""

    facts: Facts = field(default_factory=Facts)
    tally: Tally = field(default_factory=Tally)

    def add(self, other: "PlaceFacts") -> None:
        """Adds those of other tables."""
        self.facts.add(other.facts)
        self.tally.add(other.tally)


def facts_by_place(snapshot: Snapshot, recent_days: int) -> dict[Place, PlaceFacts]:
    """The facts of every place with tables, and of the whole estate. A table of several domains counts in each.

    The snapshot must have FACT_COLUMNS.
    """
    cells, numbers = _cells(snapshot)
    services, domains = snapshot.directory["services"], _domains_of_sets(snapshot.directory)
    policy = policy_from(snapshot.advice["policy"]) if snapshot.advice else Policy()
    columns, today = snapshot.catalogue.columns, day_number(snapshot.as_of)
    tallies = tally_groups(columns, cells.of, len(numbers), today, recent_days)
    by_place: dict[Place, PlaceFacts] = {EVERYTHING: PlaceFacts()}
    for number, facts, tally in zip(numbers, _cell_facts(snapshot, cells, len(numbers), policy), tallies, strict=True):
        service, domain_set = divmod(number, len(domains))
        name = services[service]["name"]
        of_cell = PlaceFacts(facts, tally)
        for domain in (None, *domains[domain_set]):
            for place in (Place(None, domain), Place(name, domain)):
                by_place.setdefault(place, PlaceFacts()).add(of_cell)
    return by_place


class _Cells:
    """The tables of a service with the same set of domains, numbered from 0 on."""

    def __init__(self, place_service: Array, domain_sets: int, numbers: Array) -> None:
        self._place_service, self._domain_sets, self._numbers = place_service, domain_sets, numbers

    def of(self, chunk: Mapping[str, Array]) -> Array:
        """The cell of each table; one of a table that is not present means nothing."""
        found = np.searchsorted(self._numbers, _numbers_of(chunk, self._place_service, self._domain_sets))
        cells: Array = np.minimum(found, max(len(self._numbers) - 1, 0))
        return cells


def _numbers_of(chunk: Mapping[str, Array], place_service: Array, domain_sets: int) -> Array:
    numbers: Array = place_service[chunk["place"]].astype(np.int64) * domain_sets + chunk["domains"]
    return numbers


def _cells(snapshot: Snapshot) -> tuple[_Cells, list[int]]:
    place_service, domain_sets = snapshot.catalogue.place_service, len(snapshot.directory["domain_sets"])
    found = [np.zeros(0, np.int64)]
    for chunk in _chunks(snapshot):
        present = (chunk["flags"] & PRESENT) != 0
        found.append(np.unique(_numbers_of(chunk, place_service, domain_sets)[present]))
    numbers = np.unique(np.concatenate(found))
    return _Cells(place_service, domain_sets, numbers), numbers.tolist()


def _chunks(snapshot: Snapshot) -> Iterator[Mapping[str, Array]]:
    columns = snapshot.catalogue.columns
    return (columns.parts(number) for number in range(columns.chunks))


def _domains_of_sets(directory: Mapping[str, Any]) -> list[list[str]]:
    """The FQNs of the domains of each set, and of those that these lie in."""
    fqns = [[join_fqn(path) for path in with_parents(domain_path(domain["fqn"]))] for domain in directory["domains"]]
    return [sorted({fqn for domain in members for fqn in fqns[domain]}) for members in directory["domain_sets"]]


def _cell_facts(snapshot: Snapshot, cells: _Cells, count: int, policy: Policy) -> list[Facts]:
    """The facts of each cell."""
    tariffs, place_service = snapshot.catalogue.tariffs, snapshot.catalogue.place_service
    sums, known = SumsByGroup(tariffs), np.zeros(count * (_TABLES + 1), np.int64)
    for chunk in _chunks(snapshot):
        present, cell = (chunk["flags"] & PRESENT) != 0, cells.of(chunk)
        tariff = tariffs.of(place_service[chunk["place"]], chunk["written"], chunk["flags"])
        for kind, (mask, sizes, queries, is_known) in enumerate(_kinds(chunk, policy, judged=bool(snapshot.advice))):
            chosen = np.flatnonzero(mask & present)
            groups = cell[chosen].astype(np.int64) * (_TABLES + 1) + kind
            sums.add(groups, tariff[chosen], sizes[chosen], queries[chosen])
            known += np.bincount(groups[is_known[chosen]], minlength=len(known))
    facts = [Facts() for _ in range(count)]
    for group, added in sums.sums().items():
        cell_number, kind = divmod(group, _TABLES + 1)
        if kind == _TABLES:
            of_cell = facts[cell_number]
            of_cell.tables, of_cell.sized, of_cell.bytes = added.tables, added.sized, added.bytes
        else:
            amount = facts[cell_number].amounts[SUMMED_KINDS[kind]]
            amount.tables, amount.known = added.tables, int(known[group])
            amount.usd = round_daily(added.storage) + round_daily(added.queries)
    share = _share_of(snapshot)
    for of_cell in facts:
        of_cell.amounts["archive_saved"] = archive_saved(of_cell.amounts["archive"], share)
    return facts


# Which tables, their sizes (-1: none that counts), costs of queries (NaN: none that counts), and of which it is known.
_Kind = tuple[Mask, Array, Array, Mask]


def _kinds(chunk: Mapping[str, Array], policy: Policy, *, judged: bool) -> list[_Kind]:
    """What is added up, in the order of SUMMED_KINDS; last all tables, for their number and bytes."""
    flags, size, queries, verdict = (chunk[name] for name in ("flags", "size", "query_cost", "verdict"))
    every, no_size, no_cost = np.ones(len(flags), np.bool_), np.full(len(flags), -1), np.full(len(flags), np.nan)
    stored, asked = (size >= 0) | ((flags & WITHOUT_STORAGE) != 0), ~np.isnan(queries)
    known = stored | asked
    used_by_others = (flags & (IN_USE_THROUGH_LINEAGE | IN_USE_THROUGH_SERIES)) != 0
    idle = has_activity(chunk["activity"], Activity.STALE, Activity.DORMANT) & ~used_by_others
    # As exact as the column is, and never more than the whole.
    writes = np.where(chunk["write_cost"] > 0, np.fmin(chunk["write_cost"], queries), np.nan)
    judged_as = [every if not judged else verdict == VERDICT_CODE[each] for each in _VERDICT_KINDS]
    blocked = is_blocked(chunk, policy) if judged else every
    stopped = (verdict == STOP_REFRESH) if judged else every
    # Before the first verdicts nobody can tell what they cost.
    known_verdict = known & judged
    return [
        (every, size, no_cost, stored),
        (every, no_size, queries, asked),
        ((flags & IN_USE) != 0, size, queries, known),
        (idle, size, queries, known),
        *((mask, size, queries, known_verdict) for mask in judged_as),
        (blocked, size, queries, known_verdict),
        (stopped, no_size, writes, ~np.isnan(writes) & judged),
        (every, size, no_cost, stored),
    ]


def _share_of(snapshot: Snapshot) -> Decimal:
    """What archiving saves of a table's cost."""
    return Decimal(repr(snapshot.advice["policy"]["archive_saving"])) if snapshot.advice else Decimal(0)
