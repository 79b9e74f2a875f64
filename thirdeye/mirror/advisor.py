"""What a refresh asks of the verdicts' rules: a protocol, because imports point downwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from thirdeye.database import Session
from thirdeye.inventory.columns import Array, Columns, Mask


@dataclass(frozen=True)
class DaysSoFar:
    """Usage up to a day: of each table as columns of the inventory, and of each service the first day of any row."""

    last_use: Array
    days_of_use: Array
    longest_gap: Array
    first_row: Array


@dataclass(frozen=True, kw_only=True)
class Estate:
    """The estate as it stands when a refresh asks for advice.

    `query` and `source` are its columns: all may be read, those of the advice are to be written. `observed` (days) and
    `prices` (USD per GB and month) are by service number. Nodes of the lineage are the tables, then the other assets;
    `sources` and `targets` are its edges. `incomplete`: a table of OM's that verdicts need could not be read.
    """

    query: Columns
    source: Columns
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
    """Advises one refresh: begin, before_day for each day of usage, advise, compare for each chunk, publish."""

    def begin(self, created: Array, present: Mask, service: Array, today: int) -> None:
        """Begins a refresh: day of creation (0: unknown) and service of each table."""

    def before_day(self, day: int, so_far: DaysSoFar) -> None:
        """Called with the usage up to each day, oldest first, and last for the day after today."""

    async def advise(self, estate: Estate) -> Mapping[str, object]:
        """Writes the columns of the advice; gives what readers need to explain it, as JSON."""

    def compare(self, before: Mapping[str, Array] | None, after: Mapping[str, Array], first: int) -> None:
        """Called with the columns of a chunk that begins at number `first`, as last published and as they are now."""

    async def publish(self, session: Session, generation: int) -> None:
        """Writes what later refreshes need of this one, in the transaction that publishes it."""
