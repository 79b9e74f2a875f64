"""GraphQL: people keep tables, and release them."""

from datetime import date

from ariadne import MutationType

from thirdeye.auth.permission import caller, caller_teams, may_administer
from thirdeye.context import Info
from thirdeye.errors import BadInput, Forbidden
from thirdeye.estate.loaders import snapshot_of
from thirdeye.estate.resolvers.refreshes import refresh_soon
from thirdeye.estate.validation import validate_reason
from thirdeye.inventory.owner_names import caller_ids
from thirdeye.verdict import store
from thirdeye.verdict.explanations import TableAnswer
from thirdeye.verdict.loaders import decisions
from thirdeye.verdict.resolvers.verdicts import require_table
from thirdeye.verdict.validation import validate_keep_until

mutation = MutationType()


@mutation.field("keepTable")
async def resolve_keep(_: object, info: Info, *, fqn: str, reason: str, until: date) -> TableAnswer:
    now, text = info.context.clock(), validate_reason(reason)
    validate_keep_until(until, now.date())
    table = await require_table(info, fqn)
    by = await _require_owner(info, table)
    await store.keep(info.context.thirdeye, number=table["number"], reason=text, by=by, now=now, until=until)
    await refresh_soon(info, by)
    decisions(info.context).forget(table["number"])
    return table


@mutation.field("releaseTable")
async def resolve_release(_: object, info: Info, *, fqn: str) -> TableAnswer:
    table = await require_table(info, fqn)
    by = await _require_owner(info, table)
    if not await store.release(info.context.thirdeye, number=table["number"], by=by, now=info.context.clock()):
        raise BadInput("fqn: nobody keeps this table", "fqn")
    await refresh_soon(info, by)
    decisions(info.context).forget(table["number"])
    return table


async def _require_owner(info: Info, table: TableAnswer) -> str:
    """The caller's name. Raises Forbidden unless the caller owns the table, also through a team, or is an administrator."""
    context = info.context
    if not may_administer(context) and not await owns(info, table):
        roles = ", ".join(context.settings.admin_roles)
        raise Forbidden(f"only owners of the table and administrators ({roles}) may do this")
    return caller(context)


async def owns(info: Info, table: TableAnswer) -> bool:
    """Whether the caller owns the table, also through a team."""
    ids = caller_ids(*caller_teams(info.context, (await snapshot_of(info.context)).directory["users"]))
    return bool({(owner["type"], owner["id"]) for owner in table["owners"]} & ids)
