"""The places of tables in the order of names, and their names as searches go through them."""

import asyncio

import numpy as np

from thirdeye.database import MySQL
from thirdeye.inventory.columns import CHUNK, Array
from thirdeye.inventory.name_search import pack_names
from thirdeye.mirror import store
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.state import State


async def rank_names(thirdeye: MySQL, blobs: BlobStage, state: State, renamed: Array) -> None:
    """Gives every table its place in the order of names, and stages the names of the chunks with new ones."""
    if len(renamed) == 0:
        return
    parts = [np.frombuffer(bytes.fromhex(part), ">u4") for part in await store.name_order(thirdeye)]
    ranks = np.zeros(state.tables, np.int32)
    numbers = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    ranks[numbers] = np.arange(len(numbers), dtype=np.int32)
    state.query["name_rank"] = ranks
    for chunk in np.unique(renamed // CHUNK).tolist():
        first, end = chunk * CHUNK, min((chunk + 1) * CHUNK, state.tables)
        names = await store.names_between(thirdeye, first, end)
        text = await asyncio.to_thread(pack_names, [names.get(number, "") for number in range(first, end)])
        await blobs.stage(f"names/{chunk:05d}", text)
