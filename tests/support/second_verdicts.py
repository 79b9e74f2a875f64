"""The verdicts a second time: plain slow Python over the second inventory, from what the product promises.

Only what is fitted to the counts is the product's own; `tests/verdict/test_return_risk.py` compares that.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from tests.support.second_feeds import position
from tests.support.second_inventory import Judged
from tests.support.second_labels import is_protected
from tests.support.second_prices import VIRTUAL, Price, cost_of, has_plan
from tests.support.second_risk import Cell, Chances, Past, number_of, rounded_up
from tests.support.second_series import one_verdict
from thirdeye.verdict.cells import CELLS
from thirdeye.verdict.logistic_regression import posterior, posterior_draws
from thirdeye.verdict.prior import packaged_prior
from thirdeye.verdict.return_risk import DRAWS, SEED, design

Row = dict[str, Any]
KEPT = {"ACTIVE_DOWNSTREAM", "SERIES_IN_USE", "KEPT_BY_OWNER"}
# What an approval lifts, and what stands whatever is approved.
LIFTED = {"SHORT_HISTORY", "NO_LINEAGE", "EVIDENCE_PARTIAL", "RETURN_RISK"}
REVIEWED = {
    "CRITICAL_TIER", "PROTECTED_TAG", "IN_DATA_PRODUCT", "UNKNOWN_DOWNSTREAM", "EVIDENCE_INCOMPLETE", "FEED_SILENT",
    "MASS_ABSENCE",
}  # fmt: skip


@dataclass
class Rules:
    """What a policy says, and who keeps what (ids)."""

    delete_risk: float = 0.05
    archive_risk: float = 0.30
    minimum_idle: int = 0
    protected: tuple[str, ...] = ()
    review_cared_for: bool = False
    kept: set[str] = field(default_factory=set)
    # Whose removal is approved (ids).
    approved: set[str] = field(default_factory=set)
    incomplete: bool = False
    # By service.
    prices: dict[str, Price] = field(default_factory=dict)


def second_verdicts(judged: Judged, today: date, rules: Rules) -> dict[str, Row]:
    """By table id: idle, purge, risk, blockers, verdict."""
    return _Verdicts(judged, today, rules).all()


def past_of(tables: Iterable[Row]) -> Past:
    """What the watched pasts of these tables teach."""
    past = Past()
    for table in tables:
        place = table["past_place"]
        watched, since = place.queries_watched, place.covered_since
        if since is not None and not place.undated and not place.silence:
            day_before = since - timedelta(days=1)
            past.add(
                [position(watched, day) for day in table["past_uses"]],
                anchor=position(watched, day_before),
                # The day on which it is covered first counts as idle, as it does among the observed days.
                since=position(watched, max(day_before, table["known_since"])),
                newest=len(watched),
            )
    return past


@lru_cache(maxsize=4)
def chances_after(past: frozenset[tuple[Cell, int, int]]) -> Chances:
    """What trials, and those with use, by cell, teach. Many tests have the same past."""
    trials, used = (np.zeros(CELLS, np.int64) for _ in range(2))
    for cell, *found in past:
        trials[number_of(cell)], used[number_of(cell)] = found
    prior = packaged_prior()
    known = posterior(design(), trials, used, prior)
    draws = posterior_draws(design(), trials, used, prior, known, DRAWS, SEED)
    return Chances(draws.tolist(), (prior.calibration.expected, prior.calibration.happened))


class _Verdicts:
    def __init__(self, judged: Judged, today: date, rules: Rules) -> None:
        self.tables, self.series, self.today, self.rules = judged.tables, judged.series, today, rules
        self.past = past_of(self.tables.values())
        self.chances = chances_after(frozenset((cell, *found) for cell, found in self.past.trials.items()))

    def ago(self, day: date) -> int:
        return (self.today - day).days

    def all(self) -> dict[str, Row]:
        """What is away has the verdict that it had."""
        there = {identifier for identifier, table in self.tables.items() if not table["absent_since"]}
        found = {
            each: self.own(table) if each in there else dict(table["judged"]) for each, table in self.tables.items()
        }
        for identifier in there:
            self.judge(identifier, self.tables[identifier], found)
        for series in self.series:
            self.share(found, [each for each in series.parts if each in there])
        self.add_trials(found, there)
        for identifier in there:
            self.tables[identifier]["judged"] = found[identifier]
        return found

    def add_trials(self, found: dict[str, Row], there: set[str]) -> None:
        """Which tables are worth a trial: of a series that nobody uses all that may be tried, if all of it may."""
        may = {each: each in there and self.may_be_tried(self.tables[each], found[each]) for each in found}
        for series in self.series:
            if not any(self.tables[each]["through_series"] for each in series.parts):
                may |= dict.fromkeys(series.parts, all(may[each] for each in series.parts))
        for identifier, mine in found.items():
            dear = mine.get("cost") is not None and mine["cost"] >= 10
            mine["trial"] = may[identifier] and mine["verdict"] == "REVIEW" and dear

    def may_be_tried(self, table: Row, mine: Row) -> bool:
        """Watched for two weeks and not read meanwhile; nothing says that it is young, and nothing keeps it."""
        place = table["place"]
        since = place.covered_since if place.evidence == "QUERIES" else None
        days = [day for day in place.watched if since is None or day >= since]
        if table["activity"] not in ("STALE", "DORMANT") and table["unknown_reason"] not in ("FEW_DAYS", "AGE"):
            return False
        if table["evidence"] not in ("QUERIES", "LIFECYCLE") or len(days) < 14:
            return False
        if table["young"] and self.ago(table["known_since"]) < 30:
            return False
        unread = table["accessed"] is None or table["accessed"] < days[0]
        return unread and has_plan(table) and not mine["blockers"] & {*KEPT, *REVIEWED, "EVIDENCE_PARTIAL"}

    def share(self, found: dict[str, Row], parts: list[str]) -> None:
        """The parts of a series that is not in use have one verdict."""
        if parts and not any(self.tables[each]["through_series"] for each in parts):
            self.judge_together([found[each] for each in parts], [self.tables[each] for each in parts])
            verdict, blockers = one_verdict(found[each] for each in parts)
            # The series is as old as its oldest part, and as likely to return as the likeliest.
            if (
                min(self.ago(self.tables[each]["known_since"]) for each in parts)
                <= 30
                < max(self.ago(self.tables[each]["known_since"]) for each in parts)
            ):
                blockers = set(blockers) - {"RECENTLY_CREATED"}
            risks = [found[each]["risk"] for each in parts]
            risk = None if None in risks else max(risks)
            for each in parts:
                found[each] |= {"verdict": verdict, "blockers": set(blockers), "risk": risk}

    def judge_together(self, parts: list[Row], tables: list[Row]) -> None:
        """Each part anew with the newest write and the highest risk of all."""
        risks = [part["risk"] for part in parts]
        written = any("RECENTLY_WRITTEN" in part["blockers"] for part in parts)
        for part, table in zip(parts, tables, strict=True):
            part["risk"] = None if None in risks else max(risks)
            too_likely = part["risk"] is None or part["risk"] > self.rules.archive_risk
            if part["is_idle"] and too_likely and not part["approved"]:
                part["blockers"] = {*part["blockers"], "RETURN_RISK"}
            if written:
                part["blockers"] = {*part["blockers"], "RECENTLY_WRITTEN"}
            part["verdict"] = self.verdict(table, part)

    def own(self, table: Row) -> Row:
        idle = table["idle_days"]
        state = None
        is_idle = table["activity"] in ("STALE", "DORMANT")
        short = is_idle and table["observed"] < 400
        if is_idle:
            days = table["days_of_use"] or (1 if table["accessed"] else 0)
            state = idle, table["longest_gap"], days, short
        purge = self.purge(table, idle)
        risk = self.risk_of(state)
        return {"idle": idle, "state": state, "own": risk, "is_idle": is_idle, "short": short, "purge": purge}

    def risk_of(self, state: tuple[int, int, int, bool] | None) -> float | None:
        """The upper end, with a season that was not seen."""
        if state is None:
            return None
        *habit, short = state
        _, upper = self.chances.risks(*habit)
        return rounded_up(1 - (1 - upper) * (1 - 0.15) if short else upper)

    def purge(self, table: Row, idle: int | None) -> float | None:
        if idle is None:
            return None
        points = ((0, 0.0), (30, 2.0), (90, 6.0), (180, 8.5), (365, 10.0))
        idle_part = 10.0
        for (low, at_low), (high, at_high) in pairwise(points):
            if low <= idle <= high:
                idle_part = at_low + (at_high - at_low) * (idle - low) / (high - low)
                break
        size = table["size"]
        size_part = min(max(10 * math.log10(size / 1e7) / 6, 0), 10) if size else 0
        disuse = 10 * (1 - math.log(1 + min(table["queries"], 500)) / math.log(501))
        refresh = 0.0
        if table["accessed"] is None:
            refresh = 10.0 if table["written"] and self.ago(table["written"]) <= 90 else 0.0
        elif table["written"] and table["written"] > table["accessed"]:
            refresh = 10 * min((table["written"] - table["accessed"]).days / 30, 1)
        return 0.60 * idle_part + 0.15 * size_part + 0.15 * disuse + 0.10 * refresh

    def judge(self, identifier: str, table: Row, found: dict[str, Row]) -> None:
        mine = found[identifier]
        below = [each for each in table["below"] if each in self.tables]
        risks = [found[each]["own"] for each in (identifier, *below) if found[each]["is_idle"]]
        mine["risk"] = max(risks) if mine["is_idle"] else None
        mine["cost"] = cost_of(table, self.rules.prices.get(table["service_name"], Price()), self.today)
        cases = {
            "ACTIVE_DOWNSTREAM": table["through_lineage"],
            "SERIES_IN_USE": table.get("through_series", False),
            "MASS_ABSENCE": table["mass_absence"],
            "UNKNOWN_DOWNSTREAM": table["unreadable_below"]
            or any(self.tables[each]["activity"] == "UNKNOWN" for each in below),
            "CRITICAL_TIER": bool(table["tiers"] & {"Tier.Tier1", "Tier.Tier2"}),
            "PROTECTED_TAG": any(is_protected(tag, self.rules.protected) for tag in table["protecting"]),
            "IN_DATA_PRODUCT": bool(table["products"] or table["place_products"]),
            "CARED_FOR": self.rules.review_cared_for and table["cared_for"],
            "RECENTLY_WRITTEN": table["unreadable_write"] or (table["written"] and self.ago(table["written"]) <= 30),
            "RECENTLY_CREATED": self.ago(table["known_since"]) <= 30,
            "UNKNOWN_USAGE": table["activity"] == "UNKNOWN",
            "SHORT_HISTORY": mine["short"],
            "RETURN_RISK": mine["is_idle"] and mine["risk"] > self.rules.archive_risk,
            "FEED_SILENT": table["place"].feed_silent,
            "EVIDENCE_PARTIAL": table["place"].partial,
            "NO_LINEAGE": table["no_lineage"],
            "EVIDENCE_INCOMPLETE": self.rules.incomplete,
            "KEPT_BY_OWNER": identifier in self.rules.kept,
        }
        mine["blockers"] = {name for name, holds in cases.items() if holds}
        mine["approved"] = self.is_approved(identifier, table, mine["blockers"])
        if mine["approved"]:
            mine["blockers"] -= LIFTED
        mine["verdict"] = self.verdict(table, mine)
        mine["only_written"], mine["only_scanned"] = self.is_only_written(table), self.is_only_scanned(table)

    def is_approved(self, identifier: str, table: Row, blockers: set[str]) -> bool:
        """Whether an approval changes anything: of what is idle, or unknown and not seen in use for 90 days."""
        if identifier not in self.rules.approved or blockers & KEPT:
            return False
        if table["activity"] == "UNKNOWN":
            return self.ago(table["accessed"] or self.known_since(identifier)) > 90
        return table["activity"] in ("STALE", "DORMANT")

    def known_since(self, identifier: str) -> date:
        """Of a part of a series that is not in use, since when any of its parts is known."""
        alike = next((each.parts for each in self.series if identifier in each.parts), [identifier])
        parts = [each for each in alike if not self.tables[identifier].get("through_series") or each == identifier]
        known: date = min(self.tables[each]["known_since"] for each in parts)
        return known

    def is_only_written(self, table: Row) -> bool:
        """Whether all statements that are known only write it, and nothing but counts says that it was read lately."""
        signs = [table["life_accessed"], table["cost_use"]]
        if table["accessed"] and (not table["last_use"] or table["accessed"] > table["last_use"]):
            signs.append(table["accessed"])
        if any(sign and self.ago(sign) <= 90 for sign in signs):
            return False
        unreadable = table["unreadable_access"] or table["unreadable_use"] or table.get("unread_row", False)
        return bool(table["statements"]) and all(table["statements"]) and not unreadable

    def is_only_scanned(self, table: Row) -> bool:
        """Whether each use of the last 30 days is one on a day on which the profiler ran on it, and the only one of the day."""
        counts = {day: count for day, count in table["counts"].items() if count and self.ago(day) <= 30}
        scanned = {day for day in table["profile_days"] if day}
        signs = table["accessed"] and table["last_use"] and table["accessed"] > table["last_use"]
        only_once = all(count == 1 and day in scanned for day, count in counts.items())
        return bool(counts) and only_once and not signs and not table["place"].undated

    def verdict(self, table: Row, mine: Row) -> str:
        blockers, rules = mine["blockers"], self.rules
        if table["activity"] in ("ACTIVE", "COOLING") and not blockers & KEPT and self.is_only_written(table):
            return "REVIEW"
        if table["activity"] in ("NEW", "ACTIVE", "COOLING") or blockers & KEPT:
            return "KEEP"
        unknown = table["activity"] == "UNKNOWN"
        if unknown:
            asks = "REVIEW" if mine["cost"] is not None and mine["cost"] >= 10 else "KEEP"
            goes = mine["approved"] and not blockers & {*REVIEWED, "RECENTLY_WRITTEN", "CARED_FOR"}
            goes = goes and table["table_type"] not in VIRTUAL and has_plan(table)
            unused = self.ago(table["accessed"]) if table["accessed"] else math.inf
            return "ARCHIVE" if goes and unused >= rules.minimum_idle else asks
        if blockers & REVIEWED:
            return "REVIEW"
        if table["table_type"] in VIRTUAL:
            return "DELETE" if self.is_clean_up(table, mine) else "REVIEW"
        if "RECENTLY_WRITTEN" in blockers:
            return "STOP_REFRESH"
        if "CARED_FOR" in blockers or not has_plan(table):
            return "REVIEW"
        if self.may_go(mine):
            return "DELETE"
        long_enough = mine["idle"] >= rules.minimum_idle
        if mine["risk"] is not None and mine["risk"] <= rules.archive_risk and long_enough:
            return "ARCHIVE"
        return "REVIEW"

    def may_go(self, mine: Row) -> bool:
        """Rule 6."""
        if mine["idle"] < self.rules.minimum_idle:
            return False
        sure = not mine["blockers"] & {"SHORT_HISTORY", "NO_LINEAGE", "EVIDENCE_PARTIAL"}
        return mine["approved"] or (mine["risk"] is not None and mine["risk"] <= self.rules.delete_risk and sure)

    def is_clean_up(self, table: Row, mine: Row) -> bool:
        """Rule 4: what has no storage and nothing depends on."""
        return (
            not table["depended_on"] and not mine["blockers"] & {"RECENTLY_WRITTEN", "CARED_FOR"} and self.may_go(mine)
        )
