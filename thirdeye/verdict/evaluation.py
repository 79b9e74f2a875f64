"""Applies the rules to the whole estate during a refresh."""

from dataclasses import dataclass

import numpy as np

from thirdeye.inventory.columns import (
    CHUNK,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    WITHOUT_PLAN,
    WITHOUT_STORAGE,
    Array,
    Mask,
    select,
)
from thirdeye.inventory.lineage import Adjacency, adjacency
from thirdeye.inventory.query import costs
from thirdeye.inventory.rules import Activity, has_activity
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS, VERDICT_CODE, Verdict
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict import rules
from thirdeye.verdict.approvals.rules import lift, may_approve, verdicts_with_approvals
from thirdeye.verdict.propagation import have_downstream, highest_downstream
from thirdeye.verdict.protection import cared_for, protection
from thirdeye.verdict.return_risk import NO_CLASS, RiskTable, classify
from thirdeye.verdict.rules import BlockerFacts, Policy
from thirdeye.verdict.series import share_risk, share_verdict, shared_facts, unused_series
from thirdeye.verdict.trials import mark_trials
from thirdeye.verdict.writes import review_only_written

# Above every risk: of a table whose return risk is unknown.
_UNKNOWN_RISK = 2.0


@dataclass(frozen=True, kw_only=True)
class VerdictInputs:
    """What verdicts depend on besides the estate.

    `kept`: numbers of tables that people keep. `calibration_off`: numbers of the risk table whose promise did not hold.
    `approved`: numbers of tables whose removal people approved.
    """

    kept: frozenset[int]
    calibration_off: frozenset[int]
    approved: frozenset[int] = frozenset()


def judge(estate: Estate, risk_table: RiskTable, inputs: VerdictInputs, policy: Policy, today: int) -> None:
    """Sets risk, purge score, blockers and verdict of every table."""
    query, count = estate.query, len(estate.present)
    is_idle = has_activity(query["activity"], Activity.STALE, Activity.DORMANT) & estate.present
    own_numbers = _own_numbers(estate, risk_table, is_idle, policy)
    upstream = adjacency(estate.targets, estate.sources, estate.nodes)
    unknown_downstream = _unknown_downstream(estate, upstream)
    query["risk"] = _effective_numbers(own_numbers, is_idle, risk_table, upstream, estate.nodes)
    unused = unused_series(estate.series, query)
    share_risk(unused, query, risk_table.risks)
    shared = shared_facts(unused, query, estate.source)
    protects = protection(estate.tag_sets, estate.labels, policy.protected_tags, len(estate.silent))
    kept, approved = (select(numbers, count)[:count] for numbers in (inputs.kept, inputs.approved))
    calibration_off = select(inputs.calibration_off, len(risk_table.risks))
    # Chunk by chunk, as the rules make a dozen intermediate arrays.
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        chunk = {name: query[name][part] for name in query.fields}
        place = estate.place[part]
        facts = BlockerFacts(
            activity=chunk["activity"],
            written=shared.written[part],
            unreadable_write=shared.unreadable_write[part],
            known_since=shared.known_since[part],
            critical_tier=protects.critical(chunk),
            protected=protects.protected(chunk, place),
            in_data_product=protects.in_product(chunk, place),
            cared_for=cared_for(chunk["flags"]),
            kept=kept[part],
            in_use_downstream=(chunk["flags"] & IN_USE_THROUGH_LINEAGE) != 0,
            unknown_downstream=unknown_downstream[part],
            no_lineage=estate.no_lineage[part],
            feed_silent=estate.silent[place],
            evidence_partial=estate.partial[place],
            short_history=is_idle[part] & (chunk["risk"] == 0),
            calibration_off=calibration_off[chunk["risk"]] & (chunk["risk"] > 0),
            series_in_use=(chunk["flags"] & IN_USE_THROUGH_SERIES) != 0,
            mass_absence=estate.mass_absence[place],
            incomplete=estate.incomplete,
        )
        parts = rules.purge_parts(
            chunk["idle"], chunk["size"], chunk["queries"], chunk["accessed"], chunk["written"], today
        )
        chunk["purge"][:] = rules.purge_score(parts, chunk["idle"])
        # A removed table needs no action.
        bits = rules.blockers(facts, today, policy)
        changed = may_approve(chunk["activity"], chunk["accessed"], facts.known_since, bits, today)
        bits = lift(bits, approved[part] & changed)
        chunk["blockers"][:] = np.where(estate.present[part], bits, 0)
        verdicts = verdicts_with_approvals(
            activity=chunk["activity"],
            idle=chunk["idle"],
            accessed=chunk["accessed"],
            cost=costs(estate.tariffs, estate.service[part], chunk),
            without_storage=(chunk["flags"] & WITHOUT_STORAGE) != 0,
            without_plan=(chunk["flags"] & WITHOUT_PLAN) != 0,
            risk=risk_table.risks[chunk["risk"]],
            bits=bits,
            policy=policy,
            today=today,
        )
        verdicts = review_only_written(verdicts, chunk)
        chunk["verdict"][:] = np.where(estate.present[part], verdicts, VERDICT_CODE[Verdict.KEEP])
    share_verdict(unused, query)
    mark_trials(estate, unused, policy)


