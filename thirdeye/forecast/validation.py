"""Arguments of forecasts and budgets. Each function raises BadInput naming the argument."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from thirdeye.errors import BadInput
from thirdeye.estate.validation import validate_service
from thirdeye.forecast.months import MAX_MONTHS
from thirdeye.forecast.places import Place
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.domain_names import DomainNames
from thirdeye.inventory.fqn import join_fqn
from thirdeye.paging import EARLIEST_DAY

LEVELS: Final = (80, 95)
_MAX_BUDGET: Final = Decimal(10**12)
_MOST_AHEAD: Final = timedelta(days=5 * 366)
# Somebody's script gone wild, not somebody's decisions.
MAX_BUDGETS: Final = 10_000


def validate_months(months: int | None) -> int:
    """How many months to forecast; 6 if left out."""
    months = 6 if months is None else months
    if not 1 <= months <= MAX_MONTHS:
        raise BadInput(f"months: must be 1 to {MAX_MONTHS}", "months")
    return months


def validate_level(level: int | None) -> int:
    """Which interval a day's range is read from, in percent; 80 if left out."""
    level = 80 if level is None else level
    if level not in LEVELS:
        raise BadInput("level: must be 80 or 95", "level")
    return level


def validate_place(service: str | None, domain: str | None, directory: Directory) -> Place:
    """A place of the estate; a domain may be named by its FQN, or by its name where that means one."""
    if service is not None:
        validate_service(service, directory)
    if domain is None:
        return Place(service)
    found = DomainNames(each["fqn"] for each in directory["domains"]).find(domain, "domain")
    if not found:
        raise BadInput(f"domain: the estate has no domain {domain[:200]}", "domain")
    return Place(service, join_fqn(next(iter(found))))


def validate_budget(usd: Decimal | None) -> Decimal | None:
    """USD a month; None ends the budget."""
    if usd is not None and (not 0 <= usd <= _MAX_BUDGET or usd != round(usd, 6)):
        raise BadInput(
            f"monthlyUsd: must be 0 to {_MAX_BUDGET} with up to six decimals, or null to end the budget", "monthlyUsd"
        )
    return usd


def validate_budget_day(day: date | None, today: date) -> date:
    """The first day of a budget; today if left out. Of the past it says what was allowed then."""
    day = day or today
    latest = today + _MOST_AHEAD
    if not EARLIEST_DAY <= day <= latest:
        raise BadInput(f"from: must be from {EARLIEST_DAY} to five years ahead ({latest})", "from")
    return day
