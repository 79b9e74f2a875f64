"""Keeps of tables, batched over one request."""

from aiodataloader import DataLoader

from thirdeye.context import Context
from thirdeye.database import MySQL
from thirdeye.verdict import store
from thirdeye.verdict.store import Keep


class KeepLoader(DataLoader[int, list[Keep]]):
    """Keeps by table number, newest first."""

    def __init__(self, thirdeye: MySQL) -> None:
        super().__init__(max_batch_size=1000)
        self._thirdeye = thirdeye

    async def batch_load_fn(self, keys: list[int]) -> list[list[Keep]]:
        keeps = await store.keeps(self._thirdeye, keys)
        return [keeps.get(key, []) for key in keys]


def keep_loader(context: Context) -> DataLoader[int, list[Keep]]:
    """The request's loader of keeps."""
    if "keeps" not in context.loaders:
        context.loaders["keeps"] = KeepLoader(context.thirdeye)
    loader: DataLoader[int, list[Keep]] = context.loaders["keeps"]
    return loader
