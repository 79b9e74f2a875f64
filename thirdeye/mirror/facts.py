"""Rows of the inventory: which of them changed, and what they say."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from thirdeye.inventory.columns import (
    DESCRIBED,
    IN_USE,
    IN_USE_THROUGH_LINEAGE,
    PRESENT,
    QUERY_FIELDS,
    SEEN_LATER,
    SOURCE_FIELDS,
    ZOMBIE,
    Array,
    Mask,
    blob_name,
    day_of,
    unpack_fields,
)
from thirdeye.inventory.rules import ACTIVITIES, EVIDENCES, UNKNOWN_REASONS
from thirdeye.inventory.verdicts import ADVICE_FIELDS, LABEL_FIELDS
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.store import SQLRow

# A row of the inventory is written again when one of these changed. Advice and labels are read from the columns alone.
_ONLY_IN_COLUMNS: Final = frozenset({
    "name_rank", "place", "series", "departed", "use_kind", "use_days", "write_cost", *ADVICE_FIELDS, *LABEL_FIELDS,
})  # fmt: skip
_QUERY_FACTS: Final = tuple(name for name in QUERY_FIELDS if name not in _ONLY_IN_COLUMNS)
_SOURCE_FACTS: Final = (
    "created", "metadata_changed", "known_since", "absent_since", "first_use", "last_use", "days_of_use", "longest_gap",
)  # fmt: skip

_UNKNOWN_NAMES: Final = [reason and reason.value for reason in UNKNOWN_REASONS]
ChunkColumns = dict[str, Array]


async def previous_chunk(blobs: BlobStage, chunk: int) -> ChunkColumns | None:
    """The columns of a chunk as the generation before has them."""
    query = await blobs.previous(blob_name("query", chunk))
    source = await blobs.previous(blob_name("source", chunk))
    if query is None or source is None:
        return None
    return {**unpack_fields(QUERY_FIELDS, query), **unpack_fields(SOURCE_FIELDS, source)}


def changed_facts(old: ChunkColumns | None, new: ChunkColumns, renamed: Mask) -> Mask:
    """Which rows of a chunk say something else than before; `renamed` are those with a new text."""
    numbered: Mask = new["id"] != b""
    if old is None:
        return numbered
    changed = renamed.copy()
    # The chunk may have grown.
    length = min(len(old["flags"]), len(changed))
    for name in (*_QUERY_FACTS, *_SOURCE_FACTS):
        before = np.zeros(len(changed), new[name].dtype)
        before[:length] = old[name][:length]
        differs = before != new[name]
        if new[name].dtype.kind == "f":
            differs &= ~(np.isnan(before) & np.isnan(new[name]))
        changed |= differs
    changed[length:] = True
    # Room for more tables may differ, too.
    changed &= numbered
    return changed


def fact_rows(columns: ChunkColumns, first: int, chosen: Mask) -> Iterator[SQLRow]:
    """Rows of store.FACT_COLUMNS for the chosen ones of a chunk that begins at number `first`."""
    rows = {name: values[chosen] for name, values in columns.items()}

    def flag(bit: int) -> list[int]:
        bits: list[int] = ((rows["flags"] & bit) != 0).astype(np.int8).tolist()
        return bits

    costs = [None if cost != cost else round(cost, 6) for cost in rows["query_cost"].tolist()]
    return zip(
        (np.flatnonzero(chosen) + first).tolist(),
        flag(DESCRIBED),
        _dates(rows["metadata_changed"]),
        _dates(rows["created"]),
        _dates(rows["accessed"]),
        _dates(rows["written"]),
        rows["queries"].tolist(),
        _dates(rows["first_use"]),
        _dates(rows["last_use"]),
        rows["days_of_use"].tolist(),
        rows["longest_gap"].tolist(),
        [None if size < 0 else size for size in rows["size"].tolist()],
        costs,
        [str(EVIDENCES[code].value) for code in rows["evidence"].tolist()],
        [str(ACTIVITIES[code].value) for code in rows["activity"].tolist()],
        flag(IN_USE),
        flag(IN_USE_THROUGH_LINEAGE),
        flag(ZOMBIE),
        rows["owners"].tolist(),
        rows["tags"].tolist(),
        rows["domains"].tolist(),
        rows["tier"].tolist(),
        _dates(rows["known_since"]),
        ((rows["signs"] & SEEN_LATER) != 0).astype(np.int8).tolist(),
        [_UNKNOWN_NAMES[code] for code in rows["unknown"].tolist()],
        _moments(rows["absent_since"]),
        [1 - present for present in flag(PRESENT)],
        strict=True,
    )


def _moments(minutes: Array) -> list[str | None]:
    texts = np.datetime_as_string(minutes.astype("datetime64[m]"), unit="s").tolist()
    return [text.replace("T", " ") if minute else None for minute, text in zip(minutes.tolist(), texts, strict=True)]


def _dates(days: Array) -> list[str | None]:
    different, places = np.unique(days, return_inverse=True)
    texts = [None if (day := day_of(number)) is None else day.isoformat() for number in different.tolist()]
    return [texts[place] for place in places.tolist()]
