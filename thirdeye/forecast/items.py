"""Which places an open item saves in. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.domain_names import domain_path, with_parents
from thirdeye.inventory.fqn import join_fqn

# A table (or what else it is about), USD a month that are not saved yet, the due date.
OpenItem = tuple[int, float, date | None]


def items_by_place(rows: Iterable[Mapping[str, Any]], directory: Directory) -> dict[Place, list[OpenItem]]:
    """Items that promise something by place: one without a table saves in the whole estate alone."""
    domains = [[join_fqn(path) for path in with_parents(domain_path(each["fqn"]))] for each in directory["domains"]]
    sets = [{fqn for each in members for fqn in domains[each]} for members in directory["domain_sets"]]
    found = dict[Place, list[OpenItem]]()
    for row in rows:
        item = (int(row["subject"]), max(float(row["usd"]), 0.0), row["due_date"])
        places = {EVERYTHING}
        if row["service"] is not None:
            # MySQL answers COALESCE of an unsigned number as a decimal.
            number = int(row["domain_set"])
            inside = sets[number] if number < len(sets) else set()
            places |= {Place(service, domain) for service in (None, row["service"]) for domain in (None, *inside)}
        for place in places:
            found.setdefault(place, []).append(item)
    return found
