"""What is said of a table whose use is only what keeps it: the statements that write it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from thirdeye.inventory.columns import ONLY_SCANNED, ONLY_WRITTEN, SCANNED_DAYS, UNCOUNTED
from thirdeye.inventory.money import CENT

_SCANNED: Final = (
    f"In the last {SCANNED_DAYS} days it was used only on days on which OpenMetadata's profiler ran on it, once on each: "
    f"it may only be scanned.",
)


def is_only_written(table: Mapping[str, Any]) -> bool:
    """Whether every statement that OpenMetadata keeps of a table only writes it, as far as can be told."""
    return bool(table["useKind"] & ONLY_WRITTEN)


def sentences(table: Mapping[str, Any]) -> list[str]:
    """What there is to say of it."""
    or_not_counted = " or does not count as use" if table["useKind"] & UNCOUNTED else ""
    written = [
        f"Every statement that OpenMetadata keeps of it only writes it{or_not_counted}{_cost(table['queryCost'])}."
    ]
    return [*(written if is_only_written(table) else ()), *(_SCANNED if table["useKind"] & ONLY_SCANNED else ())]


def _cost(cost: Decimal | None) -> str:
    return "" if cost is None else f", which cost {cost.quantize(CENT):,} USD in the last 30 days"
