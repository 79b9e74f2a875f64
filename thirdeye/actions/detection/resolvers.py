"""GraphQL: rules of detection, for administrators, and what they would do, for everybody."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import orjson
from ariadne import MutationType, QueryType

from thirdeye.actions import validation as arguments
from thirdeye.actions.campaigns.resolvers import validate_filter
from thirdeye.actions.detection import store
from thirdeye.actions.detection.matching import amounts_of, find
from thirdeye.actions.detection.run import open_masks, patience_of
from thirdeye.auth.permission import administrator
from thirdeye.context import Info
from thirdeye.database import Row
from thirdeye.errors import BadInput, NotFound, Unavailable
from thirdeye.estate.loaders import views, with_snapshot
from thirdeye.estate.resolvers.refreshes import request_refresh
from thirdeye.inventory.reader import Snapshot
from thirdeye.paging import page_size

query = QueryType()
mutation = MutationType()
_MOST_RULES: Final = 200
_MOST_ITEMS: Final = 100_000
_LAST_POSITION: Final = 10_000
_NEEDED: Final = {"name": "name", "category": "category", "priority": "priority", "table_filter": "filter"}


def _rule(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "category": row["category"],
        "priority": row["priority"],
        "position": row["position"],
        "filter": orjson.dumps(row["table_filter"]).decode(),
        "maximumItems": row["maximum_items"],
        "enabled": bool(row["enabled"]),
        "version": row["version"],
        "setBy": row["set_by"],
        "setAt": row["set_at"],
    }


@query.field("actionRules")
async def resolve_rules(_: Any, info: Info) -> list[dict[str, Any]]:
    return [_rule(row) for row in await store.action_rules(info.context.thirdeye)]


async def _asked(info: Info, given: Mapping[str, Any]) -> dict[str, Any]:
    """What an input asks for, checked, by column. Raises BadInput."""
    asked = {name: given[name] for name in ("category", "priority") if given.get(name) is not None}
    if given.get("name") is not None:
        asked["name"] = arguments.validate_title(given["name"], "name")
    for name, column, least, most in (
        ("position", "position", 0, _LAST_POSITION),
        ("maximumItems", "maximum_items", 1, _MOST_ITEMS),
    ):
        if given.get(name) is not None:
            if not least <= given[name] <= most:
                raise BadInput(f"{name}: must be {least} to {most}", name)
            asked[column] = given[name]
    if given.get("enabled") is not None:
        asked["enabled"] = int(given["enabled"])
    if given.get("filter") is not None:
        asked["table_filter"] = await validate_filter(info.context, given["filter"])
    return asked


async def _existing(info: Info, id_: int) -> Row:
    row = await store.action_rule(info.context.thirdeye, id_)
    if row is None:
        raise NotFound(f"id: there is no rule {id_}", argument="id")
    return row


async def _complete(info: Info, id_: int | None, given: Mapping[str, Any]) -> tuple[dict[str, Any], Row]:
    """What an input changes, and the whole rule with it. Raises BadInput for a new one that lacks something."""
    before = None if id_ is None else await _existing(info, id_)
    asked = await _asked(info, given)
    if before is None:
        for column, name in _NEEDED.items():
            if column not in asked:
                raise BadInput(f"{name}: a new rule needs one", name)
    base: Row = before or {"id": 0, "position": 100, "maximum_items": 10_000, "enabled": 1}
    return asked, {**base, **asked}


@query.field("previewActionRule")
async def resolve_preview(
    _: Any, info: Info, *, input: dict[str, Any], id: int | None = None, first: int | None = None
) -> dict[str, Any]:
    limit, context = page_size(first, default=20, maximum=100), info.context
    _, rule = await _complete(info, id, input)
    others = [row for row in await store.action_rules(context.thirdeye) if row["enabled"] and row["id"] != id]
    # One that is new comes after those of its position, as its number will be the highest.
    number = float("inf") if id is None else id
    same = [row for row in others if row["category"] == rule["category"]]
    place = sum((row["position"], row["id"]) < (rule["position"], number) for row in same)
    if rule["enabled"]:
        same.insert(place, rule)
    opened = await store.open_findings(context.thirdeye)
    decisions = await store.decisions(context.thirdeye)

    async def preview(snapshot: Snapshot) -> dict[str, Any]:
        masks = open_masks(opened, snapshot.catalogue.columns.length)
        found = await find(
            context.estate,
            snapshot,
            same,
            amounts=await amounts_of(snapshot),
            is_open=masks,
            decisions=decisions,
            patience=patience_of(context.settings),
        )
        every = found.get(rule["category"])
        kept = set() if every is None else set(every.numbers.tolist())
        there = {table for table, category, _ in opened if category == rule["category"]}
        mine = [] if every is None or not rule["enabled"] else every.numbers[every.rules == place].tolist()
        fresh = [table for table in mine if table not in there]
        ours = {table for table, category, detected in opened if detected and category == rule["category"]}
        matched, settled = (0, 0) if every is None else every.matched.get(place, (0, 0))
        return {
            "matched": matched if rule["enabled"] else 0,
            "opens": len(fresh),
            "ends": len(ours - kept),
            "decided": settled if rule["enabled"] else 0,
            "tables": await views(context, snapshot, fresh[:limit]),
        }

    return await with_snapshot(context, preview)


@mutation.field("setActionRule")
async def resolve_set(_: Any, info: Info, *, input: dict[str, Any], id: int | None = None) -> dict[str, Any]:
    by, context = administrator(info.context), info.context
    asked, rule = await _complete(info, id, input)
    if id is None and len(await store.action_rules(context.thirdeye)) >= _MOST_RULES:
        raise BadInput(f"input: there may be {_MOST_RULES} rules; delete one first", "input")
    async with context.thirdeye.transaction() as session:
        # A new rule is written as a whole, so that its defaults are those that a preview has.
        values = rule if id is None else asked
        row = await store.put_rule(session, id, values, by, context.clock())
    await _take_effect(info, by)
    return _rule(row)


@mutation.field("deleteActionRule")
async def resolve_delete(_: Any, info: Info, *, id: int) -> bool:
    by = administrator(info.context)
    gone = await store.delete_rule(info.context.thirdeye, id)
    if gone:
        await _take_effect(info, by)
    return gone


async def _take_effect(info: Info, by: str) -> None:
    # Items follow with a refresh; without Redis the next one on time will do.
    with suppress(Unavailable):
        await request_refresh(info, kind="AUTO", by=by, now=info.context.clock(), since=None)
