"""Random estates in memory, judged by the code of a refresh and a second time in plain Python."""

from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as some

from tests.support.prices import price
from tests.support.second_inventory import Judged, _Judge
from tests.support.second_memory import Kept, Known
from tests.support.second_ownership import Ownership
from tests.support.second_prices import Price, price_of
from tests.support.second_verdicts import Rules, second_verdicts
from thirdeye.inventory.columns import (
    ABSENT,
    CARED_FOR,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    PRESENT,
    QUERY_FIELDS,
    SOURCE_FIELDS,
    TRIAL,
    WITHOUT_STORAGE,
    Columns,
    day_number,
)
from thirdeye.inventory.feeds import FeedColumns, FeedFacts, RowDays, assess_feeds, stopped_together
from thirdeye.inventory.feeds import FeedProblem as P
from thirdeye.inventory.labels import Labels, no_labels
from thirdeye.inventory.lineage import adjacency, nearest_in_use
from thirdeye.inventory.query import Catalogue
from thirdeye.inventory.rules import (
    TYPES_WITHOUT_STORAGE,
    Activity,
    TableColumns,
    Thresholds,
    activity,
    directly_in_use,
    has_activity,
    idle_days,
    table_evidence,
)
from thirdeye.inventory.series import parts_of
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, StoragePrice, Tariffs
from thirdeye.inventory.verdicts import RISKS, UNKNOWN_IDLE_DAYS, VERDICTS, blockers_of
from thirdeye.inventory.warehouses import DERIVED_TYPES, mark_without_plan
from thirdeye.inventory.watched_days import WatchedDays, watched_days
from thirdeye.mirror.advisor import DaysSoFar, Estate, Population
from thirdeye.verdict.evaluation import VerdictInputs, judge
from thirdeye.verdict.periods import PastPeriods, PeriodCounts
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.return_risk import RiskModel
from thirdeye.verdict.rules import Policy

TODAY = date(2026, 6, 30)
SERVICES = 2
ASSETS = 2
TYPES = ("Snowflake", "Trino")
# A glossary term, and what it carries.
TERMS = {"Words.money": ["PII.Salary"]}
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
    # When ThirdEye saw it first.
    seen: int
    size: int | None
    tier: int
    tags: tuple[str, ...]
    kind: str
    kept: bool
    # What OM has of its columns, and who or what attends to it: a data product, or tests.
    column_tags: tuple[str, ...] = ()
    attended: str = ""
    # Whether its removal is approved.
    approved: bool = False


@dataclass
class RandomEstate:
    tables: list[Facts]
    # Nodes: tables, then other assets; the first of these is in use, the second not.
    edges: list[tuple[int, int]]
    policy: Policy
    incomplete: bool
    # By table the series that it is part of, 0 for none; those of one are of one service.
    series: list[int] = field(default_factory=list)
    # What is absent, with the verdict, the blockers and the risk that it had.
    absent: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    # By service.
    prices: tuple[StoragePrice, ...] = (DEFAULT_PRICE, DEFAULT_PRICE)

    @property
    def tariffs(self) -> Tariffs:
        return Tariffs(self.prices, TODAY)


prices = some.builds(
    price, some.sampled_from(["0.02", "0.000005"]), some.none() | some.just("0.000002"),
    some.none() | some.sampled_from([1, 90, 400]),
)  # fmt: skip
facts = some.builds(
    Facts,
    service=some.integers(0, SERVICES - 1),
    uses=some.sets(some.integers(85, 900), max_size=6) | some.sets(_DAYS, max_size=8),
    created=some.none() | _DAYS,
    accessed=some.none() | some.none() | _DAYS,
    updated=some.none() | _DAYS,
    changed=some.none() | _DAYS,
    seen=_DAYS,
    size=some.none() | some.sampled_from([0, 10**7, 10**12, 10**15]),
    tier=some.sampled_from([0, 0, 0, 1, 2, 3]),
    tags=some.sampled_from([(), (), ("PII.Sensitive",), ("PII",), ("PIIx.y",), ("A.b", "C.d"), ("Words.money",)]),
    column_tags=some.sampled_from([()] * 4 + [("PII.Mail",), ("Words.money", "A.b")]),
    attended=some.sampled_from([""] * 4 + ["product", "tests"]),
    kind=some.sampled_from(["Regular"] * 4 + ["View", "External", "MaterializedView", "Dynamic"]),
    kept=some.sampled_from([False, False, False, True]),
    approved=some.sampled_from([False, False, True]),
)
policies = some.builds(
    Policy,
    delete_risk=some.sampled_from([0.05, 0.4, 0.7]),
    archive_risk=some.sampled_from([0.7, 0.95]),
    minimum_idle_days=some.sampled_from([0, 120]),
    protected_tags=some.sampled_from([(), ("PII",), ("A.b",)]),
    review_cared_for=some.booleans(),
)


