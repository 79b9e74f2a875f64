"""GraphQL: who asks, and which items they may change, so that a page offers only what is allowed."""

from ariadne import ObjectType, QueryType

from thirdeye.actions.permissions import caller_identity, may_change
from thirdeye.actions.views import ItemAnswer
from thirdeye.auth.permission import caller, may_administer, may_write
from thirdeye.context import Info

query = QueryType()
item = ObjectType("ActionItem")


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


@item.field("mayChange")
async def resolve_may_change(answer: ItemAnswer, info: Info) -> bool:
    return await may_change(info.context, answer["number"], answer["assignee"], answer["assigneeKind"])
