"""One published generation of the estate, from which all fields of an answer come."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from thirdeye.inventory.columns import CHUNK, Array
from thirdeye.inventory.directory import DatabaseFeed, Directory, PlaceFeed
from thirdeye.inventory.evidence import Kinds, missing_kinds
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.name_search import NameChunk, NameIndex, pack_paths
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.series import SeriesEntry
from thirdeye.inventory.series_entries import SeriesEntries

if TYPE_CHECKING:
    from thirdeye.inventory.reader import EstateReader

Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One published generation. `versions` are those of its blobs."""

    generation: int
    refreshed_at: datetime
    as_of: date
    directory: Directory
    catalogue: Catalogue
    price_checksum: int
    versions: dict[str, int]
    # What verdicts rest on: the policy, and what the past teaches of the return risk. Empty before the first verdicts.
    advice: dict[str, Any]
    # In the order of their numbers, the first of which is 1.
    series: SeriesEntries
    reader: "EstateReader" = field(repr=False)
    # Another one for each snapshot, for whoever keeps what was made of one and must not keep the columns.
    token: object = field(init=False, repr=False, default_factory=object)
    _worked_out: dict[str, Any] = field(init=False, repr=False, default_factory=dict)

    async def load(self, names: Iterable[str]) -> None:
        """Loads fields of the columns that are not in memory yet. Raises Superseded if a refresh replaced them."""
        await self.reader.load(self, names)

    async def load_of_table(self, number: int, names: Iterable[str]) -> None:
        """The same for one table: of the chunk that it is in alone."""
        await self.reader.load(self, names, number // CHUNK)

    def once(self, name: str, work: Callable[[], Value]) -> Value:
        """What `work` makes of the snapshot, made once for all answers from it; `name` tells it from other work."""
        if name not in self._worked_out:
            self._worked_out[name] = work()
        made: Value = self._worked_out[name]
        return made

    async def read_once(self, name: str, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """What `read` finds that only a refresh changes, read once for all answers from the snapshot."""
        if name not in self._worked_out:
            self._worked_out[name] = await self.reader.read_together((self.generation, self.refreshed_at, name), read)
        found: Value = self._worked_out[name]
        return found

    @cached_property
    def warnings(self) -> list[str]:
        """The warnings for an answer about the whole estate: parts that could not be read, and silent feeds."""
        return self.warnings_for(range(len(self.directory["services"])))

    def warnings_for(self, services: Sequence[int]) -> list[str]:
        """The warnings for an answer that depends on these services only."""
        silent = (
            f"the usage feed of {service['name']} has been silent since {service['silent_since']}: "
            "nobody can tell whether its tables are used"
            for service in (self.directory["services"][number] for number in services)
            if service["state"] == "SILENT" and service["tables"]
        )
        return [*self.directory["warnings"], *self.advice.get("warnings", ()), *silent]

    @property
    def missing_evidence(self) -> Kinds:
        """The kinds of evidence of which a part cannot be read now: nothing is to be concluded from what rests on them."""
        return missing_kinds(self.directory.get("missing_evidence", ()))

    @cached_property
    def service_numbers(self) -> dict[str, int]:
        """The index of each service by name."""
        return {service["name"]: number for number, service in enumerate(self.directory["services"])}

    def feed_of(self, service: str, database: str | None, schema: str | None) -> PlaceFeed | None:
        """What is known of the feed of a schema; None for one that the directory does not have."""
        feed = self._database_feeds.get((service, database))
        place = self._place_numbers.get((service, database, schema))
        if feed is None or place is None:
            return None
        watched, observed = self.directory["places_watched"][place], self.directory["places_observed"][place]
        return PlaceFeed(service=service, schema=schema, database=feed, watched_days=watched, observed_days=observed)

    @cached_property
    def _place_numbers(self) -> dict[tuple[str, str | None, str | None], int]:
        services = [service["name"] for service in self.directory["services"]]
        return {(services[place[0]], *place[1:]): number for number, place in enumerate(self.directory["places"])}

    @cached_property
    def _database_feeds(self) -> dict[tuple[str, str | None], DatabaseFeed]:
        services = self.directory["services"]
        return {(service["name"], feed["name"]): feed for service in services for feed in service["databases"]}

    def series_fqn(self, entry: SeriesEntry) -> str:
        """The name of a series with that of its schema, as an FQN."""
        service, database, schema = self.directory["places"][entry["place"]]
        names = (self.directory["services"][service]["name"], database, schema, entry["name"])
        return join_fqn(name for name in names if name)

    @cached_property
    def series_numbers(self) -> dict[str, list[int]]:
        """The numbers of the series by FQN: of several where names differ in case alone."""
        numbers = dict[str, list[int]]()
        for number, entry in enumerate(self.series, 1):
            numbers.setdefault(self.series_fqn(entry), []).append(number)
        return numbers

    @cached_property
    def representatives(self) -> Array:
        """The number of the table that stands for each series."""
        return np.fromiter((entry["table"] for entry in self.series), np.int64, len(self.series))

    @cached_property
    def with_old_parts(self) -> list[int]:
        """The tables that stand for series with parts to let go."""
        return [entry["table"] for entry in self.series if entry["old"]]

    @cached_property
    def place_names(self) -> NameIndex:
        """An index of the names of service, database and schema of each place. The first access takes a while."""
        services = [service["name"] for service in self.directory["services"]]
        return NameIndex(
            [NameChunk(pack_paths((services[place[0]], *place[1:]) for place in self.directory["places"]))]
        )
