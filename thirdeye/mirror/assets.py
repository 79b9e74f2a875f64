"""Assets other than tables: which exist, which are in use, what they are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from thirdeye.database import MySQL, Row
from thirdeye.inventory.absence import AbsenceLimits, Group, are_gone, mass_absences
from thirdeye.inventory.columns import FIRST_ASSET, MISSING, UNREADABLE_KIND, Array, Columns, Mask
from thirdeye.mirror import store
from thirdeye.mirror.edges import UNSEEN_TABLE
from thirdeye.mirror.keys import KEY, id_text, records_of
from thirdeye.mirror.openmetadata.source_tables import ASSETS, SourceTable
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import Index, State

_ASSET: Final = np.dtype([("id", KEY), ("service", KEY), ("name", ">u4"), ("deleted", "u1")])
_PAGE: Final = 2_000
_MAX_NAME_LENGTH: Final = 512
_MAX_KIND_LENGTH: Final = 64


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
        # Older versions of OM lack the tables of newer kinds, which is nothing to warn of unless lineage names one.
        if reader.has(table):
            of_kind = await reader.bounded(table, partial(_read_kind, reader, table), None)
            if of_kind is not None:
                records[kind] = of_kind
    return records


async def _read_kind(reader: OpenMetadataReader, table: SourceTable) -> AssetRecords | None:
    rows: list[Row] | None = await reader.optional(table, partial(reader.om.assets, table.name), None)
    if rows is None:
        return None
    records = AssetRecords(rows)
    await reader.warn_of_odd_ids(table, sum(row["number"] for row in rows) - len(records.deleted))
    return records


async def warn_of_unreadable(reader: OpenMetadataReader, state: State, records: Mapping[str, AssetRecords]) -> None:
    """Warns of the kinds that lineage names and whose table cannot be read."""
    asset = state.asset
    for code in np.unique(asset["kind"][asset["id"] != b""]).tolist():
        kind = state.asset_kinds.items[code]
        if kind in ASSETS:
            await (reader.check_for_lost(ASSETS[kind]) if kind in records else reader.can_read(ASSETS[kind]))


@dataclass(frozen=True)
class AssetUse:
    """Ids of assets with usage: in the recent days, and in the last 90."""

    recent: set[bytes]
    lately: set[bytes]


def evaluate_assets(
    state: State, records: Mapping[str, AssetRecords], use: AssetUse, now: int, limits: AbsenceLimits
) -> Mask:
    """Sets which assets other than tables exist (`alive`), are in use, absent or unknown; gives those that are absent.

    An asset is in use if it was used in the last 90 days, or if OM has no recent usage of its service at all. One that
    vanished, or was deleted, counts as it last was until the waiting time is over (`now` in minutes since 1970). Of kinds
    that cannot be read, and of what OM never had, nothing is known; what such an asset was is kept for when it can be read.
    """
    asset = state.asset
    registered = asset["id"] != b""
    seen = _look_up(state, records, registered, use)
    since = np.where(seen.there, 0, asset["absent_since"])
    vanished = seen.readable & ~seen.there & (since == 0) & (asset["alive"] == 1)
    since = np.where(vanished, now, since).astype(np.uint32)
    gone_for_now = seen.readable & (since > 0)
    mass = _mass_absences(asset, since, registered & seen.there, now, limits)
    absent: Mask = gone_for_now & (asset["alive"] == 1) & ~are_gone(since, mass, now, limits)
    missing = seen.readable & ~seen.there & (asset["name"] == 0)
    asset["unknown"] = np.where(registered, np.where(seen.readable, missing * MISSING, UNREADABLE_KIND), 0)
    asset["in_use"] = np.where(absent | ~seen.readable, asset["in_use"], seen.there & seen.used)
    asset["alive"] = np.where(seen.readable, seen.there | absent, asset["alive"])
    asset["absent_since"] = since
    return absent


@dataclass(frozen=True)
class _Seen:
    """By asset: whether its kind can be read, and whether it is there and was used."""

    readable: Mask
    there: Mask
    used: Mask


def _look_up(state: State, records: Mapping[str, AssetRecords], registered: Mask, use: AssetUse) -> _Seen:
    """What OM has of each asset; takes over names and services."""
    watched, used_keys = _services_with_usage(records, use.recent), _sorted_keys(use.lately)
    asset = state.asset
    seen = _Seen(*(np.zeros(asset.length, np.bool_) for _ in range(3)))
    for kind, of_kind in records.items():
        code = state.asset_kinds.get(kind)
        if code is None:
            continue
        numbers = np.flatnonzero(registered & (asset["kind"] == code))
        seen.readable[numbers] = True
        places = of_kind.index.numbers(asset["id"][numbers])
        numbers, places = numbers[places >= 0], places[places >= 0]
        seen.there[numbers] = ~of_kind.deleted[places]
        services = of_kind.services[places]
        seen.used[numbers] = ~np.isin(services, watched) | np.isin(asset["id"][numbers], used_keys)
        asset["name"][numbers] = np.maximum(of_kind.names[places], 1)
        asset["service"][numbers] = _first_digits(services)
    # Of tables that no refresh has seen nothing is known, for they are not there.
    code = state.asset_kinds.get(UNSEEN_TABLE)
    if code is not None:
        seen.readable[registered & (asset["kind"] == code)] = True
    return seen


def _first_digits(keys: Array) -> Array:
    """The first four bytes of each key."""
    digits: Array = np.ascontiguousarray(keys).view(">u4").reshape(-1, 4)[:, 0]
    return digits


def _mass_absences(asset: Columns, since: Array, there: Mask, now: int, limits: AbsenceLimits) -> Mask:
    """Which absences are of many assets of a service at once."""
    bears = (since > 0) & (now - since.astype(np.int64) < limits.memory)
    mass, numbers = np.zeros(len(since), np.bool_), np.flatnonzero(bears)
    service = asset["kind"].astype(np.uint64) << np.uint64(32) | asset["service"].astype(np.uint64)
    services, members = np.unique(service[bears | there], return_inverse=True)
    groups = [Group(group=np.searchsorted(services, service[numbers]), sizes=np.bincount(members))]
    mass[numbers] = mass_absences(since[numbers], np.zeros(len(numbers), np.bool_), groups, limits)
    return mass


def _highest_between(values: Array, first: Array, last: Array) -> Array:
    """The highest of the values from each place in `first` to that in `last`, both included."""
    highest, length = values, 1
    result = np.zeros(len(first), values.dtype)
    while length <= len(values):
        fits = (last - first + 1 >= length) & (last - first + 1 < 2 * length)
        result[fits] = np.maximum(highest[first[fits]], highest[last[fits] - length + 1])
        doubled = np.maximum(highest[: max(len(highest) - length, 0)], highest[length:])
        highest, length = np.concatenate([doubled, highest[len(doubled) :]]), 2 * length
    return result


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
                (FIRST_ASSET + number, each, kind[:_MAX_KIND_LENGTH], (names.get(each) or each)[:_MAX_NAME_LENGTH])
                for number, each in ids.items()
            )
            await store.put_assets(thirdeye, rows)
