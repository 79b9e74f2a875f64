"""Checks of arguments. Each returns what the argument means, and raises BadInput that names it."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice
from typing import Final

from thirdeye.errors import BadInput
from thirdeye.estate.listing import PageRequest
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.fqn import join_fqn, split_fqn
from thirdeye.inventory.query import SORT_KEYS, Sort
from thirdeye.inventory.storage_prices import ANY_SERVICE_TYPE
from thirdeye.paging import page_size
from thirdeye.text import clean_text

_MAX_FQN_LENGTH: Final = 3072
_MAX_TYPE_LENGTH: Final = 128
_MAX_PRICE: Final = 1000
_MAX_LONG_TERM_DAYS: Final = 3650
_MAX_REASON_LENGTH: Final = 1000
# Names like a wrong one are searched among so many, which takes milliseconds.
_MAX_CANDIDATES: Final = 1000
_FIRST_PRICE_DAY: Final = date(2000, 1, 1)


def parse_page(first: int | None, after: str | None, last: int | None, before: str | None) -> PageRequest:
    """The page that these arguments ask for; 20 tables if neither `first` nor `last` is given."""
    if first is not None and last is not None:
        raise BadInput("last: give first or last, not both", "last")
    if last is not None and after is not None:
        raise BadInput("after: goes with first; with last give before", "after")
    if before is not None and last is None:
        raise BadInput("before: goes with last; with first give after", "before")
    if last is None:
        return PageRequest(size=page_size(first, default=20, maximum=100), backwards=False)
    if not 1 <= last <= 100:
        raise BadInput("last: must be 1 to 100", "last")
    return PageRequest(size=last, backwards=True)


def validate_sort(sort_by: str | None, sort_dir: str | None) -> Sort:
    """The sort; by cost, descending, if nothing is given."""
    key, direction = sort_by or "cost", (sort_dir or "desc").lower()
    if key not in SORT_KEYS:
        raise BadInput(f"sortBy: must be one of {', '.join(SORT_KEYS)}", "sortBy")
    if direction not in {"asc", "desc"}:
        raise BadInput("sortDir: must be asc or desc", "sortDir")
    return Sort(key=key, descending=direction == "desc")


def validate_fqn(fqn: str) -> str:
    """A table's fully qualified name."""
    if not 1 <= len(fqn) <= _MAX_FQN_LENGTH:
        raise BadInput(f"fqn: must have 1 to {_MAX_FQN_LENGTH} characters", "fqn")
    return fqn


def validate_depth(depth: int | None) -> int:
    """How many edges of lineage to follow; 1 if left out."""
    depth = 1 if depth is None else depth
    if not 1 <= depth <= 5:
        raise BadInput("depth: must be 1 to 5", "depth")
    return depth


def validate_service_type(service_type: str) -> str:
    """A service type, trimmed; `*` stands for all."""
    return clean_text(service_type, "serviceType", longest=_MAX_TYPE_LENGTH, exact=True)


def validate_price(price: Decimal, argument: str = "usdPerGbMonth") -> Decimal:
    """USD per GB and month."""
    if not 0 <= price <= _MAX_PRICE or price != round(price, 6):
        raise BadInput(f"{argument}: must be 0 to {_MAX_PRICE} with up to six decimals", argument)
    return price


def validate_lower_rate(price: Decimal, lower: Decimal | None, days: int | None) -> tuple[Decimal, int] | None:
    """The rate of data that was not written for so many days; None if neither is given."""
    if lower is None:
        if days is not None:
            raise BadInput(
                "longTermUsdPerGbMonth: longTermDays needs the rate that holds then", "longTermUsdPerGbMonth"
            )
        return None
    if validate_price(lower, "longTermUsdPerGbMonth") > price:
        raise BadInput("longTermUsdPerGbMonth: must not be above usdPerGbMonth", "longTermUsdPerGbMonth")
    if days is None or not 1 <= days <= _MAX_LONG_TERM_DAYS:
        raise BadInput(
            f"longTermDays: the lower rate needs the days without a write, 1 to {_MAX_LONG_TERM_DAYS}", "longTermDays"
        )
    return lower, days


def validate_priced_service(name: str, service_type: str, directory: Directory) -> str:
    """The type of the service of the estate that a price is for: it has this type, or that is ANY_SERVICE_TYPE."""
    validate_service(name, directory)
    kind = next(service["type"] for service in directory["services"] if service["name"] == name) or ANY_SERVICE_TYPE
    if service_type.lower() not in {kind.lower(), ANY_SERVICE_TYPE}:
        raise BadInput(f"serviceType: {name} is of type {kind}", "serviceType")
    return kind


def validate_price_day(day: date | None, today: date) -> date:
    """The first day of a price; today if left out."""
    day = day or today
    if not _FIRST_PRICE_DAY <= day <= today + timedelta(days=366):
        raise BadInput("effectiveFrom: must be from 2000-01-01 to a year ahead", "effectiveFrom")
    return day


def validate_reason(reason: str, minimum: int = 1) -> str:
    """The reason, trimmed."""
    return clean_text(reason, "reason", longest=_MAX_REASON_LENGTH, shortest=minimum, lines=True)


def validate_place(fqn: str, directory: Directory) -> tuple[str, str | None, str | None]:
    """The service, database and schema that an FQN names; None for those below it."""
    names, services = split_fqn(validate_fqn(fqn)), [service["name"] for service in directory["services"]]
    paths: dict[tuple[str, ...], None] = {(name,): None for name in services}
    for service, database, schema in directory["places"]:
        if database is not None:
            paths[services[service], database] = None
            if schema is not None:
                paths[services[service], database, schema] = None
    if tuple(names) not in paths:
        of_same_length = (path for path in paths if len(path) == len(names))
        raise _unknown_name(fqn, "fqn", "service, database or schema", of_same_length)
    return names[0], names[1] if len(names) > 1 else None, names[2] if len(names) > 2 else None


def validate_service(service: str, directory: Directory) -> str:
    """The name of a service of the estate."""
    names = [entry["name"] for entry in directory["services"]]
    if service not in names:
        raise _unknown_name(service, "service", "service", ((name,) for name in names))
    return service


def validate_database(database: str, service: str, directory: Directory) -> str:
    """The name of a database of a service of the estate."""
    number = next(number for number, entry in enumerate(directory["services"]) if entry["name"] == service)
    names = dict.fromkeys(place[1] for place in directory["places"] if place[0] == number and place[1] is not None)
    if database not in names:
        raise _unknown_name(database, "database", f"database in {service}", ((name,) for name in names))
    return database


def _unknown_name(name: str, argument: str, kind: str, paths: Iterable[tuple[str, ...]]) -> BadInput:
    candidates = [join_fqn(path) for path in islice(paths, _MAX_CANDIDATES)]
    near = get_close_matches(name[:200], candidates, n=3)
    hint = f"; there is {', '.join(near)}" if near else ""
    return BadInput(f"{argument}: the estate has no {kind} {name[:200]}{hint}", argument)
