"""Tags, data products and contracts, test suites, followers and editors of tables; tags of places and glossary terms."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import CARED_FOR, CHUNK, TESTED, Array, Mask
from thirdeye.inventory.fqn import fqn_hash
from thirdeye.inventory.labels import TIER_PREFIX, UNREADABLE_TAG, Labels, Mark, circular_terms
from thirdeye.mirror.keys import records_of
from thirdeye.mirror.relations import assign_sets, numbers_among, odd_in
from thirdeye.mirror.state import Index, State

_TIERS: Final = {f"{TIER_PREFIX}Tier{number}": number for number in range(1, 6)}
_OTHER_TIER: Final = 6
_GLOSSARY: Final = 1
# Columns tell so many editors apart; the rest are one.
_MAX_EDITORS: Final = 65_000
_SOMEBODY: Final = "somebody"
_BOT_SUFFIX: Final = "-bot"
_MAX_FOLLOWERS: Final = 65_535
_LEVELS: Final = {3: "schema", 2: "database"}
_PAGE: Final = 1_000
# Reads the rows of `tags_of` for some FQN hashes.
ReadTags = Callable[[Sequence[str]], Awaitable[list[Row]]]


# ---- tags of tables


def tag_of(row: Row) -> str:
    """The tag of a row: text, however broken its bytes are."""
    return bytes(row["tag"] or b"").decode(errors="replace") or UNREADABLE_TAG


class _TagRows:
    """The tags of tables, by how they have them: pairs of tables and the place of a tag or mark among all of its kind."""

    def __init__(self) -> None:
        self.tags, self.tagged = dict[str, int](), list[tuple[Array, int]]()
        self.marks, self.marked = dict[tuple[str, str], int](), list[tuple[Array, int]]()
        # Code, tag, tables.
        self.tiers = list[tuple[int, str, Array]]()

    def add(self, row: Row, tag: str, numbers: Array) -> None:
        if row["of_column"]:
            self.mark(Mark.COLUMN, tag, numbers)
        elif row["suggested"]:
            self.mark(Mark.SUGGESTED, tag, numbers)
        elif row["source"] != _GLOSSARY and tag.startswith(TIER_PREFIX):
            self.tiers.append((_TIERS.get(tag, _OTHER_TIER), tag, numbers))
        else:
            self.tagged.append((numbers, self.tags.setdefault(tag, len(self.tags))))

    def mark(self, kind: Mark, tag: str, numbers: Array) -> None:
        self.marked.append((numbers, self.marks.setdefault((str(kind.value), tag), len(self.marks))))


async def set_tags(state: State, index: Index, tables: Mask, rows: AsyncIterator[Row]) -> Array:
    """Sets tier, tags and marks of the tables in `tables` from rows of `tags`; `index` finds by the digest of the FQN hash.

    Gives the tables with a tag that cannot be read.
    """
    found, query, unreadable = _TagRows(), state.query, [np.zeros(0, np.int32)]
    async for row in rows:
        tag, numbers = tag_of(row), _tagged_among(tables, index, row)
        found.add(row, tag, numbers)
        if tag == UNREADABLE_TAG:
            unreadable.append(numbers)
        if row["source"] == _GLOSSARY:
            state.terms.add(tag)
    query["tags"][tables] = query["marks"][tables] = query["tier"][tables] = 0
    # Of several tiers the highest counts: it comes last. One with another name is a tier all the same.
    for tier, _, numbers in sorted(found.tiers, key=itemgetter(0), reverse=True):
        query["tier"][numbers] = tier
    for tier, tag, numbers in found.tiers:
        found.mark(Mark.TIER, tag, numbers[(query["tier"][numbers] != tier) | (tier == _OTHER_TIER)])
    for start in range(0, state.tables, CHUNK):
        for numbers, tag_set in assign_sets(_among(found.tagged, start), list(found.tags), state.tag_sets.number):
            query["tags"][numbers] = tag_set
        for numbers, mark_set in assign_sets(_among(found.marked, start), list(found.marks), state.mark_sets.number):
            query["marks"][numbers] = mark_set
    return np.concatenate(unreadable)


def _tagged_among(tables: Mask, index: Index, row: Row) -> Array:
    """The numbers of a packed row's tables that are in `tables`, in order; a table comes once for each of its columns."""
    # Sorted keys are found four times as fast.
    numbers = index.numbers(np.unique(records_of(row["packed"])))
    numbers = numbers[numbers >= 0]
    return np.sort(numbers[tables[numbers]].astype(np.int32))