@some.composite
def estates(draw: some.DrawFn) -> RandomEstate:
    """An estate of a few tables, now and then with evidence that could not be read."""
    tables = draw(some.lists(facts, min_size=1, max_size=10))
    incomplete = draw(some.sampled_from([False] * 9 + [True]))
    # Whose feed is alive: without a table that is read all the time nobody could tell of any other.
    for service in draw(some.sampled_from([(0, 1), (0, 1), (0, 1), (0,), ()])):
        uses = set(range(1, draw(some.integers(300, 900)), 4))
        tables.append(Facts(service, uses, None, None, None, None, 900, None, 0, (), "Regular", False))
    node = some.integers(0, len(tables) + ASSETS - 1)
    edges = draw(some.lists(some.tuples(node, node), max_size=8))
    return RandomEstate(tables, edges, draw(policies), incomplete, prices=(draw(prices), draw(prices)))


parts = some.builds(
    Facts,
    service=some.just(0),
    uses=some.sets(some.sampled_from([95, 200, 400, 401, 700]), max_size=2),
    created=some.none(),
    accessed=some.none(),
    updated=some.sampled_from([None, None, 10]),
    changed=some.none(),
    seen=some.just(900),
    size=some.sampled_from([None, 10**12]),
    tier=some.sampled_from([0, 0, 0, 1]),
    tags=some.sampled_from([(), (), ("PII",), ("A.b",)]),
    kind=some.sampled_from(["Regular", "Regular", "Regular", "View"]),
    kept=some.sampled_from([False] * 9 + [True]),
    approved=some.sampled_from([False, True, True, True]),
)


@some.composite
def estates_with_series(draw: some.DrawFn) -> RandomEstate:
    """An estate of which some tables are parts of two series, most of them idle, and some are absent."""
    estate, idle = draw(estates()), draw(some.lists(parts, min_size=3, max_size=6))
    reader = Facts(0, set(range(1, 900, 4)), None, None, None, None, 900, None, 0, (), "Regular", False)
    tables = [*idle, reader, *estate.tables]
    # Lineage of one table is enough for its service to have some.
    edges = [*draw(some.sampled_from([[], estate.edges])), (len(idle), len(idle))]
    others = [0 if table.service else draw(some.sampled_from([0, 0, 0, 1, 2])) for table in estate.tables]
    series = [*draw(some.permutations([1, 1, 2, 2, 2, 0]))[: len(idle)], 0, *others]
    last = some.tuples(some.integers(0, 4), some.integers(0, 2**16 - 1), some.integers(0, 3))
    absent = draw(some.dictionaries(some.integers(0, len(idle) - 1), last, max_size=2))
    return replace(estate, tables=tables, edges=edges, series=series, absent=absent)


