"""Trials: which tables are worth the reversible first stages of a removal, where evidence for more is missing. Pure.

A suggestion, never a saving.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from thirdeye.inventory.columns import ABSENT, CHUNK, TRIAL, WITHOUT_PLAN, Array, Mask
from thirdeye.inventory.rules import UNKNOWN_CODE, Activity, UnknownReason, has_activity
from thirdeye.inventory.storage_prices import costs
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Blocker, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict.rules import Policy
from thirdeye.verdict.series import UnusedSeries

# For fewer watched days nobody can say that a table is not read.
MIN_WATCHED_DAYS: Final = 14
_AGAINST: Final = sum(
    BLOCKER_BIT[blocker]
    for blocker in (
        Blocker.ACTIVE_DOWNSTREAM, Blocker.SERIES_IN_USE, Blocker.KEPT_BY_OWNER, Blocker.CRITICAL_TIER, Blocker.PROTECTED_TAG,
        Blocker.IN_DATA_PRODUCT, Blocker.UNKNOWN_DOWNSTREAM, Blocker.EVIDENCE_INCOMPLETE, Blocker.FEED_SILENT,
        Blocker.CALIBRATION_OFF, Blocker.MASS_ABSENCE, Blocker.EVIDENCE_PARTIAL,
    )
)  # fmt: skip
_MAY_BE_UNKNOWN: Final = (0, UNKNOWN_CODE[UnknownReason.FEW_DAYS], UNKNOWN_CODE[UnknownReason.AGE])


@dataclass(frozen=True, kw_only=True)
class TrialFacts:
    """What a trial depends on beside cost and verdict, one value per table; days as in `columns.py`.

    `unknown`: an index into UNKNOWN_REASONS. Of the feed of each table: `since` which day it counts, and `observed`, how many
    days that was watched. `young`: something says that the table came lately.
    """

    activity: Array
    unknown: Array
    accessed: Array
    since: Array
    observed: Array
    young: Mask
    flags: Array
    bits: Array


def may_be_tried(tables: TrialFacts) -> Mask:
    """Which tables were watched long enough and not read meanwhile, with nothing that stands against a trial."""
    idle = has_activity(tables.activity, Activity.STALE, Activity.DORMANT, Activity.UNKNOWN)
    not_read = tables.accessed.astype(np.int64) < np.maximum(tables.since, 1)
    watched = tables.observed >= MIN_WATCHED_DAYS
    may = idle & np.isin(tables.unknown, _MAY_BE_UNKNOWN) & watched & not_read & ~tables.young
    # Of what has no plan no stage could be undone.
    free: Mask = ((tables.bits & _AGAINST) == 0) & ((tables.flags & (ABSENT | WITHOUT_PLAN)) == 0)
    return free & may


def mark_trials(estate: Estate, series: UnusedSeries, policy: Policy) -> None:
    """Sets TRIAL of every table, once verdicts are given; of a series that is not in use all parts may be tried, or none."""
    query, count = estate.query, len(estate.present)
    may = np.zeros(count, np.uint8)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        facts = _facts(estate, part)
        may[part] = may_be_tried(facts) & estate.present[part]
    series.share(may, series.members.lowest)
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        chosen = (may[part] > 0) & (query["verdict"][part] == VERDICT_CODE[Verdict.REVIEW])
        places = np.flatnonzero(chosen)
        chunk: Mapping[str, Array] = {name: query[name][part][places] for name in query.fields}
        dear = costs(estate.tariffs, estate.service[part][places], chunk) >= policy.review_cost
        flags = query["flags"][part]
        flags &= ~np.uint16(TRIAL)
        flags[places[dear]] |= np.uint16(TRIAL)


def _facts(estate: Estate, part: slice) -> TrialFacts:
    query, place = estate.query, estate.place[part]
    return TrialFacts(
        activity=query["activity"][part],
        unknown=query["unknown"][part],
        accessed=query["accessed"][part],
        since=estate.since[place],
        observed=estate.observed[place],
        young=estate.young[part],
        flags=query["flags"][part],
        bits=query["blockers"][part],
    )
