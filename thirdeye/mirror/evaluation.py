"""The rules applied to the whole estate: age, activity, use, zombies."""

from collections.abc import Mapping
from functools import reduce

import numpy as np

from thirdeye.inventory import rules
from thirdeye.inventory.columns import (
    CHUNK,
    FIRST_VERSION,
    IN_USE,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    LATE_WRITE,
    ONLY_SCANNED,
    ONLY_WRITTEN,
    SCANNED_DAYS,
    SEEN_LATER,
    UNREADABLE_ACCESS,
    UNREADABLE_ROW,
    UNREADABLE_USE,
    UNREADABLE_WRITE,
    UNREADABLE_WRITTEN,
    ZOMBIE,
    Array,
    Mask,
)
from thirdeye.inventory.feeds import FeedColumns
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS
from thirdeye.mirror.feeds import Watching
from thirdeye.mirror.row_days import Places
from thirdeye.mirror.state import State
from thirdeye.mirror.usage import UsageTotals

# OpenMetadata first saw a table when its row came so many days after the first of its database: before, it may have read
# what had been there for years.
_FIRST_READING_DAYS = 3
# Columns with a day by which a table existed.
_AGE_SIGNS = ("created_at", "changed_at", "entity_created_at", "profiled")


def classify_tables(
    state: State,
    usage: UsageTotals,
    watching: Watching,
    feeds: FeedColumns,
    today: int,
    thresholds: rules.Thresholds,
) -> None:
    """Sets last access and write, age, queries, evidence, idle days and activity, of each table by itself."""
    watched, places = watching.watched, watching.places
    first_rows = first_row_days(state, places)
    # A chunk at a time, for the rules make a dozen arrays on the way.
    for chunk in range(state.query.chunks):
        query, source = state.query.parts(chunk), state.source.parts(chunk)
        part, place = slice(chunk * CHUNK, (chunk + 1) * CHUNK), query["place"]
        _set_days(query, source, feeds.undated[place], today)
        query["queries"][:] = np.minimum(usage.queries[part], 2**31 - 1)
        _set_use_kind(query, source, feeds.undated[place], today, thresholds)
        # Of fewer days nobody has counted the uses.
        uncounted = feeds.undated[place] | (thresholds.recent_days < SCANNED_DAYS)
        _set_only_scanned(query, source, usage.use_days[part], uncounted, today)
        query["use_days"][:] = _days_of_use(usage.use_days[part], query["accessed"], feeds.undated[place], today)
        query["evidence"][:] = rules.table_evidence(feeds.evidence[place], source["metadata_changed"])
        tables = rule_columns(query, source, feeds, first_rows, today, thresholds)
        idle = rules.idle_days(tables, watched, today)
        query["activity"][:], query["unknown"][:] = rules.activity(tables, idle, watched, today, thresholds)
        is_unknown = query["unknown"] > 0
        query["idle"][:] = np.where(is_unknown, UNKNOWN_IDLE_DAYS, np.clip(idle, 0, UNKNOWN_IDLE_DAYS - 1))


def rule_columns(
    query: Mapping[str, Array],
    source: Mapping[str, Array],
    feeds: FeedColumns,
    first_rows: Array,
    today: int,
    thresholds: rules.Thresholds,
) -> rules.TableColumns:
    """What the rules need of some tables whose days are set; `first_rows` as `first_row_days` gives them."""
    place = query["place"]
    undated = feeds.undated[place]
    unreadable = ((source["signs"] & UNREADABLE_ACCESS) != 0) | (source["lifecycle_accessed"] > today + 1)
    return rules.TableColumns(
        evidence=query["evidence"],
        variant=feeds.variant[place],
        since=feeds.earliest[place],
        newest=feeds.newest[place],
        observed=feeds.observed[place],
        undated=undated,
        accessed=query["accessed"],
        last_row=source["last_row"],
        known_since=source["known_since"],
        young=_is_young(source, first_rows[place], today, thresholds),
        # What feeds without dates say of accesses is not looked at; of these nobody knows what they would have said.
        unreadable=(unreadable & ~undated) | ((source["signs"] & (UNREADABLE_USE | UNREADABLE_ROW)) != 0),
    )


def set_known_since(state: State, today: int) -> None:
    """Moves back since when tables are known, by all signs but usage."""
    for chunk in range(state.query.chunks):
        source = state.source.parts(chunk)
        signs = (_readable(source[name], today) for name in _AGE_SIGNS)
        source["known_since"][:] = reduce(_earliest, signs, source["known_since"])


def _earliest(known: Array, days: Array) -> Array:
    return np.where((days > 0) & ((known == 0) | (days < known)), days, known)


def _readable(days: Array, today: int) -> Array:
    """Days as of today: tomorrow counts as today, what is further ahead cannot be read."""
    return np.where(days > today + 1, 0, np.minimum(days, today)).astype(np.uint16)


def first_row_days(state: State, places: Places) -> Array:
    """By place the earliest day on which OpenMetadata had a row for a table of its database."""
    first = np.full(places.databases, 65_535, np.uint16)
    for column in ("changed_at", "entity_created_at"):
        days, is_row = state.source[column], places.of_table >= 0
        is_row = is_row & (days > 0)
        np.minimum.at(first, places.database[places.of_table[is_row]], days[is_row])
    by_place: Array = first[places.database]
    return by_place


def young_tables(state: State, places: Places, today: int, thresholds: rules.Thresholds) -> Mask:
    """Which tables of the state are known for a short time by a sign that says so."""
    first_rows, young = first_row_days(state, places), np.zeros(state.tables, np.bool_)
    for chunk in range(state.query.chunks):
        source, place = state.source.parts(chunk), state.query.parts(chunk)["place"]
        part = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        known_lately = today - source["known_since"].astype(np.int64) < thresholds.new_days
        young[part] = _is_young(source, first_rows[place], today, thresholds) & known_lately
    return young


