"""Filters that callers give: of items, and of tables where a campaign or a rule keeps one."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from thirdeye.actions import validation
from thirdeye.actions.campaigns import store as campaigns
from thirdeye.actions.listing.store import ItemFilter, numbers_with_items
from thirdeye.actions.permissions import caller_identity
from thirdeye.actions.validation import Input
from thirdeye.context import Context
from thirdeye.database import MySQL
from thirdeye.errors import BadInput, Unavailable
from thirdeye.estate.listing import parse_filter
from thirdeye.estate.loaders import read_once, snapshot_of
from thirdeye.inventory import store as inventory
from thirdeye.inventory.columns import Array
from thirdeye.inventory.filters import deserialize_filter, serialize_filter, validate_filter_names
from thirdeye.inventory.fqn import digest
from thirdeye.inventory.query import matching_numbers, required_fields
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.pacing import in_thread
from thirdeye.text import clean_text

_MAX_IDS: Final = 1_000
_MAX_NAMES: Final = 100
# Longer lists are slower than to look at each item.
_MAX_NUMBERS: Final = 2_000
_MAX_SERIES_LENGTH: Final = 3072
# A filter of tables as JSON, as it is kept.
FilterDocument = Mapping[str, Any]


# ---- items


async def parse_item_filter(
    context: Context, filter_input: Input | None, *, status: str | None = None, search: str | None = None
) -> ItemFilter:
    """A filter for the store, narrowed by the arguments beside it. Raises BadInput that names the field."""
    now = context.clock()
    fields = {name: value for name, value in (filter_input or {}).items() if value is not None}
    _validate_lists(fields)
    if status is not None:
        validation.validate_status(status)
        fields["status"] = [name for name in fields.get("status", [status]) if name == status]
    fields |= _parse_search(fields.pop("search", None), search)
    if "mine" in fields:
        identity = await caller_identity(context)
        fields |= {
            "my_name": identity.user,
            "my_teams": sorted(identity.teams),
            "my_untold": sorted(identity.untold),
            "my_assignees": sorted({identity.user, *identity.teams, *identity.untold}),
            "my_sets": (sets := sorted(identity.owner_sets)),
            "my_numbers": await _my_numbers(context, sets),
        }
    if "table" in fields:
        fields["numbers"] = await _table_numbers(context.thirdeye, fields.pop("table"))
    await _check_references(context, fields)
    if "service" in fields:
        # Found once for a page and its count; there is no index of tables by service.
        found = await numbers_with_items(context.thirdeye, "service", fields["service"], _MAX_NUMBERS)
        fields["service_numbers"] = found
    return {**fields, "now": now, "today": now.date()}


async def _my_numbers(context: Context, owner_sets: list[int]) -> list[int] | None:
    """Which of the caller's tables have items, found once for all lists of a request; None if there are too many."""
    read = partial(numbers_with_items, context.thirdeye, "owner_set", owner_sets, _MAX_NUMBERS)
    return await read_once(context, "my_numbers", read)


def _validate_lists(fields: dict[str, Any]) -> None:
    validation.validate_list(fields.get("ids"), "ids", _MAX_IDS)
    for name in ("assignee", "table", "service"):
        validation.validate_list(fields.get(name), name, _MAX_NAMES, "names")
    if "assignee" in fields:
        fields["assignee"] = [validation.validate_name(name, "assignee") for name in fields["assignee"]]


def _parse_search(*searches: str | None) -> dict[str, str]:
    texts = [text for text in map(validation.validate_search, searches) if text is not None]
    if len(texts) > 1:
        raise BadInput("search: give it once, in the filter or beside it", "search")
    return {"search": texts[0]} if texts else {}


async def _table_numbers(thirdeye: MySQL, fqns: list[str]) -> list[int]:
    keys = {fqn: digest(fqn) for fqn in fqns}
    numbers = await inventory.numbers_by_fqn(thirdeye, keys)
    if missing := sorted(keys.keys() - numbers.keys()):
        raise BadInput(f"table: the inventory has no table {missing[0][:200]}", "table")
    return sorted(numbers.values())


async def _check_references(context: Context, fields: Input) -> None:
    """Raises BadInput for a campaign or service that does not exist; services only while the estate can be read."""
    if "campaign" in fields and await campaigns.campaign(context.thirdeye, fields["campaign"]) is None:
        raise BadInput(f"campaign: there is no campaign {fields['campaign']}", "campaign")
    if "service" in fields:
        try:
            services = (await snapshot_of(context)).service_numbers
        except Unavailable:
            return
        if missing := [name for name in fields["service"] if name not in services]:
            raise BadInput(f"service: the estate has no service {missing[0][:200]}", "service")


# ---- tables


async def parse_table_filter(context: Context, filter_input: Input) -> FilterDocument:
    """A filter of tables as a document to keep. Raises BadInput for an empty one, or a name that nothing has."""
    document = serialize_filter(filter_input)
    if not document:
        raise BadInput("filter: say which tables", "filter")
    snapshot = await snapshot_of(context)
    validate_filter_names(filter_input, snapshot.directory)
    for name in filter_input.get("series") or ():
        # It may be that of a series which is not there yet.
        if name not in snapshot.series_numbers:
            clean_text(name, "series", longest=_MAX_SERIES_LENGTH, exact=True)
    await parse_filter(context.estate, snapshot, filter_input, None, None)
    return document


async def tables_matching(reader: EstateReader, snapshot: Snapshot, document: FilterDocument) -> Array:
    """The numbers, in order, of the tables that a kept filter matches. Raises Superseded."""
    # What was kept goes on to match when a name means more than it did.
    table_filter = await parse_filter(reader, snapshot, deserialize_filter(document), None, None, strict=False)
    await snapshot.load(required_fields(table_filter, None))
    return await in_thread(matching_numbers, snapshot.catalogue, table_filter, None)
