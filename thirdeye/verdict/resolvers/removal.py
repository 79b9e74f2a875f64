"""GraphQL: the removal plan of a table."""

from ariadne import QueryType

from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.estate.loaders import as_of, snapshot_of
from thirdeye.verdict.removal import VIRTUAL_TYPES, removal_plan
from thirdeye.verdict.resolvers.verdicts import require_table

query = QueryType()


@query.field("removalPlan")
async def resolve_removal_plan(
    _: object, info: Info, *, fqn: str, archiveLocation: str | None = None, readers: list[str] | None = None
) -> dict[str, object]:
    table, snapshot = await require_table(info, fqn), await snapshot_of(info.context)
    if table["tableType"] in VIRTUAL_TYPES:
        raise BadInput(f"fqn: no statements are written for a {table['tableType']}", "fqn")
    steps = removal_plan(
        service_type=table["serviceType"],
        database=table["database"],
        schema=table["schema"],
        name=table["name"],
        day=info.context.clock().date(),
        location=archiveLocation,
        readers=readers or (),
    )
    answers = [
        {
            "stage": step.stage.value,
            "what": step.what,
            "wayBack": step.way_back,
            "waitingDays": step.waiting_days,
            "statements": step.statements,
            "undo": step.undo,
        }
        for step in steps
    ]
    return {"table": table, "steps": answers, **as_of(info.context, snapshot)}