class _InMemory(_Judge):
    """The second inventory over facts instead of rows of a database."""

    def __init__(self, estate: RandomEstate) -> None:
        kept = {
            f"t{number}": Kept(service=f"s{each.service}", first_seen=self.day_ago(each.seen))
            for number, each in enumerate(estate.tables)
        }
        super().__init__(None, "", TODAY, Known(kept=kept))
        self.estate = estate

    def rows(self, table: str, columns: str) -> list[dict[str, Any]]:
        if table == "dbservice_entity":
            return [
                {"nameHash": f"s{each}", "name": f"s{each}", "serviceType": TYPES[each]} for each in range(SERVICES)
            ]
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

    def columns_of(self, table: str) -> set[str]:
        return set()

    def usage_runs(self) -> dict[str, set[date]]:
        return {}

    def judge(self) -> Judged:
        tables = {f"t{number}": self.table(number, each) for number, each in enumerate(self.estate.tables)}
        self.everything = tables
        count = len(tables)

        def name(node: int) -> tuple[str, str]:
            return (f"t{node}", "table") if node < count else (f"a{node - count}", "dashboard")

        self.relations = [
            {"fromId": name(a)[0], "fromEntity": name(a)[1], "toId": name(b)[0], "toEntity": name(b)[1], "relation": 13}
            for a, b in self.estate.edges
        ]
        self.ownership = Ownership()
        for table in tables.values():
            table |= {"owners": set(), "departed": set(), "domains": set()}
        self.add_services(tables)
        usage = self.add_usage(tables)
        self.usage.append({"id": "a0", "entityType": "dashboard", "day": TODAY, "count1": 1})
        return self.evaluate(tables, usage)

    def table(self, number: int, facts: Facts) -> dict[str, Any]:
        ago = self.day_ago
        writes = [ago(facts.updated), ago(facts.created)]
        return {
            "id": f"t{number}", "fqn": f"t{number}", "name": f"t{number}",
            "service_hash": f"s{facts.service}", "database": None, "schema": None,
            "table_type": facts.kind, "created": ago(facts.created), "life_accessed": ago(facts.accessed),
            "unreadable_access": False, "unreadable_use": False, "unreadable_write": False, "writes": writes,
            "written": max((each for each in writes if each), default=None),
            "metadata_changed": ago(facts.changed), "entity_created": None, "first_version": False, "profiles": [],
            "cost_use": None, "statements": [], "last_use": None, "profile_days": [],
            "tier": facts.tier or None, "tags": set(facts.tags), "size": facts.size,
            "uses": {}, "usage_days": set(), "counts": {}, "query_cost": None, "write_cost": 0.0,
            "owners": set(), "described": False,
            "tiers": {f"Tier.Tier{facts.tier}"} if facts.tier else set(),
            "protecting": all_tags(facts),
            "products": {("dataProduct", "p")} if facts.attended == "product" else set(), "place_products": set(),
            "tested": facts.attended == "tests", "followers": 0, "edited_by": None,
        }  # fmt: skip

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
        review_cared_for=estate.policy.review_cared_for,
        kept={f"t{number}" for number, each in enumerate(estate.tables) if each.kept},
        approved={f"t{number}" for number, each in enumerate(estate.tables) if each.approved},
        incomplete=estate.incomplete,
        prices={f"s{each}": second_price(found) for each, found in enumerate(estate.prices)},
    )
    return judged, second_verdicts(judged, TODAY, rules)


def second_price(price: StoragePrice) -> Price:
    """The same for the second implementation."""
    rows = [{**asdict(price), "service": "s", "service_type": "*"}]
    return price_of(rows, "s", None, TODAY)


def first(estate: RandomEstate, model: RiskModel | None = None) -> list[dict[str, Any]]:
    """What the rules of a refresh say, by table; with what the past teaches, unless a model is given."""
    query = judged_columns(estate, model)
    return [
        {
            "idle": None if query["idle"][number] == UNKNOWN_IDLE_DAYS else int(query["idle"][number]),
            "risk": float(RISKS[query["risk"][number]]) if query["risk"][number] else None,
            "blockers": {str(each.value) for each in blockers_of(int(query["blockers"][number]))},
            "verdict": str(VERDICTS[query["verdict"][number]].value),
            "trial": bool(query["flags"][number] & TRIAL),
        }
        for number in range(len(estate.tables))
    ]


def catalogue(estate: RandomEstate, model: RiskModel) -> tuple[Catalogue, list[tuple[str, ...]]]:
    """What a refresh publishes, with the sets of tags."""
    query = judged_columns(estate, model)
    services, tariffs = np.arange(SERVICES), estate.tariffs
    return Catalogue(columns=query, place_service=services, tariffs=tariffs), _tag_sets(estate)


def all_tags(facts: Facts) -> set[str]:
    """Its own, those of its columns, and what terms among them carry."""
    tags = {*facts.tags, *facts.column_tags}
    return tags.union(*(TERMS.get(tag, ()) for tag in tags))


def labels_of(estate: RandomEstate) -> Labels:
    """As a refresh publishes them: a table has its own sets."""
    marks = [[("COLUMN", tag) for tag in each.column_tags] for each in estate.tables]
    return {**no_labels(), "marks": [[], *marks], "products": [[], [("dataProduct", "p")]], "terms": TERMS}


def _tag_sets(estate: RandomEstate) -> list[tuple[str, ...]]:
    return [(), *(tuple(sorted(each.tags)) for each in estate.tables)]


