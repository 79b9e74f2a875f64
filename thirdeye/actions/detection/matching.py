"""Which tables the rules find, over the columns of the published estate: a chunk at a time, without I/O but the reader's."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np

from thirdeye.actions.detection.rules import Decision, Patience, is_settled
from thirdeye.actions.enums import SAVING
from thirdeye.database import Row
from thirdeye.estate.listing import parse_filter
from thirdeye.inventory.columns import Array, Mask, select
from thirdeye.inventory.filters import deserialize_filter
from thirdeye.inventory.query import cost_of, matching_numbers, required_fields, saving_of
from thirdeye.inventory.reader import EstateReader, Snapshot

# The columns that amounts are made of.
AMOUNTS: Final = ("size", "query_cost", "place", "verdict")


@dataclass(frozen=True)
class Found:
    """What the rules of one category find: tables by number, each with the place of its rule among all."""

    numbers: Array
    rules: Array
    # By place of a rule: how many tables matched it, and how many of them people have settled.
    matched: Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class Amounts:
    """What each table costs, and what following its verdict saves, USD a month by number; NaN: unknown."""

    costs: Array
    savings: Array

    def cost(self, number: int) -> Decimal | None:
        """What a table costs."""
        return _decimal(self.costs[number]) if number < len(self.costs) else None

    def saving(self, number: int, category: str) -> Decimal | None:
        """What an item of a category about a table is expected to save."""
        if category not in SAVING:
            return Decimal(0)
        return _decimal(self.savings[number])


def _decimal(value: float) -> Decimal | None:
    return None if np.isnan(value) else Decimal(f"{value:.6f}")


async def amounts_of(snapshot: Snapshot) -> Amounts:
    """The amounts of all tables: sixteen bytes each."""
    await snapshot.load(AMOUNTS)
    return await asyncio.to_thread(_amounts, snapshot)


def _amounts(snapshot: Snapshot) -> Amounts:
    catalogue = snapshot.catalogue
    chunks = [catalogue.columns.parts(chunk) for chunk in range(catalogue.columns.chunks)]
    nothing = np.zeros(0)
    return Amounts(
        costs=np.concatenate([nothing, *(cost_of(catalogue, chunk) for chunk in chunks)]),
        savings=np.concatenate([nothing, *(saving_of(catalogue, chunk) for chunk in chunks)]),
    )


async def find(
    reader: EstateReader,
    snapshot: Snapshot,
    rules: Sequence[Row],
    *,
    amounts: Amounts,
    is_open: Mapping[str, Mask],
    decisions: Mapping[str, Mapping[int, Decision]],
    patience: Patience,
) -> dict[str, Found]:
    """What each category's rules find. `is_open` are the tables that have an open item of a category.

    Of what a rule finds, what is open stays, then the dearest come, up to the rule's maximum.
    """
    today, length = snapshot.as_of, snapshot.catalogue.columns.length
    taken: dict[str, Mask] = {}
    parts: dict[str, list[tuple[Array, Array]]] = {}
    counts: dict[str, dict[int, tuple[int, int]]] = {}
    for place, rule in enumerate(rules):
        category = rule["category"]
        numbers = await _matched(reader, snapshot, rule)
        mine = taken.setdefault(category, np.zeros(length, np.bool_))
        numbers = numbers[~mine[numbers]]
        mine[numbers] = True
        settled = _settled(decisions.get(category, {}), amounts, length, today, patience)
        # What somebody has opened again is no longer settled, whatever was said before.
        open_ = is_open.get(category, np.zeros(length, np.bool_))
        kept = numbers[~settled[numbers] | open_[numbers]]
        counts.setdefault(category, {})[place] = (len(numbers), len(numbers) - len(kept))
        dearest = np.nan_to_num(amounts.costs[kept], nan=-1.0)
        chosen = kept[np.lexsort((kept, -dearest, ~open_[kept]))][: rule["maximum_items"]]
        parts.setdefault(category, []).append((chosen, np.full(len(chosen), place, np.int32)))
    return {
        category: Found(
            np.concatenate([numbers for numbers, _ in found]),
            np.concatenate([places for _, places in found]),
            counts[category],
        )
        for category, found in parts.items()
    }


async def _matched(reader: EstateReader, snapshot: Snapshot, rule: Mapping[str, Any]) -> Array:
    wanted = await parse_filter(reader, snapshot, deserialize_filter(rule["table_filter"]), None, None)
    await snapshot.load(required_fields(wanted, None))
    return await asyncio.to_thread(matching_numbers, snapshot.catalogue, wanted, None)


def _settled(decisions: Mapping[int, Decision], amounts: Amounts, length: int, today: date, patience: Patience) -> Mask:
    return select(
        (
            number
            for number, decision in decisions.items()
            if is_settled(decision, amounts.cost(number), today, patience)
        ),
        max(length, 1),
    )
