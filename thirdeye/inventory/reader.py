"""Reads the published estate: one snapshot after the other, of which only what changed is loaded."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final, TypeVar

import orjson

from thirdeye.database import MySQL, Row
from thirdeye.errors import DatabaseUnavailable, Unavailable
from thirdeye.inventory import store
from thirdeye.inventory.columns import CHUNK, QUERY_FIELDS, Array, PackedColumns, blob_name, bytes_per_table
from thirdeye.inventory.directory import Directory, place_services
from thirdeye.inventory.name_search import NameChunk, NameIndex
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.series_entries import SeriesEntries
from thirdeye.inventory.shared_columns import SharedColumns
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.storage_prices import StoragePrice, Tariffs, prices_by_service
from thirdeye.inventory.verdicts import SHOWN_FIELDS, saved_shares
from thirdeye.single_flight import SingleFlight

# A process checks for a newer generation at most this often, in seconds.
_CHECK_INTERVAL: Final = 1.0
_CHECK: Final = "check"
_TRIES: Final = 5
# What requests wait for together takes at most so many connections.
_CONNECTIONS: Final = 2
# How much lineage is kept in memory: that of a million tables and two million edges.
_LINEAGE_CACHE_BYTES: Final = 64 * 2**20
Value = TypeVar("Value")


class NotReadYet(Unavailable):
    """No refresh has been published."""

    def __init__(self) -> None:
        super().__init__("the estate has not been read yet; the worker does so within a minute, try again later")


class Superseded(Unavailable):
    """A refresh has replaced a part of the snapshot before it was read. Try again over a newer snapshot."""

    def __init__(self) -> None:
        super().__init__("the estate is being published; try again")


class EstateReader:
    """Keeps the newest generation in memory and loads only chunks that changed. One for each process."""

    def __init__(self, thirdeye: MySQL, clock: Callable[[], float] = time.monotonic) -> None:
        self._thirdeye = thirdeye
        self._clock = clock
        self._snapshot: Snapshot | None = None
        self._checked_at = -_CHECK_INTERVAL
        # Set while the database cannot tell whether there is a newer generation, so that answers may be stale.
        self.unavailable = False
        self._once = SingleFlight(_CONNECTIONS)
        self._names: dict[tuple[str, int], NameChunk] = {}
        self._name_index = NameIndex([])
        self._documents: dict[str, tuple[int, Any]] = {}
        self._series_blobs: dict[tuple[str, int], bytes] = {}
        self._lineage: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        # Set where other processes of this machine have the same.
        self.shared = SharedColumns(None)

    @property
    def known(self) -> Snapshot | None:
        """The published estate, if it was looked for within the last second; waits for nothing."""
        if self.unavailable or self._clock() - self._checked_at >= _CHECK_INTERVAL:
            return None
        return self._snapshot

    async def snapshot(self, *, newest: bool = False) -> Snapshot:
        """The published estate, at most a second old, or the newest.

        Without `newest`, the last known snapshot while the database is unavailable. Raises NotReadYet and
        DatabaseUnavailable.
        """
        if newest:
            return await self._once.begun_from_now(_CHECK, self._check)
        if self._snapshot is not None and self._clock() - self._checked_at < _CHECK_INTERVAL:
            return self._snapshot
        try:
            return await self._once.do(_CHECK, self._check)
        except DatabaseUnavailable:
            if self._snapshot is None:
                raise
            # Answers from memory still work; those that need the database fail by themselves.
            self.unavailable, self._checked_at = True, self._clock()
            return self._snapshot

    async def _check(self) -> Snapshot:
        for _ in range(_TRIES):
            started = self._clock()
            state = await store.state(self._thirdeye)
            if state is None:
                raise NotReadYet
            try:
                self._snapshot = await self._current(state)
            except Superseded:
                continue
            self._checked_at, self.unavailable = started, False
            return self._snapshot
        raise Superseded

    async def _current(self, state: Row) -> Snapshot:
        """The snapshot of a state. Raises Superseded if a newer generation is published meanwhile."""
        previous = self._snapshot
        refreshed_at = state["refreshed_at"]
        if previous is None or (previous.generation, previous.refreshed_at) != (state["generation"], refreshed_at):
            return await self._load(state, previous, refreshed_at)
        if previous.price_checksum == state["price_checksum"]:
            return previous
        return await self._with_new_prices(previous, state["price_checksum"])

    async def _load(self, state: Row, previous: Snapshot | None, refreshed_at: datetime) -> Snapshot:
        if previous is not None and state["generation"] <= previous.generation:
            # The schema was created anew: equal versions no longer mean equal blobs.
            previous, self._names, self._series_blobs = None, {}, {}
            self._documents.clear()
            self._lineage.clear()
            self.shared.clear()
        versions = await store.blob_versions(self._thirdeye, state["generation"])
        columns = await self._columns(versions, previous)
        self.shared.keep(versions)
        directory: Directory = orjson.loads(await self._blob(versions, "directory"))
        tariffs = await self._tariffs(directory, state["as_of"])
        advice = orjson.loads(await self._blob(versions, "advice")) if "advice" in versions else {}
        return Snapshot(
            generation=state["generation"],
            refreshed_at=refreshed_at,
            as_of=state["as_of"],
            directory=directory,
            catalogue=_catalogue(columns, directory, tariffs, advice),
            advice=advice,
            series=await self._series(versions),
            reader=self,
            price_checksum=state["price_checksum"],
            versions=versions,
        )

    async def _columns(self, versions: dict[str, int], previous: Snapshot | None) -> PackedColumns:
        """Columns with what the previous snapshot had of unchanged chunks; the rest is loaded on demand."""
        chunks = sum(name.startswith("query/") for name in versions)
        lengths = [CHUNK] * chunks
        if chunks:
            last = blob_name("query", chunks - 1)
            size = await store.blob_length(self._thirdeye, last, versions[last]) if last in versions else None
            if size is None:
                raise Superseded
            lengths[-1] = size // bytes_per_table(QUERY_FIELDS)
        columns = PackedColumns(QUERY_FIELDS, lengths)
        if previous is not None:
            for chunk, name in enumerate(blob_name("query", chunk) for chunk in range(chunks)):
                if previous.versions.get(name) == versions.get(name):
                    columns.put(chunk, previous.catalogue.columns.parts(chunk))
        return columns

    async def load(self, snapshot: Snapshot, names: Iterable[str], only_chunk: int | None = None) -> None:
        """Loads fields of a snapshot's columns, see `Snapshot.load`, of all chunks or of one."""
        columns, names = snapshot.catalogue.columns, list(names)
        assert isinstance(columns, PackedColumns)
        for chunk in range(columns.chunks) if only_chunk is None else (only_chunk,):
            missing = columns.missing(chunk, names)
            if missing:
                name = blob_name("query", chunk)
                read = partial(self._fields, snapshot, name, columns, chunk, missing)
                columns.put(chunk, await self._once.do((name, snapshot.versions[name], *missing), read))

    async def _fields(
        self, snapshot: Snapshot, blob: str, columns: PackedColumns, chunk: int, names: list[str]
    ) -> dict[str, Array]:
        version, fields, shared = snapshot.versions[blob], columns.fields, self.shared
        arrays = shared.find_all(blob, version, names, fields)
        if wanted := [name for name in names if name not in arrays]:
            spans = columns.spans(chunk)
            parts = await store.blob_parts(self._thirdeye, blob, version, [spans[name] for name in wanted])
            if parts is None:
                raise Superseded
            for name, part in zip(wanted, parts, strict=True):
                arrays[name] = shared.share(blob, version, name, fields[name], part)
        return arrays

    async def _with_new_prices(self, snapshot: Snapshot, price_checksum: int) -> Snapshot:
        tariffs = await self._tariffs(snapshot.directory, snapshot.as_of)
        columns = snapshot.catalogue.columns
        assert isinstance(columns, PackedColumns)
        catalogue = _catalogue(columns, snapshot.directory, tariffs, snapshot.advice)
        return replace(snapshot, price_checksum=price_checksum, catalogue=catalogue)

    async def _tariffs(self, directory: Directory, day: date) -> Tariffs:
        prices = map(StoragePrice.of, await store.prices(self._thirdeye))
        return Tariffs(prices_by_service(directory["services"], prices, day), day)

    async def _blob(self, versions: dict[str, int], name: str) -> bytes:
        data = await store.blob(self._thirdeye, name, versions[name]) if name in versions else None
        if data is None:
            raise Superseded
        return data

    async def rows(self, snapshot: Snapshot, numbers: Sequence[int]) -> dict[int, Row]:
        """Rows of the inventory by number. Raises Superseded if they are of another generation."""
        await snapshot.load(SHOWN_FIELDS)
        rows = await store.rows_by_number(self._thirdeye, numbers)
        return {number: check_generation(snapshot, row) for number, row in rows.items()}

    async def document(self, snapshot: Snapshot, name: str) -> Any:  # noqa: ANN401  whatever JSON holds
        """A JSON blob, parsed once for each version. Raises Superseded."""
        return await self._parsed(snapshot.versions, name)

    async def _parsed(self, versions: dict[str, int], name: str) -> Any:  # noqa: ANN401  whatever JSON holds
        version, document = self._documents.get(name, (None, None))
        if version is None or version != versions.get(name):
            key = (name, versions.get(name))
            document = orjson.loads(await self._once.do(key, lambda: self._blob(versions, name)))
            self._documents[name] = (versions[name], document)
        return document

    async def _series(self, versions: dict[str, int]) -> SeriesEntries:
        keys = sorted(item for item in versions.items() if item[0].startswith("series/"))
        known = self._series_blobs
        self._series_blobs = {key: known.get(key) or await self._blob(versions, key[0]) for key in keys}
        return SeriesEntries(list(self._series_blobs.values()))

    async def read_together(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """What `read` finds, for all who ask for the same at once."""
        return await self._once.do(key, read)

    async def growing_tables(self) -> list[int]:
        """The numbers of tables that have grown lately."""
        return await store.growing_tables(self._thirdeye)

    async def names(self, snapshot: Snapshot) -> NameIndex:
        """An index of all table names. The first search in a generation loads changed names. Raises Superseded."""
        versions = sorted(item for item in snapshot.versions.items() if item[0].startswith("names/"))
        if list(self._names) == versions:
            return self._name_index
        return await self._once.do(("names", *versions), lambda: self._load_names(snapshot, versions))

    async def _load_names(self, snapshot: Snapshot, versions: list[tuple[str, int]]) -> NameIndex:
        chunks = dict[tuple[str, int], NameChunk]()
        for version in versions:
            known = self._names.get(version)
            if known is None:
                known = await asyncio.to_thread(NameChunk, await self._blob(snapshot.versions, version[0]))
            chunks[version] = known
        self._names, self._name_index = chunks, NameIndex(list(chunks.values()))
        return self._name_index

    async def chunk(self, snapshot: Snapshot, name: str) -> bytes | None:
        """A chunk of lineage, from a bounded cache: neighbours, or nearest assets in use. Raises Superseded."""
        version = snapshot.versions.get(name)
        if version is None:
            return None
        key = (name, version)
        if key in self._lineage:
            self._lineage.move_to_end(key)
            return self._lineage[key]
        data = await self._once.do(key, lambda: self._blob(snapshot.versions, name))
        self._lineage[key] = data
        size = sum(map(len, self._lineage.values()))
        while size > _LINEAGE_CACHE_BYTES and len(self._lineage) > 1:
            size -= len(self._lineage.popitem(last=False)[1])
        return data


def check_generation(snapshot: Snapshot, row: Row) -> Row:
    """The row. Raises Superseded if it was read from another generation than the snapshot's."""
    if row["generation"] != snapshot.generation:
        raise Superseded
    return row


def _catalogue(columns: PackedColumns, directory: Directory, tariffs: Tariffs, advice: dict[str, Any]) -> Catalogue:
    return Catalogue(
        columns=columns,
        place_service=place_services(directory),
        tariffs=tariffs,
        shares=saved_shares(advice["policy"]["archive_saving"] if advice else 0.0),
    )
