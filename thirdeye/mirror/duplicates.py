"""The duplicates of the estate: whose columns are to be read, and which groups they make."""

from collections.abc import Awaitable, Callable
from itertools import groupby
from typing import Any, Final

import numpy as np
import orjson

from thirdeye.database import MySQL, Row
from thirdeye.inventory.columns import CHUNK, Array
from thirdeye.inventory.duplicates import Member, candidates, duplicate_groups, normalised_name
from thirdeye.mirror import store
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.state import State
from thirdeye.mirror.warnings import Problems

# Tables of which the columns are looked at, at most: an estate of nothing but dated tables has no end of them.
MOST_MEMBERS: Final = 200_000
_PAGE: Final = 2_000
# Reads the names of the columns of tables, each as JSON text, by their ids.
ReadColumns = Callable[[list[str]], Awaitable[list[Row]]]
# Stages a blob.
Put = Callable[[str, bytes], Awaitable[None]]


async def find_duplicates(
    state: State, thirdeye: MySQL, generation: int, read: ReadColumns, put: Put, problems: Problems
) -> set[str]:
    """Stages the groups of duplicates and the columns that they rest on; gives the names of the latter's blobs.

    Columns are read again only of tables that changed.
    """
    numbers = candidates(state.source["name_key"], state.present())
    if len(numbers) > MOST_MEMBERS:
        problems.add(
            "DUPLICATES_NOT_ALL_LOOKED_AT", f"{len(numbers)} tables have similar names", len(numbers) - MOST_MEMBERS
        )
        numbers = numbers[:MOST_MEMBERS]
    columns, blobs = dict[int, tuple[str, ...]](), set[str]()
    for chunk in np.unique(numbers // CHUNK).tolist():
        mine = np.sort(numbers[numbers // CHUNK == chunk])
        name = f"columns/{chunk:05d}"
        entries = await _columns_of(state, thirdeye, generation, name, mine, read)
        await put(name, orjson.dumps(entries))
        blobs.add(name)
        columns |= {int(number): tuple(names) for number, (_, names) in entries.items()}
    names = await _names_of(thirdeye, numbers)
    keys = dict(zip(numbers.tolist(), state.source["name_key"][numbers].tolist(), strict=True))
    service_of_place = state.service_of_place()
    groups = [
        group
        for _, members in groupby(numbers.tolist(), key=keys.__getitem__)
        for group in _groups(state, service_of_place, list(members), columns, names)
    ]
    groups.sort(key=lambda group: (-len(group["members"]), group["original"]))
    await put("duplicates", orjson.dumps(groups))
    return blobs


async def _columns_of(
    state: State, thirdeye: MySQL, generation: int, name: str, numbers: Array, read: ReadColumns
) -> dict[str, tuple[int, list[str]]]:
    """By number: the stamp that the columns were read at, and their names without case."""
    data = await store.blob(thirdeye, name, generation)
    known: dict[str, Any] = orjson.loads(data) if data else {}
    stamps = state.source["stamp"]
    entries: dict[str, tuple[int, list[str]]] = {}
    missing = list[int]()
    for number in numbers.tolist():
        entry = known.get(str(number))
        if entry is not None and entry[0] == stamps[number]:
            entries[str(number)] = (entry[0], entry[1])
        else:
            missing.append(number)
    for start in range(0, len(missing), _PAGE):
        page = missing[start : start + _PAGE]
        ids = {id_text(state.source["id"][number]): number for number in page}
        for row in await read(list(ids)):
            number = ids[row["id"]]
            entries[str(number)] = (int(stamps[number]), _column_names(row["names"]))
    return entries


def _column_names(text: str | None) -> list[str]:
    try:
        names = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        return []
    if not isinstance(names, list):
        return []
    return sorted({name.casefold() for name in names if isinstance(name, str)})


async def _names_of(thirdeye: MySQL, numbers: Array) -> dict[int, str]:
    names = dict[int, str]()
    ordered = np.sort(numbers).tolist()
    for start in range(0, len(ordered), _PAGE):
        names |= await store.names_of(thirdeye, ordered[start : start + _PAGE])
    return names


def _groups(
    state: State,
    service_of_place: Array,
    numbers: list[int],
    columns: dict[int, tuple[str, ...]],
    names: dict[int, str],
) -> list[dict[str, Any]]:
    query, source = state.query, state.source
    members = [
        Member(
            number=number,
            name=names.get(number, ""),
            columns=frozenset(columns.get(number, ())),
            created=int(source["created"][number]),
            accessed=int(query["accessed"][number]),
            size=int(query["size"][number]),
            queries=int(query["queries"][number]),
        )
        for number in numbers
    ]
    service = int(service_of_place[query["place"][numbers[0]]])
    return [
        {
            "service": service,
            "name": normalised_name(names.get(group.original, "")),
            "original": group.original,
            "members": group.members,
            "agreement": group.agreement,
        }
        for group in duplicate_groups(members)
    ]
