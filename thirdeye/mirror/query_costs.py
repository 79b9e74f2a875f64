"""What queries cost, split over the tables that they name."""

from functools import partial
from typing import Final, NamedTuple

import numpy as np

from thirdeye.inventory.columns import Array, Mask, select
from thirdeye.mirror.keys import KEY, records_of
from thirdeye.mirror.openmetadata.source_tables import QUERIES, QUERY_COSTS, RELATIONS, STATEMENTS
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import Index
from thirdeye.mirror.warnings import RefreshWarnings

_MENTION: Final = np.dtype([("table", KEY), ("query", KEY)])
_DAY_MS: Final = 86_400_000
_DAYS: Final = 30
# More than the database can hold, of a table that thousands of absurd queries name.
_MAX_COST: Final = 1e13
# USD by the key of a query.
Costs = dict[bytes, float]
# The newest day of a record of its cost, by the key of a query.
LastDays = dict[bytes, int]
# Pairs: a table's number (-1 for an unknown one) and the key of a query that names it.
Mentions = tuple[Array, Array]


class QueryCosts(NamedTuple):
    """What queries cost in the last 30 days, on which day they have their last cost, which have one of a day that cannot be
    read, and which tables they name.
    """

    costs: Costs
    last_days: LastDays
    undated: list[bytes]
    mentions: Mentions


NO_COSTS: Final = QueryCosts({}, {}, [], (np.zeros(0, np.int64), np.zeros(0, KEY)))


async def read_query_costs(
    reader: OpenMetadataReader, index: Index, today: int, warnings: RefreshWarnings
) -> QueryCosts:
    """What OM has of the costs of queries."""
    # A day ahead of tomorrow is no day that was.
    read = partial(reader.om.query_costs, (today - _DAYS) * _DAY_MS, (today + 2) * _DAY_MS)
    cost_rows = await reader.rows(QUERY_COSTS, read) if await reader.can_read(QUERIES) else []
    for row in cost_rows:
        warnings.add("QUERY_COST_IS_NONSENSE", f"{row['example']} USD, query {row['id']}", int(row["absurd"] or 0))
        warnings.odd_row(QUERY_COSTS.name, f"query {row['id']}", "its time cannot be read", int(row["undated"] or 0))
    keyed = [(bytes.fromhex(row["id"]).rstrip(b"\0"), row) for row in cost_rows]
    costs = {key: float(row["cost"]) for key, row in keyed if row["cost"] is not None}
    last_days = {key: int(row["newest"]) // _DAY_MS for key, row in keyed if row["newest"] is not None}
    undated = [key for key, row in keyed if row["undated"]]
    # Of statements that cost nothing it is of interest what they do.
    rows = await reader.rows(RELATIONS, reader.om.mentions) if keyed or reader.has(STATEMENTS) else []
    if not rows:
        return NO_COSTS
    mentions = np.concatenate([records_of(row["packed"] or "", _MENTION) for row in rows])
    await reader.warn_of_odd_relations("mentions", sum(int(row["number"]) for row in rows) - len(mentions))
    return QueryCosts(costs, last_days, undated, (index.numbers(mentions["table"]), mentions["query"]))


def split_costs(tables: int, costs: Costs, mentions: Mentions) -> Array:
    """What each table's queries cost: a query's cost split evenly over the tables that it names; NaN without any."""
    numbers, shares, _ = _shares(costs, mentions)
    sums = np.bincount(numbers, weights=shares, minlength=tables)
    is_named = np.bincount(numbers, minlength=tables) > 0
    return np.where(is_named, np.minimum(sums, _MAX_COST), np.nan)


def write_costs(tables: int, costs: Costs, mentions: Mentions, writes: Mask) -> Array:
    """What of that is for statements that only write the table, which some of the mentions are; 0 without any."""
    numbers, shares, mention = _shares(costs, mentions)
    is_write = writes[mention]
    sums = np.bincount(numbers[is_write], weights=shares[is_write], minlength=tables)
    return np.minimum(sums, _MAX_COST)


def _shares(costs: Costs, mentions: Mentions) -> tuple[Array, Array, Array]:
    """By mention of a table in a query with a cost: the table, its share of the cost, and the place of the mention."""
    numbers, places, keys, mention = _matching(costs, mentions)
    tables_of_query = np.bincount(places, minlength=len(keys))
    share = np.array([costs[key] for key in keys]) / np.maximum(tables_of_query, 1)
    is_table = numbers >= 0
    return numbers[is_table], share[places[is_table]], mention[is_table]


def last_uses(tables: int, days: LastDays, mentions: Mentions, today: int) -> Array:
    """The newest day on which a query that names a table has a cost, which is use or a write; 0 without any."""
    numbers, places, keys, _ = _matching(days, mentions)
    newest, result = np.array([days[key] for key in keys], np.int64), np.zeros(tables, np.uint16)
    known = numbers >= 0
    np.maximum.at(result, numbers[known], np.minimum(newest[places[known]], today).astype(np.uint16))
    return result


def chosen_mentions(mentions: Mentions, chosen: Mask) -> Mentions:
    """Some of the mentions."""
    return mentions[0][chosen], mentions[1][chosen]


def used_at_no_day(tables: int, costs: QueryCosts) -> Mask:
    """Which tables a query names that ran on a day that cannot be read."""
    numbers, *_ = _matching(dict.fromkeys(costs.undated, 0), costs.mentions)
    return select(numbers.tolist(), tables)[:tables]


def _matching(queries: Costs | LastDays, mentions: Mentions) -> tuple[Array, Array, list[bytes], Array]:
    """The mentions of these queries: numbers of tables, the places of their queries in the list of keys, that list, and
    their own places.
    """
    keys = sorted(queries)
    numbers, named = mentions
    if not keys or not len(numbers):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, keys, nothing
    query_keys = np.array(keys, dtype=named.dtype)
    places = np.minimum(np.searchsorted(query_keys, named), len(query_keys) - 1)
    matching = query_keys[places] == named
    return numbers[matching], places[matching], keys, np.flatnonzero(matching)
