"""Applies the rules to the whole estate during a refresh."""

from dataclasses import dataclass

import numpy as np

from thirdeye.inventory.columns import (
    ABSENT,
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
from thirdeye.inventory.rules import Activity, has_activity
from thirdeye.inventory.storage_prices import costs
from thirdeye.inventory.verdicts import NEEDED, RISKS, VERDICT_CODE, Verdict, risk_deciles, risk_numbers
from thirdeye.mirror.advisor import Estate
from thirdeye.verdict import rules
from thirdeye.verdict.approvals.rules import lift, may_approve, verdicts_with_approvals
from thirdeye.verdict.propagation import depended_on, have_downstream, highest_downstream
from thirdeye.verdict.protection import cared_for, protection
from thirdeye.verdict.return_risk import RiskModel, with_season
from thirdeye.verdict.rules import BlockerFacts, Policy
from thirdeye.verdict.series import share_risk, share_verdict, shared_facts, unused_series
from thirdeye.verdict.trials import mark_trials
from thirdeye.verdict.writes import review_only_written


@dataclass(frozen=True, kw_only=True)
class VerdictInputs:
    """What verdicts depend on besides the estate.

    `kept`: numbers of tables that people keep. `calibration_off`: deciles of the return risk whose promise did not hold.
    `approved`: numbers of tables whose removal people approved.
    """

    kept: frozenset[int]
    calibration_off: frozenset[int]
    approved: frozenset[int] = frozenset()


def judge(estate: Estate, model: RiskModel, inputs: VerdictInputs, policy: Policy, today: int) -> None:
    """Sets risk, purge score, blockers and verdict of every table."""
    query, count = estate.query, len(estate.present)
    is_idle = has_activity(query["activity"], Activity.STALE, Activity.DORMANT) & estate.present
    upstream = adjacency(estate.targets, estate.sources, estate.nodes)
    unknown_downstream = _unknown_downstream(estate, upstream)
    needed = query.has(WITHOUT_STORAGE) & _depended_on(estate, upstream)
    query["own_risk"], own_expected = own_risks(estate, model, is_idle, policy)
    # A table's risk is at least that of every idle table downstream of it.
    for name, own in (("risk", query["own_risk"]), ("expected_risk", own_expected)):
        below = highest_downstream(upstream, np.pad(own, (0, estate.nodes - count)))[:count]
        query[name] = np.where(is_idle, np.maximum(own, below), 0)
    unused = unused_series(estate.series, query)
    share_risk(unused, query)
    shared = shared_facts(unused, query, estate.source)
    protects = protection(estate.tag_sets, estate.labels, policy.protected_tags, len(estate.silent))
    kept, approved = (select(numbers, count)[:count] for numbers in (inputs.kept, inputs.approved))
    calibration_off = select(inputs.calibration_off, 11)
    # Chunk by chunk, as the rules make a dozen intermediate arrays.
    for start in range(0, count, CHUNK):
        part = slice(start, start + CHUNK)
        chunk = {name: query[name][part] for name in query.fields}
        place, risk = estate.place[part], RISKS[chunk["risk"]]
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
            short_history=is_idle[part] & (estate.observed[place] < policy.observed_days),
            return_risk=is_idle[part] & ~(risk <= policy.archive_risk),
            calibration_off=calibration_off[risk_deciles(chunk["risk"])],
            series_in_use=(chunk["flags"] & IN_USE_THROUGH_SERIES) != 0,
            mass_absence=estate.mass_absence[place],
            incomplete=estate.incomplete,
        )
        parts = rules.purge_parts(
            chunk["idle"], chunk["size"], chunk["queries"], chunk["accessed"], chunk["written"], today
        )
        chunk["purge"][:] = rules.purge_score(parts, chunk["idle"])
        # A removed table needs no action.
        bits = rules.blockers(facts, today, policy) | np.where(needed[part], NEEDED, 0).astype(np.uint32)
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
            risk=risk,
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


def _depended_on(estate: Estate, upstream: Adjacency) -> Mask:
    """Which tables have something downstream that exists, in use or not, or may exist."""
    existing = estate.alive | estate.unknown_nodes
    by_lineage = depended_on(upstream, estate.sources, estate.targets, existing)[: len(estate.present)]
    depended: Mask = by_lineage | estate.unread
    return depended


def own_risks(estate: Estate, model: RiskModel, is_idle: Mask, policy: Policy) -> tuple[Array, Array]:
    """The numbers of each idle table's own return risk: of the upper end, and of what is expected; 0 for all others.

    The upper end holds a season that was not seen; what is expected does not. What is absent has those that it had.
    """
    query, source = estate.query, estate.source
    is_absent = query.has(ABSENT)
    upper, expected = (np.where(is_absent & is_idle, query[name], 0) for name in ("own_risk", "expected_risk"))
    tables = np.flatnonzero(is_idle & ~is_absent)
    for start in range(0, len(tables), CHUNK):
        part = tables[start : start + CHUNK]
        days = used_days(source["days_of_use"][part], query["accessed"][part])
        risks = model.risks(query["idle"][part], source["longest_gap"][part], days)
        short = estate.observed[estate.place[part]] < policy.observed_days
        upper[part] = risk_numbers(np.where(short, with_season(risks.upper), risks.upper))
        expected[part] = risk_numbers(risks.expected)
    return upper, expected


def used_days(days_of_use: Array, accessed: Array) -> Array:
    """The days of use of each table; a table with access times but no rows of usage was used on one day at least."""
    days: Array = np.where((accessed > 0) & (days_of_use == 0), 1, days_of_use)
    return days
