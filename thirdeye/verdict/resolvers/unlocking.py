"""GraphQL: what idle tables cost, and what would release it."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any, Final

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.errors import Unavailable
from thirdeye.estate.loaders import as_of, with_snapshot
from thirdeye.inventory.directory import DatabaseFeed, Directory, Owner, Service
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.paging import page_size
from thirdeye.verdict.unlock_groups import (
    AlternativeDocument,
    AlternativeKind,
    GroupDocument,
    Scope,
    UnlockDocument,
    add_group,
)
from thirdeye.verdict.unlock_sentences import Actor, Subject, alternative_sentence, sentence, size_sentence
from thirdeye.verdict.unlocking import State, UnlockReason

query = QueryType()
unlock_plan = ObjectType("UnlockPlan")
DOCUMENT: Final = "unlocking"
# What groups have in common once schemas are told by their database: service, database, owner set.
_Whose = tuple[int | None, str | None, int | None]


@query.field("unlockPlan")
async def resolve_unlock_plan(_: object, info: Info) -> dict[str, Any]:
    context = info.context

    async def read(snapshot: Snapshot) -> dict[str, Any]:
        if DOCUMENT not in snapshot.versions:
            raise Unavailable("what unlocks money is computed by the next refresh; ask again then")
        document: UnlockDocument = await context.estate.document(snapshot, DOCUMENT)
        totals = {state: _total(document, state) for state in State}
        return {
            "monthlyCost": format_cost(sum(totals.values(), Decimal(0))),
            "released": format_cost(totals[State.RELEASED]),
            "stays": format_cost(totals[State.STAYS]),
            "blocked": format_cost(totals[State.BLOCKED]),
            "tables": document["tables"],
            "tablesOfUnknownCost": sum(tables for _, tables in document["unpriced"]),
            "priceBasis": snapshot.catalogue.tariffs.basis_of(document["services"]),
            "all": snapshot.once("unlocking groups", lambda: _Groups(document, snapshot.directory)),
            **as_of(context, snapshot),
        }

    return await with_snapshot(context, read)


def _total(document: UnlockDocument, state: State) -> Decimal:
    return sum((Decimal(group["cost"]) for group in document["groups"] if group["state"] == state), Decimal(0))


@unlock_plan.field("groups")
def resolve_groups(parent: dict[str, Any], _: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    groups: _Groups = parent["all"]
    return groups.first(page_size(first, default=50, maximum=1000))


@unlock_plan.field("groupCount")
def resolve_group_count(parent: dict[str, Any], _: Info) -> int:
    return len(parent["all"])


class _Groups:
    """The groups as the API has them, the most expensive first; last, tables without a known cost by service.

    They are put together once for a snapshot, and by those who ask for groups alone; sentences are made of what is shown.
    """

    def __init__(self, document: UnlockDocument, directory: Directory) -> None:
        self._document = document
        self._directory = directory

    def __len__(self) -> int:
        return len(self._merged) + len(self._document["unpriced"])

    def first(self, count: int) -> list[dict[str, Any]]:
        """The first ones."""
        return list(islice(self._entries(), count))

    @cached_property
    def _merged(self) -> list[tuple[_Whose, GroupDocument]]:
        merged = dict[tuple[str, str, _Whose], GroupDocument]()
        for group in self._document["groups"]:
            key = group["state"], group["reason"], _whose(group, self._directory)
            if key in merged:
                add_group(merged[key], {**group, "alternatives": group.get("alternatives", [])})
            else:
                # A refresh before this version has published none.
                merged[key] = {**group, "alternatives": list(group.get("alternatives", []))}
        in_order = sorted(merged.items(), key=lambda item: (-Decimal(item[1]["cost"]), -item[1]["tables"]))
        return [(whose, group) for (_, _, whose), group in in_order]

    def _entries(self) -> Iterator[dict[str, Any]]:
        services, owner_sets = self._directory["services"], self._directory["owner_sets"]
        for (service, database, owners), group in self._merged:
            names = None if service is None else services[service]
            yield _entry(group, names, database, [] if owners is None else owner_sets[owners])
        for service, tables in sorted(self._document["unpriced"], key=lambda entry: (-entry[1], entry[0])):
            yield _size_entry(services[service]["name"], tables)


def _whose(group: GroupDocument, directory: Directory) -> _Whose:
    number = group["number"]
    match group["scope"]:
        case Scope.PLACE:
            service, database, _ = directory["places"][number]
            return service, database, None
        case Scope.SERVICE:
            return number, None, None
        case Scope.OWNERS:
            return None, None, number
    return None, None, None


def _entry(group: GroupDocument, service: Service | None, database: str | None, owners: list[Owner]) -> dict[str, Any]:
    state, reason = State(group["state"]), UnlockReason(group["reason"])
    subject = Subject(
        tables=group["tables"],
        service=service,
        database=_feed(service, database) if group["scope"] == Scope.PLACE else None,
        owners=owners,
        first_day=group["first_day"],
    )
    action, actor = sentence(state, reason, subject)
    return {
        "state": state.value,
        "reason": reason.value,
        "service": service and service["name"],
        "database": database,
        "owners": [{"id": id_, "type": kind, "name": name} for id_, kind, name in owners],
        "tables": group["tables"],
        "tablesOfUnknownCost": group["unpriced"],
        "monthlyCost": group["cost"],
        "releasesAtMost": group["releases"],
        "action": action,
        "actor": actor.value,
        "from": group["first_day"],
        "alternatives": [_alternative(each, ask_steward=_is_nobodys(group, owners)) for each in group["alternatives"]],
    }


def _is_nobodys(group: GroupDocument, owners: list[Owner]) -> bool:
    return group["scope"] == Scope.OWNERS and not owners


def _alternative(alternative: AlternativeDocument, *, ask_steward: bool) -> dict[str, Any]:
    actor = Actor.STEWARD if ask_steward else Actor.OWNER
    return {
        "kind": alternative["kind"],
        "tables": alternative["tables"],
        "monthlyCost": alternative["cost"],
        "releasesAtMost": alternative["releases"],
        "action": alternative_sentence(AlternativeKind(alternative["kind"]), alternative["tables"]),
        "actor": actor.value,
    }


def _feed(service: Service | None, database: str | None) -> DatabaseFeed | None:
    if service is None:
        return None
    return next((feed for feed in service["databases"] if feed["name"] == database), None)


def _size_entry(service: str, tables: int) -> dict[str, Any]:
    return {
        "state": "UNKNOWN_COST",
        "reason": "UNKNOWN_COST",
        "service": service,
        "database": None,
        "owners": [],
        "tables": tables,
        "tablesOfUnknownCost": tables,
        "monthlyCost": "0",
        "releasesAtMost": None,
        "action": size_sentence(service, tables),
        "actor": Actor.OM_ADMINISTRATOR.value,
        "from": None,
        "alternatives": [],
    }
