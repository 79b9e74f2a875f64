"""What one request reads about items, batched: events, campaigns, measured savings."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from aiodataloader import DataLoader

from thirdeye.actions import store
from thirdeye.actions.campaigns import store as campaigns
from thirdeye.actions.campaigns.store import Campaign, Progress
from thirdeye.actions.enums import EventKind
from thirdeye.actions.items import StoredEvent
from thirdeye.actions.savings import store as savings
from thirdeye.actions.savings.store import MeasuredSaving
from thirdeye.context import Context

_MAX_BATCH_SIZE: Final = 1000
Value = TypeVar("Value")
Load = Callable[[Sequence[int]], Awaitable[Mapping[int, Value]]]


class _Loader(DataLoader[int, Value | None]):
    """What `load` has for a number, or None."""

    def __init__(self, load: Load[Value]) -> None:
        super().__init__(max_batch_size=_MAX_BATCH_SIZE)
        self._load = load

    async def batch_load_fn(self, keys: list[int]) -> list[Value | None]:
        values = await self._load(keys)
        return [values.get(key) for key in keys]


def _loader(context: Context, name: str, load: Load[Value]) -> DataLoader[int, Value | None]:
    if name not in context.loaders:
        context.loaders[name] = _Loader(load)
    loader: DataLoader[int, Value | None] = context.loaders[name]
    return loader


def event_loader(
    context: Context, kind: EventKind | None, before: int, limit: int
) -> DataLoader[int, list[StoredEvent] | None]:
    """The request's loader of events by item."""

    def load(items: Sequence[int]) -> Awaitable[Mapping[int, list[StoredEvent]]]:
        return store.events(context.thirdeye, items, kind=kind, before=before, limit=limit)

    return _loader(context, f"events {kind} {before} {limit}", load)


def campaign_loader(context: Context) -> DataLoader[int, list[Campaign] | None]:
    """The request's loader of the campaigns of an item."""
    return _loader(context, "campaigns", lambda items: campaigns.campaigns_by_item(context.thirdeye, items))


def progress_loader(context: Context) -> DataLoader[int, Progress | None]:
    """The request's loader of the progress of a campaign."""
    return _loader(context, "progress", lambda ids: campaigns.progress(context.thirdeye, ids))


def measured_loader(context: Context) -> DataLoader[int, MeasuredSaving | None]:
    """The request's loader of what was measured of a table."""
    return _loader(context, "measured", lambda numbers: savings.measured(context.thirdeye, numbers))
