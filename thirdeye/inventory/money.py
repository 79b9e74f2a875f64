"""Money, exact: how amounts are stored, answered and told. What storage costs is in `storage_prices.py`."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

# Amounts are stored and answered to a millionth of a dollar; sentences give them to the cent.
MICRO_USD: Final = Decimal("0.000001")
CENT: Final = Decimal("0.01")
# Gigabytes are decimal.
BYTES_PER_GB: Final = 10**9


def round_amount(amount: Decimal) -> Decimal:
    """An amount as it is stored and answered, to a millionth of a dollar."""
    return amount.quantize(MICRO_USD, ROUND_HALF_UP)


def format_cost(amount: Decimal) -> str:
    """An amount with six decimals, as JSON holds it."""
    return f"{amount:.6f}"
