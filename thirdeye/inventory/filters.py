"""From what a caller asks of tables to masks over the directory. Pure; raises BadInput naming the field."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from thirdeye.errors import BadInput
from thirdeye.inventory.columns import Mask, day_number, select
from thirdeye.inventory.fqn import split_fqn
from thirdeye.inventory.query import TableFilter
from thirdeye.inventory.rules import ACTIVITIES, ACTIVITY_CODE, EVIDENCES, Activity, Evidence
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, VERDICTS, Blocker, Verdict

TIERS: Final = (None, "Tier1", "Tier2", "Tier3", "Tier4", "Tier5", "OTHER")
NONE: Final = "NONE"
# An empty list of blockers finds nothing.
BLOCKER_NOBODY_HAS: Final = 1 << 15
_MOST_NAMES: Final = 100
_MOST_BYTES: Final = 2**63 - 1
FIELDS: Final = (
    "service", "database", "schema", "owner", "mine", "tier", "tag", "domain", "activity", "evidence", "zombie",
    "inUse", "inUseThroughLineage", "minimumBytes", "maximumBytes", "minimumMonthlyCost", "maximumMonthlyCost",
    "lastAccessedAfter", "lastAccessedBefore", "lastWrittenAfter", "lastWrittenBefore",
    "verdict", "blocker", "blocked", "minimumPurgeScore", "maximumReturnRisk", "minimumSaving",
    "owned", "duplicate", "growing", "retention", "maximumQueries",
)  # fmt: skip

Directory = Mapping[str, Any]


def table_filter(
    wanted: Mapping[str, Any], directory: Directory, caller: str | None, numbers: Mask | None
) -> TableFilter:
    """What `TableFilter` of the API asks for, over this directory; `caller` is the name of whoever asks.

    Raises BadInput for a field that cannot be. A name that nothing has finds nothing.
    """
    for field in ("service", "database", "schema", "owner", "tag", "domain", "tier"):
        if len(wanted.get(field) or ()) > _MOST_NAMES:
            raise BadInput(f"{field}: at most {_MOST_NAMES} names", field)
    minimum_bytes, maximum_bytes = _range(wanted, "minimumBytes", "maximumBytes", _bytes)
    minimum_cost, maximum_cost = _range(wanted, "minimumMonthlyCost", "maximumMonthlyCost", _cost)
    accessed_after, accessed_before = _range(wanted, "lastAccessedAfter", "lastAccessedBefore", _day)
    written_after, written_before = _range(wanted, "lastWrittenAfter", "lastWrittenBefore", _day)
    return TableFilter(
        services=_services(wanted.get("service"), directory),
        places=_places(wanted, directory),
        owner_sets=_owner_sets(wanted, directory, caller),
        tag_sets=_tag_sets(wanted.get("tag"), directory),
        domains=_domains(wanted.get("domain"), directory),
        tiers=_tiers(wanted.get("tier")),
        activities=_codes(wanted.get("activity"), ACTIVITIES, lambda name: ACTIVITY_CODE[Activity(name)]),
        evidences=_codes(wanted.get("evidence"), EVIDENCES, lambda name: EVIDENCES.index(Evidence(name))),
        zombie=wanted.get("zombie"),
        in_use=wanted.get("inUse"),
        in_use_through_lineage=wanted.get("inUseThroughLineage"),
        minimum_bytes=minimum_bytes,
        maximum_bytes=maximum_bytes,
        minimum_cost=minimum_cost,
        maximum_cost=maximum_cost,
        accessed_after=accessed_after,
        accessed_before=accessed_before,
        written_after=written_after,
        written_before=written_before,
        verdicts=_codes(wanted.get("verdict"), VERDICTS, lambda name: VERDICT_CODE[Verdict(name)]),
        blockers=_blockers(wanted),
        minimum_purge=_share(wanted, "minimumPurgeScore", 10),
        maximum_risk=_share(wanted, "maximumReturnRisk", 1),
        minimum_saving=None if wanted.get("minimumSaving") is None else _cost(wanted["minimumSaving"], "minimumSaving"),
        maximum_queries=_queries(wanted.get("maximumQueries")),
        retained=wanted.get("retention"),
        numbers=numbers,
    )


def _services(names: Sequence[str] | None, directory: Directory) -> Mask | None:
    if names is None:
        return None
    chosen = set(names)
    services = directory["services"]
    return select((number for number, entry in enumerate(services) if entry["name"] in chosen), len(services))


def _places(wanted: Mapping[str, Any], directory: Directory) -> Mask | None:
    mask: Mask | None = None
    places, services = directory["places"], directory["services"]
    for field, depth in (("database", 1), ("schema", 2)):
        names = wanted.get(field)
        if names is None:
            continue
        plain = set(names)
        full = {tuple(parts) for name in names if len(parts := split_fqn(name)) == depth + 1}
        found = [
            number
            for number, place in enumerate(places)
            if place[depth] is not None
            and (place[depth] in plain or (services[place[0]]["name"], *place[1 : depth + 1]) in full)
        ]
        these = select(found, len(places))
        mask = these if mask is None else mask & these
    return mask


def _owner_sets(wanted: Mapping[str, Any], directory: Directory, caller: str | None) -> Mask | None:
    sets = directory["owner_sets"]
    mask: Mask | None = None
    if wanted.get("owner") is not None:
        names = {name.casefold() for name in wanted["owner"]}
        mask = _sets_with(sets, lambda owner: owner[2].casefold() in names)
    if wanted.get("mine") is not None:
        identifier, teams = directory["users"].get(caller or "", ("", []))
        ids = {identifier, *teams} - {""}
        mine = _sets_with(sets, lambda owner: owner[0] in ids)
        mine = mine if wanted["mine"] else ~mine
        mask = mine if mask is None else mask & mine
    if wanted.get("owned") is not None:
        owned = _sets_with(sets, lambda _owner: True)
        owned = owned if wanted["owned"] else ~owned
        mask = owned if mask is None else mask & owned
    return mask


def _sets_with(sets: Sequence[Sequence[Any]], holds: Callable[[Any], bool]) -> Mask:
    return select((number for number, members in enumerate(sets) if any(map(holds, members))), len(sets))


def _tag_sets(tags: Sequence[str] | None, directory: Directory) -> Mask | None:
    if tags is None:
        return None
    chosen = set(tags)
    return _sets_with(directory["tag_sets"], lambda tag: tag in chosen)


def _domains(names: Sequence[str] | None, directory: Directory) -> Mask | None:
    if names is None:
        return None
    chosen = set(names)
    found = [
        number
        for number, domain in enumerate(directory["domains"])
        if (NONE in chosen if domain is None else {domain["name"], domain["fqn"]} & chosen)
    ]
    return select(found, len(directory["domains"]))


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


def _codes(names: Iterable[str] | None, known: Sequence[str], code: Callable[[str], int]) -> frozenset[int] | None:
    return None if names is None else frozenset(code(name) for name in names if name in known)


def _blockers(wanted: Mapping[str, Any]) -> int | None:
    if wanted.get("blocker") is not None:
        return sum(BLOCKER_BIT[Blocker(name)] for name in set(wanted["blocker"])) or BLOCKER_NOBODY_HAS
    if wanted.get("blocked") is not None:
        return sum(BLOCKER_BIT.values()) if wanted["blocked"] else 0
    return None


def _share(wanted: Mapping[str, Any], field: str, most: float) -> float | None:
    value: float | None = wanted.get(field)
    if value is not None and not 0 <= value <= most:
        raise BadInput(f"{field}: must be 0 to {most}", field)
    return value


def _range(wanted: Mapping[str, Any], lowest: str, highest: str, convert: Callable[[Any, str], Any]) -> tuple[Any, Any]:
    low, high = (None if wanted.get(name) is None else convert(wanted[name], name) for name in (lowest, highest))
    if low is not None and high is not None and low > high:
        raise BadInput(f"{lowest}: must not be above {highest}", lowest)
    return low, high


def _bytes(value: int, field: str) -> int:
    if not 0 <= value <= _MOST_BYTES:
        raise BadInput(f"{field}: must be 0 to {_MOST_BYTES}", field)
    return value


def _cost(value: Decimal, field: str) -> float:
    if not 0 <= value < Decimal("1e15"):
        raise BadInput(f"{field}: must be 0 to 10^15", field)
    return float(value)


def _queries(value: int | None) -> int | None:
    if value is not None and value < 0:
        raise BadInput("maximumQueries: must be 0 or more", "maximumQueries")
    return value


def _day(value: date, field: str) -> int:
    if not date(1970, 1, 2) <= value <= date(2149, 1, 1):
        raise BadInput(f"{field}: must be between 1970-01-02 and 2149-01-01", field)
    return day_number(value)


# ---- filters that are kept

_DECIMALS: Final = frozenset({"minimumMonthlyCost", "maximumMonthlyCost", "minimumSaving"})
_DAYS: Final = frozenset({"lastAccessedAfter", "lastAccessedBefore", "lastWrittenAfter", "lastWrittenBefore"})


def filter_document(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A filter as JSON; what is null or not given is left out. Raises BadInput for what depends on who asks."""
    if wanted.get("mine") is not None:
        raise BadInput("mine: a filter that is kept cannot depend on who asks; name owners", "mine")
    return {
        name: str(wanted[name]) if name in _DECIMALS | _DAYS else wanted[name]
        for name in FIELDS
        if wanted.get(name) is not None
    }


