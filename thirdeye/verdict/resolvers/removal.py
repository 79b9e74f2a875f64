"""GraphQL: the removal plan of a table."""

from ariadne import QueryType

from thirdeye.context import Info
from thirdeye.estate.loaders import as_of, snapshot_of
from thirdeye.verdict.dropped_tables import kept_after_drop
from thirdeye.verdict.removal import removal_plan, step_answer
from thirdeye.verdict.resolvers.verdicts import require_table

query = QueryType()


@query.field("removalPlan")
async def resolve_removal_plan(
    _: object, info: Info, *, fqn: str, archiveLocation: str | None = None, readers: list[str] | None = None
) -> dict[str, object]:
    table, snapshot = await require_table(info, fqn), await snapshot_of(info.context)
    steps = removal_plan(
        service_type=table["serviceType"],
        table_type=table["tableType"],
        database=table["database"],
        schema=table["schema"],
        name=table["name"],
        day=info.context.clock().date(),
        location=archiveLocation,
        readers=readers or (),
    )
    answers = list(map(step_answer, steps))
    kept = kept_after_drop(table["serviceType"], table["tableType"])
    return {"table": table, "steps": answers, "keptAfterDrop": kept, **as_of(info.context, snapshot)}
