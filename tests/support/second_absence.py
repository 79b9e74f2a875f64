"""Which table is which, and which are away: a second time, from what the product promises."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.support.second_memory import Kept, Known, PlaceName

WINDOW = timedelta(hours=48)
SINGLE, MASS = timedelta(days=4), timedelta(days=7)
LEAST, AT_ONCE = 5, 50
# A table of those that OM has no row for any more comes before those that were gone for longer.
_EARLIEST = datetime(1970, 1, 1)


def identities(known: Known, om_ids: Collection[str], live: Mapping[str, str]) -> dict[str, str]:
    """By id of each table that OM has a row of (with its FQN) the id that it was known by; nothing for what is new.

    `om_ids` are all ids that OM has a row for. Of two rows of one name the first counts.

    >>> known = Known(kept={"a": Kept(service="s", fqn="s.x"), "b": Kept(service="s", fqn="s.y")})
    >>> identities(known, {"a", "b"}, {"a": "s.y", "b": "s.x"})  # two names swapped
    {'a': 'a', 'b': 'b'}
    >>> identities(known, {"b", "c"}, {"b": "s.y", "c": "s.x"})  # a new id
    {'b': 'b', 'c': 'a'}
    >>> identities(known, {"a", "c"}, {"a": "s.renamed", "c": "s.x"})  # renamed, and created again under the old name
    {'a': 'a'}
    >>> identities(known, {"a", "c"}, {"c": "s.x"})  # the old one is only marked deleted
    {}
    >>> identities(known, {"c", "d"}, {"c": "s.X", "d": "s.y"})  # the case of names is as OM has it
    {'d': 'b'}
    """
    found = {identifier: identifier for identifier in live if identifier in known.kept}
    free = dict[str, str]()
    for identifier, kept in sorted(known.kept.items(), key=lambda item: when_missed(item[1])):
        if identifier not in om_ids:
            free[kept.fqn] = identifier
    for identifier, fqn in live.items():
        if identifier not in found and fqn in free:
            found[identifier] = free.pop(fqn)
    return found


def when_missed(kept: Kept) -> tuple[bool, datetime, int]:
    """Orders tables that had the same FQN: the one that OM had last is the last."""
    since = kept.absent_since or _EARLIEST
    return kept.absent_since is None and not kept.gone, since, kept.number or 0


@dataclass(frozen=True)
class Absence:
    """One table that OM does not have."""

    fqn: str
    path: PlaceName
    since: datetime
    # It counted as gone before this refresh.
    gone: bool = False


def away(known: Known, identified: Collection[str], now: datetime) -> dict[str, Absence]:
    """Who is away, by the id that it had; `identified` are the ids of those that are not."""
    found = dict[str, Absence]()
    for identifier, kept in known.kept.items():
        since = kept.absent_since or (None if kept.gone else now)
        if identifier not in identified and since is not None:
            found[identifier] = Absence(kept.fqn, kept.path, since, kept.gone)
    return found


@dataclass
class Absences:
    """All tables that are away, the schemas of those that are not, and the places that OM has."""

    absences: list[Absence]
    present: list[PlaceName]
    places: Collection[PlaceName]
    under_removal: Collection[str] = ()

    def is_mass(self, one: Absence) -> bool:
        """Whether this is one of a mass absence."""
        return self.lost_its_place(one) or any(self.is_mass_within(start, one) for start in self.starts(one))

    def lost_its_place(self, one: Absence) -> bool:
        """Whether OM no longer has its service, database or schema."""
        service, database, schema = one.path
        wider: list[PlaceName] = [(service, None, None)]
        wider += [(service, database, None)] if database is not None else []
        wider += [(service, database, schema)] if schema is not None else []
        return any(place not in self.places for place in wider)

    def counted(self) -> Iterable[Absence]:
        return [each for each in self.absences if each.fqn not in self.under_removal]

    def starts(self, one: Absence) -> list[datetime]:
        """Where windows start that hold this one."""
        return [each.since for each in self.counted() if timedelta(0) <= one.since - each.since <= WINDOW]

    def is_mass_within(self, start: datetime, one: Absence) -> bool:
        window = [each for each in self.counted() if timedelta(0) <= each.since - start <= WINDOW]
        return any(self.is_much(window, one.path[:length]) for length in (2, 3) if one.path[length - 1] is not None)

    def is_much(self, window: list[Absence], place: tuple[str | None, ...]) -> bool:
        """Whether those of a schema or a database are many of it, or all."""
        missed = [each for each in window if each.path[: len(place)] == place]
        # Who was there then: those that are, those that are away for now, and those of the window that are gone.
        there = sum(path[: len(place)] == place for path in self.present)
        others = [
            each for each in self.counted() if each.path[: len(place)] == place and each not in missed and not each.gone
        ]
        total = there + len(others) + len(missed)
        if not missed:
            return False
        many = len(missed) >= AT_ONCE or (len(missed) >= LEAST and 5 * len(missed) >= total)
        return many or len(missed) == total

    def is_gone(self, one: Absence, now: datetime) -> bool:
        """Whether it counts as gone from now on. What counted as gone stays so."""
        return one.gone or now - one.since >= (MASS if self.is_mass(one) else SINGLE)
