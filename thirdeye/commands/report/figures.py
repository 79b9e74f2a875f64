"""The figures of a report as people read them, the same in the terminal and on the page. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from thirdeye.estate.dates import format_day
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.money import CENT
from thirdeye.text import visible

Data = Mapping[str, Any]
_BASES: Final = {"LIST": "list prices", "OWN": "your prices", "MIXED": "your and list prices", None: "no prices"}
_STATES: Final = {"RELEASED": "can go", "STAYS": "stays", "BLOCKED": "blocked", "UNKNOWN_COST": "unknown cost"}


def usd(amount: str | Decimal | None) -> str:
    """USD to the cent."""
    return "?" if amount is None else f"{Decimal(amount).quantize(CENT):,}"


def basis(code: str | None) -> str:
    """Whose prices amounts rest on."""
    return _BASES[code]


def title(data: Data) -> str:
    """Whose page it is, and as of when."""
    moment = datetime.fromisoformat(data["estate"]["refreshedAt"])
    stale = ", which is long ago" if data["estate"]["stale"] else ""
    return f"ThirdEye, as of {format_day(moment.date())}, {moment:%H:%M} UTC{stale}"


def score_line(data: Data) -> str:
    """The score with its band and how it moved in the last week."""
    score = data["ziScore"]
    delta = f"{score['delta']:+d} points" if score["delta"] else "unchanged"
    stale = ", stale" if score["stale"] else ""
    return f"{score['score']} of 100 ({_words(score['status'])}), {delta} against a week before{stale}"


def cost_line(data: Data) -> str:
    """What the estate costs, and what of it is wasted."""
    total = data["estate"]["total"]
    return (
        f"{usd(total['monthlyCost'])} USD a month for {total['tables']:,} tables, at {basis(total['priceBasis'])}; "
        f"{usd(total['zombieCost'])} USD of it for {total['zombies']:,} that nobody uses"
    )


def plan_line(data: Data) -> str:
    """What unused tables cost, in the three parts that add up."""
    plan = data["unlockPlan"]
    unknown = plan["tablesOfUnknownCost"]
    sizes = f"; of {unknown:,} more nobody knows the cost" if unknown else ""
    return (
        f"{usd(plan['monthlyCost'])} USD a month for what is idle or of unknown use: {usd(plan['released'])} can go now, "
        f"{usd(plan['stays'])} stays then, {usd(plan['blocked'])} is blocked{sizes}"
    )


def savings_line(data: Data) -> str:
    """What was saved."""
    savings = data["savings"]
    since = format_day(savings["from"])
    return (
        f"{usd(savings['realizedUsd'])} USD a month measured since {since}, {usd(savings['projectedUsd'])} expected of what "
        f"was completed, {usd(savings['openUsd'])} of what is open"
    )


def quality_line(data: Data) -> str:
    """How often advice was wrong."""
    quality = data["verdictQuality"]
    if not quality["verdicts"]:
        return "no advice to delete or archive was given yet"
    rate, lower, upper = (f"{100 * quality[name]:.1f} %" for name in ("rate", "lower", "upper"))
    return (
        f"of {quality['verdicts']:,} times that a table was said to go, {quality['regrets']:,} were wrong: {rate} "
        f"({lower} to {upper} with 95 % certainty)"
    )


def group_rows(data: Data) -> list[Sequence[str]]:
    """Of each group of the plan: its state, reason, place or owners, tables, USD a month, at most, and what to do."""
    return [
        (
            _STATES[group["state"]],
            _words(group["reason"]),
            where(group),
            f"{group['tables']:,}",
            usd(group["monthlyCost"]) if group["state"] != "UNKNOWN_COST" else "?",
            usd(group["releasesAtMost"]),
            visible(" ".join([group["action"], *map(_alternative, group["alternatives"])])),
        )
        for group in data["unlockPlan"]["groups"]
    ]


def _alternative(alternative: Data) -> str:
    link = "Meanwhile" if alternative["kind"] == "TRIAL" else "Or"
    action: str = alternative["action"]
    return f"{link}: {action[:1].lower()}{action[1:]}"


def saving_rows(data: Data) -> list[Sequence[str]]:
    """Of each table that can go: verdict, FQN, owners, USD a month saved, and the first reason."""
    return [
        (
            table["verdict"]["recommendation"],
            visible(table["fqn"]),
            owners(table["owners"]),
            usd(table["verdict"]["saving"]),
            visible(table["verdict"]["reasons"][0]),
        )
        for table in data["verdicts"]["bestSavings"]
    ]


def service_rows(data: Data) -> list[Sequence[str]]:
    """Of each service: name, type, tables, USD a month, and that for zombies."""
    return [
        (
            visible(each["service"]),
            visible(each["type"] or "?"),
            f"{each['tables']:,}",
            usd(each["monthlyCost"]),
            usd(each["zombieCost"]),
        )
        for each in data["estate"]["byService"]
    ]


def where(group: Data) -> str:
    """The database, the service or the owners of a group."""
    places = [group[name] for name in ("service", "database") if group[name]]
    if places:
        return visible(join_fqn(places))
    return (
        ""
        if group["state"] == "RELEASED" or group["actor"] in {"TIME", "OM_ADMINISTRATOR"}
        else owners(group["owners"])
    )


def owners(named: Sequence[Data]) -> str:
    """Owners by name."""
    names = [f"team {owner['name']}" if owner["type"] == "team" else owner["name"] for owner in named]
    return visible(", ".join(names)) or "nobody"


def _words(code: str) -> str:
    return code.lower().replace("_", " ")
