"""Which tables the rules match, over the columns of the published estate: a chunk at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

import numpy as np

from thirdeye.actions.detection import store
from thirdeye.actions.detection.rules import (
    REMEMBERED,
    ActionRule,
    Decision,
    OpenItem,
    SuppressionDays,
    is_suppressed,
)
from thirdeye.actions.filters import tables_matching
from thirdeye.actions.items import SAVING_CATEGORIES, Category
from thirdeye.actions.retention.series import RetentionSeries, retention_series
from thirdeye.estate.loaders import EstateContext
from thirdeye.inventory.columns import ABSENT, CHUNK, Array, Mask, select
from thirdeye.inventory.query import SAVING_COLUMNS, cost_of, saving_of
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import MASS_ABSENCE
from thirdeye.pacing import in_thread

_COLUMNS: Final = ("blockers", "series", *SAVING_COLUMNS)


@dataclass(frozen=True)
class Amounts:
    """What each table costs, and what following its verdict saves, USD a month by number; NaN: unknown.

    A retention is that of a whole series, costs what it costs, and saves what its old parts do.
    """

    costs: Array
    savings: Array
    retention: RetentionSeries

    def cost(self, number: int, category: str | None) -> Decimal | None:
        """What the table of an item costs."""
        series = self.retention.cost(number) if category == Category.SET_RETENTION else None
        if series is not None:
            return series
        return _decimal(self.costs[number]) if number < len(self.costs) else None

    def costs_of(self, category: str) -> Array:
        """What the tables of items of a category cost."""
        if category != Category.SET_RETENTION:
            return self.costs
        costs, holders = self.costs.copy(), self.retention.holders[1:]
        costs[holders] = self.retention.costs[1:]
        return costs

    def saving(self, number: int, category: str) -> Decimal | None:
        """What an item of a category about a table is expected to save."""
        if category == Category.SET_RETENTION:
            return self.retention.saving(number)
        return _decimal(self.savings[number]) if category in SAVING_CATEGORIES else Decimal(0)


def _decimal(value: float) -> Decimal | None:
    return None if np.isnan(value) else Decimal(f"{value:.6f}")


class Match(NamedTuple):
    """A table that gets or keeps an item, by the first rule of a category that matches it."""

    table_number: int
    category: str
    rule: ActionRule


class RuleMatches(NamedTuple):
    """The tables of one rule that get or keep items, and the counts of all that match it and of the suppressed ones."""

    rule: ActionRule
    numbers: Array
    matched: int
    suppressed: int


@dataclass(frozen=True)
class Matches:
    """What the rules match in a snapshot.

    Of `unseen` categories a rule looks at evidence that cannot be read: what it and the rules after it match nobody knows,
    so that their items stay as they are. `may_open`: whether all that new items remember can be read.
    """

    amounts: Amounts
    by_rule: list[RuleMatches] = field(default_factory=list)
    unseen: set[str] = field(default_factory=set)
    may_open: bool = True

    def __iter__(self) -> Iterator[Match]:
        for rule, numbers, _, _ in self.by_rule:
            for number in numbers.tolist():
                yield Match(number, rule.category, rule)


def _amounts(snapshot: Snapshot, retention: RetentionSeries) -> Amounts:
    """The amounts of all tables: sixteen bytes each."""
    catalogue = snapshot.catalogue
    chunks = [catalogue.columns.parts(chunk) for chunk in range(catalogue.columns.chunks)]
    nothing = np.zeros(0)
    return Amounts(
        costs=np.concatenate([nothing, *(cost_of(catalogue, chunk) for chunk in chunks)]),
        savings=np.concatenate([nothing, *(saving_of(catalogue, chunk) for chunk in chunks)]),
        retention=retention,
    )


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What rules are matched over, whatever they are: the tables of a snapshot, the items that are open, what was decided."""

    snapshot: Snapshot
    open_items: Sequence[OpenItem]
    decisions: Mapping[str, Mapping[int, Decision]]
    amounts: Amounts
    absent: Mask
    open_masks: Mapping[str, Mask]
    days: SuppressionDays
    _suppressed: dict[str, Mask] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """The numbers of tables are under this."""
        return self.snapshot.catalogue.columns.length

    def suppressed(self, category: str) -> Mask:
        """The tables for which a decision keeps a category from being opened."""
        if category not in self._suppressed:
            decided = self.decisions.get(category, {})
            if category == Category.SET_RETENTION:
                decided = self.amounts.retention.decisions(decided)
            today = self.snapshot.as_of
            self._suppressed[category] = _suppressed(category, decided, self.amounts, self.length, today, self.days)
        return self._suppressed[category]


