"""Tables that OpenMetadata no longer has: until they count as gone, they stay as they were last seen."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from thirdeye.inventory.absence import AbsenceLimits, Group, are_gone, mass_absences
from thirdeye.inventory.columns import (
    ABSENT,
    CHUNK,
    DESCRIBED,
    DYNAMIC_TABLE,
    MATERIALIZED_VIEW,
    NAME_FIELDS,
    PRESENT,
    QUERY_FIELDS,
    RETAINED,
    SOURCE_FIELDS,
    TESTED,
    UNREADABLE_ROW,
    UNREADABLE_WRITTEN,
    WITHOUT_STORAGE,
    Array,
    Columns,
    Fields,
    Mask,
    blob_name,
    select,
    unpack_fields,
)
from thirdeye.inventory.fqn import fqn_hash, split_fqn
from thirdeye.inventory.verdicts import VERDICT_CODE, Verdict
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.identity import store as identity
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.labels import editor_number
from thirdeye.mirror.openmetadata.source_tables import DATABASES, SCHEMAS, SERVICES, SourceTable
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import State, stored_document
from thirdeye.mirror.tables import place_number

# What the verdict on an absent table was, stays.
_ADVICE: Final = ("verdict", "purge", "blockers", "risk", "expected_risk", "own_risk", "advised", "advised_on")
# What a feed is judged by: OpenMetadata deletes the usage of a table with it.
_USE: Final = ("days_of_use", "last_use")
# What is not as it was last seen: what a table is known by, where it stands among others, and the use of those.
_CURRENT: Final = frozenset({
    "flags", "series", "id", "key", "tail", "stamp", "name_stamp", "absent_since",
})  # fmt: skip
_FROZEN_FLAGS: Final = (
    DESCRIBED | WITHOUT_STORAGE | RETAINED | UNREADABLE_WRITTEN | MATERIALIZED_VIEW | DYNAMIC_TABLE | TESTED
)
# Columns of indexes into lists of the state.
_RENUMBERED: Final = frozenset({
    "place", "owners", "own_owners", "departed", "tags", "marks", "products", "editor", "domains", "own_domains",
})  # fmt: skip
_PAGE: Final = 2_000


async def settle_absences(context: RefreshContext, work: RefreshWork) -> None:
    """Decides which absent tables count as gone; gives those that do not, and the places where many are absent."""
    state, limits, now = work.state, context.absence_limits, context.minute
    flags, since = state.query["flags"], state.source["absent_since"]
    absent = (flags & ABSENT) != 0
    since[absent & (since == 0)] = now
    bears = (since > 0) & (now - since.astype(np.int64) < limits.memory) & (absent | ((flags & PRESENT) == 0))
    numbers = np.flatnonzero(absent | bears)
    work.absent, work.mass_absence = numbers[:0], np.zeros(len(state.places.items) + 1, np.bool_)
    if len(numbers) == 0:
        return
    # A full refresh begins without the places of what it does not read.
    if context.progress.kind == "FULL":
        # What was read in full is as OpenMetadata has it.
        await _recall(context, state, numbers[state.source["text"][numbers] == 0])
        # Some lie in places that no other table lies in.
        work.mass_absence = np.zeros(len(state.places.items) + 1, np.bool_)
    mass = await _mass_absences(context, state, numbers, limits)
    # Where nobody can tell whether their schema was deleted with them, the longer time passes.
    unsure = any(map(context.reader.is_lost, (SERVICES, DATABASES, SCHEMAS)))
    gone = absent[numbers] & are_gone(since[numbers], mass | unsure, now, limits)
    flags[numbers[gone]] &= ~np.uint16(PRESENT | ABSENT)
    waiting = absent[numbers] & ~gone
    work.absent = numbers[waiting]
    _warn_of_forgotten(context, state, work.absent)
    if (mass & waiting).any():
        work.mass_absence = _databases_of(state, numbers[mass & waiting])
        example = numbers[np.flatnonzero(mass & waiting)[0]]
        _, database, schema = state.places.items[int(state.query["place"][example])]
        context.warnings.add("MASS_ABSENCE", f"{database}.{schema}", int((mass & waiting).sum()))


def _warn_of_forgotten(context: RefreshContext, state: State, absent: Array) -> None:
    """Lets nothing go while there are absent tables of which nobody knows any more how they were, and what they used.

    OpenMetadata deleted them for good before a refresh that could not read the columns and edges of the one before.
    """
    forgotten = absent[state.source["text"][absent] == 0]
    if len(forgotten):
        example = f"{len(forgotten)} tables, such as {id_text(state.source['id'][forgotten[0]])}"
        message = f"{example}, vanished before the first refresh after an upgrade: what they used is not known"
        context.reader.miss_evidence(message, len(forgotten))


async def _mass_absences(context: RefreshContext, state: State, numbers: Array, limits: AbsenceLimits) -> Mask:
    place = state.query["place"]
    members = state.present()
    members[numbers] = True
    database = _database_numbers(state)
    groups = [
        Group(group=of_place[place[numbers]], sizes=np.bincount(of_place[place[members]], minlength=of_place.max() + 1))
        for of_place in (np.arange(len(database)), database)
    ]
    expected = select(await context.removals(), state.tables)[numbers]
    mass = mass_absences(state.source["absent_since"][numbers], expected, groups, limits)
    return mass | (await _deleted_places(context.reader, state))[place[numbers]]


def _database_numbers(state: State) -> Array:
    databases = dict[tuple[int, str | None], int]()
    items = [(service, name) for service, name, _ in state.places.items] or [(0, None)]
    return np.array([databases.setdefault(item, len(databases)) for item in items])


def _databases_of(state: State, numbers: Array) -> Mask:
    """The places of the databases of these tables."""
    database = _database_numbers(state)
    of_place: Mask = np.isin(database, database[state.query["place"][numbers]])
    return of_place


async def _deleted_places(reader: OpenMetadataReader, state: State) -> Mask:
    """The places whose service, database or schema OpenMetadata has deleted."""
    deleted = np.zeros(max(len(state.place_hashes), 1), np.bool_)
    for length, table in enumerate((SERVICES, DATABASES, SCHEMAS), 1):
        hashes = await _existing(reader, table)
        if hashes is not None:
            deleted |= [_is_missing(place_hash, length, hashes) for place_hash in state.place_hashes] or [False]
    return deleted


def _is_missing(place_hash: str, length: int, existing: set[str]) -> bool:
    names = place_hash.split(".")
    return len(names) >= length and names[0] != "" and ".".join(names[:length]) not in existing


async def _existing(reader: OpenMetadataReader, table: SourceTable) -> set[str] | None:
    """The hashes of what is not deleted; None where nobody can tell."""
    rows = await reader.rows(table, lambda: reader.om.existing_places(table.name))
    return {row["hash"] for row in rows} or None


# ---- as last seen


async def keep_unread(context: RefreshContext, state: State, numbers: Array) -> None:
    """Keeps tables whose row cannot be read as they were last read. Whether they are in use, nobody can tell."""
    if context.progress.kind == "FULL" and len(numbers):
        await _recall(context, state, numbers)
    state.source["signs"][numbers] |= np.uint8(UNREADABLE_ROW)


async def restore_use(context: RefreshContext, work: RefreshWork) -> None:
    """Gives absent tables the use back that they were last seen with: a feed is not another one for what is absent."""
    if len(work.absent):
        await _restore(context, work.state, work.absent, frozenset(), only=_USE)


async def restore_absent(context: RefreshContext, work: RefreshWork) -> None:
    """Gives absent tables what the rules say of them back as it was last seen."""
    if len(work.absent):
        await _restore(context, work.state, work.absent, _CURRENT | {"place"}, only=None)


async def restore_advice(context: RefreshContext, work: RefreshWork) -> None:
    """Gives absent tables their last verdicts back."""
    if len(work.absent) == 0:
        return
    # Of what cannot be recalled nothing may go.
    work.state.query["verdict"][work.absent] = VERDICT_CODE[Verdict.KEEP]
    await _restore(context, work.state, work.absent, frozenset(), only=_ADVICE)


async def _recall(context: RefreshContext, state: State, numbers: Array) -> None:
    """Fills the columns of tables that a full refresh has not read."""
    recalled = await _restore(context, state, numbers, _CURRENT, only=None)
    unknown = numbers[~recalled]
    for start in range(0, len(unknown), _PAGE):
        for row in await identity.fqns(context.thirdeye, unknown[start : start + _PAGE].tolist()):
            state.query["place"][row["number"]] = place_number(state, split_fqn(row["fqn"]), fqn_hash(row["fqn"]))
            state.query["size"][row["number"]] = -1 if row["size_bytes"] is None else row["size_bytes"]


async def _restore(
    context: RefreshContext, state: State, numbers: Array, without: frozenset[str], *, only: Sequence[str] | None
) -> Mask:
    """Copies rows of columns from the generation before; gives which of them it has."""
    document = await stored_document(context.thirdeye, context.previous_generation)
    recalled = np.zeros(len(numbers), np.bool_)
    if document is None:
        return recalled
    for chunk in np.unique(numbers // CHUNK).tolist():
        in_chunk = np.flatnonzero(numbers // CHUNK == chunk)
        async for columns, parts in _previous_parts(context.blobs, state, chunk):
            length = len(next(iter(parts.values())))
            places = in_chunk[numbers[in_chunk] - chunk * CHUNK < length]
            rows, chosen = numbers[places] - chunk * CHUNK, numbers[places]
            recalled[places] = True
            for name in columns.fields if only is None else only:
                if name in parts and name not in without:
                    columns[name][chosen] = _renumbered(state, document, name, parts[name][rows])
            if "flags" in parts and only is None:
                flags = columns["flags"]
                flags[chosen] = (flags[chosen] & ~np.uint16(_FROZEN_FLAGS)) | (parts["flags"][rows] & _FROZEN_FLAGS)
    return recalled


async def _previous_parts(
    blobs: BlobStage, state: State, chunk: int
) -> AsyncIterator[tuple[Columns, dict[str, Array]]]:
    groups: tuple[tuple[str, Columns, Fields], ...] = (
        ("query", state.query, QUERY_FIELDS),
        ("source", state.source, SOURCE_FIELDS),
        ("name", state.name, NAME_FIELDS),
    )
    for group, columns, fields in groups:
        data = await blobs.previous(blob_name(group, chunk))
        # The names are let go of early.
        if data and columns.length:
            yield columns, unpack_fields(fields, data)


def _renumbered(state: State, document: Mapping[str, Any], name: str, values: Array) -> Array:
    """Values that are indexes into lists of the generation before as indexes into those of the state."""
    if name not in _RENUMBERED:
        return values
    distinct, places = np.unique(values, return_inverse=True)
    numbers = np.array(list(_numbers(state, document, name, distinct.tolist())), values.dtype)
    return numbers[places]


def _numbers(state: State, document: Mapping[str, Any], name: str, values: Sequence[int]) -> Iterator[int]:
    for value in values:
        if name == "place":
            yield _place(state, document, value)
        elif name in {"owners", "own_owners", "departed"}:
            yield state.owner_sets.number(tuple(map(tuple, document["owner_sets"][value])))
        elif name == "tags":
            yield state.tag_sets.number(tuple(document["tag_sets"][value]))
        elif name == "marks":
            yield state.mark_sets.number(tuple(map(tuple, document["mark_sets"][value])))
        elif name == "products":
            yield state.product_sets.number(tuple(map(tuple, document["product_sets"][value])))
        elif name == "editor":
            yield editor_number(state, document["editors"][value])
        else:
            yield state.domain_sets.number(tuple(document["domain_sets"][value]))


def _place(state: State, document: Mapping[str, Any], value: int) -> int:
    service, database, schema = document["places"][value]
    number = state.places.number((state.services.number(document["services"][service]), database, schema))
    if number == len(state.place_hashes):
        state.place_hashes.append(document["place_hashes"][value])
    return number
