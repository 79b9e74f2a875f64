"""From a state to what readers see: rows and blobs of a new generation, staged, then published in one transaction."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from thirdeye.database import MySQL
from thirdeye.inventory.columns import (
    CHUNK,
    DESCRIBED,
    IN_USE,
    IN_USE_THROUGH_LINEAGE,
    PRESENT,
    QUERY_FIELDS,
    SOURCE_FIELDS,
    ZOMBIE,
    Array,
    Mask,
    blob_name,
    day_of,
    unpack_fields,
)
from thirdeye.inventory.rules import ACTIVITIES, EVIDENCES
from thirdeye.inventory.verdicts import ADVICE_FIELDS
from thirdeye.mirror import store
from thirdeye.mirror.state import PREFIXES, State, packed_edges, packed_state

# Of these a row of the inventory shows every change. Advice is read from the columns alone.
_QUERY_FACTS: Final = tuple(name for name in QUERY_FIELDS if name not in {"name_rank", "place", *ADVICE_FIELDS})
_SOURCE_FACTS: Final = (
    "created", "metadata_changed", "first_use", "last_use", "days_of_use", "longest_gap",
)  # fmt: skip

Parts = dict[str, Array]


async def old_chunk(thirdeye: MySQL, generation: int, chunk: int) -> Parts | None:
    """The columns of a chunk as an earlier generation had them."""
    query = await store.blob(thirdeye, blob_name("query", chunk), generation)
    source = await store.blob(thirdeye, blob_name("source", chunk), generation)
    if query is None or source is None:
        return None
    return {**unpack_fields(QUERY_FIELDS, query), **unpack_fields(SOURCE_FIELDS, source)}


def new_chunk(state: State, chunk: int) -> Parts:
    """The columns of a chunk as they are now."""
    part = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
    return {
        **{name: state.query[name][part] for name in QUERY_FIELDS},
        **{name: state.source[name][part] for name in SOURCE_FIELDS},
    }


def changed_facts(old: Parts | None, new: Parts, texts: Mask) -> Mask:
    """Which rows of a chunk say something else than before; `texts` are those with a new text."""
    there: Mask = new["id"] != b""
    if old is None:
        return there
    changed = texts.copy()
    # Room that was made for more tables may differ; nothing is in it.
    length = min(len(old["flags"]), len(changed))
    for name in (*_QUERY_FACTS, *_SOURCE_FACTS):
        before = np.zeros(len(changed), new[name].dtype)
        before[:length] = old[name][:length]
        differs = before != new[name]
        if new[name].dtype.kind == "f":
            differs &= ~(np.isnan(before) & np.isnan(new[name]))
        changed |= differs
    changed[length:] = True
    changed &= there
    return changed


def fact_rows(parts: Parts, first: int, chosen: Mask) -> Iterator[tuple[Any, ...]]:
    """Rows of store.FACT_COLUMNS for the chosen ones of a chunk that begins at number `first`."""
    of = {name: values[chosen] for name, values in parts.items()}

    def flag(bit: int) -> list[int]:
        bits: list[int] = ((of["flags"] & bit) != 0).astype(np.int8).tolist()
        return bits

    costs = [None if cost != cost else round(cost, 6) for cost in of["query_cost"].tolist()]
    return zip(
        (np.flatnonzero(chosen) + first).tolist(),
        flag(DESCRIBED),
        _dates(of["metadata_changed"]),
        _dates(of["created"]),
        _dates(of["accessed"]),
        _dates(of["written"]),
        of["queries"].tolist(),
        _dates(of["first_use"]),
        _dates(of["last_use"]),
        of["days_of_use"].tolist(),
        of["longest_gap"].tolist(),
        [None if size < 0 else size for size in of["size"].tolist()],
        costs,
        [str(EVIDENCES[code].value) for code in of["evidence"].tolist()],
        [str(ACTIVITIES[code].value) for code in of["activity"].tolist()],
        flag(IN_USE),
        flag(IN_USE_THROUGH_LINEAGE),
        flag(ZOMBIE),
        of["owners"].tolist(),
        of["tags"].tolist(),
        of["domain"].tolist(),
        of["tier"].tolist(),
        [1 - there for there in flag(PRESENT)],
        strict=True,
    )


def _dates(days: Array) -> list[str | None]:
    different, places = np.unique(days, return_inverse=True)
    texts = [None if (day := day_of(number)) is None else day.isoformat() for number in different.tolist()]
    return [texts[place] for place in places.tolist()]


async def stage_blobs(thirdeye: MySQL, state: State, generation: int, before: int) -> None:
    """Writes those blobs of a state that differ from those of the generation before."""
    names = set[str]()
    for name, data in packed_state(state):
        names.add(name)
        await stage_blob(thirdeye, name, data, generation, before)
    for prefix in PREFIXES:
        await drop_blobs(thirdeye, prefix, names, generation)


async def stage_edges(thirdeye: MySQL, state: State, generation: int, before: int) -> None:
    """Writes the blobs of a state's edges that differ, and lets go of the edges: the graph has them."""
    names = set[str]()
    for name, data in packed_edges(state):
        names.add(name)
        await stage_blob(thirdeye, name, data, generation, before)
    await drop_blobs(thirdeye, "edge/", names, generation)
    state.upstream, state.downstream = state.upstream[:0].copy(), state.downstream[:0].copy()


async def stage_blob(thirdeye: MySQL, name: str, data: bytes, generation: int, before: int) -> None:
    """Writes one blob unless the generation before has the same."""
    if await store.blob(thirdeye, name, before) != data:
        await store.put_blob(thirdeye, name, generation, data)


async def drop_blobs(thirdeye: MySQL, prefix: str, kept: set[str], generation: int) -> None:
    """Takes away the blobs of this prefix that are not among those kept."""
    for name in await store.blob_names(thirdeye, prefix, generation):
        if name not in kept:
            await store.put_blob(thirdeye, name, generation, b"")
