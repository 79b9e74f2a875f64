"""GraphQL: owners and stewards approve removals, and withdraw that."""

from typing import Final

from ariadne import MutationType

from thirdeye.auth.permission import caller, is_steward
from thirdeye.context import Info
from thirdeye.errors import BadInput, Forbidden
from thirdeye.estate.loaders import with_snapshot
from thirdeye.estate.resolvers.refreshes import refresh_soon
from thirdeye.estate.validation import validate_reason
from thirdeye.inventory.columns import day_number
from thirdeye.inventory.graph_walk import NODE_LIMIT, Budget
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.verdict.approvals import store
from thirdeye.verdict.approvals.downstream import published_downstream
from thirdeye.verdict.approvals.rules import Standing
from thirdeye.verdict.explanations import TableAnswer
from thirdeye.verdict.loaders import decisions
from thirdeye.verdict.resolvers.keeps import owns
from thirdeye.verdict.resolvers.verdicts import require_table

mutation = MutationType()
_MIN_REASON_LENGTH: Final = 3


@mutation.field("approveRemoval")
async def resolve_approve(_: object, info: Info, *, fqn: str, reason: str) -> TableAnswer:
    context, text = info.context, validate_reason(reason, _MIN_REASON_LENGTH)
    table = await require_table(info, fqn)
    by = await _require_owner_or_steward(info, table)
    if table["absentSince"] is not None:
        raise BadInput("fqn: OpenMetadata does not have this table now; what is absent cannot be approved", "fqn")
    basis = await _standing(info, table)
    await store.approve(context.thirdeye, number=table["number"], basis=basis, reason=text, by=by, now=context.clock())
    await refresh_soon(info, by)
    decisions(context).forget(table["number"])
    return table


@mutation.field("withdrawApproval")
async def resolve_withdraw(_: object, info: Info, *, fqn: str) -> TableAnswer:
    context, table = info.context, await require_table(info, fqn)
    by = await _require_owner_or_steward(info, table)
    if not await store.withdraw(context.thirdeye, number=table["number"], by=by, now=context.clock()):
        raise BadInput("fqn: no approval of the removal of this table is in force", "fqn")
    await refresh_soon(info, by)
    decisions(context).forget(table["number"])
    return table


async def _require_owner_or_steward(info: Info, table: TableAnswer) -> str:
    """The caller's name. Raises Forbidden unless the caller owns the table, also through a team, or is a steward."""
    context = info.context
    if not is_steward(context) and not await owns(info, table):
        roles = ", ".join(dict.fromkeys([*context.settings.write_roles, *context.settings.admin_roles]))
        raise Forbidden(f"only owners of the table, stewards and administrators ({roles}) may do this")
    return caller(context)


async def _standing(info: Info, table: TableAnswer) -> Standing:
    """How the table stands as published. Raises BadInput where too much is downstream to tell later what is new."""

    async def read(snapshot: Snapshot) -> frozenset[str] | None:
        return await published_downstream(info.context.estate, snapshot, table["number"], Budget())

    downstream = await with_snapshot(info.context, read)
    if downstream is None:
        raise BadInput(f"fqn: more than {NODE_LIMIT:,} assets are downstream of this table", "fqn")
    return Standing(
        table_id=table["id"],
        accessed=day_number(table["lastAccessed"]),
        written=day_number(table["lastWritten"]),
        downstream=downstream,
    )
