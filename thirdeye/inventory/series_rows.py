"""A list of tables with one row for each series: the table that stands for it, with what its matching parts have together."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Columns, Mask, PackedColumns

# Of other sort keys a series has the highest value of its parts.
_ADDED_UP: Final = frozenset({"cost", "size", "queries", "saving"})


class SeriesRows:
    """Takes the parts of series out of a list, chunk by chunk, and gives the rows that stand for them.

    `representatives` are the numbers of the tables that stand for series 1, 2, and so on.
    """

    def __init__(self, representatives: Array, sort_key: str) -> None:
        self._representatives = representatives
        self._sort_key = sort_key
        self._values = np.full(len(representatives) + 1, np.nan)
        self._matching = np.zeros(len(representatives) + 1, np.bool_)
        self._values_of_rows: dict[int, float] = {}

    def without_parts(self, chunk: Mapping[str, Array], mask: Mask, values: Array | None = None) -> Mask:
        """The matching tables of a chunk that are no parts; the others are added up, with their sort values if given."""
        series = chunk["series"]
        parts = np.flatnonzero(mask & (series > 0))
        self._matching[series[parts]] = True
        if values is not None:
            self._add(series[parts], values[parts])
        alone: Mask = mask & (series == 0)
        return alone

    def _add(self, series: Array, values: Array) -> None:
        if self._sort_key not in _ADDED_UP:
            np.fmax.at(self._values, series, values)
            return
        known = ~np.isnan(values)
        first = known & np.isnan(self._values[series])
        self._values[series[first]] = 0.0
        np.add.at(self._values, series[known], values[known])

    @property
    def count(self) -> int:
        """How many series have a matching part."""
        return int(self._matching.sum())

    def values(self, numbers: Array, own: Array) -> list[float]:
        """The sort values of the rows of tables: their own, of those that stand for series that of it. Call `rows` first."""
        return [
            self._values_of_rows.get(number, value)
            for number, value in zip(numbers.tolist(), own.tolist(), strict=True)
        ]

    def rows(self, columns: Columns | PackedColumns) -> tuple[Array, Array]:
        """The numbers of the tables that stand for series with a matching part, and their sort values."""
        series = np.flatnonzero(self._matching)
        numbers, values = self._representatives[series - 1].astype(np.int64), self._values[series]
        if self._sort_key == "name" and len(series):
            # The name of a series is that of its row.
            ranks = np.concatenate([columns.parts(chunk)["name_rank"] for chunk in range(columns.chunks)])
            values = ranks[numbers].astype(np.float64)
        self._values_of_rows = dict(zip(numbers.tolist(), values.tolist(), strict=True))
        return numbers, values
