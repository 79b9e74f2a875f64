"""How many items the lists of a request have: those that share what narrows them are counted by one statement."""

import asyncio
from collections.abc import Sequence

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
        uncounted = [each for each in self._noted if id(each[0]) not in self._tasks]
        own = next(narrow for each, narrow in uncounted if each is item_filter)
        # Of what narrows it and others the least: the more lists share the statement.
        shared = widest(own, [narrow for _, narrow in uncounted])
        # A scan of all for those that nothing narrows looks at no row; others may have to.
        filters = [each for each, narrow in uncounted if (narrow >= shared if shared else not narrow)]
        task = asyncio.create_task(store.count_items(self._context.thirdeye, filters, shared))
        # All who wait for it may be gone by then.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._tasks |= {id(each): (task, place) for place, each in enumerate(filters)}


def widest(own: Narrowing, others: Sequence[Narrowing]) -> Narrowing:
    """The smallest part of what narrows a list that is all that narrows another; all of it where there is no other."""
    return min((each for each in others if each and each <= own), key=len, default=own)


def counts(context: Context) -> Counts:
    """The request's counts."""
    found: Counts = context.loaders.setdefault("item counts", Counts(context))
    return found
