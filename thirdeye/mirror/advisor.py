"""What a refresh asks of the verdict's rules: a protocol, because imports point downwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from thirdeye.database import Session
from thirdeye.inventory.columns import Array, Mask


@dataclass(frozen=True)
class DaysSoFar:
    """What all days before one say of each table, as `columns.py` has it, and of each service the first day of any row."""

    last_use: Array
    days_of_use: Array
    longest_gap: Array
    first_row: Array


@dataclass(frozen=True, kw_only=True)
class Estate:
    """What a refresh knows of the estate when it asks for advice.

    `query` and `source` are columns by name, to be read and, for those of the advice, to be written. `observed` (days)
    and `prices` (USD per GB and month) are by service number. Nodes of the lineage are the tables, then the other
    assets; `sources` and `targets` are its edges. `incomplete`: parts of OM that verdicts must not do without could not
    be read.
    """

    query: Any
    source: Any
    present: Mask
    service: Array
    observed: Array
    prices: Sequence[Decimal]
    nodes: int
    sources: Array
    targets: Array
    tag_sets: Sequence[Sequence[str]]
    incomplete: bool


class Advisor(Protocol):
    """Who advises. One refresh: begin, a call before each day of usage, advise, compare for each chunk, publish."""

    def begin(self, created: Array, present: Mask, service: Array, today: int) -> None:
        """Begins a refresh: day of creation (0: unknown) and service of each table."""

    def before_day(self, day: int, so_far: DaysSoFar) -> None:
        """Told, oldest day first, what all days before `day` say; at last with the day after today."""

    async def advise(self, estate: Estate) -> dict[str, Any]:
        """Writes the columns of the advice; gives what readers need to explain it, as JSON."""

    def compare(self, before: Mapping[str, Array] | None, after: Mapping[str, Array], first: int) -> None:
        """Told the columns of a chunk that begins at number `first`, as they were published last and as they are now."""

    async def publish(self, session: Session, generation: int) -> None:
        """Writes what is remembered of this refresh, in the transaction that publishes it."""
