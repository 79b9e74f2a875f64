"""What a refresh works on: the columns of the estate and what they refer to, as loaded, changed and stored again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import orjson

from thirdeye.database import MySQL, Row
from thirdeye.inventory.columns import (
    ASSET_FIELDS,
    CHUNK,
    PRESENT,
    QUERY_FIELDS,
    SOURCE_FIELDS,
    Array,
    Columns,
    Mask,
    blob_name,
    find_positions,
)
from thirdeye.mirror import store
from thirdeye.mirror.keys import KEY, records_of

EDGE_FIELDS: Final = {"upstream": "u4", "downstream": "u4"}
GROUPS: Final = {"query": QUERY_FIELDS, "source": SOURCE_FIELDS, "asset": ASSET_FIELDS}
# The groups whose blobs a state owns beside its edges.
PREFIXES: Final = (*(f"{group}/" for group in GROUPS), "sums/")
_NUMBERED: Final = np.dtype([("id", KEY), ("number", ">u4")])

Sums = dict[str, tuple[int, int]]


class Numbering:
    """Gives equal things equal numbers, from 0 on, in the order of their first coming."""

    def __init__(self, known: list[Any] | None = None) -> None:
        self.items: list[Any] = list(known or [])
        self._numbers = {item: number for number, item in enumerate(self.items)}

    def number(self, item: Any) -> int:
        """The number of a thing, new or not."""
        found = self._numbers.get(item)
        if found is None:
            found = self._numbers[item] = len(self.items)
            self.items.append(item)
        return found

    def get(self, item: Any) -> int | None:
        """The number of a known thing."""
        return self._numbers.get(item)


class Index:
    """Finds numbers by key; made once for keys that do not change meanwhile."""

    def __init__(self, keys: Array) -> None:
        self._keys = keys
        # As `searchsorted` takes it: a narrower one would be widened at every look.
        self._order = np.argsort(keys, kind="stable")

    def numbers(self, keys: Array) -> Array:
        """The number of each key, -1 for unknown ones."""
        numbers = find_positions(self._keys, self._order, keys)
        # What is all zeros is no key.
        numbers[keys == b""] = -1
        return numbers


class BucketSums:
    """Checksums of rows by bucket, the number that four hexadecimal digits are; rows in no such bucket are summed up apart."""

    BUCKETS: Final = 65_536

    def __init__(self) -> None:
        # The last one is for whatever is in no bucket.
        self.counts = np.zeros(self.BUCKETS + 1, np.uint32)
        self.sums = np.zeros(self.BUCKETS + 1, np.uint64)

    def take(self, row: Row) -> None:
        """Takes a row of `bucket`, `number` and `checksum` in."""
        place = bucket_number(row["bucket"])
        self.counts[place] += np.uint32(int(row["number"]) & 0xFFFF_FFFF)
        self.sums[place] ^= np.uint64(int(row["checksum"]))

    def differing(self, before: "BucketSums") -> Mask:
        """Which buckets differ."""
        mask: Mask = (self.counts != before.counts) | (self.sums != before.sums)
        return mask

    def packed(self) -> bytes:
        """As stored."""
        return self.counts.tobytes() + self.sums.tobytes()

    @staticmethod
    def unpack(data: bytes) -> "BucketSums":
        """Of stored ones."""
        found, length = BucketSums(), BucketSums.BUCKETS + 1
        found.counts = np.frombuffer(data, np.uint32, length).copy()
        found.sums = np.frombuffer(data, np.uint64, length, 4 * length).copy()
        return found


def bucket_number(bucket: Any) -> int:
    """The place of a bucket, that of no bucket for anything but a number of one."""
    number = BucketSums.BUCKETS if bucket is None else int(bucket)
    return number if 0 <= number < BucketSums.BUCKETS else BucketSums.BUCKETS


@dataclass
class State:
    """The estate between two refreshes. `edges` are encoded numbers: those of assets from FIRST_ASSET on."""

    generation: int = 0
    query: Columns = field(default_factory=lambda: Columns(QUERY_FIELDS))
    source: Columns = field(default_factory=lambda: Columns(SOURCE_FIELDS))
    asset: Columns = field(default_factory=lambda: Columns(ASSET_FIELDS))
    services: Numbering = field(default_factory=Numbering)
    # (service number, database, schema), and by the same number the hash that their tables' hashes begin with.
    places: Numbering = field(default_factory=Numbering)
    place_hashes: list[str] = field(default_factory=list)
    owner_sets: Numbering = field(default_factory=lambda: Numbering([()]))
    tag_sets: Numbering = field(default_factory=lambda: Numbering([()]))
    domains: Numbering = field(default_factory=lambda: Numbering([None]))
    asset_kinds: Numbering = field(default_factory=Numbering)
    sums: dict[str, BucketSums] = field(default_factory=dict)
    usage_sums: Sums = field(default_factory=dict)
    # Days of usage whose counts are kept.
    counted_days: list[str] = field(default_factory=list)
    watermark: int = 0
    upstream: Array = field(default_factory=lambda: np.zeros(0, np.uint32))
    downstream: Array = field(default_factory=lambda: np.zeros(0, np.uint32))
    # Lineage of tables that are not known (yet): kinds and keys of both ends.
    dangling: list[tuple[str, str, str, str]] = field(default_factory=list)

    @property
    def tables(self) -> int:
        """How many numbers there are, of removed tables too."""
        return self.query.length

    def grow(self, length: int) -> None:
        """Makes room for more tables."""
        for columns in (self.query, self.source):
            columns.grow(length)

    def present(self) -> Mask:
        """Which numbers are tables of the estate."""
        return self.query.has(PRESENT)

    def service_of_place(self) -> Array:
        """The service of each place."""
        return np.array([place[0] for place in self.places.items] or [0], dtype=np.int32)

    def group(self, name: str) -> Columns:
        """The columns of a group of blobs."""
        found: Columns = getattr(self, name)
        return found

    def document(self) -> dict[str, Any]:
        """What of this is no column, as JSON."""
        return {
            "services": self.services.items,
            "places": self.places.items,
            "place_hashes": self.place_hashes,
            "owner_sets": self.owner_sets.items,
            "tag_sets": self.tag_sets.items,
            "domains": self.domains.items,
            "asset_kinds": self.asset_kinds.items,
            "usage_sums": self.usage_sums,
            "counted_days": self.counted_days,
            "watermark": self.watermark,
            "dangling": self.dangling,
        }

    def take(self, document: dict[str, Any]) -> None:
        """Takes a document in."""
        self.services = Numbering(document["services"])
        self.places = Numbering([tuple(place) for place in document["places"]])
        self.place_hashes = document["place_hashes"]
        self.owner_sets = Numbering([tuple(tuple(owner) for owner in owners) for owners in document["owner_sets"]])
        self.tag_sets = Numbering([tuple(tags) for tags in document["tag_sets"]])
        self.domains = Numbering(document["domains"])
        self.asset_kinds = Numbering(document["asset_kinds"])
        self.usage_sums = {day: (sums[0], sums[1]) for day, sums in document["usage_sums"].items()}
        self.counted_days = document["counted_days"]
        self.watermark = document["watermark"]
        self.dangling = [(edge[0], edge[1], edge[2], edge[3]) for edge in document["dangling"]]


async def load_state(thirdeye: MySQL, generation: int) -> State | None:
    """The state as of a generation; None when it is not there or not of this version's form."""
    raw = await store.blob(thirdeye, "sources", generation)
    if raw is None:
        return None
    state = State(generation=generation)
    document = orjson.loads(raw)
    if document.get("fields") != _fields():
        return None
    state.take(document)
    for group in ("query", "source", "asset"):
        async for name, data in store.blobs(thirdeye, f"{group}/", generation):
            state.group(group).unpack(int(name.rsplit("/", 1)[1]), data)
    state.grow(state.query.length)
    async for name, data in store.blobs(thirdeye, "sums/", generation):
        state.sums[name.rsplit("/", 1)[1]] = BucketSums.unpack(data)
    edges = Columns(EDGE_FIELDS)
    async for name, data in store.blobs(thirdeye, "edge/", generation):
        edges.unpack(int(name.rsplit("/", 1)[1]), data)
    state.upstream, state.downstream = edges["upstream"], edges["downstream"]
    return state


