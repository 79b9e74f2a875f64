"""What a refresh works on: the columns of the estate and what they refer to, as loaded, changed and stored again."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import numpy as np
import orjson

from thirdeye.database import MySQL
from thirdeye.inventory.columns import (
    ASSET_FIELDS,
    CHUNK,
    NAME_FIELDS,
    PRESENT,
    QUERY_FIELDS,
    SEEN_LATER,
    SOURCE_FIELDS,
    Array,
    Columns,
    Mask,
)
from thirdeye.inventory.directory import Place
from thirdeye.mirror import store
from thirdeye.mirror.buckets import BucketSums
from thirdeye.mirror.keys import KEY, records_of
from thirdeye.mirror.views.references import VIEW_GROUPS
from thirdeye.mirror.views.sql_dialects import READER

EDGE_FIELDS: Final = {"upstream": "u4", "downstream": "u4", "state": "u1"}
GROUPS: Final = {"query": QUERY_FIELDS, "source": SOURCE_FIELDS, "name": NAME_FIELDS, "asset": ASSET_FIELDS}
# The groups whose blobs a state owns beside its edges and its names.
SUMS: Final = "bucket-sums/"
# With `sums/`, under which earlier versions stored them otherwise.
PREFIXES: Final = (*(f"{group}/" for group in GROUPS if group != "name"), SUMS, "sums/")
# What a refresh takes from OpenMetadata's rows. Those that did not change are read again when this does.
READING: Final = "materialized views and dynamic tables, rows of profiles, odd rows"
# What a full refresh keeps of a table. Days as in columns.
_KEPT: Final = np.dtype([
    ("id", KEY), ("number", ">u4"), ("known_since", ">u2"), ("accessed", ">u2"), ("seen_later", "u1"), ("present", "u1"),
    ("absent_since", ">u4"),
])  # fmt: skip

# By day: the rows of usage and their checksum.
UsageSums = dict[str, tuple[int, int]]
# Kind ("user" or "team"), id.
Owner = tuple[str, str]
Item = TypeVar("Item", bound=Hashable)


class Numbering(Generic[Item]):
    """Numbers distinct items from 0 on, in the order in which they first come."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.items: list[Item] = list(items)
        self._numbers = {item: number for number, item in enumerate(self.items)}

    def number(self, item: Item) -> int:
        """The number of an item, a new one if it has none."""
        number = self._numbers.get(item)
        if number is None:
            number = self._numbers[item] = len(self.items)
            self.items.append(item)
        return number

    def get(self, item: Item) -> int | None:
        """The number of an item, None if it has none."""
        return self._numbers.get(item)


class Index:
    """Finds numbers by key; made once for keys that do not change meanwhile."""

    def __init__(self, keys: Array) -> None:
        self._keys = keys
        # As `searchsorted` takes it: a narrower one would be widened at every search.
        self._order = np.argsort(keys, kind="stable")

    def numbers(self, keys: Array) -> Array:
        """The number of each key, -1 for unknown ones."""
        if len(self._order) == 0:
            return np.full(len(keys), -1, dtype=np.int64)
        ranks = np.searchsorted(self._keys, keys, sorter=self._order)
        ranks[ranks == len(self._order)] = 0
        candidates = self._order[ranks]
        # All zeros are no key.
        return np.where((self._keys[candidates] == keys) & (keys != b""), candidates, -1)


