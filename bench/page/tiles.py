"""A large published estate, made of a small one: what a refresh published of it, many times over, side by side.

Each copy has services of other names, so that a million tables have as many places, owners, names and neighbours to the
table as the small estate has, and the same verdicts. Only what answers questions is made, not what a refresh would need.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from thirdeye.database import MySQL
from thirdeye.inventory import store as published
from thirdeye.inventory.columns import (
    ASSET_FIELDS,
    CHUNK,
    FIRST_ASSET,
    NEAREST,
    NEAREST_FIELDS,
    NO_NODE,
    QUERY_FIELDS,
    Array,
    Columns,
    Fields,
    blob_name,
)
from thirdeye.inventory.cost_map import COST_MAP, cost_map
from thirdeye.inventory.directory import Directory, place_services
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.series_entries import SeriesBlobs
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.storage_prices import Tariffs
from thirdeye.inventory.totals import summarise
from thirdeye.mirror.lineage import Graph, packed_adjacency
from thirdeye.verdict.resolvers.unlocking import DOCUMENT as UNLOCKING
from thirdeye.verdict.unlock_groups import Scope, bounded

Blob = tuple[str, bytes]
_OF_PLACES = ("places_watched", "places_days", "places_observed")


@dataclass
class Tiles:
    """`copies` of the estate that `reader` has; `hub` is a table of the first copy, which `dependents` tables hang on."""

    thirdeye: MySQL
    reader: EstateReader
    snapshot: Snapshot
    copies: int
    hub: int
    dependents: int

    async def blobs(self) -> list[Blob]:
        """All blobs that answers are read from."""
        await self.snapshot.load(QUERY_FIELDS)
        columns, directory = self._columns(), self._directory()
        services = range(len(self.snapshot.directory["services"]))
        prices = [self.snapshot.catalogue.tariffs.prices[number] for number in services] * self.copies
        tariffs = Tariffs(prices, self.snapshot.as_of)
        catalogue = Catalogue(columns=columns, place_service=place_services(directory), tariffs=tariffs)
        documents = {
            "directory": directory,
            "summary": summarise(columns, directory, tariffs),
            COST_MAP: cost_map(catalogue),
            "advice": self.snapshot.advice,
            "duplicates": await self.reader.document(self.snapshot, "duplicates"),
            UNLOCKING: self._unlocking(await self.reader.document(self.snapshot, UNLOCKING)),
        }
        return [
            *((name, orjson.dumps(document)) for name, document in documents.items()),
            *columns.blobs("query"),
            *[blob async for blob in self._names()],
            *self._series(),
            *packed_adjacency(await self._graph()),
            *(await self._shifted("nearest", NEAREST_FIELDS)).blobs("nearest"),
            *(await self._shifted("asset", ASSET_FIELDS)).blobs("asset"),
        ]

    @property
    def tables(self) -> int:
        """Of one copy, with those that are gone."""
        return self.snapshot.catalogue.columns.length

    async def assets(self) -> int:
        """Of one copy."""
        return len((await self._whole("asset", ASSET_FIELDS))["id"])

    def _columns(self) -> Columns:
        directory, small = self.snapshot.directory, self.snapshot.catalogue.columns
        columns = Columns(QUERY_FIELDS, self.tables * self.copies)
        copy = np.repeat(np.arange(self.copies), self.tables)
        for name in QUERY_FIELDS:
            whole = np.concatenate([small.parts(chunk)[name] for chunk in range(small.chunks)])
            columns[name] = np.tile(whole, self.copies)
        columns["place"] = columns["place"] + copy * len(directory["places"])
        columns["series"] = np.where(columns["series"] > 0, columns["series"] + copy * len(self.snapshot.series), 0)
        columns["name_rank"] = columns["name_rank"] * self.copies + copy
        return columns

    def _directory(self) -> Directory:
        small, services, places = self.snapshot.directory, list[Any](), list[Any]()
        for copy in range(self.copies):
            for service in small["services"]:
                services.append({**service, "name": service_name(service["name"], copy)})
            places += [(place[0] + copy * len(small["services"]), place[1], place[2]) for place in small["places"]]
        many: dict[str, Any] = {name: small[name] * self.copies for name in _OF_PLACES}  # type: ignore[literal-required]
        return {**small, "services": services, "places": places, **many}  # type: ignore[typeddict-item, no-any-return]

    def _unlocking(self, document: Any) -> dict[str, Any]:
        directory, groups = self.snapshot.directory, list[Any]()
        step = {int(Scope.PLACE): len(directory["places"]), int(Scope.SERVICE): len(directory["services"])}
        for group in document["groups"]:
            shift, times = step.get(group["scope"], 0), self.copies
            if shift:
                groups += [{**group, "number": group["number"] + copy * shift} for copy in range(times)]
            else:
                sums = {name: f"{float(group[name]) * times:.6f}" for name in ("cost", "releases")}
                groups.append(
                    {**group, "tables": group["tables"] * times, "unpriced": group["unpriced"] * times, **sums}
                )
        shifts = [copy * len(directory["services"]) for copy in range(self.copies)]
        return {
            "tables": document["tables"] * self.copies,
            "unpriced": [(number + shift, count) for shift in shifts for number, count in document["unpriced"]],
            "services": [number + shift for shift in shifts for number in document["services"]],
            "groups": bounded(sorted(groups, key=lambda group: -float(group["cost"]))),
        }

    async def _names(self) -> Any:
        lines = (await self._text("names")).splitlines(keepends=True) * self.copies
        for chunk, start in enumerate(range(0, len(lines), CHUNK)):
            yield f"names/{chunk:05d}", b"".join(lines[start : start + CHUNK])

    def _series(self) -> Iterator[Blob]:
        packing, places, blobs = SeriesBlobs(), len(self.snapshot.directory["places"]), list[bytes]()
        for copy in range(self.copies):
            shift = copy * self.tables
            entries: list[Any] = [
                {**each, "place": each["place"] + copy * places, "table": each["table"] + shift,
                 "last": each["last"] + shift, "old": [number + shift for number in each["old"]]}
                for each in self.snapshot.series
            ]  # fmt: skip
            blobs += packing.add(entries)
        blobs += packing.rest()
        for number, blob in enumerate(blobs):
            yield blob_name("series", number), blob

    async def _graph(self) -> Graph:
        tables, assets = self.tables, await self.assets()
        sources, targets = list[Array](), list[Array]()
        for first, prefix, length in ((0, "down/", tables), (tables, "down/a", assets)):
            digits = 4 if prefix.endswith("a") else 5
            for chunk, start in enumerate(range(0, length, CHUNK)):
                values = np.frombuffer(await self._blob(f"{prefix}{chunk:0{digits}d}"), np.uint32)
                count = int(values[0])
                offsets, found = values[1 : count + 2].astype(np.int64), values[count + 2 :].astype(np.int64)
                sources.append(first + start + np.repeat(np.arange(count), np.diff(offsets)))
                targets.append(np.where(found >= FIRST_ASSET, found - FIRST_ASSET + tables, found))
        edges = np.concatenate(sources), np.concatenate(targets)
        above, below = (np.concatenate([self._node(end, copy, assets) for copy in range(self.copies)]) for end in edges)
        dependents = np.setdiff1d(np.arange(self.dependents), [self.hub])
        above, below = np.append(above, np.full(len(dependents), self.hub)), np.append(below, dependents)
        alive = np.ones((tables + assets) * self.copies, np.bool_)
        return Graph(tables * self.copies, above.astype(np.int32), below.astype(np.int32), alive, ~alive)

    def _node(self, nodes: Array, copy: int, assets: int) -> Array:
        """The nodes of a copy: after the tables of all copies come the other assets of all."""
        of_asset = self.tables * self.copies + copy * assets - self.tables
        return np.where(nodes >= self.tables, nodes + of_asset, nodes + copy * self.tables)

    async def _shifted(self, group: str, fields: Fields) -> Columns:
        whole, assets = await self._whole(group, fields), await self.assets()
        length = len(next(iter(whole.values())))
        columns, copy = Columns(fields, length * self.copies), np.repeat(np.arange(self.copies), length)
        for name in fields:
            values = np.tile(whole[name], self.copies)
            if name in {f"node{rank}" for rank in range(NEAREST)}:
                nodes = values.astype(np.int64)
                nodes += copy * np.where(nodes >= FIRST_ASSET, assets, self.tables)
                values = np.where(values == NO_NODE, NO_NODE, nodes)
            columns[name] = values
        return columns

    async def _whole(self, group: str, fields: Fields) -> dict[str, Array]:
        columns = Columns(fields)
        for chunk, name in enumerate(sorted(name for name in self.snapshot.versions if name.startswith(f"{group}/"))):
            columns.unpack(chunk, await self._blob(name))
        return {name: columns[name] for name in fields}

    async def _text(self, group: str) -> bytes:
        names = sorted(name for name in self.snapshot.versions if name.startswith(f"{group}/"))
        return b"".join([await self._blob(name) for name in names])

    async def _blob(self, name: str) -> bytes:
        data = await published.blob(self.thirdeye, name, self.snapshot.versions[name])
        assert data is not None, name
        return data


def service_name(name: str, copy: int) -> str:
    """What a service is called in a copy."""
    return name if copy == 0 else f"{name}_{copy}"
