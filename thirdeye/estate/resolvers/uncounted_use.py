"""GraphQL: administrators say which users and statements do not count as use."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from ariadne import MutationType, QueryType

from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.errors import BadInput
from thirdeye.estate import store
from thirdeye.estate.resolvers.refreshes import refresh_soon
from thirdeye.inventory.uncounted_use import MAX_PATTERN_LENGTH, MAX_PATTERNS, UncountedUse, contradictions, is_clear
from thirdeye.settings import Settings
from thirdeye.text import clean_text

query = QueryType()
mutation = MutationType()
_FIELDS: Final[Mapping[str, str]] = {
    "users": "users", "exceptUsers": "except_users", "statements": "statements",
}  # fmt: skip


@query.field("uncountedUse")
async def resolve_uncounted_use(_: object, info: Info) -> dict[str, object]:
    context = info.context
    row = await store.uncounted_use(context.thirdeye)
    if row is None:
        return _answer(context.settings, UncountedUse())
    return _answer(context.settings, UncountedUse.of(row["document"]), row["set_by"], row["set_at"])


@mutation.field("setUncountedUse")
async def resolve_set_uncounted_use(
    _: object, info: Info, *, input: Mapping[str, Sequence[str] | None]
) -> dict[str, object]:
    by, context = administrator(info.context), info.context
    use = _validate(input, context.settings)
    await store.set_uncounted_use(context.thirdeye, use.document(), by, context.clock())
    await refresh_soon(info, by)
    return _answer(context.settings, use, by, context.clock())


def _validate(given: Mapping[str, Sequence[str] | None], settings: Settings) -> UncountedUse:
    """What was said. Raises BadInput naming the field of a pattern that cannot be meant, or contradicts another."""
    patterns = {name: _validate_patterns(given.get(argument) or (), argument) for argument, name in _FIELDS.items()}
    use = UncountedUse.of(patterns)
    in_force = _in_force(use, settings)
    for pattern in contradictions(in_force):
        raise BadInput(f"exceptUsers: takes back all that users says with {pattern}", "exceptUsers")
    if use.except_users and not in_force.users:
        raise BadInput("exceptUsers: there are no users that these would be exceptions of", "exceptUsers")
    return use


def _validate_patterns(patterns: Sequence[str], argument: str) -> list[str]:
    if len(patterns) > MAX_PATTERNS:
        raise BadInput(f"{argument}: at most {MAX_PATTERNS} patterns", argument)
    cleaned = [clean_text(each, argument, longest=MAX_PATTERN_LENGTH, exact=True) for each in patterns]
    if not all(map(is_clear, cleaned)):
        raise BadInput(
            f"{argument}: a pattern must have three characters in a row that are no stars and no spaces", argument
        )
    return list(dict.fromkeys(cleaned))


def _in_force(use: UncountedUse, settings: Settings) -> UncountedUse:
    return use.with_also(settings.uncounted_users, settings.uncounted_statements)


def _answer(
    settings: Settings, use: UncountedUse, by: str | None = None, at: datetime | None = None
) -> dict[str, object]:
    in_force = _in_force(use, settings)
    return {
        **{argument: list(getattr(in_force, name)) for argument, name in _FIELDS.items()},
        "setBy": by,
        "setAt": at,
    }
