"""The series of the estate during a refresh: use and age that their parts share, and what is advised of old parts."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice, pairwise
from typing import Final

import numpy as np

from thirdeye.database import MySQL
from thirdeye.inventory import rules
from thirdeye.inventory.columns import (
    ABSENT,
    DATED,
    IN_USE_THROUGH_SERIES,
    MAX_SUM,
    WITHOUT_STORAGE,
    Array,
    Columns,
    Mask,
    exact_sums,
)
from thirdeye.inventory.feeds import FeedColumns
from thirdeye.inventory.money import BYTES_PER_GB, format_cost
from thirdeye.inventory.rules import ACTIVITY_CODE, UNKNOWN_CODE, Activity, TableColumns, Thresholds, UnknownReason
from thirdeye.inventory.series import PartFacts, SeriesEntry, SeriesMembers, no_series, old_parts
from thirdeye.inventory.storage_prices import TARIFFS, Tariffs
from thirdeye.inventory.table_names import split_suffix
from thirdeye.inventory.verdicts import BLOCKER_BIT, UNKNOWN_IDLE_DAYS, VERDICT_CODE, Blocker, Verdict
from thirdeye.mirror import store
from thirdeye.mirror.evaluation import first_row_days, rule_columns
from thirdeye.mirror.feeds import Watching
from thirdeye.mirror.state import State

# Old parts are spoken of only where the feed has been observed for so many days.
OBSERVED_DAYS: Final = 400
_PAGE: Final = 2_000
_UNSETTLED: Final = (ACTIVITY_CODE[Activity.NEW], ACTIVITY_CODE[Activity.UNKNOWN])
# What speaks against any advice, whichever member has it; a dependent does so only for what it depends on.
_DEPENDENT: Final = BLOCKER_BIT[Blocker.ACTIVE_DOWNSTREAM] | BLOCKER_BIT[Blocker.UNKNOWN_DOWNSTREAM]
_AGAINST_ADVICE: Final = sum(
    BLOCKER_BIT[blocker]
    for blocker in (
        Blocker.KEPT_BY_OWNER,
        Blocker.CRITICAL_TIER,
        Blocker.PROTECTED_TAG,
        Blocker.IN_DATA_PRODUCT,
        Blocker.EVIDENCE_INCOMPLETE,
        Blocker.FEED_SILENT,
        Blocker.CALIBRATION_OFF,
        Blocker.MASS_ABSENCE,
        Blocker.NO_LINEAGE,
        Blocker.EVIDENCE_PARTIAL,
    )
)
_REMOVED: Final = (VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE])


@dataclass
class EstateSeries:
    """The series of an estate; arrays have one value per member.

    `order`: as in `table_names.Suffix`; `dated`: it is of a date. The rest is set by the rules: `settled` members are
    neither NEW nor UNKNOWN by themselves, of `unreadable` ones a time of access cannot be read, and `observed` tells of
    each series for how many days its feed is.
    """

    members: SeriesMembers = field(default_factory=no_series)
    order: Array = field(default_factory=lambda: np.zeros(0, np.uint64))
    dated: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    settled: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    unreadable: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    used: Mask = field(default_factory=lambda: np.zeros(0, np.bool_))
    observed: Array = field(default_factory=lambda: np.zeros(0, np.int64))

    @staticmethod
    def of(state: State, members: SeriesMembers) -> "EstateSeries":
        """These series with what their names tell, as long as the state has names."""
        numbers = members.numbers
        dated = (state.name["form"][numbers] & DATED) != 0
        return EstateSeries(members=members, order=state.name["suffix"][numbers], dated=dated)


def classify_series(
    series: EstateSeries, state: State, watching: Watching, feeds: FeedColumns, today: int, thresholds: Thresholds
) -> None:
    """Gives the members of each series without use of its own the activity of the whole.

    All tables are classified by themselves before, and those that are absent are as they were last seen. The use of a new
    part, as of one of which nothing is known, tells nothing of the others: they all have the newest access and the earliest
    age of the series.
    """
    members, query = series.members, state.query
    numbers = members.numbers
    own = query["activity"][numbers]
    series.settled = ~np.isin(own, _UNSETTLED)
    series.unreadable = query["unknown"][numbers] == UNKNOWN_CODE[UnknownReason.UNREADABLE]
    series.used = rules.directly_in_use(own) & (series.settled | members.wholes)
    series.observed = feeds.observed[query["place"][numbers[members.starts]]]
    if not len(members):
        return
    tables = {name: query[name][numbers] for name in ("place", "accessed")}
    # That of the feed: an absent part has what it was last seen with.
    tables["evidence"] = feeds.evidence[tables["place"]]
    source = {name: state.source[name][numbers] for name in _SOURCE}
    first_rows = first_row_days(state, watching.places)
    whole = _as_one(members, rule_columns(tables, source, feeds, first_rows, today, thresholds))
    idle = rules.idle_days(whole, watching.watched, today)
    activity, unknown = rules.activity(whole, idle, watching.watched, today, thresholds)
    shown = np.where(unknown > 0, UNKNOWN_IDLE_DAYS, np.clip(idle, 0, UNKNOWN_IDLE_DAYS - 1))
    judged = members.spread(~members.any_of(series.used)) & ~query.has(ABSENT)[numbers]
    for name, values in (("activity", activity), ("unknown", unknown), ("idle", shown)):
        query[name][numbers[judged]] = members.spread(values)[judged]


_SOURCE: Final = (
    "last_row", "known_since", "created", "entity_created_at", "changed_at", "signs", "lifecycle_accessed",
)  # fmt: skip


def _as_one(members: SeriesMembers, tables: TableColumns) -> TableColumns:
    """What the rules need of each series as a whole. All of its members are in one schema, so they have one feed."""
    first = members.starts
    return TableColumns(
        evidence=tables.evidence[first],
        variant=tables.variant[first],
        since=tables.since[first],
        newest=tables.newest[first],
        observed=tables.observed[first],
        undated=tables.undated[first],
        accessed=members.highest(tables.accessed),
        last_row=members.highest(tables.last_row),
        known_since=members.lowest(tables.known_since),
        young=members.any_of(tables.young),
        unreadable=members.any_of(tables.unreadable),
    )


def in_use_through_series(series: EstateSeries, through_lineage: Mask) -> Mask:
    """Which tables are in use because their whole, or a part that is not new or unknown, is."""
    members = series.members
    counts = series.settled | members.wholes
    in_use = members.any_of(series.used | (counts & through_lineage[members.numbers]))
    return members.mask(members.spread(in_use), len(through_lineage))


def _advised(series: EstateSeries, query: Columns) -> Mask:
    """Of which series old parts may be spoken of."""
    members = series.members
    blockers = query["blockers"][members.numbers]
    against = ((blockers & _AGAINST_ADVICE) != 0) | (((blockers & _DEPENDENT) != 0) & members.wholes)
    # Whose parts are to go by their verdicts needs no other advice.
    against |= np.isin(query["verdict"][members.numbers], _REMOVED)
    advised: Mask = ~members.any_of(against) & (series.observed >= OBSERVED_DAYS)
    return advised


def _old_parts(series: EstateSeries, advised: Mask, query: Columns, source: Columns, today: int) -> Mask:
    """Which members are to go, of the series that have advice."""
    members = series.members
    numbers = members.numbers
    depended_on = (query["blockers"][numbers] & _DEPENDENT) != 0
    parts = PartFacts(
        order=series.order,
        dated=series.dated,
        accessed=query["accessed"][numbers],
        known_since=source["known_since"][numbers],
        needed=depended_on | series.unreadable,
        freeable=(query["flags"][numbers] & (ABSENT | WITHOUT_STORAGE)) == 0,
    )
    return old_parts(members, parts, today) & members.spread(advised)


async def series_entries(
    series: EstateSeries, state: State, tariffs: Tariffs, thirdeye: MySQL, today: int
) -> AsyncIterator[list[SeriesEntry]]:
    """The series as they are published, in the order of their numbers, a page at a time: the first has the number 1."""
    members, query = series.members, state.query
    representatives = members.representatives.tolist()
    advised = _advised(series, query)
    old = _old_parts(series, advised, query, state.source, today)
    numbers, by_series = members.numbers, members.series - 1
    place = query["place"][members.representatives] if len(members) else np.zeros(0, np.int32)
    service = state.service_of_place()[query["place"][numbers]]
    tariff = tariffs.of(service, query["written"][numbers], query["flags"][numbers])
    old_numbers, old_ends = numbers[old], np.searchsorted(by_series[old], np.arange(len(members) + 1)).tolist()
    in_use = _in_use(members, query)
    columns = (
        representatives, place.tolist(), np.diff(np.append(members.starts, len(numbers))).tolist(),
        _last(series, query).tolist(), members.any_of(members.wholes).tolist(), in_use.tolist(),
        (in_use & ~members.any_of(series.used)).tolist(),
        members.highest(query["accessed"][numbers]).tolist(), members.lowest(state.source["known_since"][numbers]).tolist(),
        advised.tolist(),
    )  # fmt: skip
    sums_of_all, sums_of_old = (
        _sums(query, numbers, by_series, tariff, tariffs, len(members)),
        _sums(query, numbers[old], by_series[old], tariff[old], tariffs, len(members)),
    )
    rows = zip(*columns, sums_of_all, sums_of_old, pairwise(old_ends), strict=True)
    for page in range(0, len(members), _PAGE):
        names = await store.names_by_number(thirdeye, representatives[page : page + _PAGE])
        yield [
            {
                "name": names.get(table, "") if whole else split_suffix(names.get(table, "")).stem,
                "place": at,
                "table": table,
                "tables": tables,
                "last": last,
                "whole": whole,
                "inUse": used,
                "throughLineage": held,
                "accessed": accessed,
                "known": known,
                "bytes": sums[0],
                "cost": format_cost(sums[1]),
                "advised": may_go,
                "old": old_numbers[slice(*ends)].tolist(),
                "oldCost": format_cost(old_sums[1]),
            }
            for table, at, tables, last, whole, used, held, accessed, known, may_go, sums, old_sums, ends in islice(
                rows, _PAGE
            )
        ]


def _last(series: EstateSeries, query: Columns) -> Array:
    """By series the whole, or its newest part that is not absent."""
    members = series.members
    present = (query["flags"][members.numbers] & ABSENT) == 0
    order = np.lexsort((members.numbers, series.order, members.wholes, present, members.series))
    ends = np.append(members.starts[1:], len(members.numbers)) - 1
    last: Array = members.numbers[order[ends if len(members) else members.starts]]
    return last


def _in_use(members: SeriesMembers, query: Columns) -> Mask:
    in_use: Mask = (query["flags"][members.numbers[members.starts]] & IN_USE_THROUGH_SERIES) != 0
    return in_use


def _sums(
    query: Columns, numbers: Array, by_series: Array, tariff: Array, tariffs: Tariffs, series: int
) -> Iterator[tuple[int, Decimal]]:
    """By series the bytes of these tables, and what they cost in USD a month, as far as known."""
    # All of a series are of one service: its parts may pay any of that one's tariffs.
    cells = by_series * TARIFFS + tariff % TARIFFS
    sizes = exact_sums(cells, np.maximum(query["size"][numbers], 0), TARIFFS * series)
    first = np.zeros(series, np.int64)
    first[by_series] = tariff - tariff % TARIFFS
    queries = np.bincount(by_series, np.nan_to_num(query["query_cost"][numbers]), minlength=series)
    for number, (start, cost) in enumerate(zip(first.tolist(), queries.tolist(), strict=True)):
        own = sizes[TARIFFS * number : TARIFFS * (number + 1)]
        rates = tariffs.exact[start : start + TARIFFS]
        storage = sum((size * rate for size, rate in zip(own, rates, strict=True)), Decimal(0)) / BYTES_PER_GB
        yield min(sum(own), MAX_SUM), storage + Decimal(repr(cost))
