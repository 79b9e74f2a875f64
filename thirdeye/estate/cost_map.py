"""What places cost, by verdict: the estate by service, a service by database, a database by schema."""

from collections.abc import Hashable, Iterable, Mapping
from decimal import Decimal

from thirdeye.inventory.cost_map import ByVerdict, PlaceSums
from thirdeye.inventory.directory import Directory, Place
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.verdicts import VERDICTS


def grouped(
    places: Mapping[int, ByVerdict], directory: Directory, service: int | None, database: str | None
) -> list[tuple[str | None, ByVerdict]]:
    """What `places` come to one level below a database, a service or, without either, the estate: most expensive first.

    A name is null for what has none, such as tables of a service without databases.
    """
    groups = dict[Hashable, tuple[str | None, ByVerdict]]()
    for number, by_verdict in places.items():
        place = directory["places"][number]
        if (service is None or place[0] == service) and (database is None or place[1] == database):
            key, name = _group_of(place, directory, service, database)
            _add(groups.setdefault(key, (name, {}))[1], by_verdict)
    return sorted(groups.values(), key=lambda group: _order(group[1]))


def _group_of(
    place: Place, directory: Directory, service: int | None, database: str | None
) -> tuple[Hashable, str | None]:
    if service is None:
        return place[0], directory["services"][place[0]]["name"]
    name = place[1] if database is None else place[2]
    return name, name


def _order(by_verdict: ByVerdict) -> tuple[Decimal, int]:
    total = _total(by_verdict)
    return -(total.sums.storage + total.sums.queries), -total.sums.tables


def _add(by_verdict: ByVerdict, more: ByVerdict) -> None:
    for verdict, sums in more.items():
        by_verdict.setdefault(verdict, PlaceSums()).add(sums)


def _total(by_verdict: ByVerdict) -> PlaceSums:
    total = PlaceSums()
    for sums in by_verdict.values():
        total.add(sums)
    return total


def together(groups: Iterable[tuple[str | None, ByVerdict]]) -> ByVerdict:
    """The sums of several groups."""
    by_verdict = ByVerdict()
    for _, more in groups:
        _add(by_verdict, more)
    return by_verdict


def entry_view(name: str | None, by_verdict: ByVerdict) -> dict[str, object]:
    """A group as the API shows it: its sums, and of each verdict that it has those, in the order of VERDICTS."""
    total = _total(by_verdict)
    verdicts = [{"verdict": VERDICTS[verdict].value, **_view(sums)} for verdict, sums in sorted(by_verdict.items())]
    return {"name": name, **_view(total), "verdicts": verdicts}


def _view(sums: PlaceSums) -> dict[str, object]:
    return {
        "tables": sums.sums.tables,
        "tablesOfUnknownCost": sums.unknown,
        "monthlyCost": format_cost(sums.sums.storage + sums.sums.queries),
    }
