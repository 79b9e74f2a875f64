"""What a refresh tells of money that is not released, as JSON: groups of tables, and how groups are added up. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Final, TypedDict

from thirdeye.inventory.money import format_cost

# Of a document so many groups are kept by themselves, the most expensive; the others are together by reason.
MAX_GROUPS: Final = 5_000


class Scope(IntEnum):
    """What a group of tables of one reason has in common: an index into places, services or owner sets."""

    NONE = 0
    PLACE = 1
    SERVICE = 2
    OWNERS = 3


class AlternativeKind(StrEnum):
    """What else can be done about tables than to lift the reason: people's word, or a trial."""

    APPROVE_REMOVAL = "APPROVE_REMOVAL"
    TRIAL = "TRIAL"


class AlternativeDocument(TypedDict):
    """For so many tables of a group, which cost so much a month, of which it releases so much at most; as JSON."""

    kind: str
    tables: int
    cost: str
    releases: str


class GroupDocument(TypedDict):
    """Tables in question that have a state, a reason and a scope in common, as JSON.

    `unpriced` of `tables` have no known cost. `cost` is USD a month, of which lifting the reason releases `releases` at
    most; `first_day`: the first day, ISO, on which time alone may lift it from one of them.
    """

    state: str
    reason: str
    scope: int
    number: int
    tables: int
    unpriced: int
    cost: str
    releases: str
    first_day: str | None
    alternatives: list[AlternativeDocument]


class UnlockDocument(TypedDict):
    """All groups, and what is told once: all tables in question, those without a known cost by service, and who is paid."""

    tables: int
    unpriced: list[tuple[int, int]]
    services: list[int]
    groups: list[GroupDocument]


def bounded(groups: Sequence[GroupDocument], limit: int = MAX_GROUPS) -> list[GroupDocument]:
    """The first groups as they are, and those after them together by state and reason, so that nothing is lost."""
    together = dict[tuple[str, str], GroupDocument]()
    for group in groups[limit:]:
        rest = together.setdefault(
            (group["state"], group["reason"]),
            {**group, "scope": int(Scope.NONE), "number": 0, "tables": 0, "unpriced": 0, "cost": "0", "releases": "0",
             "first_day": None, "alternatives": []},
        )  # fmt: skip
        add_group(rest, group)
    return [*groups[:limit], *together.values()]


def add_group(total: GroupDocument, group: GroupDocument) -> None:
    """Adds a group to another one."""
    total["tables"] += group["tables"]
    total["unpriced"] += group["unpriced"]
    for name in ("cost", "releases"):
        total[name] = format_cost(Decimal(total[name]) + Decimal(group[name]))
    total["first_day"] = min(filter(None, (total["first_day"], group["first_day"])), default=None)
    total["alternatives"] = _added([*total["alternatives"], *group["alternatives"]])


def _added(alternatives: Sequence[AlternativeDocument]) -> list[AlternativeDocument]:
    by_kind = dict[str, AlternativeDocument]()
    for each in alternatives:
        total = by_kind.setdefault(each["kind"], {"kind": each["kind"], "tables": 0, "cost": "0", "releases": "0"})
        total["tables"] += each["tables"]
        for name in ("cost", "releases"):
            total[name] = format_cost(Decimal(total[name]) + Decimal(each[name]))
    return list(by_kind.values())
