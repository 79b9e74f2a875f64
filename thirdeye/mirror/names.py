"""What tables and other assets are called, for lists in the order of names, searches and lineage."""

import asyncio
from typing import Final

import numpy as np

from thirdeye.database import MySQL
from thirdeye.inventory.columns import CHUNK, FIRST_ASSET, Array
from thirdeye.inventory.name_search import pack_names
from thirdeye.mirror import publication, store
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.reading import EstateReading
from thirdeye.mirror.state import State

_ASSET_PAGE: Final = 2_000


async def rank_names(thirdeye: MySQL, state: State, renamed: Array, generation: int, before: int) -> None:
    """Gives every table its place in the order of names, and renews the names of the chunks with new ones."""
    if len(renamed) == 0:
        return
    order = [np.frombuffer(bytes.fromhex(part), ">u4") for part in await store.name_order(thirdeye)]
    ranks = np.zeros(state.tables, np.int32)
    numbers = np.concatenate(order) if order else np.zeros(0, np.int64)
    ranks[numbers] = np.arange(len(numbers), dtype=np.int32)
    state.query["name_rank"] = ranks
    for chunk in np.unique(renamed // CHUNK).tolist():
        first, end = chunk * CHUNK, min((chunk + 1) * CHUNK, state.tables)
        names = await store.names_between(thirdeye, first, end)
        text = await asyncio.to_thread(pack_names, [names.get(number, "") for number in range(first, end)])
        await publication.stage_blob(thirdeye, f"names/{chunk:05d}", text, generation, before)


async def name_assets(thirdeye: MySQL, reading: EstateReading, state: State, numbers: Array) -> None:
    """Writes what assets other than tables are called. Readers look names up by numbers that never change."""
    asset = state.asset
    for code in np.unique(asset["kind"][numbers]).tolist():
        kind = state.asset_kinds.items[code]
        mine = numbers[asset["kind"][numbers] == code]
        for start in range(0, len(mine), _ASSET_PAGE):
            ids = {number: id_text(asset["id"][number]) for number in mine[start : start + _ASSET_PAGE].tolist()}
            names = await reading.asset_names(kind, list(ids.values()))
            await store.put_assets(
                thirdeye,
                (
                    (FIRST_ASSET + number, identifier, kind, (names.get(identifier) or identifier)[:512])
                    for number, identifier in ids.items()
                ),
            )
