"""Turns the API's `TableFilterInput` into a filter over columns. Pure; raises BadInput that names the field."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import Any, Final, TypeVar

import numpy as np

from thirdeye.errors import BadInput
from thirdeye.inventory.columns import Mask, day_number
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.domain_names import DomainNames, domain_path, lies_in
from thirdeye.inventory.fqn import split_fqn
from thirdeye.inventory.owner_names import OwnerNames, caller_ids, owner_ids
from thirdeye.inventory.query import TableFilter
from thirdeye.inventory.rules import ACTIVITY_CODE, EVIDENCE_CODE, UNKNOWN_CODE
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Blocker

TIERS: Final = (None, "Tier1", "Tier2", "Tier3", "Tier4", "Tier5", "OTHER")
NONE: Final = "NONE"
# No table has this blocker, so that an empty list of blockers matches nothing.
_UNUSED_BLOCKER_BIT: Final = 1 << 31
_MAX_NAMES: Final = 100
_MAX_BYTES: Final = 2**63 - 1
FIELDS: Final = (
    "service", "database", "schema", "owner", "mine", "tier", "tag", "domain", "activity", "unknownReasons", "evidence",
    "zombie", "inUse", "inUseThroughLineage", "minimumBytes", "maximumBytes", "minimumMonthlyCost", "maximumMonthlyCost",
    "lastAccessedAfter", "lastAccessedBefore", "lastWrittenAfter", "lastWrittenBefore",
    "verdict", "blocker", "blocked", "minimumPurgeScore", "maximumReturnRisk", "minimumSaving",
    "owned", "duplicate", "growing", "retention", "maximumQueries", "absent", "series", "inSeries", "oldParts",
    "ownedByNobody", "formerOwner", "trial",
)  # fmt: skip

# The fields of a `TableFilterInput` as GraphQL parsed them; null and absent mean the same.
Arguments = Mapping[str, Any]
Value = TypeVar("Value")
Bound = TypeVar("Bound", int, float)


def build_filter(
    arguments: Arguments, directory: Directory, caller: str | None, numbers: Mask | None, *, strict: bool = True
) -> TableFilter:
    """The filter that these arguments ask for, over a directory.

    `caller` is the name behind `mine`; `numbers` are the tables that arguments without a column match. A name that the
    estate does not have matches nothing. Raises BadInput for an invalid argument, and if `strict` for a name that means
    several owners or domains; else it means all of them.
    """
    for field in ("service", "database", "schema", "owner", "formerOwner", "tag", "domain", "tier", "series"):
        if len(arguments.get(field) or ()) > _MAX_NAMES:
            raise BadInput(f"{field}: at most {_MAX_NAMES} names", field)
    minimum_bytes, maximum_bytes = _range(arguments, "minimumBytes", "maximumBytes", _bytes)
    minimum_cost, maximum_cost = _range(arguments, "minimumMonthlyCost", "maximumMonthlyCost", _cost)
    accessed_after, accessed_before = _range(arguments, "lastAccessedAfter", "lastAccessedBefore", _day)
    written_after, written_before = _range(arguments, "lastWrittenAfter", "lastWrittenBefore", _day)
    return TableFilter(
        services=_with_names(arguments.get("service"), ((service["name"],) for service in directory["services"])),
        places=_places(arguments, directory),
        owner_sets=_owner_sets(arguments, directory, caller, strict=strict),
        departed=_with_owners(arguments, "formerOwner", directory, strict=strict),
        owned_by_nobody=arguments.get("ownedByNobody"),
        tag_sets=_with_names(arguments.get("tag"), directory["tag_sets"]),
        domains=_domain_sets(arguments.get("domain"), directory, strict=strict),
        tiers=_tiers(arguments.get("tier")),
        activities=_codes(arguments.get("activity"), ACTIVITY_CODE),
        unknown_reasons=_codes(arguments.get("unknownReasons"), UNKNOWN_CODE),
        evidences=_codes(arguments.get("evidence"), EVIDENCE_CODE),
        zombie=arguments.get("zombie"),
        in_use=arguments.get("inUse"),
        in_use_through_lineage=arguments.get("inUseThroughLineage"),
        minimum_bytes=minimum_bytes,
        maximum_bytes=maximum_bytes,
        minimum_cost=minimum_cost,
        maximum_cost=maximum_cost,
        accessed_after=accessed_after,
        accessed_before=accessed_before,
        written_after=written_after,
        written_before=written_before,
        verdicts=_codes(arguments.get("verdict"), VERDICT_CODE),
        blockers=_blockers(arguments),
        minimum_purge=_bounded(arguments, "minimumPurgeScore", 10),
        maximum_risk=_bounded(arguments, "maximumReturnRisk", 1),
        minimum_saving=_optional(arguments, "minimumSaving", _cost),
        maximum_queries=_optional(arguments, "maximumQueries", _count),
        retained=arguments.get("retention"),
        absent=arguments.get("absent"),
        trial=arguments.get("trial"),
        numbers=numbers,
    )


def _with_names(names: Iterable[str] | None, entries: Iterable[Iterable[str]]) -> Mask | None:
    """The entries, by index, that have one of these names among their own; None without names."""
    if names is None:
        return None
    chosen = set(names)
    return _mask(not chosen.isdisjoint(names_of_entry) for names_of_entry in entries)


def _domain_sets(names: Sequence[str] | None, directory: Directory, *, strict: bool) -> Mask | None:
    """The sets with one of these domains, or with one that lies in it."""
    if names is None:
        return None
    paths = [domain_path(domain["fqn"]) for domain in directory["domains"]]
    estate = DomainNames(domain["fqn"] for domain in directory["domains"])
    chosen = set().union(*(estate.find(name, "domain", strict=strict) for name in names if name != NONE))
    matches = [lies_in(path, chosen) for path in paths]
    return _mask(
        any(matches[each] for each in members) if members else NONE in names for members in directory["domain_sets"]
    )


def _mask(matches: Iterable[bool]) -> Mask:
    """A mask by index of a list in the directory. It has at least one place."""
    mask = np.fromiter(matches, np.bool_)
    return mask if len(mask) else np.zeros(1, np.bool_)


def _places(arguments: Arguments, directory: Directory) -> Mask | None:
    mask: Mask | None = None
    places, services = directory["places"], directory["services"]
    for field, depth in (("database", 1), ("schema", 2)):
        names = arguments.get(field)
        if names is None:
            continue
        plain = set(names)
        full = {tuple(parts) for name in names if len(parts := split_fqn(name)) == depth + 1}
        matches = _mask(place[depth] in plain for place in places)
        if full:
            matches |= _mask(
                place[depth] is not None and (services[place[0]]["name"], *place[1 : depth + 1]) in full
                for place in places
            )
        mask = _both(mask, matches)
    return mask


def _owner_sets(arguments: Arguments, directory: Directory, caller: str | None, *, strict: bool) -> Mask | None:
    sets = directory["owner_sets"]
    mask = _with_owners(arguments, "owner", directory, strict=strict)
    if arguments.get("mine") is not None:
        ids = caller_ids(*directory["users"].get(caller or "", ("", ())))
        mine = _mask(not ids.isdisjoint(owner_ids(owners)) for owners in sets)
        mask = _both(mask, mine if arguments["mine"] else ~mine)
    if arguments.get("owned") is not None:
        owned = _mask(map(bool, sets))
        mask = _both(mask, owned if arguments["owned"] else ~owned)
    return mask


def _with_owners(arguments: Arguments, field: str, directory: Directory, *, strict: bool) -> Mask | None:
    """The sets of owners with one of those that a field names."""
    if arguments.get(field) is None:
        return None
    sets = directory["owner_sets"]
    estate = OwnerNames(chain.from_iterable(sets))
    names = set().union(*(estate.find(name, field, strict=strict) for name in arguments[field]))
    return _mask(any((kind, name) in names for _, kind, name in owners) for owners in sets)


def _both(mask: Mask | None, other: Mask) -> Mask:
    return other if mask is None else mask & other


def _tiers(names: Sequence[str] | None) -> frozenset[int] | None:
    if names is None:
        return None
    codes = set[int]()
    for name in names:
        short = name.removeprefix("Tier.")
        if short not in {*TIERS[1:], NONE}:
            raise BadInput("tier: must be Tier1 to Tier5, OTHER or NONE", "tier")
        codes.add(0 if short == NONE else TIERS.index(short))
    return frozenset(codes)


def _codes(names: Iterable[str] | None, codes: Mapping[Any, int]) -> frozenset[int] | None:
    return None if names is None else frozenset(codes[name] for name in names if name in codes)


def _blockers(arguments: Arguments) -> int | None:
    if arguments.get("blocker") is not None:
        return sum(BLOCKER_BIT[Blocker(name)] for name in set(arguments["blocker"])) or _UNUSED_BLOCKER_BIT
    if arguments.get("blocked") is not None:
        return sum(BLOCKER_BIT.values()) if arguments["blocked"] else 0
    return None


def _bounded(arguments: Arguments, field: str, maximum: float) -> float | None:
    value: float | None = arguments.get(field)
    if value is not None and not 0 <= value <= maximum:
        raise BadInput(f"{field}: must be 0 to {maximum}", field)
    return value


def _optional(arguments: Arguments, field: str, convert: Callable[[Value, str], Bound]) -> Bound | None:
    return None if arguments.get(field) is None else convert(arguments[field], field)


def _range(
    arguments: Arguments, minimum: str, maximum: str, convert: Callable[[Value, str], Bound]
) -> tuple[Bound | None, Bound | None]:
    low, high = _optional(arguments, minimum, convert), _optional(arguments, maximum, convert)
    if low is not None and high is not None and low > high:
        raise BadInput(f"{minimum}: must not be above {maximum}", minimum)
    return low, high


def _bytes(value: int, field: str) -> int:
    if not 0 <= value <= _MAX_BYTES:
        raise BadInput(f"{field}: must be 0 to {_MAX_BYTES}", field)
    return value


def _cost(value: Decimal, field: str) -> float:
    if not 0 <= value < Decimal("1e15"):
        raise BadInput(f"{field}: must be 0 to 10^15", field)
    return float(value)


def _count(value: int, field: str) -> int:
    if value < 0:
        raise BadInput(f"{field}: must be 0 or more", field)
    return value


def _day(value: date, field: str) -> int:
    if not date(1970, 1, 2) <= value <= date(2149, 1, 1):
        raise BadInput(f"{field}: must be between 1970-01-02 and 2149-01-01", field)
    return day_number(value)


# ---- stored filters

_DECIMALS: Final = frozenset({"minimumMonthlyCost", "maximumMonthlyCost", "minimumSaving"})
_DAYS: Final = frozenset({"lastAccessedAfter", "lastAccessedBefore", "lastWrittenAfter", "lastWrittenBefore"})


def serialize_filter(arguments: Arguments) -> dict[str, Any]:
    """A filter as JSON without its nulls. Raises BadInput if it depends on the caller."""
    if arguments.get("mine") is not None:
        raise BadInput("mine: a filter that is kept cannot depend on who asks; name owners", "mine")
    return {
        name: str(arguments[name]) if name in _DECIMALS | _DAYS else arguments[name]
        for name in FIELDS
        if arguments.get(name) is not None
    }


def deserialize_filter(document: Arguments) -> dict[str, Any]:
    """The arguments that `serialize_filter` made JSON of."""

    def value(name: str, stored: Any) -> Any:  # noqa: ANN401  whatever JSON holds
        if name in _DECIMALS:
            return Decimal(stored)
        return date.fromisoformat(stored) if name in _DAYS else stored

    return {name: value(name, stored) for name, stored in document.items() if name in FIELDS}


def validate_filter_names(arguments: Arguments, directory: Directory) -> None:
    """Raises BadInput for a name that nothing in the estate has."""
    owners = OwnerNames(chain.from_iterable(directory["owner_sets"]))
    domains = DomainNames(domain["fqn"] for domain in directory["domains"])
    for field, find in (("owner", owners.find), ("formerOwner", owners.find), ("domain", domains.find)):
        for name in arguments.get(field) or ():
            if not (field == "domain" and name == NONE) and not find(name, field):
                raise BadInput(f"{field}: the estate has no {field} {name[:200]}", field)
    for field, names_of_estate in _names_by_field(directory).items():
        names = arguments.get(field)
        estate_names = names_of_estate() if names else set()
        for name in names or ():
            spellings = {name, tuple(split_fqn(name))} if field in {"database", "schema"} else {name}
            if spellings.isdisjoint(estate_names):
                raise BadInput(f"{field}: the estate has no {field} {name[:200]}", field)


def _names_by_field(directory: Directory) -> Mapping[str, Callable[[], set[object]]]:
    """By field of the filter all its names in the estate; those of databases and schemas also with their service."""
    places = directory["places"]
    services = [service["name"] for service in directory["services"]]

    def paths(depth: int) -> set[object]:
        return {place[depth] for place in places} | {(services[place[0]], *place[1 : depth + 1]) for place in places}

    return {
        "service": lambda: set(services),
        "database": lambda: paths(1),
        "schema": lambda: paths(2),
        "tag": lambda: set(chain.from_iterable(directory["tag_sets"])),
    }
