"""The rules applied to the whole estate: feeds, activity, use, zombies."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from thirdeye.inventory import rules
from thirdeye.inventory.columns import CHUNK, IN_USE, IN_USE_THROUGH_LINEAGE, ZOMBIE, Array, Mask, day_number, day_of
from thirdeye.mirror.state import State
from thirdeye.mirror.usage import UsageTotals


@dataclass(frozen=True)
class ServiceFeeds:
    """By service number: when its tables were used, and what that is worth as evidence."""

    feeds: list[rules.Feed]
    verdicts: list[rules.FeedAssessment]

    @property
    def observed_days(self) -> Array:
        """How many days each service was observed for."""
        return np.array([verdict.observed_days for verdict in self.verdicts] or [0], np.int32)

    @property
    def evidence(self) -> Array:
        """The code of each service's evidence."""
        return np.array([rules.EVIDENCE_CODE[verdict.evidence] for verdict in self.verdicts] or [0], np.uint8)


def evaluate_feeds(state: State, usage: UsageTotals, today: date, thresholds: rules.Thresholds) -> ServiceFeeds:
    """What each service's feed is worth, over the tables of the estate."""
    count = len(state.services.items)
    present = state.present()
    service = state.service_of_place()[state.query["place"]][present]
    # Times in the future count as today, whichever day that is by now.
    accessed = np.minimum(state.source["lifecycle_accessed"][present], np.uint16(day_number(today)))
    recorded = accessed > 0
    tables = np.bincount(service, minlength=count)
    with_accessed = np.bincount(service[recorded], minlength=count)
    first, newest = np.full(count, 65_535, np.uint16), np.zeros(count, np.uint16)
    np.minimum.at(first, service[recorded], accessed[recorded])
    np.maximum.at(newest, service[recorded], accessed[recorded])
    feeds = [
        rules.Feed(
            tables=int(tables[number]),
            first_usage=day_of(usage.first_row[number]),
            newest_usage=day_of(usage.newest_row[number]),
            lifecycle_tables=int(with_accessed[number]),
            first_lifecycle=day_of(first[number]) if with_accessed[number] else None,
            newest_lifecycle=day_of(newest[number]) if with_accessed[number] else None,
        )
        for number in range(count)
    ]
    return ServiceFeeds(feeds, [rules.assess_feed(feed, today, thresholds) for feed in feeds])


def classify_tables(
    state: State, usage: UsageTotals, feeds: ServiceFeeds, today: date, thresholds: rules.Thresholds
) -> Mask:
    """Sets last access, last write, queries, evidence and activity; gives which tables are directly in use."""
    now, service_of_place = day_number(today), state.service_of_place()
    evidence, observed = feeds.evidence, feeds.observed_days
    directly = np.zeros(state.tables, np.bool_)
    # A chunk at a time, for the rules make a dozen arrays on the way.
    for chunk in range(state.query.chunks):
        part = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        query, source = state.query.parts(chunk), state.source.parts(chunk)
        service = service_of_place[query["place"]]
        _set_days(query, source, now)
        query["queries"][:] = np.minimum(usage.queries[part], 2**31 - 1)
        query["evidence"][:] = rules.table_evidence(evidence[service], source["metadata_changed"])
        tables = rules.TableColumns(
            evidence=query["evidence"],
            observed=observed[service],
            accessed=query["accessed"],
            created=source["created"],
            metadata_changed=source["metadata_changed"],
            queries=query["queries"],
        )
        query["activity"][:] = rules.activity(tables, now, thresholds)
        directly[part] = rules.directly_in_use(query["activity"])
    directly &= state.present()
    return directly


def _set_days(query: dict[str, Array], source: dict[str, Array], now: int) -> None:
    """Sets the days of a chunk as of today: what lies in the future counts as today."""
    latest = np.uint16(now)
    source["created"][:] = np.minimum(source["created_at"], latest)
    source["metadata_changed"][:] = np.minimum(source["changed_at"], latest)
    accessed = np.maximum(source["last_use"], source["lifecycle_accessed"])
    query["accessed"][:] = np.minimum(accessed, latest)
    written = np.maximum(source["lifecycle_updated"], source["profile_written"])
    query["written"][:] = np.minimum(np.maximum(written, source["created"]), latest)


def evaluate_use(state: State, through_lineage: Mask, today: date, thresholds: rules.Thresholds) -> None:
    """Sets which tables are in use, through lineage and for the score, and which are zombies."""
    query, now = state.query, day_number(today)
    changed = state.source["metadata_changed"]
    in_use = rules.in_use_for_score(query["activity"], through_lineage, changed, now, thresholds)
    zombies = rules.zombies(query["activity"], through_lineage, query["queries"])
    present = state.present()
    flags = query["flags"] & ~np.uint8(ZOMBIE | IN_USE_THROUGH_LINEAGE | IN_USE)
    for flag, mask in ((ZOMBIE, zombies), (IN_USE_THROUGH_LINEAGE, through_lineage), (IN_USE, in_use)):
        flags |= np.where(mask & present, flag, 0).astype(np.uint8)
    query["flags"] = flags
