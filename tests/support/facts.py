"""The rules over one table at a time, for tables of cases: facts as dates in, names of classes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from thirdeye.inventory import rules
from thirdeye.inventory.columns import (
    DESCRIBED,
    IN_USE,
    PRESENT,
    QUERY_FIELDS,
    ZOMBIE,
    Array,
    Columns,
    day_number,
    day_of,
)
from thirdeye.inventory.rules import (
    ACTIVITIES,
    ACTIVITY_CODE,
    EVIDENCE_CODE,
    EVIDENCES,
    Activity,
    Evidence,
    Feed,
    TableColumns,
    Thresholds,
)
from thirdeye.score.rules import Tally, tally_services


@dataclass(kw_only=True)
class TableFacts:
    """What is known of one table."""

    service: str
    last_usage: date | None = None
    lifecycle_accessed: date | None = None
    last_written: date | None = None
    created: date | None = None
    metadata_changed: date | None = None
    queries_30d: int = 0
    size_bytes: int | None = None
    has_owner: bool = False
    has_description: bool = False
    has_tier: bool = False

    @property
    def last_accessed(self) -> date | None:
        return max((day for day in (self.last_usage, self.lifecycle_accessed) if day), default=None)


def _days(*days: date | None) -> Array:
    return np.array([day_number(day) for day in days], np.uint16)


def _columns(facts: Sequence[TableFacts], evidence: Sequence[Evidence], observed: int) -> TableColumns:
    return TableColumns(
        evidence=np.array([EVIDENCE_CODE[each] for each in evidence], np.uint8),
        observed=np.full(len(facts), observed),
        accessed=_days(*(each.last_accessed for each in facts)),
        created=_days(*(each.created for each in facts)),
        metadata_changed=_days(*(each.metadata_changed for each in facts)),
        queries=np.array([each.queries_30d for each in facts], np.int64),
    )


def activity(facts: TableFacts, evidence: Evidence, observed: int, today: date, thresholds: Thresholds) -> Activity:
    found = rules.activity(_columns([facts], [evidence], observed), day_number(today), thresholds)
    return ACTIVITIES[found[0]]


def idle_days(facts: TableFacts, observed: int, today: date) -> int:
    return int(rules.idle_days(_columns([facts], [Evidence.QUERIES], observed), day_number(today))[0])


def table_evidence(of_feed: Evidence, metadata_changed: date | None) -> Evidence:
    found = rules.table_evidence(np.array([EVIDENCE_CODE[of_feed]]), _days(metadata_changed))
    return EVIDENCES[found[0]]


def in_use_for_score(
    of_table: Activity, changed: date | None, today: date, thresholds: Thresholds, lineage: bool = False
) -> bool:
    codes = np.array([ACTIVITY_CODE[of_table]])
    return bool(rules.in_use_for_score(codes, np.array([lineage]), _days(changed), day_number(today), thresholds)[0])


def is_zombie(of_table: Activity, queries: int, lineage: bool = False) -> bool:
    return bool(rules.zombies(np.array([ACTIVITY_CODE[of_table]]), np.array([lineage]), np.array([queries]))[0])


def sound_date(value: date | None, today: date) -> date | None:
    return day_of(rules.clamp_day_number(day_number(value), day_number(today)))


def date_of_milliseconds(milliseconds: float | None, today: date) -> date | None:
    return day_of(min(rules.day_of_milliseconds(milliseconds), day_number(today)))


def feed_evidence(feed: Feed, today: date, thresholds: Thresholds) -> Evidence:
    return rules.assess_feed(feed, today, thresholds).evidence


def observed_days(feed: Feed, today: date) -> int:
    return rules.assess_feed(feed, today, Thresholds()).observed_days


def tally_service(facts: Sequence[TableFacts], feed: Feed, today: date, thresholds: Thresholds) -> Tally:
    """The tally of one service without lineage."""
    verdict, now = rules.assess_feed(feed, today, thresholds), day_number(today)
    tables = _columns(
        facts, [table_evidence(verdict.evidence, each.metadata_changed) for each in facts], verdict.observed_days
    )
    nothing = np.zeros(len(facts), np.bool_)
    columns = Columns(QUERY_FIELDS, len(facts))
    columns["evidence"], columns["activity"] = tables.evidence, rules.activity(tables, now, thresholds)
    columns["accessed"] = tables.accessed
    columns["written"] = _days(*(each.last_written for each in facts))
    columns["size"] = np.array([-1 if each.size_bytes is None else each.size_bytes for each in facts], np.int64)
    columns["owners"] = np.array([each.has_owner for each in facts], np.int32)
    columns["tier"] = np.array([each.has_tier for each in facts], np.uint8)
    used = rules.in_use_for_score(columns["activity"], nothing, tables.metadata_changed, now, thresholds)
    zombies = rules.zombies(columns["activity"], nothing, tables.queries)
    described = np.array([each.has_description for each in facts], np.bool_)
    columns["flags"] = PRESENT | used * IN_USE | zombies * ZOMBIE | described * DESCRIBED
    (tally,) = tally_services(columns, np.zeros(1, np.int32), 1, now, thresholds.recent_days)
    return tally
