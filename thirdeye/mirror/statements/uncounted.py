"""Statements that do not count as use: of whom OpenMetadata says that they ran them, and what they say."""

from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array, Columns, Mask
from thirdeye.inventory.uncounted_use import UncountedUse
from thirdeye.mirror import store
from thirdeye.mirror.context import RefreshContext
from thirdeye.mirror.keys import KEY, id_key, records_of
from thirdeye.mirror.openmetadata.source_tables import RELATIONS, USERS
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.statements.known import BY_OTHERS, BY_UNCOUNTED, UNCOUNTED_TEXT, places_of
from thirdeye.outside_json import UnreadableJson, read_json

_MAX_BYTES: Final = 1_000_000
_RUN: Final = np.dtype([("query", KEY), ("user", KEY)])


async def uncounted_use(context: RefreshContext) -> UncountedUse:
    """What does not count, by the settings and by what administrators have set since."""
    said = UncountedUse.of(await store.uncounted_use(context.thirdeye))
    settings = context.settings
    return said.with_also(settings.uncounted_users, settings.uncounted_statements)


def users_of(used_by: str | None, rules: UncountedUse) -> int:
    """Bits of `uncounted` for the JSON of `usedBy`."""
    if used_by is None or not rules.users:
        return 0
    try:
        names = read_json(used_by, max_bytes=_MAX_BYTES)
    except UnreadableJson:
        return BY_OTHERS
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return 0 if names is None else BY_OTHERS
    return _bits([rules.names_user(name) for name in names])


def _bits(uncounted: list[bool]) -> int:
    return (BY_UNCOUNTED if any(uncounted) else 0) | (0 if all(uncounted) else BY_OTHERS)


async def uncounted_statements(reader: OpenMetadataReader, rows: Columns, rules: UncountedUse) -> Mask:
    """Which statements do not count: nobody ran them but users whose use does not count, or their texts do not."""
    bits = rows["uncounted"].copy()
    if rules.users and len(bits):
        bits |= await _bits_of_relations(reader, rows["query"], rules)
    by_uncounted = ((bits & BY_UNCOUNTED) != 0) & ((bits & BY_OTHERS) == 0)
    mask: Mask = by_uncounted | ((bits & UNCOUNTED_TEXT) != 0)
    return mask


async def _bits_of_relations(reader: OpenMetadataReader, queries: Array, rules: UncountedUse) -> Array:
    """Bits by statement for the users that OpenMetadata relates to it; one without a name is somebody else."""
    rows = await reader.rows(USERS, lambda: reader.om.names(USERS.name))
    named = [(id_key(row["id"]), row["name"]) for row in rows if row["name"] is not None]
    uncounted = np.sort(np.array([key for key, name in named if key and rules.names_user(name)], KEY))
    parts = [records_of(row["packed"] or "", _RUN) for row in await reader.rows(RELATIONS, reader.om.query_users)]
    runs = np.concatenate([np.zeros(0, _RUN), *parts])
    places = places_of(queries, runs["query"])
    is_uncounted, known = places_of(uncounted, runs["user"]) >= 0, places >= 0
    bits = np.zeros(len(queries), np.uint8)
    bits[places[known & is_uncounted]] |= np.uint8(BY_UNCOUNTED)
    bits[places[known & ~is_uncounted]] |= np.uint8(BY_OTHERS)
    return bits