def filter_of_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """The filter that was kept."""

    def value(name: str, kept: Any) -> Any:
        if name in _DECIMALS:
            return Decimal(kept)
        return date.fromisoformat(kept) if name in _DAYS else kept

    return {name: value(name, kept) for name, kept in document.items() if name in FIELDS}


def check_names(wanted: Mapping[str, Any], directory: Directory) -> None:
    """Raises BadInput for a name that nothing in the estate has."""
    services, places = {entry["name"] for entry in directory["services"]}, directory["places"]
    names_of = [entry["name"] for entry in directory["services"]]

    def paths(depth: int) -> set[Any]:
        return {place[depth] for place in places} | {(names_of[place[0]], *place[1 : depth + 1]) for place in places}

    known: Mapping[str, Callable[[], set[Any]]] = {
        "service": lambda: services,
        "database": lambda: paths(1),
        "schema": lambda: paths(2),
        "owner": lambda: {owner[2].casefold() for owners in directory["owner_sets"] for owner in owners},
        "tag": lambda: {tag for tags in directory["tag_sets"] for tag in tags},
        "domain": lambda: (
            {NONE} | {name for each in directory["domains"] if each for name in (each["name"], each["fqn"])}
        ),
    }
    for field, there in known.items():
        for name in wanted.get(field) or ():
            forms = {name, name.casefold(), tuple(split_fqn(name))} if field != "service" else {name}
            if forms.isdisjoint(there()):
                raise BadInput(f"{field}: the estate has no {field} {name[:200]}", field)
