"""The rules applied to the whole estate, as a refresh asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thirdeye.inventory.columns import CHUNK, IN_USE_THROUGH_LINEAGE, WITHOUT_STORAGE, Array, Mask, select
from thirdeye.inventory.lineage import Adjacency, adjacency
from thirdeye.inventory.query import costs
from thirdeye.inventory.rules import Activity, TableColumns, has_activity, idle_days
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS, VERDICT_CODE, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict import rules
from thirdeye.verdict.propagation import have_downstream, highest_downstream
from thirdeye.verdict.return_risk import NO_CLASS, RiskTable, classes
from thirdeye.verdict.rules import Policy, Tables

# Above every risk: nobody can say how likely what hangs on it is wanted again.
_NO_NUMBER = 2.0


@dataclass(frozen=True, kw_only=True)
class Known:
    """What people and experience say. `prices` are USD per GB and month by service number; `kept` are table numbers.

    `calibration_off`: numbers of the risk table whose promise did not hold.
    """

    prices: Array
    kept: frozenset[int]
    calibration_off: frozenset[int]


def judge(estate: Estate, table: RiskTable, known: Known, policy: Policy, today: int) -> None:
    """Sets idle days, class, risk, purge score, blockers and verdict of every table."""
    query, count = estate.query, len(estate.present)
    idle_tables = has_activity(query["activity"], Activity.STALE, Activity.DORMANT) & estate.present
    own = _own(estate, table, idle_tables, policy, today)
    unknown = has_activity(query["activity"], Activity.UNKNOWN) & estate.present
    upstream = adjacency(estate.targets, estate.sources, estate.nodes)
    unknown_downstream = have_downstream(upstream, _padded(unknown, estate.nodes))[:count]
    query["risk"] = _effective(own, idle_tables, table, upstream, estate.nodes)
    protected = protected_sets(estate.tag_sets, policy.protected_tags)
    kept = select(known.kept, count)[:count]
    off = select(known.calibration_off, len(table.risks))
    # A chunk at a time, for the rules make a dozen arrays on the way.
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        chunk = {name: query[name][part] for name in query.fields}
        price = known.prices[estate.service[part]]
        tables = Tables(
            activity=chunk["activity"],
            written=chunk["written"],
            created=estate.source["created"][part],
            tier=chunk["tier"],
            protected=protected[chunk["tags"]],
            kept=kept[part],
            in_use_downstream=(chunk["flags"] & IN_USE_THROUGH_LINEAGE) != 0,
            unknown_downstream=unknown_downstream[part],
            short_history=idle_tables[part] & (chunk["risk"] == 0),
            calibration_off=off[chunk["risk"]] & (chunk["risk"] > 0),
            incomplete=estate.incomplete,
        )
        parts = rules.purge_parts(
            chunk["idle"], chunk["size"], chunk["queries"], chunk["accessed"], chunk["written"], today
        )
        chunk["purge"][:] = rules.purge_score(parts, chunk["idle"])
        chunk["blockers"][:] = rules.blockers(tables, today, policy)
        judged = rules.verdicts(
            activity=chunk["activity"],
            idle=chunk["idle"],
            cost=costs(chunk["size"], chunk["query_cost"], price),
            without_storage=(chunk["flags"] & WITHOUT_STORAGE) != 0,
            risk=table.risks[chunk["risk"]],
            bits=chunk["blockers"],
            policy=policy,
        )
        # What went has nothing to be done with.
        chunk["verdict"][:] = np.where(estate.present[part], judged, VERDICT_CODE[Verdict.KEEP])


def own_classes(idle: Array, longest_gap: Array, days_of_use: Array, accessed: Array) -> Array:
    """The class of each table's own past; NO_CLASS where nobody can tell how long it has been idle."""
    # What is known from access times alone has been used on a day at least.
    used = np.where((accessed > 0) & (days_of_use == 0), 1, days_of_use)
    return np.where(idle == UNKNOWN_IDLE_DAYS, NO_CLASS, classes(idle, longest_gap, used)).astype(np.uint8)


def _own(estate: Estate, table: RiskTable, idle_tables: Mask, policy: Policy, today: int) -> Array:
    """Sets idle days; gives the number of each idle table's own risk, 0 where its service was observed for too short."""
    query, source = estate.query, estate.source
    own = np.zeros(len(estate.present), np.uint16)
    for start in range(0, len(own), CHUNK):
        part = slice(start, start + CHUNK)
        observed = estate.observed[estate.service[part]]
        idle = query["idle"][part]
        idle[:] = _idle(estate, part, observed, today)
        of = own_classes(idle, source["longest_gap"][part], source["days_of_use"][part], query["accessed"][part])
        own[part] = np.where(idle_tables[part] & (observed >= policy.observed_days), table.numbers(of), 0)
    return own


def _idle(estate: Estate, part: slice, observed: Array, today: int) -> Array:
    query, source = estate.query, estate.source
    tables = TableColumns(
        evidence=query["evidence"][part],
        observed=observed,
        accessed=query["accessed"][part],
        created=source["created"][part],
        metadata_changed=source["metadata_changed"][part],
        queries=query["queries"][part],
    )
    idle = np.minimum(np.maximum(idle_days(tables, today), 0), UNKNOWN_IDLE_DAYS - 1)
    return np.where(has_activity(query["activity"][part], Activity.UNKNOWN), UNKNOWN_IDLE_DAYS, idle).astype(np.uint16)


def _effective(own: Array, idle: Mask, table: RiskTable, upstream: Adjacency, nodes: int) -> Array:
    """The number of the higher risk, a table's own or that of what hangs on it; 0 where one of them is not known."""
    risks = np.full(nodes, np.nan)
    risks[: len(own)][idle] = np.where(own > 0, table.risks[own], _NO_NUMBER)[idle]
    below = highest_downstream(upstream, risks)[: len(own)]
    mine = risks[: len(own)]
    order = np.argsort(table.risks[1:], kind="stable") + 1
    places = np.minimum(np.searchsorted(table.risks[order], below), len(order) - 1)
    inherited = np.where(below == _NO_NUMBER, 0, order[places])
    # Comparisons with NaN are false: what has nothing below it keeps its own.
    effective: Array = np.where(idle & (below > mine), inherited, own).astype(np.uint16)
    return effective


def _padded(mask: Mask, length: int) -> Mask:
    padded = np.zeros(length, np.bool_)
    padded[: len(mask)] = mask
    return padded


def protected_sets(tag_sets: Sequence[Sequence[str]], protected: Sequence[str]) -> Mask:
    """Which sets of tags hold a protected one: named itself, or by the classification or glossary that it belongs to."""
    return select(
        (
            number
            for number, tags in enumerate(tag_sets)
            if any(tag == name or tag.startswith(f"{name}.") for tag in tags for name in protected)
        ),
        max(len(tag_sets), 1),
    )
