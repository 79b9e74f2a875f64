"""What is said of a table whose use is only what keeps it: the statements that write it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from thirdeye.inventory.columns import ONLY_WRITTEN
from thirdeye.inventory.money import CENT


def is_only_written(table: Mapping[str, Any]) -> bool:
    """Whether every statement that OpenMetadata keeps of a table only writes it, as far as can be told."""
    return bool(table["useKind"] & ONLY_WRITTEN)


def sentences(table: Mapping[str, Any]) -> list[str]:
    """What there is to say of it."""
    if not is_only_written(table):
        return []
    return [f"Every statement that OpenMetadata keeps of it only writes it{_cost(table['queryCost'])}."]


def _cost(cost: Decimal | None) -> str:
    return "" if cost is None else f", which cost {cost.quantize(CENT):,} USD in the last 30 days"
