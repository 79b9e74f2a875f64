"""A chunk of columns that are only read, with what its tables cost: worked out once for all who sort or filter by it."""

from collections.abc import Mapping

from thirdeye.inventory.columns import Array
from thirdeye.inventory.storage_prices import Tariffs, costs


class PricedChunk(dict[str, Array]):
    """The columns of a chunk. `known` are the costs that were worked out so far, by the number of their chunk."""

    def __init__(
        self, parts: Mapping[str, Array], number: int, known: dict[int, Array], tariffs: Tariffs, place_service: Array
    ) -> None:
        super().__init__(parts)
        self._number, self._known = number, known
        self._tariffs, self._place_service = tariffs, place_service

    @property
    def cost(self) -> Array:
        """USD a month of each table, see `costs`; read-only."""
        if self._number not in self._known:
            cost = costs(self._tariffs, self._place_service[self["place"]], self)
            cost.setflags(write=False)
            self._known[self._number] = cost
        return self._known[self._number]
