"""What one request reads by number, batched: keeps of tables here, and in the domains above what they have."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from aiodataloader import DataLoader

from thirdeye.context import Context
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


def approval_loader(context: Context) -> DataLoader[int, Approval | None]:
    """The request's loader of the approved removal of a table, where one is in force."""
    today = context.clock().date()
    return request_loader(context, "approvals", lambda numbers: approvals(context.thirdeye, numbers, today))


def keep_loader(context: Context) -> DataLoader[int, list[Keep] | None]:
    """The request's loader of the keeps of a table, newest first."""
    return request_loader(context, "keeps", lambda numbers: store.keeps(context.thirdeye, numbers))
