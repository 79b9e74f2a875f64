"""GraphQL: administrators confirm that what OpenMetadata has of usage or lineage is complete, and take that back."""

from typing import Final

from ariadne import MutationType, QueryType

from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.database import Row
from thirdeye.errors import BadInput
from thirdeye.estate import store
from thirdeye.estate.loaders import snapshot_of
from thirdeye.estate.resolvers.refreshes import refresh_soon
from thirdeye.estate.validation import validate_place, validate_reason, validate_service

query = QueryType()
mutation = MutationType()
_MAX_CONFIRMATIONS: Final = 200
_MIN_REASON_LENGTH: Final = 3


@query.field("confirmations")
async def resolve_confirmations(_: object, info: Info) -> list[Row]:
    return await store.confirmations(info.context.thirdeye, _MAX_CONFIRMATIONS)


@mutation.field("confirmFeed")
async def resolve_confirm_feed(_: object, info: Info, *, fqn: str, reason: str, complete: bool | None = None) -> Row:
    by, text = administrator(info.context), validate_reason(reason, _MIN_REASON_LENGTH)
    place = validate_place(fqn, (await snapshot_of(info.context)).directory)
    return await _confirm(info, "FEED", place, "fqn", text, by, complete=complete is not False)


@mutation.field("confirmLineage")
async def resolve_confirm_lineage(
    _: object, info: Info, *, service: str, reason: str, complete: bool | None = None
) -> Row:
    by, text = administrator(info.context), validate_reason(reason, _MIN_REASON_LENGTH)
    name = validate_service(service, (await snapshot_of(info.context)).directory)
    return await _confirm(info, "LINEAGE", (name, None, None), "service", text, by, complete=complete is not False)


async def _confirm(
    info: Info, kind: str, place: store.ConfirmedPlace, argument: str, reason: str, by: str, *, complete: bool
) -> Row:
    """Confirms a place or takes that back. Raises BadInput naming `argument` where there is nothing to take back."""
    thirdeye, now = info.context.thirdeye, info.context.clock()
    if complete:
        confirmation, is_new = await store.confirm(thirdeye, kind, place, reason=reason, by=by, now=now)
    else:
        withdrawn = await store.withdraw(thirdeye, kind, place, reason=reason, by=by, now=now)
        if withdrawn is None:
            raise BadInput(f"{argument}: nobody has confirmed this, so there is nothing to take back", argument)
        confirmation, is_new = withdrawn, True
    if is_new:
        await refresh_soon(info, by)
    return confirmation
