"""GraphQL: groups of tables that look like copies of each other."""

from bisect import bisect_right

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.estate.loaders import as_of, load_tables, table_loader, with_snapshot
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory.duplicates import DuplicateGroup
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.paging import connection, decode_cursor, encode_cursor, page_size

query = QueryType()
duplicate_group = ObjectType("DuplicateGroup")


@query.field("duplicates")
async def resolve_duplicates(
    _: object, info: Info, *, service: str | None = None, first: int | None = None, after: str | None = None
) -> dict[str, object]:
    size = page_size(first, default=20, maximum=100)
    # Groups are sorted by size, largest first, then by original; a cursor holds both.
    position = None if after is None else decode_cursor(after, (int, int))

    async def read(snapshot: Snapshot) -> dict[str, object]:
        groups: list[DuplicateGroup] = await info.context.estate.document(snapshot, "duplicates")
        services: list[int] | None = None
        if service is not None:
            number = snapshot.service_numbers.get(service)
            services = [] if number is None else [number]
            groups = [group for group in groups if group["service"] in services]
        start = 0 if position is None else bisect_right(groups, (-position[0], position[1]), key=_sort_key)
        edges = [
            {
                "cursor": encode_cursor(len(group["members"]), group["original"]),
                "node": {
                    **group,
                    "service": snapshot.directory["services"][group["service"]]["name"],
                    "size": len(group["members"]),
                },
            }
            for group in groups[start : start + size]
        ]
        return {
            **connection(edges, has_next=start + size < len(groups), has_previous=after is not None),
            **as_of(info.context, snapshot, services),
            "totalCount": len(groups),
        }

    return await with_snapshot(info.context, read)


def _sort_key(group: DuplicateGroup) -> tuple[int, int]:
    return -len(group["members"]), group["original"]


@duplicate_group.field("original")
async def resolve_original(parent: dict[str, list[int]], info: Info) -> TableAnswer | None:
    return await table_loader(info.context).load(parent["members"][0])


@duplicate_group.field("tables")
async def resolve_tables(parent: dict[str, list[int]], info: Info, *, first: int | None = None) -> list[TableAnswer]:
    return await load_tables(info.context, parent["members"][: page_size(first, default=20, maximum=100)])
