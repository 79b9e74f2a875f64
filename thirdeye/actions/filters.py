"""What a caller asks of many items, as the store takes it: names of tables, of oneself and of moments filled in."""

from collections.abc import Mapping
from typing import Any, Final

from thirdeye.actions import validation
from thirdeye.actions.campaigns import store as campaigns
from thirdeye.actions.permissions import me
from thirdeye.errors import BadInput, Unavailable
from thirdeye.estate.loaders import snapshot_of
from thirdeye.inventory import store as inventory
from thirdeye.inventory.fqn import digest

_MOST_IDS: Final = 1_000
_MOST_NAMES: Final = 100
_LISTS: Final = ("assignee", "table", "service")


async def parse_item_filter(
    context: Any, given: Mapping[str, Any] | None, *, status: str | None = None, search: str | None = None
) -> dict[str, Any]:
    """The filter, checked. Raises BadInput naming the field that cannot be, or that names nothing there is."""
    wanted = {name: value for name, value in (given or {}).items() if value is not None}
    now = context.clock()
    wanted |= {"now": now.replace(tzinfo=None), "today": now.date()}
    if len(wanted.get("ids", ())) > _MOST_IDS:
        raise BadInput(f"ids: at most {_MOST_IDS}", "ids")
    for name in _LISTS:
        if len(wanted.get(name, ())) > _MOST_NAMES:
            raise BadInput(f"{name}: at most {_MOST_NAMES} names", name)
    wanted["search"] = validation.validate_search(wanted.get("search"))
    if status is not None:
        chosen = validation.validate_status(status)
        wanted["status"] = [each for each in wanted.get("status", [chosen]) if each == chosen]
    if search is not None and (text := validation.validate_search(search)) is not None:
        if wanted["search"] is not None:
            raise BadInput("search: give it once, in the filter or beside it", "search")
        wanted["search"] = text
    if "assignee" in wanted:
        wanted["assignee"] = [validation.validate_name(name, "assignee") for name in wanted["assignee"]]
    if "mine" in wanted:
        who = await me(context)
        wanted |= {"my_names": sorted(who.names), "my_sets": sorted(who.owner_sets)}
    await _check_named(context, wanted)
    return wanted


async def _check_named(context: Any, wanted: dict[str, Any]) -> None:
    if "table" in wanted:
        keys = {fqn: digest(fqn) for fqn in wanted.pop("table")}
        found = await inventory.numbers_by_fqn(context.thirdeye, keys)
        if missing := sorted(keys.keys() - found.keys()):
            raise BadInput(f"table: the inventory has no table {missing[0][:200]}", "table")
        wanted["numbers"] = sorted(found.values())
    if "campaign" in wanted and await campaigns.campaign(context.thirdeye, wanted["campaign"]) is None:
        raise BadInput(f"campaign: there is no campaign {wanted['campaign']}", "campaign")
    if "service" in wanted:
        try:
            known = (await snapshot_of(context)).service_numbers
        except Unavailable:
            return
        if missing := [name for name in wanted["service"] if name not in known]:
            raise BadInput(f"service: the estate has no service {missing[0][:200]}", "service")
