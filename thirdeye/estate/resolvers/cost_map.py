"""GraphQL: what the estate, a service or a database costs, by what it consists of and by verdict."""

from functools import partial

from ariadne import QueryType

from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.estate.cost_map import COLUMNS, ByVerdict, entry_view, grouped, sums_by_place, together
from thirdeye.estate.loaders import as_of, with_snapshot
from thirdeye.estate.validation import validate_database, validate_service
from thirdeye.inventory.reader import Snapshot
from thirdeye.pacing import in_thread
from thirdeye.paging import page_size

query = QueryType()


@query.field("costMap")
async def resolve_cost_map(
    _: object, info: Info, *, service: str | None = None, database: str | None = None, first: int | None = None
) -> dict[str, object]:
    size = page_size(first, default=100, maximum=1000)
    if database is not None and service is None:
        raise BadInput("database: give its service, too", "database")

    async def read(snapshot: Snapshot) -> dict[str, object]:
        number = None
        if service is not None:
            number = snapshot.service_numbers[validate_service(service, snapshot.directory)]
            if database is not None:
                validate_database(database, service, snapshot.directory)
        await snapshot.load(COLUMNS)
        groups = await in_thread(_groups, snapshot, number, database)
        others = groups[size:]
        return {
            "total": entry_view(None, together(groups)),
            "entries": [entry_view(*group) for group in groups[:size]],
            "others": entry_view(None, together(others)) if others else None,
            "otherEntries": len(others),
            **as_of(info.context, snapshot, None if number is None else [number]),
        }

    return await with_snapshot(info.context, read)


def _groups(snapshot: Snapshot, service: int | None, database: str | None) -> list[tuple[str | None, ByVerdict]]:
    places = snapshot.once("costs by place", partial(sums_by_place, snapshot.catalogue))
    return snapshot.once(
        f"costs below {service} {database!r}", partial(grouped, places, snapshot.directory, service, database)
    )
