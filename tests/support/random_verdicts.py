"""Random estates in memory, judged by the code of a refresh and a second time in plain Python."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as some

from tests.support.second_inventory import Judged, _Judge
from tests.support.second_verdicts import Rules, second_verdicts
from thirdeye.inventory.columns import PRESENT, WITHOUT_STORAGE, day_number
from thirdeye.inventory.graph_walk import FIRST_ASSET
from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE, Thresholds
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS, VERDICTS, blockers_of
from thirdeye.mirror import evaluation
from thirdeye.mirror.advisor import Estate
from thirdeye.mirror.lineage import find_nearest, graph_of
from thirdeye.mirror.state import State
from thirdeye.mirror.usage import Day, UsageTotals, _Sums
from thirdeye.mirror.warnings import RefreshWarnings
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.return_risk import PastStates, RiskTable
from thirdeye.verdict.rules import Policy

TODAY = date(2026, 6, 30)
SERVICES = 2
ASSETS = 2
_DAYS = some.one_of(
    some.integers(0, 40), some.integers(0, 900), some.sampled_from([30, 31, 90, 91, 180, 181, 360, 365, 366])
)


@dataclass
class Facts:
    """One table. Days are days ago."""

    service: int
    uses: set[int]
    created: int | None
    accessed: int | None
    updated: int | None
    changed: int | None
    size: int | None
    tier: int
    tags: tuple[str, ...]
    kind: str
    kept: bool


@dataclass
class RandomEstate:
    tables: list[Facts]
    # Nodes: tables, then other assets; the first of these is in use, the second not.
    edges: list[tuple[int, int]]
    policy: Policy
    incomplete: bool
    least_states: int = 3
    rows: dict[str, Any] = field(default_factory=dict)


facts = some.builds(
    Facts,
    service=some.integers(0, SERVICES - 1),
    uses=some.sets(some.integers(85, 900), max_size=6) | some.sets(_DAYS, max_size=8),
    created=some.none() | _DAYS,
    accessed=some.none() | some.none() | _DAYS,
    updated=some.none() | _DAYS,
    changed=some.none() | _DAYS,
    size=some.none() | some.sampled_from([0, 10**7, 10**12, 10**15]),
    tier=some.sampled_from([0, 0, 0, 1, 2, 3]),
    tags=some.sampled_from([(), (), ("PII.Sensitive",), ("PII",), ("PIIx.y",), ("A.b", "C.d")]),
    kind=some.sampled_from(["Regular", "Regular", "Regular", "View", "External", "MaterializedView"]),
    kept=some.sampled_from([False, False, False, True]),
)
policies = some.builds(
    Policy,
    delete_risk=some.sampled_from([0.05, 0.4, 0.7]),
    archive_risk=some.sampled_from([0.7, 0.95]),
    minimum_idle_days=some.sampled_from([0, 120]),
    protected_tags=some.sampled_from([(), ("PII",), ("A.b",)]),
)


@some.composite
def estates(draw: some.DrawFn) -> RandomEstate:
    """An estate of a few tables, now and then with evidence that could not be read."""
    tables = draw(some.lists(facts, min_size=1, max_size=10))
    incomplete = draw(some.sampled_from([False] * 9 + [True]))
    # Whose feed is alive: without a use lately nobody could tell of any of its tables.
    for service in draw(some.sampled_from([(0, 1), (0, 1), (0, 1), (0,), ()])):
        uses = {1, draw(some.integers(300, 900))}
        tables.append(Facts(service, uses, None, None, None, None, None, 0, (), "Regular", False))
    node = some.integers(0, len(tables) + ASSETS - 1)
    edges = draw(some.lists(some.tuples(node, node), max_size=8))
    return RandomEstate(tables, edges, draw(policies), incomplete)


class _InMemory(_Judge):
    """The second inventory over facts instead of rows of a database."""

    def __init__(self, estate: RandomEstate) -> None:
        super().__init__(None, "", TODAY)
        self.estate = estate

    def rows(self, table: str, columns: str) -> list[dict[str, Any]]:
        if table == "dbservice_entity":
            return [{"nameHash": f"s{each}", "name": f"s{each}", "serviceType": None} for each in range(SERVICES)]
        if table == "entity_usage":
            return [
                {"id": f"t{number}", "entityType": "table", "usageDate": TODAY - timedelta(days=ago), "count1": 2}
                for number, each in enumerate(self.estate.tables)
                for ago in each.uses
            ]
        if table == "dashboard_entity":
            # OM has usage of the service, and none of the second asset: it is not in use.
            return [{"id": f"a{each}", "fqnHash": "w" * 32, "deleted": False} for each in range(ASSETS)]
        return []

    def judge(self) -> Judged:
        ago = self.day_ago
        tables = {
            f"t{number}": {
                "fqn": f"t{number}", "service_hash": f"s{each.service}", "table_type": each.kind, "created": ago(each.created),
                "life_accessed": ago(each.accessed), "writes": [ago(each.updated), ago(each.created)],
                "metadata_changed": ago(each.changed), "tier": each.tier or None, "tags": set(each.tags), "size": each.size,
                "uses": {}, "usage_days": set(), "query_cost": None,
            }
            for number, each in enumerate(self.estate.tables)
        }  # fmt: skip
        for table in tables.values():
            table["written"] = max((each for each in table["writes"] if each), default=None)
        usage = self.add_usage(tables)
        usage.append({"id": "a0", "entityType": "dashboard", "day": TODAY, "count1": 1})
        count = len(tables)

        def name(node: int) -> tuple[str, str]:
            return (f"t{node}", "table") if node < count else (f"a{node - count}", "dashboard")

        self.relations = [
            {"fromId": name(a)[0], "fromEntity": name(a)[1], "toId": name(b)[0], "toEntity": name(b)[1], "relation": 13}
            for a, b in self.estate.edges
        ]
        services = self.judge_services(tables, usage)
        self.judge_activity(tables, services)
        self.add_lineage(tables)
        return Judged(tables, services)

    @staticmethod
    def day_ago(days: int | None) -> date | None:
        return None if days is None else TODAY - timedelta(days=days)


def second(estate: RandomEstate) -> tuple[Judged, dict[str, dict[str, Any]]]:
    """The second inventory and the second verdicts."""
    judged = _InMemory(estate).judge()
    rules = Rules(
        delete_risk=estate.policy.delete_risk,
        archive_risk=estate.policy.archive_risk,
        minimum_idle=estate.policy.minimum_idle_days,
        protected=estate.policy.protected_tags,
        kept={f"t{number}" for number, each in enumerate(estate.tables) if each.kept},
        incomplete=estate.incomplete,
        least_states=estate.least_states,
    )
    return judged, second_verdicts(judged, TODAY, rules)


def first(estate: RandomEstate) -> list[dict[str, Any]]:
    """What the code of a refresh says, by table."""
    state, today = _state(estate), day_number(TODAY)
    count = len(estate.tables)
    service = state.service_of_place()[state.query["place"]]
    past = PastStates(state.source["created_at"], state.present(), service, today)
    sums = _Sums(count, SERVICES)
    for ago in sorted({each for table in estate.tables for each in table.uses}, reverse=True):
        used = np.array([number for number, each in enumerate(estate.tables) if ago in each.uses], np.int64)
        past.before_day(today - ago, sums.last_use, sums.days_of_use, sums.longest_gap, sums.first_row)
        sums.add(
            Day(
                used,
                used[:0],
                np.full(len(used), 2, np.uint32),
                np.zeros(0, [("id", "S16"), ("count", "<u4"), ("table", "u1")]),
            ),
            today - ago,
            today,
            30,
        )
        sums.add_services(state.present(), service)
    past.before_day(today + 1, sums.last_use, sums.days_of_use, sums.longest_gap, sums.first_row)
    for name in ("first_use", "last_use", "days_of_use", "longest_gap"):
        state.source[name] = getattr(sums, name)
    usage, thresholds = UsageTotals(sums.queries, sums.first_row, sums.newest_row), Thresholds()
    feeds = evaluation.evaluate_feeds(state, usage, TODAY, thresholds)
    directly = evaluation.classify_tables(state, usage, feeds, TODAY, thresholds)
    graph = graph_of(state, state.present(), RefreshWarnings())
    evaluation.evaluate_use(state, find_nearest(state, graph, directly).any[:count], TODAY, thresholds)
    observed = np.array([verdict.observed_days for verdict in feeds.verdicts])
    table = RiskTable.of(*past.counts.until(today))
    asked = Estate(
        query=state.query, source=state.source, present=state.present(), service=service, observed=observed, prices=[],
        nodes=graph.nodes, sources=graph.sources, targets=graph.targets, tag_sets=state.tag_sets.items,
        incomplete=estate.incomplete,
    )  # fmt: skip
    kept = frozenset(number for number, each in enumerate(estate.tables) if each.kept)
    known = VerdictInputs(prices=np.full(SERVICES, 0.023), kept=kept, calibration_off=frozenset())
    judge(asked, table, known, estate.policy, today)
    query = state.query
    return [
        {
            "idle": None if query["idle"][number] == UNKNOWN_IDLE_DAYS else int(query["idle"][number]),
            "risk": None if np.isnan(table.risks[query["risk"][number]]) else float(table.risks[query["risk"][number]]),
            "blockers": {str(each.value) for each in blockers_of(int(query["blockers"][number]))},
            "verdict": str(VERDICTS[query["verdict"][number]].value),
        }
        for number in range(count)
    ]


def _state(estate: RandomEstate) -> State:
    state, count = State(), len(estate.tables)
    state.grow(count)
    for each in range(SERVICES):
        state.services.number(f"s{each}")
        state.places.number((each, None, None))
    today = day_number(TODAY)

    def days(name: str) -> Any:
        values = [getattr(each, name) for each in estate.tables]
        return np.array([0 if value is None else today - value for value in values], np.uint16)

    query, source = state.query, state.source
    query["flags"] = np.array(
        [PRESENT | (WITHOUT_STORAGE if each.kind in TYPES_WITHOUT_STORAGE else 0) for each in estate.tables]
    )
    query["place"] = np.array([each.service for each in estate.tables])
    query["size"] = np.array([-1 if each.size is None else each.size for each in estate.tables])
    query["query_cost"] = np.full(count, np.nan)
    query["tier"] = np.array([each.tier for each in estate.tables])
    query["tags"] = np.array([state.tag_sets.number(tuple(sorted(each.tags))) for each in estate.tables])
    source["id"] = np.array([b"t%015d" % number for number in range(count)], "S16")
    source["created_at"], source["changed_at"] = days("created"), days("changed")
    source["lifecycle_accessed"], source["lifecycle_updated"] = days("accessed"), days("updated")
    state.asset.grow(ASSETS)
    state.asset["id"] = np.array([b"a%015d" % each for each in range(ASSETS)], "S16")
    state.asset["alive"] = np.ones(ASSETS)
    state.asset["in_use"] = np.array([1, 0])
    encoded = [[node if node < count else node - count + FIRST_ASSET for node in pair] for pair in estate.edges]
    state.upstream = np.array([pair[0] for pair in encoded], np.uint32)
    state.downstream = np.array([pair[1] for pair in encoded], np.uint32)
    return state
