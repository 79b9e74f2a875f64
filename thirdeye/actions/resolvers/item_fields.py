"""GraphQL: what is told about items beside their rows, worked out for all items of a page at once."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final, TypeVar

from aiodataloader import DataLoader
from ariadne import ObjectType

from thirdeye.actions.items import Category
from thirdeye.actions.loaders import measured_loader, measured_parts_loader, price_basis_loader
from thirdeye.actions.permissions import assignee_warning, may_change
from thirdeye.actions.savings.store import MeasuredParts, MeasuredSaving
from thirdeye.actions.savings.views import saving_note
from thirdeye.actions.views import ItemAnswer
from thirdeye.batch_resolvers import batch_resolver
from thirdeye.context import Info
from thirdeye.estate.loaders import asset_loader, table_loader

item = ObjectType("ActionItem")
# Of a table, what needs neither verdict nor costs: lists name the table of each item.
_NAMES: Final = frozenset({"__typename", "id", "name", "fqn"})
Items = Sequence[ItemAnswer]
Loaded = TypeVar("Loaded")
Measured = tuple[MeasuredSaving | None, MeasuredParts | None]


async def _loaded(loader: DataLoader[int, Loaded], keys: Sequence[int | None]) -> list[Loaded | None]:
    """What the loader has for each of these, None for None; read at once."""
    found = iter(await loader.load_many([key for key in keys if key is not None]))
    return [None if key is None else next(found) for key in keys]


@item.field("table")
@batch_resolver
async def resolve_tables(items: Items, info: Info, fields: frozenset[str]) -> list[object]:
    loader: DataLoader[int, Any] = asset_loader(info.context) if fields <= _NAMES else table_loader(info.context)
    return await _loaded(loader, [each["number"] for each in items])


@item.field("assigneeWarning")
@batch_resolver
async def resolve_assignee_warnings(items: Items, info: Info, _: frozenset[str]) -> list[str | None]:
    return [await assignee_warning(info.context, each["assignee"], each["assigneeKind"]) for each in items]


@item.field("mayChange")
@batch_resolver
async def resolve_may_change(items: Items, info: Info, _: frozenset[str]) -> list[bool]:
    return await may_change(info.context, items)


async def _measured(items: Items, info: Info) -> list[Measured]:
    """What was measured of the table of each, and of the old parts that it names."""
    tables = await _loaded(measured_loader(info.context), [each["number"] for each in items])
    # Only items about retentions name parts.
    named = [each["id"] if each["category"] == Category.SET_RETENTION else None for each in items]
    return list(zip(tables, await _loaded(measured_parts_loader(info.context), named), strict=True))


@item.field("realizedSavingUsd")
@batch_resolver
async def resolve_realized(items: Items, info: Info, _: frozenset[str]) -> list[Decimal | int]:
    return [
        sum((each.realized_usd for each in measured if each is not None), 0)
        for measured in await _measured(items, info)
    ]


@item.field("savingNote")
@batch_resolver
async def resolve_saving_notes(items: Items, info: Info, _: frozenset[str]) -> list[str | None]:
    return [saving_note(each, *measured) for each, measured in zip(items, await _measured(items, info), strict=True)]


@item.field("priceBasis")
@batch_resolver
async def resolve_price_bases(items: Items, info: Info, _: frozenset[str]) -> list[str | None]:
    return await _loaded(price_basis_loader(info.context), [each["number"] for each in items])