def judged_columns(estate: RandomEstate, model: RiskModel | None = None) -> Columns:
    """The columns after the rules of a refresh."""
    today, count, thresholds = day_number(TODAY), len(estate.tables), Thresholds()
    query, source = Columns(QUERY_FIELDS, count), Columns(SOURCE_FIELDS, count)
    query["flags"] = np.array(
        [
            PRESENT | (WITHOUT_STORAGE if each.kind in TYPES_WITHOUT_STORAGE else 0) | DERIVED_TYPES.get(each.kind, 0)
            for each in estate.tables
        ]
    )
    place = query["place"] = np.array([each.service for each in estate.tables])
    query["flags"] = mark_without_plan(query["flags"], place, TYPES)
    query["size"] = np.array([-1 if each.size is None else each.size for each in estate.tables])
    query["query_cost"] = np.full(count, np.nan)
    query["tier"] = np.array([each.tier for each in estate.tables])
    query["tags"] = query["marks"] = np.arange(1, count + 1)
    query["products"] = np.array([each.attended == "product" for each in estate.tables])
    query["flags"] |= np.array([CARED_FOR * (each.attended == "tests") for each in estate.tables], np.uint16)
    uses = [sorted(today - ago for ago in each.uses) for each in estate.tables]
    last_use = np.array([max(each, default=0) for each in uses])
    accessed = query["accessed"] = np.maximum(last_use, _days(estate, "accessed"))
    query["written"] = np.maximum(_days(estate, "updated"), _days(estate, "created"))
    query["queries"] = np.array([2 * sum(ago <= 30 for ago in each.uses) for each in estate.tables])
    signs = [_days(estate, name) for name in ("created", "changed", "seen")]
    signs.append(np.array([min(each, default=0) for each in uses]))
    known_since = source["known_since"] = np.min([np.where(days > 0, days, 65_535) for days in signs], axis=0)

    rows = np.zeros((SERVICES, 1_000), np.bool_)
    for service, days in zip(place, uses, strict=True):
        rows[service, np.array(days, np.int64) - today + 999] = True
    variants = [watched_days(days, np.zeros(1_000, np.bool_)) for days in rows]
    watched = WatchedDays(today - 999, [*variants, np.ones(1_000, np.bool_)])
    facts = _feed_facts(estate, rows, np.array(variants), uses, today)
    feed = assess_feeds(facts, watched, today, thresholds)
    tables = TableColumns(
        evidence=table_evidence(feed.evidence[place], _days(estate, "changed")),
        variant=feed.variant[place],
        since=feed.earliest[place],
        newest=feed.newest[place],
        observed=feed.observed[place],
        undated=feed.undated[place],
        accessed=accessed,
        last_row=last_use,
        known_since=known_since,
        young=_days(estate, "created") > 0,
        unreadable=np.zeros(count, np.bool_),
    )
    idle = idle_days(tables, watched, today)
    query["activity"], query["unknown"] = activity(tables, idle, watched, today, thresholds)
    query["idle"] = np.where(has_activity(query["activity"], Activity.UNKNOWN), UNKNOWN_IDLE_DAYS, idle)
    sources, targets = np.array(estate.edges, np.int64).reshape(-1, 2).T
    in_use = np.append(directly_in_use(query["activity"]), [True, False])
    upstream = adjacency(targets, sources, count + ASSETS)
    through = nearest_in_use(upstream, in_use, np.arange(count + ASSETS)).any[:count]
    query["flags"] |= np.where(through, IN_USE_THROUGH_LINEAGE, 0).astype(np.uint16)
    query["series"] = np.array(estate.series or [0] * count)
    series = parts_of(query["series"])
    settled = ~has_activity(query["activity"], Activity.NEW, Activity.UNKNOWN)
    in_series = settled & (through | directly_in_use(query["activity"]))
    held = series.mask(series.spread(series.any_of(in_series[series.numbers])), count)
    query["flags"] |= np.where(held, IN_USE_THROUGH_SERIES, 0).astype(np.uint16)
    linked = np.isin(np.arange(count), [sources, targets])
    if model is None:
        past = _past(facts, feed, watched, place, known_since, uses, today)
        model = RiskModel.learnt(*past.trials(), packaged_prior())
    source["days_of_use"], source["longest_gap"] = _habits(facts.variant[place], watched, uses)
    asked = Estate(
        query=query, source=source, present=np.ones(count, np.bool_), service=place, place=place, observed=feed.observed,
        partial=feed.partial, silent=feed.silent,
        mass_absence=np.zeros(len(feed.silent), np.bool_),
        tariffs=estate.tariffs, nodes=count + ASSETS, sources=sources, targets=targets,
        no_lineage=(20 * np.bincount(place, linked, SERVICES) < np.bincount(place, minlength=SERVICES))[place],
        tag_sets=_tag_sets(estate), labels=labels_of(estate), series=series,
        incomplete=estate.incomplete, alive=np.ones(count + ASSETS, np.bool_),
        unknown_nodes=np.zeros(count + ASSETS, np.bool_),
        unread=np.zeros(count, np.bool_), since=feed.since,
        young=(_days(estate, "created") > 0) & (today - known_since < 30),
    )  # fmt: skip
    kept = frozenset(number for number, each in enumerate(estate.tables) if each.kept)
    approved = frozenset(number for number, each in enumerate(estate.tables) if each.approved)
    known = VerdictInputs(kept=kept, calibration_off=frozenset(), approved=approved)
    judge(asked, model, known, estate.policy, today)
    for number, (verdict, blockers, risk) in estate.absent.items():
        query["flags"][number] |= ABSENT
        query["verdict"][number], query["blockers"][number] = verdict, blockers
        query["risk"][number] = risk
    return query