async def load_numbers(thirdeye: MySQL, generation: int) -> State:
    """A state that knows nothing but the numbers of tables and of other assets, for a full refresh."""
    state = State(generation=generation)
    async for packed in store.known_numbers(thirdeye, CHUNK):
        found = records_of(packed, _NUMBERED)
        numbers = found["number"].astype(np.int64)
        state.grow(int(numbers.max()) + 1)
        state.source["id"][numbers] = found["id"]
    raw = await store.blob(thirdeye, "sources", generation)
    if raw is not None and (document := orjson.loads(raw)).get("fields") == _fields():
        state.asset_kinds = Numbering(document["asset_kinds"])
        async for name, data in store.blobs(thirdeye, "asset/", generation):
            state.asset.unpack(int(name.rsplit("/", 1)[1]), data)
    return state


def packed_state(state: State) -> Iterator[tuple[str, bytes]]:
    """Every blob of a state that a refresh needs again, but those of its edges."""
    yield "sources", orjson.dumps({**state.document(), "fields": _fields()})
    for group in GROUPS:
        columns = state.group(group)
        for chunk in range(columns.chunks):
            yield blob_name(group, chunk), columns.packed(chunk)
    for part, sums in state.sums.items():
        yield f"sums/{part}", sums.packed()


def packed_edges(state: State) -> Iterator[tuple[str, bytes]]:
    """The blobs of a state's edges."""
    edges = Columns(EDGE_FIELDS, len(state.upstream))
    edges["upstream"], edges["downstream"] = state.upstream, state.downstream
    for chunk in range(edges.chunks):
        yield blob_name("edge", chunk), edges.packed(chunk)


def _fields() -> dict[str, dict[str, str]]:
    return {group: dict(fields) for group, fields in GROUPS.items()}
