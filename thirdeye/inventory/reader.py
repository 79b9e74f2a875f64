"""The published estate in memory: columns to find tables by, and what their numbers stand for."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property, partial
from typing import Any, Final

import numpy as np
import orjson

from thirdeye.database import MySQL, Row
from thirdeye.errors import DatabaseUnavailable, Unavailable
from thirdeye.inventory import store
from thirdeye.inventory.columns import CHUNK, QUERY_FIELDS, Array, PackedColumns, blob_name, spans, width
from thirdeye.inventory.money import prices_by_service
from thirdeye.inventory.name_search import NameIndex, pack_paths
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.verdicts import ADVICE, saved_share
from thirdeye.single_flight import SingleFlight

# How long a process answers without looking whether something newer was published, in seconds.
_LOOK_EVERY: Final = 1.0
_LOOK: Final = "look"
_TRIES: Final = 5
# Lineage that was asked for lately is kept, up to so many bytes: that of a million tables and two million edges.
_BYTES_KEPT: Final = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One published generation. Prices are USD per GB and month by service number; `versions` are those of its blobs."""

    generation: int
    refreshed_at: datetime
    as_of: date
    directory: dict[str, Any]
    catalogue: Catalogue
    prices: list[Decimal]
    priced: int
    versions: dict[str, int]
    # What verdicts rest on: policy, the risk table and the counts behind it.
    advice: dict[str, Any]
    reader: "EstateReader" = field(repr=False)

    async def load(self, names: Iterable[str]) -> None:
        """Sees to it that these fields of the columns are there. Raises Superseded when they are replaced by now."""
        await self.reader.load(self, names)

    @property
    def warnings(self) -> list[str]:
        """What every answer is to say: parts that could not be read, feeds that fell silent."""
        return self.warnings_for(range(len(self.directory["services"])))

    def warnings_for(self, services: Sequence[int]) -> list[str]:
        """What an answer is to say that leans on these services only."""
        return [*self.directory["warnings"], *self.advice.get("warnings", ()), *self.silent(services)]

    def silent(self, services: Sequence[int]) -> list[str]:
        """A warning for each of these services that has tables and a feed that fell silent."""
        return [
            f"the usage feed of {entry['name']} has been silent since {entry['silent_since']}: "
            "nobody can tell whether its tables are used"
            for entry in (self.directory["services"][number] for number in services)
            if entry["state"] == "SILENT" and entry["tables"]
        ]

    @cached_property
    def service_numbers(self) -> dict[str, int]:
        """The numbers of the services by name."""
        return {entry["name"]: number for number, entry in enumerate(self.directory["services"])}

    @cached_property
    def place_names(self) -> NameIndex:
        """The names of service, database and schema of each place; takes a while when first asked for."""
        services = [entry["name"] for entry in self.directory["services"]]
        return NameIndex([pack_paths((services[place[0]], *place[1:]) for place in self.directory["places"])])


class NotReadYet(Unavailable):
    """No refresh has been published."""

    def __init__(self) -> None:
        super().__init__("the estate has not been read yet; the worker does so within a minute, try again later")


class Superseded(Unavailable):
    """A refresh has replaced a part of this snapshot that was not read yet: ask again over a newer one."""

    def __init__(self) -> None:
        super().__init__("the estate is being published; try again")


