"""GraphQL: the last days of a table, out of what the refresh counted."""

from ariadne import ObjectType

from thirdeye.context import Info
from thirdeye.estate.last_days import TableDay, last_days
from thirdeye.estate.loaders import with_snapshot
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory.columns import CHUNK
from thirdeye.inventory.rules import Evidence
from thirdeye.inventory.snapshot import Snapshot

table = ObjectType("Table")


@table.field("lastDays")
async def resolve_last_days(parent: TableAnswer, info: Info) -> list[TableDay]:
    # Of such a table only the newest access is known.
    known_from = parent["lastAccessed"] if parent["evidence"] == Evidence.LIFECYCLE else None

    async def read(snapshot: Snapshot) -> list[TableDay]:
        chunk, row = divmod(parent["number"], CHUNK)
        await snapshot.load_of_table(parent["number"], ("place", "use_days"))
        columns = snapshot.catalogue.columns.parts(chunk)
        watched = snapshot.directory["places_days"][int(columns["place"][row])]
        return last_days(int(columns["use_days"][row]), watched, snapshot.as_of, known_from)

    return await with_snapshot(info.context, read)
