"""What places hold and cost, by verdict. A refresh prepares it as amounts, to which prices of a later moment apply, too."""

from dataclasses import dataclass, field
from typing import Final, TypedDict

import numpy as np

from thirdeye.inventory.columns import PRESENT
from thirdeye.inventory.cost_sums import Cell, Sums, SumsByGroup, sums_of
from thirdeye.inventory.query import COST_COLUMNS, Catalogue, cost_of
from thirdeye.inventory.storage_prices import Tariffs
from thirdeye.inventory.verdicts import VERDICTS

# The name of the blob.
COST_MAP: Final = "cost-map"
COLUMNS: Final = (*COST_COLUMNS, "verdict")


class CostMap(TypedDict):
    """Amounts by place, verdict and tariff, and how many tables of a place and verdict have a cost that nobody knows.

    Groups are `place * len(VERDICTS) + verdict`. `written_until` are the days, by service, up to which the lower rate
    holds: with others the tables have other tariffs.
    """

    written_until: list[int]
    cells: list[Cell]
    unknown: list[tuple[int, int]]


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


def cost_map(catalogue: Catalogue) -> CostMap:
    """The amounts of an estate. Up to half a second for a million tables."""
    sums, unknown = SumsByGroup(catalogue.tariffs), np.zeros(len(catalogue.place_service) * len(VERDICTS), np.int64)
    for number in range(catalogue.columns.chunks):
        whole = catalogue.columns.parts(number)
        present = np.flatnonzero(whole["flags"] & PRESENT)
        chunk = {name: whole[name][present] for name in COLUMNS}
        groups = chunk["place"].astype(np.int64) * len(VERDICTS) + chunk["verdict"]
        tariffs = catalogue.tariffs.of(catalogue.place_service[chunk["place"]], chunk["written"], chunk["flags"])
        sums.add(groups, tariffs, chunk["size"], chunk["query_cost"])
        np.add.at(unknown, groups[np.isnan(cost_of(catalogue, chunk))], 1)
    counted = np.flatnonzero(unknown)
    return {
        "written_until": catalogue.tariffs.written_until,
        "cells": list(sums.cells()),
        "unknown": list(zip(counted.tolist(), unknown[counted].tolist(), strict=True)),
    }


def sums_by_place(amounts: CostMap, tariffs: Tariffs) -> dict[int, ByVerdict]:
    """The sums of each place that has tables, at these prices."""
    unknown, places = dict(amounts["unknown"]), dict[int, ByVerdict]()
    for group, sums in sums_of(amounts["cells"], tariffs).items():
        place, verdict = divmod(group, len(VERDICTS))
        places.setdefault(place, {})[verdict] = PlaceSums(sums, unknown.get(group, 0))
    return places
