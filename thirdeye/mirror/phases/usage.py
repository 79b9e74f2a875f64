"""USAGE: which tables were used on which days, and on which days somebody looked."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import numpy as np

from thirdeye.inventory.columns import ABSENT, UNREADABLE_USE, Array, Mask, day_number
from thirdeye.inventory.evidence import Evidence
from thirdeye.mirror import store
from thirdeye.mirror.confirmations import confirmed_places, in_force
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.directory import service_name, service_names
from thirdeye.mirror.evaluation import set_known_since
from thirdeye.mirror.feeds import Watching, database_keys, lifecycles, watch
from thirdeye.mirror.keys import KEY, id_key
from thirdeye.mirror.names import Names
from thirdeye.mirror.openmetadata.source_tables import DATABASES, PIPELINES, RUNS, SCHEMAS, USAGE
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.row_days import Places, places_of, row_matrix
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.usage import UsageReader
from thirdeye.mirror.warnings import MAX_EXAMPLES

# Of more rows of usage without a day, all use is unknown.
_MOST_WITHOUT_DAY: Final = 10_000


async def read_usage(context: RefreshContext, work: RefreshWork) -> None:
    """Reads the days that differ, then adds all days up, oldest first, while the advisor looks on; gives the totals."""
    reader, state, today = context.reader, work.state, context.today_number
    work.confirmations = await in_force(context.thirdeye)
    places, services = places_of(state, await _place_hashes(reader)), service_names(state, work.names)
    types: tuple[str | None, ...] = tuple(context.settings.undated_usage_services)
    if Evidence.SERVICES in reader.missing_evidence:
        # Whether the usage of what came meanwhile has dates, nobody can tell.
        types += (None,)
    undated = _undated_places(places, work.names, state, types)
    confirmed = confirmed_places(state, services, work.confirmations)
    work.accesses = lifecycles(state, places, await _first_accesses(context, state, services, places), today)
    runs = await _usage_runs(reader, state)
    set_known_since(state, today)
    absent = state.query.has(ABSENT)
    first_day = int(work.accesses.first[work.accesses.first > 0].min(initial=today))
    usage = UsageReader(
        reader=reader,
        thirdeye=context.thirdeye,
        generation=context.run,
        state=state,
        places=places,
        undated=undated[state.query["place"]] & ((state.source["stamp"] != 0) | absent),
        absent=absent,
        today=today,
        recent_days=context.thresholds.recent_days,
    )
    sums = await reader.optional(USAGE, reader.checksums.usage, None)
    index = await work.renewed.index(context.thirdeye, work.tables_by_id)
    if sums is None:
        usage.leave_unread()
    else:
        await reader.bounded(USAGE, partial(usage.read, sums, index, context.warnings), None)
    await reader.bounded(USAGE, partial(_set_unreadable_use, reader, state, index), None)

    def look() -> Watching:
        matrix = row_matrix(state.row_places, places, today)
        return watch(places, matrix, runs, confirmed, undated, first_day, today)

    work.usage, work.watching = await usage.add_up(index, context.advisor, look)


async def _set_unreadable_use(reader: OpenMetadataReader, state: State, index: Index) -> None:
    """Sets which tables have a row of usage of which nobody can tell the day: they were used, and may have been lately."""
    state.source["signs"] &= ~np.uint8(UNREADABLE_USE)
    rows = await reader.rows(USAGE, partial(reader.om.usage_of_no_day, _MOST_WITHOUT_DAY + 1))
    if len(rows) > _MOST_WITHOUT_DAY:
        reader.miss_evidence(f"over {_MOST_WITHOUT_DAY:,} rows of {USAGE.name} have no day that can be read")
    keys = [key for row in rows if (key := id_key(str(row["id"]).lower())) is not None]
    numbers = index.numbers(np.array(keys, KEY))
    state.source["signs"][numbers[numbers >= 0]] |= np.uint8(UNREADABLE_USE)
    for row in rows[:MAX_EXAMPLES]:
        reader.odd_row(USAGE.name, f"{row['id']} {row['kind']}", "its day cannot be read")
    reader.odd_row(USAGE.name, "(and others)", "its day cannot be read", len(rows) - MAX_EXAMPLES)


async def _place_hashes(reader: OpenMetadataReader) -> dict[bytes, str]:
    """FQN hashes of schemas and databases by the keys of their ids."""
    hashes = dict[bytes, str]()
    for table in (SCHEMAS, DATABASES):
        for identifier, place_hash in await reader.place_hashes(table):
            # Without a hash nobody can tell what it is a row of: it covers nothing.
            key = id_key(identifier)
            if place_hash and key is not None:
                hashes[key.rstrip(b"\0")] = place_hash
    return hashes


def _undated_places(places: Places, names: Names, state: State, types: Sequence[str | None]) -> Mask:
    undated = [service_name(names, service_hash)[1] in types for service_hash in state.services.items] or [False]
    mask: Mask = np.array(undated)[places.service]
    return mask


async def _first_accesses(context: RefreshContext, state: State, services: Sequence[str], places: Places) -> Array:
    """By database the earliest access time that any refresh saw, 0 for none."""
    first = np.zeros(places.databases, np.int64)
    remembered = await store.first_accesses(context.thirdeye)
    for key, database in database_keys(state, services, places).items():
        if key in remembered:
            first[database] = day_number(remembered[key])
    return first


async def _usage_runs(reader: OpenMetadataReader, state: State) -> dict[int, list[int]]:
    """By service number the days on which a run of usage ingestion ended well."""
    # Versions before 1.4.2 lack what tells runs of usage, which is nothing to warn of.
    if not (reader.has(PIPELINES) and reader.has(RUNS)):
        return {}
    runs = dict[int, list[int]]()
    for row in await reader.rows(RUNS, reader.om.usage_runs):
        service = state.services.get(row["service_hash"])
        if service is not None:
            runs.setdefault(service, []).append(int(row["day"]))
    return runs