def _among(memberships: list[tuple[Array, int]], start: int) -> list[tuple[Array, int]]:
    """Those of a chunk of tables; of all at once, their columns would cost hundreds of megabytes. Numbers are in order."""
    parts = []
    for numbers, member in memberships:
        first, end = np.searchsorted(numbers, (start, start + CHUNK))
        if first < end:
            parts.append((numbers[first:end], member))
    return parts


def tagged_columns(state: State) -> Mask:
    """Which tables have a tag on one of their columns."""
    sets = [any(kind == Mark.COLUMN for kind, _ in marks) for marks in state.mark_sets.items]
    of_table: Mask = np.array(sets)[state.query["marks"]]
    return of_table & state.present()


# ---- tags of places and terms


async def tags_of_places(state: State, read: ReadTags) -> list[list[tuple[str, str]]]:
    """By place the level (schema or database) and the tag of each tag; their terms are among the state's from then on."""
    tags: dict[str, set[str]] = {}
    hashes = sorted({prefix for place_hash in state.place_hashes for _, prefix in levels_of(place_hash)})
    async for row in _pages(hashes, read):
        tag = tag_of(row)
        tags.setdefault(row["target"], set()).add(tag)
        if row["source"] == _GLOSSARY:
            state.terms.add(tag)
    return [
        [(level, tag) for level, prefix in levels_of(place_hash) for tag in sorted(tags.get(prefix, ()))]
        for place_hash in state.place_hashes
    ]


async def tags_of_terms(terms: Iterable[str], read: ReadTags) -> dict[str, list[str]]:
    """What glossary terms carry, and the terms among that in turn; only those that carry anything."""
    carried: dict[str, set[str]] = {}
    known, waiting = set[str](), set(terms)
    while waiting:
        known |= waiting
        by_hash = {fqn_hash(term): term for term in waiting}
        waiting = set()
        async for row in _pages(sorted(by_hash), read):
            carried.setdefault(by_hash[row["target"]], set()).add(tag_of(row))
            if row["source"] == _GLOSSARY:
                waiting.add(tag_of(row))
        waiting -= known
    return {term: sorted(tags) for term, tags in sorted(carried.items())}


async def _pages(hashes: Sequence[str], read: ReadTags) -> AsyncIterator[Row]:
    for start in range(0, len(hashes), _PAGE):
        for row in await read(hashes[start : start + _PAGE]):
            yield row


def levels_of(place_hash: str) -> Iterator[tuple[str, str]]:
    """The levels of a place, with the hash that all its tables' FQN hashes begin with."""
    hashes = place_hash.split(".")
    for length, level in _LEVELS.items():
        if len(hashes) >= length:
            yield level, ".".join(hashes[:length])


# ---- data products and contracts, test suites, followers


async def set_attention(state: State, index: Index, tables: Mask, rows: AsyncIterator[Row]) -> int:
    """Sets data products, followers and test suites of the tables in `tables` from rows of `attention`; gives how many name
    no table.
    """
    odd = 0
    products, members = dict[tuple[str, str], int](), list[tuple[Array, int]]()
    query, followers = state.query, np.zeros(state.tables, np.int32)
    query["products"][tables] = query["followers"][tables] = 0
    query["flags"][tables] &= np.uint16(~TESTED & 0xFFFF)
    async for row in rows:
        numbers = numbers_among(tables, index, row)
        odd += odd_in(row)
        if row["kind"] == "user":
            np.add.at(followers, numbers, 1)
        elif row["kind"] == "testSuite":
            query["flags"][numbers] |= np.uint16(TESTED)
        else:
            members.append((numbers, products.setdefault((row["kind"], row["id"]), len(products))))
    query["followers"][tables] = np.minimum(followers[tables], _MAX_FOLLOWERS)
    for numbers, product_set in assign_sets(members, list(products), state.product_sets.number):
        query["products"][numbers] = product_set
    return odd


