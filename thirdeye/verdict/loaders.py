"""What people said of tables, batched over one request."""

from typing import Any

from aiodataloader import DataLoader

from thirdeye.database import MySQL, Row
from thirdeye.verdict import store


class KeepLoader(DataLoader[int, list[Row]]):
    """Keeps by table number, newest first."""

    def __init__(self, thirdeye: MySQL) -> None:
        super().__init__(max_batch_size=1000)
        self._thirdeye = thirdeye

    async def batch_load_fn(self, keys: list[int]) -> list[list[Row]]:
        found = await store.keeps(self._thirdeye, keys)
        return [found.get(key, []) for key in keys]


def keep_loader(context: Any) -> DataLoader[int, list[Row]]:
    """The request's loader of what people said."""
    if "keeps" not in context.loaders:
        context.loaders["keeps"] = KeepLoader(context.thirdeye)
    loader: DataLoader[int, list[Row]] = context.loaders["keeps"]
    return loader
