"""GraphQL: services, totals, changes, duplicates: what the worker prepared."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.estate.loaders import as_of, of_one_generation, snapshot_of, table_loader
from thirdeye.inventory import store
from thirdeye.inventory.filters import TIERS
from thirdeye.inventory.reader import Snapshot
from thirdeye.paging import connection, decode_cursor, encode_cursor, page_size

query = QueryType()
estate = ObjectType("Estate")
duplicate_group = ObjectType("DuplicateGroup")
table_change = ObjectType("TableChange")
# How far back changes are looked for unless somebody says.
_LATELY = timedelta(days=7)


# ---- services and totals


async def _summary(info: Info) -> tuple[Snapshot, dict[str, Any]]:
    async def find(snapshot: Snapshot) -> tuple[Snapshot, dict[str, Any]]:
        return snapshot, await info.context.estate.document(snapshot, "summary")

    return await of_one_generation(info.context, find)


@query.field("services")
async def resolve_services(_: Any, info: Info) -> list[dict[str, Any]]:
    snapshot, summary = await _summary(info)
    costs = {entry["service"]: entry["monthlyCost"] for entry in summary["byService"]}
    services = [
        {
            "name": entry["name"],
            "type": entry["type"],
            "tables": entry["tables"],
            "bytes": entry["bytes"],
            "monthlyCost": costs.get(entry["name"], "0"),
            "feed": _feed(entry),
            **as_of(info.context, snapshot, [number]),
        }
        for number, entry in enumerate(snapshot.directory["services"])
    ]
    return sorted((entry for entry in services if entry["tables"]), key=lambda entry: str(entry["name"]))


def _feed(entry: dict[str, Any]) -> dict[str, Any]:
    tables = entry["tables"] or 1
    return {
        "evidence": entry["evidence"],
        "state": entry["state"],
        "silentSince": entry["silent_since"],
        "observedDays": entry["observed_days"],
        "firstUsage": entry["first_usage"],
        "newestUsage": entry["newest_usage"],
        "sizedShare": round(entry["sized"] / tables, 4),
        "ownedShare": round(entry["owned"] / tables, 4),
        "tieredShare": round(entry["tiered"] / tables, 4),
        "describedShare": round(entry["described"] / tables, 4),
    }


@query.field("estate")
async def resolve_estate(_: Any, info: Info) -> dict[str, Any]:
    snapshot, summary = await _summary(info)
    return {
        **as_of(info.context, snapshot),
        "total": {"name": None, **summary["total"]},
        "byService": [{**entry, "name": entry["service"]} for entry in summary["byService"]],
        "byDomain": [{**entry, "name": entry["domain"] and entry["domain"]["name"]} for entry in summary["byDomain"]],
        "byTier": [{**entry, "name": TIERS[min(entry["tier"], len(TIERS) - 1)]} for entry in summary["byTier"]],
        "byActivity": [{**entry, "name": entry["activity"]} for entry in summary["byActivity"]],
        "summary": summary,
    }


@estate.field("byDatabase")
def resolve_by_database(of: dict[str, Any], _: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    size = page_size(first, default=50, maximum=1000)
    return [{**entry, "name": entry["database"]} for entry in of["summary"]["byDatabase"][:size]]


@estate.field("byOwner")
def resolve_by_owner(of: dict[str, Any], _: Info, *, first: int | None = None) -> list[dict[str, Any]]:
    size = page_size(first, default=50, maximum=1000)
    return [
        {**entry, "name": entry["owner"] and entry["owner"][2], "type": entry["owner"] and entry["owner"][1]}
        for entry in of["summary"]["byOwner"][:size]
    ]


@estate.field("dearestTables")
async def resolve_dearest(of: dict[str, Any], info: Info) -> list[Any]:
    return await _tables(info, of["summary"]["top"]["dearest"])


@estate.field("dearestZombies")
async def resolve_dearest_zombies(of: dict[str, Any], info: Info) -> list[Any]:
    return await _tables(info, of["summary"]["top"]["zombies"])


@estate.field("dearestWithoutOwner")
async def resolve_dearest_without_owner(of: dict[str, Any], info: Info) -> list[Any]:
    return await _tables(info, of["summary"]["top"]["ownerless"])


# ---- changes and duplicates


@query.field("changes")
async def resolve_changes(
    _: Any,
    info: Info,
    *,
    since: datetime | None = None,
    kind: list[str] | None = None,
    first: int | None = None,
    after: str | None = None,
) -> dict[str, Any]:
    size, before = page_size(first, default=20, maximum=100), _change_of(after)
    since = since or info.context.clock() - _LATELY
    snapshot = await snapshot_of(info.context)
    rows = await store.changes(info.context.thirdeye, since=since, kinds=kind, before=before, limit=size + 1)
    edges = [
        {
            "cursor": encode_cursor(row["changed_at"].isoformat(), row["id"]),
            "node": {"at": row["changed_at"], "kind": row["kind"], "number": row["number"], **row["detail"]},
        }
        for row in rows[:size]
    ]
    found = connection(edges, has_next=len(rows) > size, has_previous=after is not None)
    return {**found, **as_of(info.context, snapshot)}


def _change_of(cursor: str | None) -> tuple[datetime, int] | None:
    """When the change of a cursor was found, and its id."""
    if cursor is None:
        return None
    moment, id_ = decode_cursor(cursor, (str, int))
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or found.year < 1970 or not 0 < id_ < 2**63:
        raise BadInput("after: this is no cursor of this list", "after")
    return found, id_


@table_change.field("table")
async def resolve_changed_table(of: dict[str, Any], info: Info) -> Any:
    return await table_loader(info.context).load(of["number"])


@query.field("duplicates")
async def resolve_duplicates(
    _: Any, info: Info, *, service: str | None = None, first: int | None = None, after: str | None = None
) -> dict[str, Any]:
    size = page_size(first, default=20, maximum=100)
    # The order is by falling size and rising original; a cursor names both.
    position = None if after is None else decode_cursor(after, (int, int))

    async def find(snapshot: Snapshot) -> dict[str, Any]:
        groups = await info.context.estate.document(snapshot, "duplicates")
        number = None
        if service is not None:
            number = snapshot.service_numbers.get(service)
            groups = [group for group in groups if group["service"] == number]
        start = 0 if position is None else bisect_right(groups, (-position[0], position[1]), key=_place)
        page = groups[start : start + size]
        edges = [
            {"cursor": encode_cursor(*_size_and_original(group)), "node": _group(snapshot, group)} for group in page
        ]
        return {
            **connection(edges, has_next=start + size < len(groups), has_previous=after is not None),
            **as_of(info.context, snapshot, _only(service, number)),
            "totalCount": len(groups),
        }

    return await of_one_generation(info.context, find)


def _only(service: str | None, number: int | None) -> list[int] | None:
    """The services that an answer leans on; None for all."""
    if service is None:
        return None
    return [] if number is None else [number]


def _size_and_original(group: dict[str, Any]) -> tuple[int, int]:
    return len(group["members"]), group["original"]


def _place(group: dict[str, Any]) -> tuple[int, int]:
    return -len(group["members"]), group["original"]


def _group(snapshot: Snapshot, group: dict[str, Any]) -> dict[str, Any]:
    return {
        "service": snapshot.directory["services"][group["service"]]["name"],
        "name": group["name"],
        "size": len(group["members"]),
        "agreement": group["agreement"],
        "members": group["members"],
    }


async def _tables(info: Info, numbers: Sequence[int]) -> list[Any]:
    found = await table_loader(info.context).load_many(list(numbers))
    return [table for table in found if table is not None]


@duplicate_group.field("original")
async def resolve_original(of: dict[str, Any], info: Info) -> Any:
    return await table_loader(info.context).load(of["members"][0])


@duplicate_group.field("tables")
async def resolve_group_tables(of: dict[str, Any], info: Info, *, first: int | None = None) -> list[Any]:
    return await _tables(info, of["members"][: page_size(first, default=20, maximum=100)])