class EstateReader:
    """Keeps the newest generation in memory; loads only the chunks that changed. One a process."""

    def __init__(self, thirdeye: MySQL, clock: Callable[[], float] = time.monotonic) -> None:
        self._thirdeye = thirdeye
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._looked = -_LOOK_EVERY
        # Whether the database could not be asked for a newer one: what is answered may be old.
        self.away = False
        self._once = SingleFlight()
        self._names: tuple[list[tuple[str, int, bytes]], NameIndex] | None = None
        self._documents: dict[str, tuple[int, Any]] = {}
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()

    async def snapshot(self, *, newest: bool = False) -> Snapshot:
        """The published estate, not older than a second; with `newest` not even that. While the database is away, the
        one known last, unless `newest` is asked for. Raises NotReadYet, DatabaseUnavailable."""
        if newest:
            return await self._once.begun_from_now(_LOOK, self._look)
        if self._snapshot is not None and self._clock() - self._looked < _LOOK_EVERY:
            return self._snapshot
        try:
            return await self._once.do(_LOOK, self._look)
        except DatabaseUnavailable:
            if self._snapshot is None:
                raise
            # What is in memory can still be told; what needs the database fails for itself.
            self.away, self._looked = True, self._clock()
            return self._snapshot

    async def _look(self) -> Snapshot:
        for _ in range(_TRIES):
            looked = self._clock()
            state = await store.state(self._thirdeye)
            if state is None:
                raise NotReadYet
            try:
                self._snapshot = await self._current(state)
            except Superseded:
                continue
            self._looked, self.away = looked, False
            return self._snapshot
        raise Superseded

    async def _current(self, state: Row) -> Snapshot:
        """The snapshot of a state. Raises Superseded when a newer generation is published meanwhile."""
        known = self._snapshot
        refreshed_at = state["refreshed_at"].replace(tzinfo=UTC)
        if known is None or (known.generation, known.refreshed_at) != (state["generation"], refreshed_at):
            return await self._load(state, known, refreshed_at)
        return known if known.priced == state["priced"] else await self._priced(known, state["priced"])

    async def _load(self, state: Row, known: Snapshot | None, refreshed_at: datetime) -> Snapshot:
        if known is not None and state["generation"] <= known.generation:
            # The schema was made anew: the same versions stand for something else.
            known, self._names = None, None
            self._documents.clear()
            self._kept.clear()
        generation = state["generation"]
        versions = await store.contents(self._thirdeye, generation)
        columns = await self._columns(versions, known)
        directory = orjson.loads(await self._blob(versions, "directory"))
        prices = prices_by_service(directory["services"], await store.prices(self._thirdeye), state["as_of"])
        advice = orjson.loads(await self._blob(versions, "advice")) if "advice" in versions else {}
        return Snapshot(
            generation=generation,
            refreshed_at=refreshed_at,
            as_of=state["as_of"],
            directory=directory,
            catalogue=_catalogue(columns, directory, prices, advice),
            advice=advice,
            reader=self,
            prices=prices,
            priced=state["priced"],
            versions=versions,
        )

    async def _columns(self, versions: dict[str, int], known: Snapshot | None) -> PackedColumns:
        """The columns, with what a snapshot before had of chunks that are the same; the rest is loaded when asked for."""
        chunks = sum(name.startswith("query/") for name in versions)
        lengths = [CHUNK] * chunks
        if chunks:
            last = blob_name("query", chunks - 1)
            size = await store.blob_length(self._thirdeye, last, versions[last]) if last in versions else None
            if size is None:
                raise Superseded
            lengths[-1] = size // width(QUERY_FIELDS)
        columns = PackedColumns(QUERY_FIELDS, lengths)
        for chunk in range(chunks if known is not None else 0):
            name = blob_name("query", chunk)
            if known is not None and known.versions.get(name) == versions.get(name):
                columns.put(chunk, known.catalogue.columns.parts(chunk))
        return columns

    async def load(self, snapshot: Snapshot, names: Iterable[str]) -> None:
        """As Snapshot.load."""
        columns, wanted = snapshot.catalogue.columns, list(names)
        assert isinstance(columns, PackedColumns)
        for chunk in range(columns.chunks):
            lacking = columns.lacking(chunk, wanted)
            if lacking:
                name = blob_name("query", chunk)
                key = (name, snapshot.versions[name], *lacking)
                columns.put(
                    chunk, await self._once.do(key, partial(self._fields, snapshot, name, columns, chunk, lacking))
                )

    async def _fields(
        self, snapshot: Snapshot, name: str, columns: PackedColumns, chunk: int, names: list[str]
    ) -> dict[str, Array]:
        of = spans(columns.fields, columns.lengths[chunk])
        data = await store.blob_parts(self._thirdeye, name, snapshot.versions[name], [of[each] for each in names])
        if data is None:
            raise Superseded
        return {each: np.frombuffer(part, columns.fields[each]) for each, part in zip(names, data, strict=True)}

    async def _priced(self, snapshot: Snapshot, priced: int) -> Snapshot:
        """The same with today's prices."""
        rows = await store.prices(self._thirdeye)
        prices = prices_by_service(snapshot.directory["services"], rows, snapshot.as_of)
        columns = snapshot.catalogue.columns
        assert isinstance(columns, PackedColumns)
        catalogue = _catalogue(columns, snapshot.directory, prices, snapshot.advice)
        return replace(snapshot, prices=prices, priced=priced, catalogue=catalogue)

    async def _blob(self, versions: dict[str, int], name: str) -> bytes:
        data = await store.blob(self._thirdeye, name, versions[name]) if name in versions else None
        if data is None:
            raise Superseded
        return data

    async def rows(self, snapshot: Snapshot, numbers: Sequence[int]) -> dict[int, Row]:
        """Rows by number. Raises Superseded when they are of another generation."""
        await snapshot.load(ADVICE)
        found = await store.rows_by_number(self._thirdeye, numbers)
        return {number: of_generation(snapshot, row) for number, row in found.items()}

    async def document(self, snapshot: Snapshot, name: str) -> Any:
        """A JSON blob, parsed once for each version. Raises Superseded."""
        version, document = self._documents.get(name, (None, None))
        if version is None or version != snapshot.versions.get(name):
            key = (name, snapshot.versions.get(name))
            document = orjson.loads(await self._once.do(key, lambda: self._blob(snapshot.versions, name)))
            self._documents[name] = (snapshot.versions[name], document)
        return document

    async def grown(self) -> list[int]:
        """The tables that were found to have grown lately."""
        return await store.grown(self._thirdeye)

    async def names(self, snapshot: Snapshot) -> NameIndex:
        """The names of all tables; the first search of a generation loads those that changed. Raises Superseded."""
        wanted = _name_versions(snapshot)
        if self._names is None or [(name, version) for name, version, _ in self._names[0]] != wanted:
            return await self._once.do(("names", *wanted), lambda: self._load_names(snapshot, wanted))
        return self._names[1]

    async def _load_names(self, snapshot: Snapshot, wanted: list[tuple[str, int]]) -> NameIndex:
        known = {(name, version): data for name, version, data in (self._names[0] if self._names else ())}
        chunks = [
            (name, version, known.get((name, version)) or await self._blob(snapshot.versions, name))
            for name, version in wanted
        ]
        index = await asyncio.to_thread(NameIndex, [data for _, _, data in chunks])
        self._names = (chunks, index)
        return index

    async def chunk(self, snapshot: Snapshot, name: str) -> bytes | None:
        """A blob that is asked for now and then: neighbours, nearest assets in use. Raises Superseded."""
        version = snapshot.versions.get(name)
        if version is None:
            return None
        key = (name, version)
        if key not in self._kept:
            data = await self._once.do(key, lambda: self._blob(snapshot.versions, name))
            self._keep(key, data)
            return data
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, key: tuple[str, int], data: bytes) -> None:
        self._kept[key] = data
        size = sum(map(len, self._kept.values()))
        while size > _BYTES_KEPT and len(self._kept) > 1:
            size -= len(self._kept.popitem(last=False)[1])


def of_generation(snapshot: Snapshot, row: Row) -> Row:
    """The row. Raises Superseded when another generation than the snapshot's was published as it was read."""
    if row["generation"] != snapshot.generation:
        raise Superseded
    return row


def _name_versions(snapshot: Snapshot) -> list[tuple[str, int]]:
    return sorted((name, version) for name, version in snapshot.versions.items() if name.startswith("names/"))


def _catalogue(
    columns: PackedColumns, directory: dict[str, Any], prices: list[Decimal], advice: dict[str, Any]
) -> Catalogue:
    place_service: Array = np.array([place[0] for place in directory["places"]] or [0], np.int32)
    return Catalogue(
        columns=columns,
        place_service=place_service,
        prices=np.array([float(price) for price in prices] or [0.0]),
        risks=np.array([np.nan if risk is None else risk for risk in advice.get("risks", [None])]),
        shares=saved_share(advice["policy"]["archive_saving"] if advice else 0.0),
    )
