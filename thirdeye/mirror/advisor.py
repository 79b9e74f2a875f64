"""What a refresh asks of the verdicts' rules: a protocol, because imports point downwards.

Watched time counts the watched days of a variant (`inventory/watched_days.py`): the n-th watched day has the time n.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from thirdeye.database import Session
from thirdeye.inventory.columns import Array, Columns, Mask
from thirdeye.inventory.labels import Labels, no_labels
from thirdeye.inventory.series import SeriesParts, no_series
from thirdeye.inventory.storage_prices import Tariffs


@dataclass(frozen=True, kw_only=True)
class Population:
    """The tables to learn from. By table: `variant` of the watched days; `since`: the watched time of the newest day that
    does not count as idle for a table that was never used; `anchor`: that of the newest day before its feed; `eligible`:
    whether its feed teaches anything.

    `newest`: by variant, the watched time of its newest watched day.
    """

    variant: Array
    since: Array
    anchor: Array
    newest: Array
    eligible: Mask


@dataclass(frozen=True)
class DaysSoFar:
    """Usage up to a day, by table. `last_use` and `first_row` in watched time, 0 for never; `longest_gap` in watched days.

    A row of usage tells that a table existed, also one that tells of no use.
    """

    last_use: Array
    days_of_use: Array
    longest_gap: Array
    first_row: Array


@dataclass(frozen=True, kw_only=True)
class Estate:
    """The estate as it stands when a refresh asks for advice.

    `query` and `source` are its columns: all may be read, those of the advice are to be written, but for the idle days.
    `service`, `place` and `no_lineage` are by table; `observed` (days), `partial`, `silent` and `mass_absence` by place;
    `tariffs` are what storage costs. Nodes of the lineage are the tables, then the other assets;
    `sources` and `targets` are its edges; `alive` are those that are known to exist, of `unknown_nodes` nobody can tell
    whether they exist or are in use. `unread`:
    tables that a view may name whose text was not read. `incomplete`: a table of OM's that verdicts need could not be read.
    `unseen`: something that verdicts look at could not, so that they may differ for no other reason. `asset_ids` are those
    of the other assets, in the order of their nodes. `since`: by place, the first day that its feed counts; `young`: by
    table, whether something says that it came lately.
    """

    query: Columns
    source: Columns
    present: Mask
    service: Array
    place: Array
    no_lineage: Mask
    observed: Array
    partial: Mask
    silent: Mask
    mass_absence: Mask
    tariffs: Tariffs
    nodes: int
    sources: Array
    targets: Array
    alive: Mask
    unknown_nodes: Mask
    unread: Mask
    tag_sets: Sequence[Sequence[str]]
    since: Array
    young: Mask
    incomplete: bool
    unseen: bool = False
    asset_ids: Array = field(default_factory=lambda: np.zeros(0, "S16"))
    series: SeriesParts = field(default_factory=no_series)
    labels: Labels = field(default_factory=no_labels)


class Advisor(Protocol):
    """Advises one refresh: begin, before_day for each day of usage, advise, conclude, compare for each chunk, publish."""

    def begin(self, population: Population, today: int) -> None:
        """Begins a refresh as of a day."""

    def before_day(self, times: Array, so_far: DaysSoFar) -> None:
        """Called with the usage up to each day, oldest first, and `times`: by variant, the watched time of that day.

        Called last with times one after the newest.
        """

    async def advise(self, estate: Estate) -> Mapping[str, object]:
        """Writes the columns of the advice; gives what readers need to explain it, as JSON."""

    def conclude(self, estate: Estate) -> Mapping[str, object]:
        """Called once absent tables have their verdicts back; gives what becomes of the cost of idle tables, as JSON."""

    def compare(self, before: Mapping[str, Array] | None, after: Mapping[str, Array], first: int) -> None:
        """Called with the columns of a chunk that begins at number `first`, as last published and as they are now."""

    async def publish(self, session: Session, generation: int) -> None:
        """Writes what later refreshes need of this one, in the transaction that publishes it."""