def _unknown_downstream(estate: Estate, upstream: Adjacency) -> Mask:
    """Which tables have something downstream of which nobody knows whether it is in use."""
    count = len(estate.present)
    unknown = estate.unknown_nodes.copy()
    unknown[:count] |= has_activity(estate.query["activity"], Activity.UNKNOWN) & estate.present
    unread = np.pad(estate.unread, (0, estate.nodes - count))
    downstream: Mask = (have_downstream(upstream, unknown | unread) | unread)[:count]
    return downstream


def state_classes(idle: Array, longest_gap: Array, days_of_use: Array, accessed: Array) -> Array:
    """The class of each table's present state; NO_CLASS for unknown idle days."""
    # A table with access times but no rows of usage was used on one day at least.
    used = np.where((accessed > 0) & (days_of_use == 0), 1, days_of_use)
    return np.where(idle == UNKNOWN_IDLE_DAYS, NO_CLASS, classify(idle, longest_gap, used)).astype(np.uint8)


def _own_numbers(estate: Estate, risk_table: RiskTable, is_idle: Mask, policy: Policy) -> Array:
    """The number of each idle table's own risk, 0 if its place was observed too briefly."""
    query, source = estate.query, estate.source
    numbers = np.zeros(len(estate.present), np.uint16)
    for start in range(0, len(numbers), CHUNK):
        part = slice(start, start + CHUNK)
        observed = estate.observed[estate.place[part]]
        idle = query["idle"][part]
        classes = state_classes(idle, source["longest_gap"][part], source["days_of_use"][part], query["accessed"][part])
        numbers[part] = np.where(is_idle[part] & (observed >= policy.observed_days), risk_table.numbers(classes), 0)
    return numbers


def _effective_numbers(
    own_numbers: Array, is_idle: Mask, risk_table: RiskTable, upstream: Adjacency, nodes: int
) -> Array:
    """The number of the higher risk, a table's own or one downstream of it; 0 where one of them is unknown."""
    count = len(own_numbers)
    risks = np.full(nodes, np.nan)
    risks[:count][is_idle] = np.where(own_numbers > 0, risk_table.risks[own_numbers], _UNKNOWN_RISK)[is_idle]
    downstream, own = highest_downstream(upstream, risks)[:count], risks[:count]
    order = np.argsort(risk_table.risks[1:], kind="stable") + 1
    places = np.minimum(np.searchsorted(risk_table.risks[order], downstream), len(order) - 1)
    inherited = np.where(downstream == _UNKNOWN_RISK, 0, order[places])
    # Comparisons with NaN are false: a table with nothing downstream keeps its own.
    numbers: Array = np.where(is_idle & (downstream > own), inherited, own_numbers).astype(np.uint16)
    return numbers
