"""Finding owners by what people call them: by name, or as user:name and team:name. A user and a team of one name are two."""

from collections.abc import Iterable
from typing import Final

from thirdeye.errors import BadInput
from thirdeye.inventory.directory import Owner

OwnerName = tuple[str, str]
_MAX_CANDIDATES: Final = 10


def owner_ids(owners: Iterable[Owner]) -> set[tuple[str, str]]:
    """Kind and id of each, which is what owners are compared by."""
    return {(kind, identifier) for identifier, kind, _ in owners}


def caller_ids(identifier: str, teams: Iterable[str]) -> set[tuple[str, str]]:
    """The same of a user, nobody for an empty id, and of the user's teams."""
    return {("user", identifier), *(("team", team) for team in teams)} if identifier else set()


class OwnerNames:
    """The names of all owners of an estate, compared character by character; without case where nothing else is found."""

    def __init__(self, owners: Iterable[Owner]) -> None:
        self._by_name: dict[str, set[OwnerName]] = {}
        self._folded: dict[str, set[OwnerName]] = {}
        for kind, name in {(kind, name) for _, kind, name in owners}:
            for spelling in (name, f"{kind}:{name}"):
                self._by_name.setdefault(spelling, set()).add((kind, name))
                self._folded.setdefault(spelling.casefold(), set()).add((kind, name))

    def find(self, name: str, field: str, *, strict: bool = True) -> set[OwnerName]:
        """Kind and name of the owner that is meant, nothing for an unknown one.

        Raises BadInput that lists the candidates where a name means several; unless `strict`, it means all of these.
        """
        found = self._by_name.get(name) or self._folded.get(name.casefold()) or set()
        if len(found) > 1 and strict:
            raise BadInput(ambiguous(field, name, (f"{kind}:{each}" for kind, each in found)), field)
        return found


def ambiguous(field: str, name: str, candidates: Iterable[str]) -> str:
    """What to tell somebody whose name means several things."""
    listed = sorted(candidates)
    more = f" and {len(listed) - _MAX_CANDIDATES} more" if len(listed) > _MAX_CANDIDATES else ""
    return f"{field}: {name[:200]} may be {', '.join(listed[:_MAX_CANDIDATES])}{more}: say which"
