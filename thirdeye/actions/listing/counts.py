"""How many items the lists of a request have: those that the same narrows are counted by one statement."""

import asyncio

from thirdeye.actions.listing import store
from thirdeye.actions.listing.store import ItemFilter, Narrowing
from thirdeye.context import Context


class Counts:
    """The request's lists: each is noted as its page is asked for, and counted with others once one count is needed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._noted: list[tuple[ItemFilter, Narrowing]] = []
        self._tasks: dict[int, tuple[asyncio.Task[list[int]], int]] = {}

    def note(self, item_filter: ItemFilter) -> None:
        """There is a list of this filter; `of` knows it by its identity."""
        self._noted.append((item_filter, store.narrowing(item_filter)))

    async def of(self, item_filter: ItemFilter) -> int:
        """How many items match a filter that was noted."""
        if id(item_filter) not in self._tasks:
            self._count_with(item_filter)
        task, place = self._tasks[id(item_filter)]
        return (await asyncio.shield(task))[place]

    def _count_with(self, item_filter: ItemFilter) -> None:
        own = store.narrowing(item_filter)
        filters = [each for each, narrow in self._noted if narrow == own and id(each) not in self._tasks]
        task = asyncio.create_task(store.count_items(self._context.thirdeye, filters))
        # All who wait for it may be gone by then.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._tasks |= {id(each): (task, place) for place, each in enumerate(filters)}


def counts(context: Context) -> Counts:
    """The request's counts."""
    found: Counts = context.loaders.setdefault("item counts", Counts(context))
    return found