def products_of_places(state: State, rows: Iterable[Row]) -> list[list[tuple[str, str, str]]]:
    """By place the level, and kind and id of each data product or contract; rows have `fqn_hash`, `kind` and `id`."""
    products: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        products.setdefault(row["fqn_hash"], set()).add((row["kind"], row["id"]))
    return [
        [(level, *product) for level, prefix in levels_of(place_hash) for product in sorted(products.get(prefix, ()))]
        for place_hash in state.place_hashes
    ]


# ---- editors


def editor_number(state: State, name: str | None) -> int:
    """The number of somebody who edited metadata, 0 for nobody."""
    if name in (None, "", "null"):
        return 0
    known = state.editors.get(str(name))
    if known is None and len(state.editors.items) >= _MAX_EDITORS:
        return state.editors.number(_SOMEBODY)
    return state.editors.number(str(name)) if known is None else known


def set_cared_for(state: State, labels: Labels, today: int, days: int) -> None:
    """Sets which tables somebody looks after: with tests, followers, or an edit by a person in the last days."""
    query, changed = state.query, state.source["metadata_changed"]
    people = np.array([is_person for _, is_person in labels["editors"]])
    edited = people[query["editor"]] & (changed > 0) & (today - changed.astype(np.int64) <= days)
    cared_for = (edited | query.has(TESTED) | (query["followers"] > 0)) & state.present()
    query["flags"] = np.where(cared_for, query["flags"] | CARED_FOR, query["flags"] & ~np.uint16(CARED_FOR))


# ---- all of them, for readers


@dataclass
class LabelRows:
    """What phases read of labels beside the columns. `deleted`: the ids of deleted data products and contracts."""

    place_tags: list[list[tuple[str, str]]] = field(default_factory=list)
    place_products: list[list[tuple[str, str, str]]] = field(default_factory=list)
    terms: Mapping[str, list[str]] = field(default_factory=dict)
    names: dict[tuple[str, str], str] = field(default_factory=dict)
    deleted: set[tuple[str, str]] = field(default_factory=set)
    bots: set[str] = field(default_factory=set)

    @property
    def circular_terms(self) -> list[str]:
        return circular_terms(self.terms)

    def add_names(self, kind: str, rows: Iterable[Row]) -> None:
        """Adds rows of `named`."""
        for row in rows:
            self.names[kind, row["id"]] = row["name"]
            if row["deleted"]:
                self.deleted.add((kind, row["id"]))

    def name(self, kind: str, identifier: str) -> str:
        return self.names.get((kind, identifier)) or identifier[:8]

    def is_person(self, editor: str) -> bool:
        """Whether an editor is no bot, as far as OM tells; its own bots are called so."""
        return editor not in self.bots and not editor.endswith(_BOT_SUFFIX)


def labels_of(state: State, rows: LabelRows) -> Labels:
    """The labels of a state."""
    # Without rows no place has any.
    nothing = [()] * len(state.places.items)
    return {
        "marks": [list(marks) for marks in state.mark_sets.items],
        "products": [
            sorted((kind, rows.name(kind, each)) for kind, each in products if (kind, each) not in rows.deleted)
            for products in state.product_sets.items
        ],
        "editors": [(name, number > 0 and rows.is_person(name)) for number, name in enumerate(state.editors.items)],
        "place_tags": [list(tags) for tags in rows.place_tags or nothing],
        "place_products": [
            [(level, kind, rows.name(kind, each)) for level, kind, each in products if (kind, each) not in rows.deleted]
            for products in rows.place_products or nothing
        ],
        "terms": dict(rows.terms),
    }
