"""What one request reads by number, batched: decisions about tables here, and in the domains above what they have."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple, TypeVar

from aiodataloader import DataLoader

from thirdeye.context import Context
from thirdeye.estate.loaders import shown_tables
from thirdeye.verdict import store
from thirdeye.verdict.approvals.store import Approval, approvals
from thirdeye.verdict.store import Keep

_MAX_BATCH_SIZE: Final = 1000
Value = TypeVar("Value")


def request_loader(
    context: Context, name: str, load: Callable[[Sequence[int]], Awaitable[Mapping[int, Value]]]
) -> DataLoader[int, Value | None]:
    """The request's loader of this name: what `load` has for a number, or None."""

    async def batch(keys: list[int]) -> list[Value | None]:
        values = await load(keys)
        return [values.get(key) for key in keys]

    if name not in context.loaders:
        context.loaders[name] = DataLoader(batch, max_batch_size=_MAX_BATCH_SIZE)
    loader: DataLoader[int, Value | None] = context.loaders[name]
    return loader


class Decided(NamedTuple):
    """What people decided about a table, as far as it is in force."""

    keep: Keep | None
    approval: Approval | None


class Decisions:
    """What people decided, read for all tables that the request shows as soon as one is asked for.

    A loader would read again and again: its batch is what is asked for in one turn of the event loop, and a request that
    has had its share of one goes on in the next.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._reads: dict[int, asyncio.Task[dict[int, Decided]]] = {}

    async def of(self, number: int) -> Decided:
        """What was decided about a table."""
        if number not in self._reads:
            numbers = {number, *shown_tables(self._context)} - self._reads.keys()
            task = asyncio.create_task(self._read(list(numbers)))
            # All who wait for it may be gone by then.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._reads |= dict.fromkeys(numbers, task)
        return (await asyncio.shield(self._reads[number]))[number]

    def forget(self, number: int) -> None:
        """To be called once somebody decided about a table."""
        self._reads.pop(number, None)

    async def _read(self, numbers: list[int]) -> dict[int, Decided]:
        return await read_decisions(self._context, numbers)


async def read_decisions(context: Context, numbers: Sequence[int]) -> dict[int, Decided]:
    """What people decided about each of these tables, as of now."""
    today = context.clock().date()
    kept, approved = await store.keeps(context.thirdeye, numbers), await approvals(context.thirdeye, numbers, today)
    return {number: Decided(_in_force(kept.get(number, ()), today), approved.get(number)) for number in numbers}


def _in_force(keeps: Sequence[Keep], today: date) -> Keep | None:
    return next((keep for keep in keeps if keep.released_at is None and keep.kept_until >= today), None)


def decisions(context: Context) -> Decisions:
    """The request's decisions."""
    found: Decisions = context.loaders.setdefault("decisions", Decisions(context))
    return found
