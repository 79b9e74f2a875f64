"""GraphQL: who asks, so that a page offers only what is allowed."""

from ariadne import QueryType

from thirdeye.actions.permissions import caller_identity
from thirdeye.auth.permission import caller, may_administer, may_write
from thirdeye.context import Info

query = QueryType()


@query.field("me")
async def resolve_me(_: object, info: Info) -> dict[str, object]:
    context = info.context
    identity = await caller_identity(context)
    return {
        "name": caller(context),
        "teams": sorted(identity.teams),
        "isBot": bool(context.principal and context.principal.is_bot),
        "mayWrite": may_write(context),
        "mayAdminister": may_administer(context),
    }
