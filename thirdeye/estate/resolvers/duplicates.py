"""GraphQL: groups of tables that look like copies of each other."""

from bisect import bisect_right
from typing import TypedDict

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.estate.loaders import as_of, load_tables, table_loader, with_snapshot
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory.reader import Snapshot
from thirdeye.paging import connection, decode_cursor, encode_cursor, page_size

query = QueryType()
duplicate_group = ObjectType("DuplicateGroup")


class _Group(TypedDict):
    """A group as a refresh stores it: `service` is an index, `original` and `members` are table numbers."""

    service: int
    name: str
    agreement: float
    original: int
    members: list[int]


class _GroupView(TypedDict):
    service: str
    name: str
    size: int
    agreement: float
    members: list[int]


@query.field("duplicates")
async def resolve_duplicates(
    _: object, info: Info, *, service: str | None = None, first: int | None = None, after: str | None = None
) -> dict[str, object]:
    size = page_size(first, default=20, maximum=100)
    # Groups are sorted by size, largest first, then by original; a cursor holds both.
    position = None if after is None else decode_cursor(after, (int, int))

    async def read(snapshot: Snapshot) -> dict[str, object]:
        groups: list[_Group] = await info.context.estate.document(snapshot, "duplicates")
        services: list[int] | None = None
        if service is not None:
            number = snapshot.service_numbers.get(service)
            services = [] if number is None else [number]
            groups = [group for group in groups if group["service"] in services]
        start = 0 if position is None else bisect_right(groups, (-position[0], position[1]), key=_sort_key)
        edges = [
            {"cursor": encode_cursor(len(group["members"]), group["original"]), "node": _view(snapshot, group)}
            for group in groups[start : start + size]
        ]
        return {
            **connection(edges, has_next=start + size < len(groups), has_previous=after is not None),
            **as_of(info.context, snapshot, services),
            "totalCount": len(groups),
        }

    return await with_snapshot(info.context, read)


def _sort_key(group: _Group) -> tuple[int, int]:
    return -len(group["members"]), group["original"]


def _view(snapshot: Snapshot, group: _Group) -> _GroupView:
    return {
        "service": snapshot.directory["services"][group["service"]]["name"],
        "name": group["name"],
        "size": len(group["members"]),
        "agreement": group["agreement"],
        "members": group["members"],
    }


@duplicate_group.field("original")
async def resolve_original(parent: _GroupView, info: Info) -> TableAnswer | None:
    return await table_loader(info.context).load(parent["members"][0])


@duplicate_group.field("tables")
async def resolve_tables(parent: _GroupView, info: Info, *, first: int | None = None) -> list[TableAnswer]:
    return await load_tables(info.context, parent["members"][: page_size(first, default=20, maximum=100)])
