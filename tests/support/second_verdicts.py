"""The verdicts a second time: plain slow Python over the second inventory, from what the product promises."""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from tests.support.second_feeds import position
from tests.support.second_inventory import Judged
from tests.support.second_labels import is_protected
from tests.support.second_prices import VIRTUAL, Price, cost_of, has_plan
from tests.support.second_series import one_verdict

Row = dict[str, Any]
FUTURE, BETWEEN_STATES = 180, 30
IDLE = (60, 90, 120, 180, 270, 365, 540)
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
    least_states: int = 200


def second_verdicts(judged: Judged, today: date, rules: Rules) -> dict[str, Row]:
    """By table id: idle, purge, like, returned, risk, blockers, verdict."""
    return _Verdicts(judged, today, rules).all()


def wilson_upper(returned: int, states: int) -> float:
    z = 1.959963984540054
    share = returned / states
    middle = share + z * z / (2 * states)
    spread = z * math.sqrt(share * (1 - share) / states + z * z / (4 * states * states))
    return 1.0 if returned == states else (middle + spread) / (1 + z * z / states)


def class_of(idle: int, longest: int, days: int) -> tuple[int, int, int] | None:
    """Idle days, ratio to the longest pause, number of days of use; None for under 60 days."""
    if idle < 60:
        return None
    ratio = 0
    if longest > 0:
        ratio = 1 + sum(idle / longest >= limit for limit in (1, 1.5, 2.5, 5))
    return max(limit for limit in IDLE if idle >= limit), ratio, sum(days >= limit for limit in (1, 2, 6, 31))


def states_of(table: Row) -> Iterator[tuple[tuple[int, int, int], bool]]:
    """The table every 30 watched days back from the newest that has 180 behind it: its class, and whether it returned.

    All in watched time: the day with the number n is the n-th on which somebody looked.
    """
    place = table["place"]
    watched, since = place.queries_watched, place.covered_since
    if since is None or place.undated:
        return
    uses = [position(watched, day) for day in sorted(table["uses"])]
    # The day on which it is covered first counts as idle, as it does among the observed days.
    start = position(watched, max(since - timedelta(days=1), table["known_since"]))
    for now in range(len(watched) - FUTURE, 0, -BETWEEN_STATES):
        day = watched[now - 1]
        if day < max(since, table["known_since"]) or place.silence:
            continue
        before = [each for each in uses if each <= now]
        idle = now - (before[-1] if before else start)
        longest = max((later - earlier for earlier, later in pairwise(before)), default=0)
        found = class_of(idle, longest, len(before))
        if found is not None:
            yield found, any(now < each <= now + FUTURE for each in uses)


class _Verdicts:
    def __init__(self, judged: Judged, today: date, rules: Rules) -> None:
        self.tables, self.series, self.today, self.rules = judged.tables, judged.series, today, rules
        self.counts = self.past()

    def ago(self, day: date) -> int:
        return (self.today - day).days

    def past(self) -> dict[tuple[int, int, int], list[int]]:
        counts: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0])
        # OM forgets the usage of tables that it no longer has.
        for table in (each for each in self.tables.values() if each["in_om"]):
            for found, returned in states_of(table):
                counts[found][0] += 1
                counts[found][1] += returned
        return counts

    def like(self, wanted: tuple[int, int, int]) -> tuple[int, int] | None:
        """States and returns of the finest class that has enough."""
        for depth in (3, 2, 1):
            matching = [found for key, found in self.counts.items() if key[:depth] == wanted[:depth]]
            states, returned = sum(each[0] for each in matching), sum(each[1] for each in matching)
            if states >= self.rules.least_states:
                return states, returned
        return None

    def all(self) -> dict[str, Row]:
        """What is away has the verdict that it had."""
        there = {identifier for identifier, table in self.tables.items() if not table["absent_since"]}
        found = {each: self.own(table) if each in there else self.kept(table) for each, table in self.tables.items()}
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

    def kept(self, table: Row) -> Row:
        """The risk of its class is learnt anew, for what it holds."""
        return {**table["judged"], "own": self.risk_of(table["judged"]["class"])}

    def own(self, table: Row) -> Row:
        idle = table["idle_days"]
        known = None
        is_idle = table["activity"] in ("STALE", "DORMANT")
        if is_idle and table["observed"] >= 2 * FUTURE:
            days = table["days_of_use"] or (1 if table["accessed"] else 0)
            known = class_of(idle, table["longest_gap"], days)
        purge = self.purge(table, idle)
        return {"idle": idle, "class": known, "own": self.risk_of(known), "is_idle": is_idle, "purge": purge}

    def risk_of(self, known: tuple[int, int, int] | None) -> float | None:
        like = self.like(known) if known else None
        return wilson_upper(like[1], like[0]) if like else None

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
        short = mine["is_idle"] and any(risk is None for risk in risks)
        mine["risk"] = max(risks) if mine["is_idle"] and not short else None
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
            "SHORT_HISTORY": short,
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
            return "REVIEW"
        if "RECENTLY_WRITTEN" in blockers:
            return "STOP_REFRESH"
        if "CARED_FOR" in blockers or not has_plan(table):
            return "REVIEW"
        long_enough = mine["idle"] >= rules.minimum_idle
        if mine["approved"]:
            return "DELETE" if long_enough else "REVIEW"
        sure = not blockers & {"NO_LINEAGE", "EVIDENCE_PARTIAL"}
        if mine["risk"] is not None and mine["risk"] <= rules.delete_risk and long_enough and sure:
            return "DELETE"
        if mine["risk"] is not None and mine["risk"] <= rules.archive_risk and long_enough:
            return "ARCHIVE"
        if "SHORT_HISTORY" in blockers and mine["idle"] >= 180 and long_enough:
            return "ARCHIVE"
        return "REVIEW"
