"""What queries cost, split over the tables that they name."""

from functools import partial
from typing import Final

import numpy as np

from thirdeye.inventory.columns import Array
from thirdeye.mirror.keys import KEY, records_of
from thirdeye.mirror.openmetadata.source_tables import QUERIES, QUERY_COSTS, RELATIONS
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import Index

_MENTION: Final = np.dtype([("table", KEY), ("query", KEY)])
_DAY_MS: Final = 86_400_000
_DAYS: Final = 30
# USD by the key of a query.
Costs = dict[bytes, float]
# Pairs: a table's number (-1 for an unknown one) and the key of a query that names it.
Mentions = tuple[Array, Array]


async def read_query_costs(reader: OpenMetadataReader, index: Index, today: int) -> tuple[Costs, Mentions]:
    """What queries cost in the last 30 days, and which tables they name."""
    read = partial(reader.om.query_costs, (today - _DAYS) * _DAY_MS)
    cost_rows = await reader.rows(QUERY_COSTS, read) if await reader.can_read(QUERIES) else []
    costs = {bytes.fromhex(row["id"]).rstrip(b"\0"): float(row["cost"]) for row in cost_rows if row["cost"] is not None}
    rows = await reader.rows(RELATIONS, reader.om.mentions) if costs else []
    if not rows:
        return {}, (np.zeros(0, np.int64), np.zeros(0, KEY))
    mentions = np.concatenate([records_of(row["packed"], _MENTION) for row in rows])
    return costs, (index.numbers(mentions["table"]), mentions["query"])


def split_costs(tables: int, costs: Costs, mentions: Mentions) -> Array:
    """What each table's queries cost: a query's cost split evenly over the tables that it names; NaN without any."""
    numbers, queries = mentions
    if not costs or not len(numbers):
        return np.full(tables, np.nan)
    keys = sorted(costs)
    query_keys = np.array(keys, dtype=queries.dtype)
    places = np.minimum(np.searchsorted(query_keys, queries), len(query_keys) - 1)
    matching = query_keys[places] == queries
    numbers, places = numbers[matching], places[matching]
    tables_of_query = np.bincount(places, minlength=len(keys))
    share = np.array([costs[key] for key in keys]) / np.maximum(tables_of_query, 1)
    is_table = numbers >= 0
    sums = np.bincount(numbers[is_table], weights=share[places[is_table]], minlength=tables)
    is_named = np.bincount(numbers[is_table], minlength=tables) > 0
    return np.where(is_named, sums, np.nan)
