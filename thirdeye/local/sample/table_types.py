"""Which type a table has."""

from itertools import accumulate
from random import Random

from thirdeye.local.sample.options import EstateOptions

TABLE_TYPES: dict[str | None, int] = {
    "Regular": 640, "View": 130, "MaterializedView": 40, "External": 40, "Partitioned": 40, "Iceberg": 30,
    "Dynamic": 10, "SecureView": 10, "SemanticView": 10, "Foreign": 10, "Transient": 10, "Stream": 10,
    "Stage": 5, "Local": 5, None: 10,
}  # fmt: skip
# In lineage they are made by a view's text.
VIEWS = frozenset({"View", "SecureView", "SemanticView"})
VIEWS_OF_ANY_KIND = VIEWS | {"MaterializedView"}
FIRST_OF_ALL_TYPES = 20


class TableTypes:
    """Draws types, so that as many of all tables are views as the options say.

    `drawing_share` of all tables draw theirs; the others have a fate or a place that asks for one.
    """

    def __init__(self, options: EstateOptions, drawing_share: float) -> None:
        views = min(0.95, options.view_share / max(drawing_share, options.view_share, 0.01))
        usual = sum(TABLE_TYPES[kind] for kind in VIEWS_OF_ANY_KIND)
        others = sum(TABLE_TYPES.values()) - usual
        self._types = [*TABLE_TYPES]
        shares = (
            weight * (views / usual if kind in VIEWS_OF_ANY_KIND else (1 - views) / others)
            for kind, weight in TABLE_TYPES.items()
        )
        self._limits = [*accumulate(shares)]

    def draw(self, random: Random, index: int) -> str | None:
        """The type of a table. A few indexes go through all types once, so that small estates have every one."""
        if FIRST_OF_ALL_TYPES <= index < FIRST_OF_ALL_TYPES + len(self._types):
            return self._types[index - FIRST_OF_ALL_TYPES]
        return random.choices(self._types, cum_weights=self._limits)[0]
