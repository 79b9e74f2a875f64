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
    """By service number: what is known of its use, and what that is worth."""

    feeds: list[rules.Feed]
    verdicts: list[rules.FeedAssessment]


def judge_feeds(state: State, usage: UsageTotals, today: date, thresholds: rules.Thresholds) -> ServiceFeeds:
    """What each service's feed is worth, over the tables that are there."""
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


def judge_tables(
    state: State, usage: UsageTotals, feeds: ServiceFeeds, today: date, thresholds: rules.Thresholds
) -> Mask:
    """Sets last access, last write, queries, evidence and activity; gives which tables are directly in use."""
    now, place_service = day_number(today), state.service_of_place()
    codes = np.array([rules.EVIDENCE_CODE[verdict.evidence] for verdict in feeds.verdicts] or [0], np.uint8)
    observed = np.array([verdict.observed_days for verdict in feeds.verdicts] or [0], np.int32)
    directly = np.zeros(state.tables, np.bool_)
    # A chunk at a time, for the rules make a dozen arrays on the way.
    for start in range(0, state.tables, CHUNK):
        part = slice(start, start + CHUNK)
        query = {name: state.query[name][part] for name in state.query.fields}
        source = {name: state.source[name][part] for name in state.source.fields}
        service, latest = place_service[query["place"]], np.uint16(now)
        source["created"][:] = np.minimum(source["created_at"], latest)
        source["metadata_changed"][:] = np.minimum(source["changed_at"], latest)
        accessed = np.maximum(source["last_use"], source["lifecycle_accessed"])
        query["accessed"][:] = np.minimum(accessed, latest)
        written = np.maximum(source["lifecycle_updated"], source["profile_written"])
        query["written"][:] = np.minimum(np.maximum(written, source["created"]), latest)
        query["queries"][:] = np.minimum(usage.queries[part], 2**31 - 1)
        query["evidence"][:] = rules.table_evidence(codes[service], source["metadata_changed"])
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


def judge_use(state: State, through_lineage: Mask, today: date, thresholds: rules.Thresholds) -> None:
    """Sets who is in use, through lineage and for the score, and who is a zombie."""
    query, now = state.query, day_number(today)
    in_use = rules.in_use_for_score(
        query["activity"], through_lineage, state.source["metadata_changed"], now, thresholds
    )
    zombies = rules.zombies(query["activity"], through_lineage, query["queries"])
    present = state.present()
    flags = query["flags"] & ~np.uint8(ZOMBIE | IN_USE_THROUGH_LINEAGE | IN_USE)
    for flag, mask in ((ZOMBIE, zombies), (IN_USE_THROUGH_LINEAGE, through_lineage), (IN_USE, in_use)):
        flags |= np.where(mask & present, flag, 0).astype(np.uint8)
    query["flags"] = flags


def split_costs(tables: int, costs: dict[bytes, float], mentions: tuple[Array, Array]) -> Array:
    """What each table's queries cost: a query's cost split evenly over the tables that it names; NaN without any.

    `mentions` are pairs: the table's number (-1 for an unknown one) and the query's key.
    """
    result = np.full(tables, np.nan)
    numbers, queries = mentions
    if not costs or not len(numbers):
        return result
    keys = sorted(costs)
    known = np.array(keys, dtype=queries.dtype)
    places = np.minimum(np.searchsorted(known, queries), len(known) - 1)
    matching = known[places] == queries
    numbers, places = numbers[matching], places[matching]
    named = np.bincount(places, minlength=len(keys))
    share = np.array([costs[key] for key in keys]) / np.maximum(named, 1)
    here = numbers >= 0
    sums = np.bincount(numbers[here], weights=share[places[here]], minlength=tables)
    touched = np.zeros(tables, dtype=np.bool_)
    touched[numbers[here]] = True
    result[touched] = sums[touched]
    return result
