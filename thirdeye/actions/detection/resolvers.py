"""GraphQL: rules of detection, for administrators, and what they would do, for everybody."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import orjson
from ariadne import MutationType, QueryType

from thirdeye.actions.detection import store
from thirdeye.actions.detection.matching import Ground, Matches, ground_of, match_rules
from thirdeye.actions.detection.rules import ActionRule, OpenItem
from thirdeye.actions.filters import parse_table_filter
from thirdeye.actions.validation import Input, check_required, parse_rule, require
from thirdeye.actions.views import answer_fields
from thirdeye.auth.permission import administrator
from thirdeye.context import Context, Info
from thirdeye.errors import BadInput
from thirdeye.estate.loaders import views, with_snapshot
from thirdeye.estate.resolvers.refreshes import refresh_soon
from thirdeye.inventory.evidence import NOTHING
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.paging import page_size

query = QueryType()
mutation = MutationType()
_MAX_RULES: Final = 200


def _rule_view(rule: ActionRule) -> dict[str, object]:
    table_filter = orjson.dumps(rule.table_filter).decode()
    return {**answer_fields(rule), "filter": table_filter, "enabled": bool(rule.enabled)}


@query.field("actionRules")
async def resolve_rules(_: object, info: Info) -> list[dict[str, object]]:
    return [_rule_view(rule) for rule in await store.action_rules(info.context.thirdeye)]


async def _parse(context: Context, id_: int | None, fields: Input) -> tuple[ActionRule, dict[str, Any]]:
    """The rule as an input makes it, and the columns that the input names. Raises BadInput, NotFound."""
    stored = None if id_ is None else require(await store.action_rule(context.thirdeye, id_), "rule", id_)
    columns = parse_rule(fields)
    if fields.get("filter") is not None:
        columns["table_filter"] = await parse_table_filter(context, fields["filter"])
    if stored is not None:
        return replace(stored, **columns), columns
    check_required(columns)
    return ActionRule(**columns), columns


# ---- preview


@query.field("previewActionRule")
async def resolve_preview(
    _: object, info: Info, *, input: Input, id: int | None = None, first: int | None = None
) -> dict[str, object]:
    limit, context = page_size(first, default=20, maximum=100), info.context
    rule, _columns = await _parse(context, id, input)
    rules = _rules_with(await store.action_rules(context.thirdeye), rule)

    async def preview(snapshot: Snapshot) -> dict[str, object]:
        ground = await _ground(context, snapshot)
        matches = await match_rules(context, ground, rules)
        opened, counts = _preview(rule, matches, ground.open_items)
        before = rules[: rules.index(rule) + 1] if rule in rules else []
        looked_at = NOTHING.union(*(each.evidence for each in before))
        missing = sorted(looked_at & snapshot.missing_evidence)
        return {**counts, "tables": await views(context, snapshot, opened[:limit]), "missingEvidence": missing}

    return await with_snapshot(context, preview)


async def _ground(context: Context, snapshot: Snapshot) -> Ground:
    """What all previews of a request look at, read once."""
    read: tuple[Snapshot, asyncio.Future[Ground]] | None = context.loaders.get("ground")
    if read is None or read[0] is not snapshot:
        read = context.loaders["ground"] = snapshot, asyncio.ensure_future(ground_of(context, snapshot))
    return await read[1]


def _rules_with(stored: list[ActionRule], rule: ActionRule) -> list[ActionRule]:
    """The enabled rules of a rule's category, in order, as they are with it."""
    others = [each for each in stored if each.enabled and each.id != rule.id and each.category == rule.category]
    # A new rule, whose id is 0, comes after those of its position, as its id will be the highest.
    rules = [*others, rule] if rule.enabled else others
    return sorted(rules, key=lambda each: (each.position, each.id or float("inf")))


def _preview(rule: ActionRule, matches: Matches, open_items: Sequence[OpenItem]) -> tuple[list[int], dict[str, int]]:
    """The tables for which a rule opens items, and the counts of a preview."""
    open_tables = {item.table_number for item in open_items if item.category == rule.category}
    detected = {item.table_number for item in open_items if item.category == rule.category and item.detected}
    matched = set().union(*(each.numbers.tolist() for each in matches.by_rule))
    ends = set() if rule.category in matches.unseen else detected - matched
    by_rule = next((each for each in matches.by_rule if each.rule is rule), None)
    matching = [] if by_rule is None or not matches.may_open else by_rule.numbers.tolist()
    opened = [each for each in matching if each not in open_tables]
    return opened, {
        "matched": 0 if by_rule is None else by_rule.matched,
        "decided": 0 if by_rule is None else by_rule.suppressed,
        "opens": len(opened),
        "ends": len(ends),
    }


# ---- changes


@mutation.field("setActionRule")
async def resolve_set(_: object, info: Info, *, input: Input, id: int | None = None) -> dict[str, object]:
    name, context = administrator(info.context), info.context
    rule, columns = await _parse(context, id, input)
    if id is None and len(await store.action_rules(context.thirdeye)) >= _MAX_RULES:
        raise BadInput(f"input: there may be {_MAX_RULES} rules; delete one first", "input")
    async with context.thirdeye.transaction() as session:
        if id is None:
            written = await store.insert_rule(session, rule, name, context.clock())
        else:
            written = await store.change_rule(session, id, columns, name, context.clock())
    await refresh_soon(info, name)
    return _rule_view(written)


@mutation.field("deleteActionRule")
async def resolve_delete(_: object, info: Info, *, id: int) -> bool:
    name = administrator(info.context)
    deleted = await store.delete_rule(info.context.thirdeye, id)
    if deleted:
        await refresh_soon(info, name)
    return deleted
