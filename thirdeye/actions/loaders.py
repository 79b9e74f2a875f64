"""What one request reads about items, batched: events, campaigns, measured savings."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from aiodataloader import DataLoader

from thirdeye.actions import store
from thirdeye.actions.campaigns import store as campaigns
from thirdeye.actions.enums import EventKind
from thirdeye.actions.savings import store as savings
from thirdeye.database import Row

_MOST: Final = 1000


class _Loader(DataLoader[int, Any]):
    """By number whatever `load` finds; `otherwise` for the rest."""

    def __init__(self, load: Callable[[Sequence[int]], Awaitable[Mapping[int, Any]]], otherwise: Any) -> None:
        super().__init__(max_batch_size=_MOST)
        self._load = load
        self._otherwise = otherwise

    async def batch_load_fn(self, keys: list[int]) -> list[Any]:
        found = await self._load(keys)
        return [found.get(key, self._otherwise) for key in keys]


def _loader(
    context: Any, name: str, load: Callable[[Sequence[int]], Awaitable[Mapping[int, Any]]], otherwise: Any
) -> DataLoader[int, Any]:
    if name not in context.loaders:
        context.loaders[name] = _Loader(load, otherwise)
    loader: DataLoader[int, Any] = context.loaders[name]
    return loader


def event_loader(context: Any, kind: EventKind | None, before: int, limit: int) -> DataLoader[int, list[Row]]:
    """The request's loader of events by item."""

    def load(items: Sequence[int]) -> Awaitable[dict[int, list[Row]]]:
        return store.events(context.thirdeye, items, kind=kind, before=before, limit=limit)

    return _loader(context, f"events {kind} {before} {limit}", load, [])


def campaign_loader(context: Any) -> DataLoader[int, list[Row]]:
    """The request's loader of the campaigns of an item."""
    return _loader(context, "campaigns", lambda items: campaigns.of_items(context.thirdeye, items), [])


def progress_loader(context: Any) -> DataLoader[int, Row | None]:
    """The request's loader of the progress of a campaign."""
    return _loader(context, "progress", lambda ids: campaigns.progress(context.thirdeye, ids), None)


def measured_loader(context: Any) -> DataLoader[int, Row | None]:
    """The request's loader of what was measured of a table."""
    return _loader(context, "measured", lambda numbers: savings.measured(context.thirdeye, numbers), None)