async def ground_of(context: EstateContext, snapshot: Snapshot) -> Ground:
    """The ground as it is now. Raises Superseded."""
    open_items, decisions = await store.open_items(context.thirdeye), await store.decisions(context.thirdeye)
    await snapshot.load(_COLUMNS)
    named = [item.table_number for item in open_items if item.category == Category.SET_RETENTION]
    retention = await retention_series(context.thirdeye, snapshot, named)
    length, settings = snapshot.catalogue.columns.length, context.settings
    return Ground(
        snapshot=snapshot,
        open_items=open_items,
        decisions=decisions,
        amounts=await in_thread(_amounts, snapshot, retention),
        absent=_absent(snapshot, length),
        open_masks=_open_masks(open_items, length),
        days=SuppressionDays(dismissed=settings.dismissed_days, completed=settings.completed_days),
    )


async def match_rules(context: EstateContext, ground: Ground, rules: Sequence[ActionRule]) -> Matches:
    """What the rules match, in their order. Raises Superseded.

    Of the tables of a rule those with an open item stay, then the most expensive come, up to the rule's maximum.
    """
    length, snapshot, retention = ground.length, ground.snapshot, ground.amounts.retention
    missing = snapshot.missing_evidence
    matches = Matches(ground.amounts, may_open=not missing & REMEMBERED)
    unmatched: dict[str, Mask] = {}
    for rule in rules:
        if rule.evidence & missing:
            matches.unseen.add(rule.category)
        if rule.category in matches.unseen:
            continue
        numbers = await tables_matching(context.estate, snapshot, rule.table_filter)
        if rule.category == Category.SET_RETENTION:
            numbers = retention.without_parts(numbers)
        # The first rule of a category takes a table.
        free = unmatched.setdefault(rule.category, np.ones(length, np.bool_))
        numbers = numbers[free[numbers]]
        free[numbers] = False
        is_open = ground.open_masks.get(rule.category, np.zeros(length, np.bool_))
        costs = ground.amounts.costs_of(rule.category)
        # What somebody has opened again is no longer suppressed, whatever was decided before.
        # An absent table keeps its item and gets no new one, nor does one of a database where many are absent.
        kept = numbers[~(ground.suppressed(rule.category) | ground.absent)[numbers] | is_open[numbers]]
        most_expensive_first = np.lexsort((kept, -np.nan_to_num(costs[kept], nan=-1.0), ~is_open[kept]))
        chosen = kept[most_expensive_first][: rule.maximum_items]
        matches.by_rule.append(RuleMatches(rule, chosen, len(numbers), len(numbers) - len(kept)))
    return matches


def _absent(snapshot: Snapshot, length: int) -> Mask:
    absent, columns = np.zeros(max(length, 1), np.bool_), snapshot.catalogue.columns
    for chunk in range(columns.chunks):
        flags, blockers = (columns.parts(chunk)[name] for name in ("flags", "blockers"))
        absent[chunk * CHUNK : chunk * CHUNK + len(flags)] = ((flags & ABSENT) != 0) | ((blockers & MASS_ABSENCE) != 0)
    return absent


def _open_masks(open_items: Sequence[OpenItem], length: int) -> dict[str, Mask]:
    """By category the tables with an open item that detection opened."""
    numbers: dict[str, list[int]] = {}
    for item in open_items:
        if item.category is not None and item.detected:
            numbers.setdefault(item.category, []).append(item.table_number)
    return {category: select(tables, max(length, 1)) for category, tables in numbers.items()}


def _suppressed(
    category: str,
    decisions: Mapping[int, Decision],
    amounts: Amounts,
    length: int,
    today: date,
    days: SuppressionDays,
) -> Mask:
    numbers = (
        number
        for number, decision in decisions.items()
        if is_suppressed(decision, amounts.cost(number, category), today, days)
    )
    return select(numbers, max(length, 1))