@dataclass
class State:
    """The estate between two refreshes. `upstream` and `downstream` are the ends of edges: table numbers, and those of
    assets from `graph_walk.FIRST_ASSET` on.
    """

    generation: int = 0
    # Whether it can be read how tables were in that generation.
    remembers: bool = True
    query: Columns = field(default_factory=lambda: Columns(QUERY_FIELDS))
    source: Columns = field(default_factory=lambda: Columns(SOURCE_FIELDS))
    # Empty once the steps that need names are done.
    name: Columns = field(default_factory=lambda: Columns(NAME_FIELDS))
    asset: Columns = field(default_factory=lambda: Columns(ASSET_FIELDS))
    # Hashes of the services' names.
    services: Numbering[str] = field(default_factory=Numbering)
    # By the same number: the hash that the hashes of a place's tables begin with.
    places: Numbering[Place] = field(default_factory=Numbering)
    place_hashes: list[str] = field(default_factory=list)
    owner_sets: Numbering[tuple[Owner, ...]] = field(default_factory=lambda: Numbering([()]))
    tag_sets: Numbering[tuple[str, ...]] = field(default_factory=lambda: Numbering([()]))
    mark_sets: Numbering[tuple[tuple[str, str], ...]] = field(default_factory=lambda: Numbering([()]))
    # Kind and id of data products and contracts.
    product_sets: Numbering[tuple[tuple[str, str], ...]] = field(default_factory=lambda: Numbering([()]))
    # Who edited metadata last; 0 for nobody.
    editors: Numbering[str] = field(default_factory=lambda: Numbering([""]))
    # The glossary terms that tables and columns have, or had.
    terms: set[str] = field(default_factory=set)
    # Ids, as OpenMetadata relates them or as far as they exist; so are the sets of owners.
    domain_sets: Numbering[tuple[str, ...]] = field(default_factory=lambda: Numbering([()]))
    asset_kinds: Numbering[str] = field(default_factory=Numbering)
    sums: dict[str, BucketSums] = field(default_factory=dict)
    usage_sums: UsageSums = field(default_factory=dict)
    # Days of usage whose counts are kept.
    counted_days: list[str] = field(default_factory=list)
    # By day the places and the databases with a row of usage, as bits in hexadecimal (`row_days.py`).
    row_places: dict[str, tuple[str, str]] = field(default_factory=dict)
    # Services whose usage has no dates, whose counts of all days are kept.
    undated_services: list[int] = field(default_factory=list)
    # The names of services that earlier refreshes have seen.
    seen_services: set[str] = field(default_factory=set)
    # One more than the highest number that was ever given.
    given: int = 0
    # When numbers were let go of (`identity/table_numbers.py`), in minutes since 1970; those long ago are left out.
    freed: dict[int, int] = field(default_factory=dict)
    # The same of other assets.
    freed_assets: dict[int, int] = field(default_factory=dict)
    # The newest change of a table that was read, in milliseconds.
    watermark: int = 0
    upstream: Array = field(default_factory=lambda: np.zeros(0, np.uint32))
    downstream: Array = field(default_factory=lambda: np.zeros(0, np.uint32))
    # What OM says of each edge, as in `edges.py`.
    edge_state: Array = field(default_factory=lambda: np.zeros(0, np.uint8))

    @property
    def tables(self) -> int:
        """How many numbers there are, those of removed tables included."""
        return self.query.length

    def grow(self, length: int) -> None:
        """Makes room for more tables."""
        self.query.grow(length)
        self.source.grow(length)
        self.name.grow(length)

    def present(self) -> Mask:
        """Which numbers are tables of the estate."""
        return self.query.has(PRESENT)

    def service_of_place(self) -> Array:
        """The service of each place."""
        return np.array([place[0] for place in self.places.items] or [0], dtype=np.int32)

    def groups(self) -> dict[str, Columns]:
        """The columns by group of blobs."""
        return {"query": self.query, "source": self.source, "name": self.name, "asset": self.asset}

    def document(self) -> dict[str, Any]:
        """What of this is no column, as JSON."""
        return {
            "services": self.services.items,
            "places": self.places.items,
            "place_hashes": self.place_hashes,
            "owner_sets": self.owner_sets.items,
            "tag_sets": self.tag_sets.items,
            "mark_sets": self.mark_sets.items,
            "product_sets": self.product_sets.items,
            "editors": self.editors.items,
            "terms": sorted(self.terms),
            "domain_sets": self.domain_sets.items,
            "asset_kinds": self.asset_kinds.items,
            "usage_sums": self.usage_sums,
            "counted_days": self.counted_days,
            "row_places": self.row_places,
            "undated_services": self.undated_services,
            "seen_services": sorted(self.seen_services),
            "given": self.given,
            "freed": sorted(self.freed.items()),
            "freed_assets": sorted(self.freed_assets.items()),
            "watermark": self.watermark,
        }

    def restore(self, document: Mapping[str, Any]) -> None:
        """Takes over a document that was stored; JSON makes lists of its tuples."""
        self.services = Numbering(document["services"])
        self.places = Numbering(tuple(place) for place in document["places"])
        self.place_hashes = document["place_hashes"]
        self.owner_sets = Numbering(tuple(map(tuple, owners)) for owners in document["owner_sets"])
        self.tag_sets = Numbering(map(tuple, document["tag_sets"]))
        self.mark_sets = Numbering(tuple(map(tuple, marks)) for marks in document["mark_sets"])
        self.product_sets = Numbering(tuple(map(tuple, products)) for products in document["product_sets"])
        self.editors = Numbering(document["editors"])
        self.terms = set(document["terms"])
        self.domain_sets = Numbering(map(tuple, document["domain_sets"]))
        self.asset_kinds = Numbering(document["asset_kinds"])
        self.usage_sums = {day: tuple(sums) for day, sums in document["usage_sums"].items()}
        self.counted_days = document["counted_days"]
        self.row_places = {day: (places, databases) for day, (places, databases) in document["row_places"].items()}
        self.undated_services = document["undated_services"]
        self.seen_services = set(document["seen_services"])
        restore_numbers(self, document)
        self.watermark = document["watermark"]


