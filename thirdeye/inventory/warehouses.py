"""What warehouses can do with tables that they derive from others: materialized views and dynamic tables."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from thirdeye.inventory.columns import DYNAMIC_TABLE, MATERIALIZED_VIEW, WITHOUT_PLAN, Array

# Other names of OpenMetadata's for warehouses, and those with the same dialect.
_ALIASES: Final = {
    "unitycatalog": "databricks", "deltalake": "databricks", "mariadb": "mysql", "postgresql": "postgres",
}  # fmt: skip
# The flags of OpenMetadata's types of tables whose rows the warehouse makes of other tables.
DERIVED_TYPES: Final[Mapping[str, int]] = {"MaterializedView": MATERIALIZED_VIEW, "Dynamic": DYNAMIC_TABLE}
# By type the warehouses that can rename such a table and give it its name back. Where one can only drop it, nothing of its
# removal could be tried first.
_RENAMED_BY: Final[Mapping[str, frozenset[str]]] = {
    "MaterializedView": frozenset({"snowflake", "postgres"}),
    "Dynamic": frozenset({"snowflake"}),
}


def warehouse_of(service_type: str | None) -> str:
    """The kind of warehouse that a type of services is, lower case."""
    kind = (service_type or "").lower()
    return _ALIASES.get(kind, kind)


def has_plan(service_type: str | None, table_type: str | None) -> bool:
    """Whether a derived table can be removed step by step; true for tables that are not derived."""
    renamed_by = _RENAMED_BY.get(table_type or "")
    return renamed_by is None or warehouse_of(service_type) in renamed_by


def mark_without_plan(flags: Array, service: Array, service_types: Sequence[str | None]) -> Array:
    """Flags with WITHOUT_PLAN set where it holds; `service` has the numbers of the tables' services."""
    marked = flags & ~np.uint16(WITHOUT_PLAN)
    for table_type, flag in DERIVED_TYPES.items():
        without = np.array([not has_plan(kind, table_type) for kind in service_types] or [False])
        marked |= np.where(((flags & flag) != 0) & without[service], WITHOUT_PLAN, 0).astype(np.uint16)
    return marked
