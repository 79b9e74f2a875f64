"""What places cost, by verdict: the estate by service, a service by database, a database by schema. Over columns in memory."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import numpy as np

from thirdeye.inventory.columns import PRESENT
from thirdeye.inventory.cost_sums import Sums, SumsByGroup
from thirdeye.inventory.directory import Directory, Place
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.query import COST_COLUMNS, Catalogue, cost_of
from thirdeye.inventory.verdicts import VERDICTS

COLUMNS: Final = (*COST_COLUMNS, "verdict")


@dataclass(slots=True)
class PlaceSums:
    """Exact sums of some tables, and how many of them have a cost that nobody knows."""

    sums: Sums = field(default_factory=Sums)
    unknown: int = 0

    def add(self, other: "PlaceSums") -> None:
        """Adds the sums of other tables."""
        self.sums.add(other.sums)
        self.unknown += other.unknown


# By verdict, as an index into VERDICTS.
ByVerdict = dict[int, PlaceSums]


def sums_by_place(catalogue: Catalogue) -> dict[int, ByVerdict]:
    """The sums of each place that has tables. Up to half a second for a million: worked out once for each snapshot."""
    sums, unknown = SumsByGroup(catalogue.tariffs), np.zeros(len(catalogue.place_service) * len(VERDICTS), np.int64)
    for number in range(catalogue.columns.chunks):
        whole = catalogue.columns.parts(number)
        present = np.flatnonzero(whole["flags"] & PRESENT)
        chunk = {name: whole[name][present] for name in COLUMNS}
        groups = chunk["place"].astype(np.int64) * len(VERDICTS) + chunk["verdict"]
        tariffs = catalogue.tariffs.of(catalogue.place_service[chunk["place"]], chunk["written"], chunk["flags"])
        sums.add(groups, tariffs, chunk["size"], chunk["query_cost"])
        np.add.at(unknown, groups[np.isnan(cost_of(catalogue, chunk))], 1)
    places = dict[int, ByVerdict]()
    for group, of_group in sums.sums().items():
        place, verdict = divmod(group, len(VERDICTS))
        places.setdefault(place, {})[verdict] = PlaceSums(of_group, int(unknown[group]))
    return places


def grouped(
    places: Mapping[int, ByVerdict], directory: Directory, service: int | None, database: str | None
) -> list[tuple[str | None, ByVerdict]]:
    """What `places` come to one level below a database, a service or, without either, the estate: most expensive first.

    A name is null for what has none, such as tables of a service without databases.
    """
    groups = dict[Hashable, tuple[str | None, ByVerdict]]()
    for number, by_verdict in places.items():
        place = directory["places"][number]
        if (service is None or place[0] == service) and (database is None or place[1] == database):
            key, name = _group_of(place, directory, service, database)
            _add(groups.setdefault(key, (name, {}))[1], by_verdict)
    return sorted(groups.values(), key=lambda group: _order(group[1]))


def _group_of(
    place: Place, directory: Directory, service: int | None, database: str | None
) -> tuple[Hashable, str | None]:
    if service is None:
        return place[0], directory["services"][place[0]]["name"]
    name = place[1] if database is None else place[2]
    return name, name


def _order(by_verdict: ByVerdict) -> tuple[Decimal, int]:
    total = _total(by_verdict)
    return -(total.sums.storage + total.sums.queries), -total.sums.tables


def _add(by_verdict: ByVerdict, more: ByVerdict) -> None:
    for verdict, sums in more.items():
        by_verdict.setdefault(verdict, PlaceSums()).add(sums)


def _total(by_verdict: ByVerdict) -> PlaceSums:
    total = PlaceSums()
    for sums in by_verdict.values():
        total.add(sums)
    return total


def together(groups: Iterable[tuple[str | None, ByVerdict]]) -> ByVerdict:
    """The sums of several groups."""
    by_verdict = ByVerdict()
    for _, more in groups:
        _add(by_verdict, more)
    return by_verdict


def entry_view(name: str | None, by_verdict: ByVerdict) -> dict[str, object]:
    """A group as the API shows it: its sums, and of each verdict that it has those, in the order of VERDICTS."""
    total = _total(by_verdict)
    verdicts = [{"verdict": VERDICTS[verdict].value, **_view(sums)} for verdict, sums in sorted(by_verdict.items())]
    return {"name": name, **_view(total), "verdicts": verdicts}


def _view(sums: PlaceSums) -> dict[str, object]:
    return {
        "tables": sums.sums.tables,
        "tablesOfUnknownCost": sums.unknown,
        "monthlyCost": format_cost(sums.sums.storage + sums.sums.queries),
    }