async def load_state(thirdeye: MySQL, generation: int) -> State | None:
    """The state as of a generation; None when there is none, or only one of a version that read other things."""
    document = await stored_document(thirdeye, generation)
    if document is None or document.get("reading") != READING:
        return None
    state = State(generation=generation)
    state.restore(document)
    await load_groups(thirdeye, generation, state.groups())
    state.grow(state.query.length)
    async for name, data in store.blobs(thirdeye, [SUMS], generation):
        state.sums[name.rsplit("/", 1)[1]] = BucketSums.unpack(data)
    await load_edges(thirdeye, state)
    return state


async def load_edges(thirdeye: MySQL, state: State) -> None:
    """Loads the edges as of the state's generation."""
    edges = Columns(EDGE_FIELDS)
    await load_groups(thirdeye, state.generation, {"edge": edges})
    state.upstream, state.downstream, state.edge_state = edges["upstream"], edges["downstream"], edges["state"]


async def load_numbers(thirdeye: MySQL, generation: int) -> State:
    """A state that holds only the numbers of tables and of other assets, for a full refresh."""
    state = State(generation=generation)
    async for packed in store.table_numbers(thirdeye, CHUNK):
        records = records_of(packed, _KEPT)
        numbers = records["number"].astype(np.int64)
        state.grow(int(numbers.max()) + 1)
        state.source["id"][numbers] = records["id"]
        state.source["known_since"][numbers] = records["known_since"]
        state.source["signs"][numbers] = records["seen_later"] * np.uint8(SEEN_LATER)
        state.query["accessed"][numbers] = records["accessed"]
        state.query["flags"][numbers] = records["present"] * np.uint16(PRESENT)
        state.source["absent_since"][numbers] = records["absent_since"]
    state.seen_services = set(await store.seen_services(thirdeye))
    document = await stored_document(thirdeye, generation)
    state.remembers = document is not None
    if document is not None:
        state.asset_kinds = Numbering(document["asset_kinds"])
        # Tables that are absent may have them still.
        state.terms = set(document["terms"])
        # All tables of a service may be forgotten; it is the same service still.
        state.seen_services |= set(document["seen_services"])
        restore_numbers(state, document)
        await load_groups(thirdeye, generation, {"asset": state.asset})
    return state


def restore_numbers(state: State, document: Mapping[str, Any]) -> None:
    """Takes over which numbers were given and let go of; documents of earlier versions do not say."""
    state.given = document.get("given", 0)
    state.freed, state.freed_assets = dict(document.get("freed", ())), dict(document.get("freed_assets", ()))


async def stored_document(thirdeye: MySQL, generation: int) -> dict[str, Any] | None:
    """The document of a generation; None when there is none, or only in the form of another version."""
    raw = await store.blob(thirdeye, "sources", generation)
    if raw is None:
        return None
    document: dict[str, Any] = orjson.loads(raw)
    return document if document.get("fields") == GROUPS | VIEW_GROUPS else None


async def load_groups(thirdeye: MySQL, generation: int, groups: Mapping[str, Columns]) -> None:
    """Fills columns, by the names of their groups, with what a generation has of them."""
    async for name, data in store.blobs(thirdeye, [f"{group}/" for group in groups], generation):
        group, chunk = name.rsplit("/", 1)
        groups[group].unpack(int(chunk), data)


def packed_state(state: State) -> Iterator[tuple[str, bytes]]:
    """Every blob of a state that a refresh needs again, except those of its edges and its names."""
    yield (
        "sources",
        orjson.dumps({**state.document(), "fields": GROUPS | VIEW_GROUPS, "reader": READER, "reading": READING}),
    )
    for group, columns in state.groups().items():
        if group != "name":
            yield from columns.blobs(group)
    for part, sums in state.sums.items():
        yield f"{SUMS}{part}", sums.packed()


def packed_names(state: State) -> Iterator[tuple[str, bytes]]:
    """The blobs of what is found by name."""
    return state.name.blobs("name")


def packed_edges(state: State) -> Iterator[tuple[str, bytes]]:
    """The blobs of a state's edges."""
    edges = Columns(EDGE_FIELDS, len(state.upstream))
    edges["upstream"], edges["downstream"], edges["state"] = state.upstream, state.downstream, state.edge_state
    return edges.blobs("edge")
