"""Dead ends a second time: sets that grow until nothing can be added, plain Python over the second inventory."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from tests.support.second_inventory import Judged
from tests.support.second_lineage import IDLE, UNKNOWN, USED
from tests.support.second_prices import Price, cost_of

Node = TypeVar("Node", bound=Hashable)


@dataclass(frozen=True)
class DeadEnd:
    """Tables by id with the step of each, and how many other assets that exist go with them."""

    steps: dict[Any, int]
    assets: int


def second_dead_ends(
    downstream: Mapping[Node, Iterable[Node]],
    tables: set[Node],
    assets: set[Node],
    needed: set[Node],
    series: Iterable[Iterable[Node]],
) -> list[DeadEnd]:
    """Among `tables` and `assets`, which exist; `downstream` also has what is deleted. All parts of a series are one."""
    whole: dict[Node, Node] = {}
    for parts in map(sorted, series):  # type: ignore[arg-type]
        whole |= dict.fromkeys(parts, parts[0])

    def unit(node: Node) -> Node:
        return whole.get(node, node)

    below = defaultdict[Node, set[Node]](set)
    nodes = {unit(node) for node in tables | assets | needed}
    for up, downs in downstream.items():
        for down in downs:
            below[unit(up)].add(unit(down))
            nodes |= {unit(up), unit(down)}
    reached = {node: _reached(node, below) for node in nodes}
    wanted = {unit(node) for node in needed}
    dead = {node for node in nodes if not ({node} | reached[node]) & wanted}
    beside = defaultdict[Node, set[Node]](set)
    for up in dead:
        for down in below[up]:
            beside[up].add(down)
            beside[down].add(up)
    having = defaultdict[Node, set[Node]](set)
    for table in tables:
        having[unit(table)].add(table)
    found, left = list[DeadEnd](), set(dead)
    while left:
        start = left.pop()
        together = {start} | _reached(start, beside)
        left -= together
        steps = _steps(together, reached, having)
        if steps:
            found.append(DeadEnd(steps, len(together & assets)))
    return found


def _reached(start: Node, next_to: Mapping[Node, set[Node]]) -> set[Node]:
    """Everything at any distance; the start itself only where a way leads back."""
    found, waiting = set[Node](), [start]
    while waiting:
        fresh = next_to.get(waiting.pop(), set()) - found
        found |= fresh
        waiting += fresh
    return found


def _steps(together: set[Node], reached: Mapping[Node, set[Node]], having: Mapping[Node, set[Node]]) -> dict[Node, int]:
    """Circle by circle, each when all that is below it has gone."""
    height, left = dict[Node, int](), set(together)
    while left:
        for node in list(left):
            circle = {other for other in reached[node] if node in reached[other]} | {node}
            below = set().union(*(reached[other] for other in circle)) - circle
            if node in left and below <= height.keys():
                takes = any(having.get(other) for other in circle)
                height |= dict.fromkeys(circle, max((height[other] for other in below), default=0) + takes)
                left -= circle
    return {table: height[node] for node in together for table in having.get(node, ())}


@dataclass(frozen=True)
class Told:
    """What is told of a set: its tables by id with their steps, counts, and USD a month."""

    steps: dict[str, int]
    assets: int
    unpriced: int
    written: tuple[int, int]
    cost: float
    writes: float


def dead_ends_told(judged: Judged, prices: Mapping[str, Price], today: date) -> list[Told]:
    """The dead ends of an estate."""
    graph, tables = judged.graph, judged.tables
    needed = {node for node, state in graph.states.items() if state in (USED, UNKNOWN)}
    needed |= {each for each, table in tables.items() if table["activity"] == "UNKNOWN" or table.get("through_series")}
    assets = {node for node, state in graph.states.items() if state == IDLE} - tables.keys()
    found = second_dead_ends(graph.downstream, set(tables), assets, needed, (each.parts for each in judged.series))
    return [_told(each, [tables[table] for table in each.steps], prices, today) for each in found]


def _told(found: DeadEnd, tables: list[dict[str, Any]], prices: Mapping[str, Price], today: date) -> Told:
    costs = [cost_of(table, prices.get(table["service_name"], Price()), today) for table in tables]
    recent = [
        [table for table in tables if table["written"] and (today - table["written"]).days <= days] for days in (30, 90)
    ]
    return Told(
        steps=found.steps,
        assets=found.assets,
        unpriced=costs.count(None),
        written=(len(recent[0]), len(recent[1])),
        cost=sum(cost for cost in costs if cost is not None),
        writes=float(sum(Decimal(table["query_cost"] or 0) for table in recent[0])),
    )