def _days(estate: RandomEstate, name: str) -> Any:
    values = [getattr(each, name) for each in estate.tables]
    return np.array([0 if value is None else day_number(TODAY) - value for value in values])


def _feed_facts(estate: RandomEstate, rows: Any, variants: Any, uses: list[list[int]], today: int) -> FeedFacts:
    """A service has one place; the last variant is the calendar."""

    def ends(days: Any) -> tuple[Any, Any]:
        some_day, last = days.any(axis=1), days.shape[1] - 1
        first, newest = today - last + days.argmax(axis=1), today - days[:, ::-1].argmax(axis=1)
        return np.where(some_day, first, 0), np.where(some_day, newest, 0)

    place, accessed = np.array([each.service for each in estate.tables]), _days(estate, "accessed")
    first, newest = ends(rows)
    together = stopped_together(
        place,
        SERVICES,
        np.array([len(each) for each in uses]),
        np.array([max(each, default=0) for each in uses]),
        newest,
    )
    row_days = RowDays(first=first, newest=newest, stopped_together=together)
    recorded = [accessed[(place == service) & (accessed > 0)] for service in range(SERVICES)]
    members = np.bincount(place, minlength=SERVICES)
    first_watched, newest_watched = ends(variants)
    nothing = np.zeros(SERVICES, np.bool_)
    return FeedFacts(
        variant=np.arange(SERVICES), calendar=SERVICES, first_watched=first_watched, newest_watched=newest_watched,
        schema=row_days, database=row_days, confirmed=nothing, undated=nothing, at_ceiling=nothing,
        has_lifecycles=np.array([0 < len(days) * 10 >= total for days, total in zip(recorded, members, strict=True)]),
        first_lifecycle=np.array([min(days, default=0) for days in recorded]),
        newest_lifecycle=np.array([max(days, default=0) for days in recorded]),
    )  # fmt: skip


def _past(
    facts: FeedFacts, feed: FeedColumns, watched: WatchedDays, place: Any, known: Any, uses: list[list[int]], today: int
) -> PeriodCounts:
    """The periods of the past, of a refresh that is told day after day."""
    variant = facts.variant[place]
    taught = ~np.any([feed.problems[each] for each in (P.NEVER_SEEN, P.SILENT, P.FADED)], axis=0)
    all_variants = np.arange(SERVICES + 1)
    newest = watched.up_to(all_variants, np.full(SERVICES + 1, today))
    anchor = watched.up_to(variant, facts.schema.first[place].astype(np.int64) - 1)
    since = np.maximum(anchor, watched.up_to(variant, known))
    population = Population(variant=variant, since=since, anchor=anchor, newest=newest, eligible=taught[place])
    past = PastPeriods(population)
    last, days, gap, no_rows = (np.zeros(len(place), np.int64) for _ in range(4))
    for day in sorted({day for each in uses for day in each}):
        times = watched.up_to(all_variants, np.full(SERVICES + 1, day))
        past.before_day(times, DaysSoFar(last, days, gap, no_rows))
        used = np.array([number for number, each in enumerate(uses) if day in each])
        again = used[last[used] > 0]
        gap[again] = np.maximum(gap[again], times[variant[again]] - last[again])
        last[used] = times[variant[used]]
        days[used] += 1
    past.before_day(newest + 1, DaysSoFar(last, days, gap, no_rows))
    return past.counts


def _habits(variant: Any, watched: WatchedDays, uses: list[list[int]]) -> tuple[Any, Any]:
    """Of each table the number of days of use and the longest pause in watched days."""
    times = [
        watched.up_to(np.full(len(each), own), np.array(each, np.int64))
        for own, each in zip(variant, uses, strict=True)
    ]
    return np.array([len(each) for each in uses]), np.array([max(np.diff(each), default=0) for each in times])
