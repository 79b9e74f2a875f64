"""GraphQL: what the estate, a service or a database costs, by what it consists of and by verdict."""

from functools import partial

from ariadne import QueryType

from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.estate.cost_map import entry_view, grouped, together
from thirdeye.estate.loaders import as_of, with_snapshot
from thirdeye.estate.validation import validate_database, validate_service
from thirdeye.inventory.cost_map import COLUMNS, COST_MAP, ByVerdict, CostMap, cost_map, sums_by_place
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.snapshot import Snapshot
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
        amounts = await _amounts(info.context.estate, snapshot)
        groups = await in_thread(_groups, snapshot, amounts, number, database)
        others = groups[size:]
        return {
            "total": entry_view(None, together(groups)),
            "entries": [entry_view(*group) for group in groups[:size]],
            "others": entry_view(None, together(others)) if others else None,
            "otherEntries": len(others),
            **as_of(info.context, snapshot, None if number is None else [number]),
        }

    return await with_snapshot(info.context, read)


async def _amounts(estate: EstateReader, snapshot: Snapshot) -> CostMap:
    """What the refresh prepared, if the tables have the tariffs that they had then."""
    if COST_MAP in snapshot.versions:
        prepared: CostMap = await estate.document(snapshot, COST_MAP)
        if prepared["written_until"] == snapshot.catalogue.tariffs.written_until:
            return prepared
    # A price was set whose lower rate begins at another age, or a version without the map published this.
    await snapshot.load(COLUMNS)
    return await in_thread(snapshot.once, COST_MAP, partial(cost_map, snapshot.catalogue))


def _groups(
    snapshot: Snapshot, amounts: CostMap, service: int | None, database: str | None
) -> list[tuple[str | None, ByVerdict]]:
    places = snapshot.once("costs by place", partial(sums_by_place, amounts, snapshot.catalogue.tariffs))
    return snapshot.once(
        f"costs below {service} {database!r}", partial(grouped, places, snapshot.directory, service, database)
    )
