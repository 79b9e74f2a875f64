"""Assets other than tables: which exist, which are in use, what they are called."""

from collections.abc import Mapping
from functools import partial
from typing import Final

import numpy as np

from thirdeye.database import MySQL, Row
from thirdeye.inventory.columns import FIRST_ASSET, Array
from thirdeye.mirror import store
from thirdeye.mirror.keys import KEY, id_text, records_of
from thirdeye.mirror.openmetadata.source_tables import ASSETS
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import Index, State

_ASSET: Final = np.dtype([("id", KEY), ("service", KEY), ("name", ">u4"), ("deleted", "u1")])
_PAGE: Final = 2_000
_MAX_NAME_LENGTH: Final = 512


class AssetRecords:
    """What OM holds of one kind of assets: hashes of their services, checksums of names, which are deleted."""

    def __init__(self, rows: list[Row]) -> None:
        records = records_of("".join(row["packed"] for row in rows), _ASSET)
        self.index = Index(records["id"])
        self.services, self.names, self.deleted = records["service"], records["name"], records["deleted"] == 1


async def read_assets(reader: OpenMetadataReader) -> dict[str, AssetRecords]:
    """What OM holds of the assets other than tables, by kind; kinds that cannot be read are left out."""
    records = {}
    for kind, table in ASSETS.items():
        rows: list[Row] | None = await reader.optional(table, partial(reader.om.assets, table.name), None)
        if rows is not None:
            records[kind] = AssetRecords(rows)
    return records


def evaluate_assets(
    state: State, records: Mapping[str, AssetRecords], recently_used: set[bytes], used: set[bytes]
) -> Array:
    """Sets which assets other than tables exist (`alive`) and are in use; gives the numbers of the changed ones.

    `recently_used` and `used` are ids with usage in the recent and in the last 90 days. An asset is in use if it is among
    `used`, or if OM has no recent usage of its service at all. Assets of kinds that cannot be read count as existing and
    in use.
    """
    watched, used_keys = _services_with_usage(records, recently_used), _sorted_keys(used)
    asset = state.asset
    registered = asset["id"] != b""
    alive, in_use = registered.copy(), registered.copy()
    names = np.zeros(asset.length, np.uint32)
    for kind, of_kind in records.items():
        code = state.asset_kinds.get(kind)
        if code is None:
            continue
        numbers = np.flatnonzero(registered & (asset["kind"] == code))
        places = of_kind.index.numbers(asset["id"][numbers])
        alive[numbers[places < 0]] = False
        numbers, places = numbers[places >= 0], places[places >= 0]
        alive[numbers] = ~of_kind.deleted[places]
        in_use[numbers] = ~np.isin(of_kind.services[places], watched) | np.isin(asset["id"][numbers], used_keys)
        names[numbers] = np.maximum(of_kind.names[places], 1)
    in_use &= alive
    differs = (names != asset["name"]) | (alive != (asset["alive"] == 1)) | (in_use != (asset["in_use"] == 1))
    changed: Array = np.flatnonzero(registered & differs)
    asset["name"], asset["alive"], asset["in_use"] = names, alive, in_use
    return changed


def _services_with_usage(records: Mapping[str, AssetRecords], recently_used: set[bytes]) -> Array:
    keys, services = _sorted_keys(recently_used), set[bytes]()
    for of_kind in records.values():
        places = of_kind.index.numbers(keys)
        services.update(of_kind.services[places[places >= 0]].tolist())
    return _sorted_keys(services)


def _sorted_keys(keys: set[bytes]) -> Array:
    return np.frombuffer(b"".join(sorted(key.ljust(16, b"\0") for key in keys)), KEY)


async def name_assets(thirdeye: MySQL, reader: OpenMetadataReader, state: State, numbers: Array) -> None:
    """Writes what these assets are called, at once: readers look names up by numbers that never change."""
    asset = state.asset
    for code in np.unique(asset["kind"][numbers]).tolist():
        kind = state.asset_kinds.items[code]
        of_kind = numbers[asset["kind"][numbers] == code]
        for start in range(0, len(of_kind), _PAGE):
            ids = {number: id_text(asset["id"][number]) for number in of_kind[start : start + _PAGE].tolist()}
            named: list[Row] = []
            if kind in ASSETS:
                read = partial(reader.om.asset_names, ASSETS[kind].name, list(ids.values()))
                named = await reader.rows(ASSETS[kind], read)
            names = {row["id"]: row["name"] for row in named}
            rows = (
                (FIRST_ASSET + number, identifier, kind, (names.get(identifier) or identifier)[:_MAX_NAME_LENGTH])
                for number, identifier in ids.items()
            )
            await store.put_assets(thirdeye, rows)