def _is_young(source: Mapping[str, Array], first_row: Array, today: int, thresholds: rules.Thresholds) -> Mask:
    """Which tables something says to have come lately."""

    def is_recent(days: Array) -> Mask:
        recent: Mask = (days > 0) & (today - days.astype(np.int64) < thresholds.new_days)
        return recent

    def came_later(days: Array) -> Mask:
        later: Mask = days.astype(np.int64) - first_row > _FIRST_READING_DAYS
        return is_recent(days) & later

    signs = source["signs"]
    young: Mask = (
        is_recent(source["created"])
        | came_later(source["entity_created_at"])
        | (((signs & FIRST_VERSION) != 0) & came_later(source["changed_at"]))
        | ((signs & SEEN_LATER) != 0)
    )
    return young


def _set_days(query: dict[str, Array], source: dict[str, Array], undated: Mask, today: int) -> None:
    """Sets the days of a chunk as of today."""

    def readable(column: str) -> Array:
        return _readable(source[column], today)

    source["created"][:] = readable("created_at")
    source["metadata_changed"][:] = readable("changed_at")
    accesses = [query["accessed"], source["last_use"], source["cost_use"]]
    accesses.append(np.where(undated, 0, readable("lifecycle_accessed")))
    query["accessed"][:] = np.maximum.reduce(accesses)
    writes = (readable("lifecycle_updated"), readable("profile_written"), source["created"], source["cost_written"])
    query["written"][:] = np.maximum.reduce(writes)
    source["known_since"][:] = _earliest(source["known_since"], source["first_row"])
    late = (source["lifecycle_updated"] > today + 1) | (source["profile_written"] > today + 1)
    source["signs"][:] = (source["signs"] & ~np.uint8(LATE_WRITE)) | (late * np.uint8(LATE_WRITE))
    unreadable = np.where((source["signs"] & UNREADABLE_WRITE) != 0, UNREADABLE_WRITTEN, 0).astype(np.uint16)
    query["flags"][:] = (query["flags"] & ~np.uint16(UNREADABLE_WRITTEN)) | unreadable


def _set_use_kind(
    query: Mapping[str, Array],
    source: Mapping[str, Array],
    undated: Mask,
    today: int,
    thresholds: rules.Thresholds,
) -> None:
    """Takes the mark of what is only written from tables of which something but counts says that they were read lately."""

    def is_lately(days: Array) -> Mask:
        lately: Mask = (days > 0) & (today - days.astype(np.int64) <= thresholds.cooling_days)
        return lately

    lifecycle = np.where(undated, 0, _readable(source["lifecycle_accessed"], today))
    by_others = query["accessed"] > source["last_use"]
    unreadable = (source["signs"] & (UNREADABLE_ACCESS | UNREADABLE_USE | UNREADABLE_ROW)) != 0
    was_read = (
        is_lately(lifecycle) | is_lately(source["cost_use"]) | (by_others & is_lately(query["accessed"])) | unreadable
    )
    query["use_kind"][was_read] &= ~np.uint8(ONLY_WRITTEN)


def _set_only_scanned(
    query: Mapping[str, Array], source: Mapping[str, Array], use_days: Array, uncounted: Mask, today: int
) -> None:
    """Marks tables whose use of the last days is no more than the profiler's: as many uses as days, each with a profile.

    Of a use without a count, and of one that counts do not tell, nobody knows whose it was.
    """
    ago = np.minimum(today - source["profiled_until"].astype(np.int64), SCANNED_DAYS + 1).astype(np.uint64)
    profile_days = (source["profile_days"].astype(np.uint64) << ago) & np.uint64(2 ** (SCANNED_DAYS + 1) - 1)
    is_scanned = (use_days != 0) & ((use_days.astype(np.uint64) & ~profile_days) == 0) & ~uncounted
    is_scanned &= query["queries"] <= np.bitwise_count(use_days)
    is_scanned &= query["accessed"] <= source["last_use"]
    query["use_kind"][~is_scanned] &= ~np.uint8(ONLY_SCANNED)
    query["use_kind"][is_scanned] |= np.uint8(ONLY_SCANNED)


def _days_of_use(use_days: Array, accessed: Array, undated: Mask, today: int) -> Array:
    """The last days of use as bits: those of usage, unless its rows have no dates, and that of the last access by any sign."""
    ago = today - accessed.astype(np.int64)
    is_recent = (accessed > 0) & (ago >= 0) & (ago <= SCANNED_DAYS)
    last = np.where(is_recent, np.uint32(1) << np.where(is_recent, ago, 0).astype(np.uint32), 0)
    days: Array = np.where(undated, 0, use_days).astype(np.uint32) | last.astype(np.uint32)
    return days


def evaluate_use(
    state: State, through_lineage: Mask, through_series: Mask, today: int, thresholds: rules.Thresholds
) -> None:
    """Sets which tables are in use, through lineage, their series and for the score, and which are zombies."""
    query, changed = state.query, state.source["metadata_changed"]
    through_others = through_lineage | through_series
    in_use = rules.in_use_for_score(query["activity"], through_others, changed, today, thresholds)
    zombies = rules.zombies(query["activity"], through_others, query["queries"])
    present = state.present()
    cases = (
        (ZOMBIE, zombies),
        (IN_USE_THROUGH_LINEAGE, through_lineage),
        (IN_USE_THROUGH_SERIES, through_series),
        (IN_USE, in_use),
    )
    flags = query["flags"] & ~np.uint16(sum(flag for flag, _ in cases))
    for flag, mask in cases:
        flags |= np.where(mask & present, flag, 0).astype(np.uint16)
    query["flags"] = flags
