"""The duplicates of the estate: which tables may be copies, whose columns are to be read, and which groups they make."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import orjson

from thirdeye.database import MySQL
from thirdeye.inventory.columns import (
    ABSENT,
    CHUNK,
    DATED,
    IN_USE_THROUGH_LINEAGE,
    IN_USE_THROUGH_SERIES,
    MARKED,
    PARTITIONED,
    Array,
    Columns,
    Mask,
)
from thirdeye.inventory.duplicates import DuplicateGroup, Member, candidates, duplicate_groups, normalised_name
from thirdeye.inventory.rules import Activity, has_activity
from thirdeye.inventory.series import find_in_order
from thirdeye.mirror import store
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.openmetadata.source_tables import TABLES
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import State
from thirdeye.outside_json import UnreadableJson, read_json

# While one of the dated tables beside an undated one was read in so many days, none of them is a copy of it.
_READ_DAYS: Final = 90
_MAX_COLUMNS_BYTES: Final = 16_777_216
_PAGE: Final = 2_000
# By table number, as JSON has it: the fingerprint that the columns were read at, and their names without case.
_StoredColumns = dict[str, tuple[int, list[str]]]
_OTHERS_USE: Final = IN_USE_THROUGH_LINEAGE | IN_USE_THROUGH_SERIES


@dataclass(frozen=True, kw_only=True)
class CopyCandidates:
    """The tables that share a normalised name with others, group by group; `starts` tells where each group begins.

    `beside`: for a dated table beside an undated one of its stem, the number of that stem; 0 for others.
    """

    numbers: Array
    starts: Array
    fingerprints: Array
    marked: Mask
    beside: Array


def find_candidates(name: Columns, series: Array, present: Mask) -> CopyCandidates:
    """The tables that may be copies or have some, as long as the state has names. Parts of series may not."""
    chosen = present & (series == 0) & (name["fingerprint"] != 0)
    numbers = candidates(name["name_key"], chosen)
    keys, form, stems = name["name_key"][numbers], name["form"][numbers], name["stem_key"][numbers]
    beside = _beside(name, np.where((form & DATED) != 0, stems, 0), present)
    return CopyCandidates(
        numbers=numbers.astype(np.int32),
        starts=np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)]),
        fingerprints=name["fingerprint"][numbers],
        marked=(form & MARKED) != 0,
        beside=beside,
    )


def _beside(name: Columns, stems: Array, present: Mask) -> Array:
    """For each stem that is the name of a table its number from 1 on, else 0."""
    distinct = np.unique(stems)
    taken = np.zeros(len(distinct) + 1, np.bool_)
    for chunk in range(name.chunks):
        part = name.parts(chunk)
        undated = present[chunk * CHUNK :][:CHUNK] & ((part["form"] & PARTITIONED) == 0)
        taken[find_in_order(distinct, part["path_key"][undated])] = True
    places = find_in_order(distinct, stems)
    return np.where((places >= 0) & taken[places], places + 1, 0).astype(np.int32)


@dataclass(frozen=True)
class DuplicateFinder:
    """Finds the duplicates of a state. Columns that did not change come from the generation before."""

    state: State
    thirdeye: MySQL
    blobs: BlobStage
    reader: OpenMetadataReader
    candidates: CopyCandidates
    today: int

    async def find(self) -> set[str]:
        """Stages the groups and the columns that they rest on; gives the names of the latter's blobs."""
        idle = self._idle()
        of_interest = self._groups_with_any(idle)
        compared = self._compared(of_interest)
        columns, names = dict[int, list[str]](), set[str]()
        numbers = self.candidates.numbers[compared]
        for chunk in np.unique(numbers // CHUNK).tolist():
            blob = f"columns/{chunk:05d}"
            stored = await self._columns_of(blob, compared[numbers // CHUNK == chunk])
            await self.blobs.stage_json(blob, stored)
            names.add(blob)
            columns |= {int(number): columns_of for number, (_, columns_of) in stored.items()}
        groups = await asyncio.to_thread(self._all_groups, of_interest, idle, columns)
        await self._describe(groups)
        groups.sort(key=lambda group: (-len(group["members"]), group["original"]))
        await self.blobs.stage_json("duplicates", groups)
        return names

    def _idle(self) -> Mask:
        """Which candidates nobody uses. Of dated ones beside an undated one, none while one was read lately."""
        query, numbers, beside = self.state.query, self.candidates.numbers, self.candidates.beside
        others_use = (query["flags"][numbers] & _OTHERS_USE) != 0
        idle: Mask = has_activity(query["activity"][numbers], Activity.STALE, Activity.DORMANT) & ~others_use
        accessed = query["accessed"][numbers].astype(np.int64)
        was_read = (accessed > 0) & (self.today - accessed <= _READ_DAYS)
        read_stems = np.zeros(int(beside.max(initial=0)) + 1, np.bool_)
        read_stems[beside[was_read]] = True
        # 0 stands for no stem.
        read_stems[0] = False
        return idle & ~read_stems[beside]

    def _groups_with_any(self, idle: Mask) -> Array:
        """The places of the groups of which a table may be called a copy."""
        starts = self.candidates.starts
        return np.flatnonzero(np.logical_or.reduceat(idle, starts)) if len(starts) else starts

    def _spans(self, groups: Array) -> Iterator[tuple[int, int]]:
        ends = np.append(self.candidates.starts[1:], len(self.candidates.numbers))
        yield from zip(self.candidates.starts[groups].tolist(), ends[groups].tolist(), strict=True)

    def _compared(self, groups: Array) -> Array:
        """The places of candidates whose columns are to be read: one for each fingerprint, where a group has several."""
        places = list[int]()
        for start, end in self._spans(groups):
            distinct, chosen = self._representatives(start, end)
            if len(distinct) > 1:
                places += (chosen + start).tolist()
        return np.array(sorted(places, key=self.candidates.numbers.__getitem__), np.int64)

    def _representatives(self, start: int, end: int) -> tuple[Array, Array]:
        """The fingerprints of a group, and the place in it of the table whose columns are read for each.

        One that OpenMetadata has, if there is any: those of others cannot be read any more.
        """
        is_absent = (self.state.query["flags"][self.candidates.numbers[start:end]] & ABSENT) != 0
        order = np.argsort(is_absent, kind="stable")
        distinct, first = np.unique(self.candidates.fingerprints[start:end][order], return_index=True)
        return distinct, order[first]

    async def _columns_of(self, blob: str, places: Array) -> _StoredColumns:
        data = await self.blobs.previous(blob)
        previous: _StoredColumns = orjson.loads(data) if data else {}
        columns, changed = _StoredColumns(), dict[int, int]()
        numbers, fingerprints = self.candidates.numbers[places], self.candidates.fingerprints[places]
        for number, fingerprint in zip(numbers.tolist(), fingerprints.tolist(), strict=True):
            entry = previous.get(str(number))
            if entry is not None and entry[0] == fingerprint:
                columns[str(number)] = (entry[0], entry[1])
            else:
                changed[number] = fingerprint
        waiting = list(changed)
        for start in range(0, len(waiting), _PAGE):
            page = waiting[start : start + _PAGE]
            number_by_id = {id_text(self.state.source["id"][number]): number for number in page}
            read = partial(self.reader.om.column_names, list(number_by_id))
            for row in await self.reader.rows(TABLES, read):
                number = number_by_id[row["id"]]
                columns[str(number)] = (changed[number], _column_names(row["names"]))
        return dict(sorted(columns.items(), key=lambda item: int(item[0])))

    def _all_groups(self, places: Array, idle: Mask, columns: dict[int, list[str]]) -> list[DuplicateGroup]:
        return [group for span in self._spans(places) for group in self._groups(*span, idle, columns)]

    def _groups(self, start: int, end: int, idle: Mask, columns: dict[int, list[str]]) -> Iterator[DuplicateGroup]:
        fingerprints, numbers = self.candidates.fingerprints[start:end], self.candidates.numbers[start:end]
        distinct, chosen = self._representatives(start, end)
        # A single fingerprint stands for its columns.
        names = {
            fingerprint: frozenset(columns.get(int(numbers[place]), ())) if len(distinct) > 1 else frozenset({""})
            for fingerprint, place in zip(distinct.tolist(), chosen.tolist(), strict=True)
        }
        query, created = self.state.query, self.state.source["created"]
        members = [
            Member(
                number=number,
                marked=marked,
                columns=names[fingerprint],
                created=int(created[number]),
                accessed=int(query["accessed"][number]),
                queries=int(query["queries"][number]),
                idle=is_idle,
            )
            for number, marked, fingerprint, is_idle in zip(
                numbers.tolist(),
                self.candidates.marked[start:end].tolist(),
                fingerprints.tolist(),
                idle[start:end].tolist(),
                strict=True,
            )
        ]
        for group in duplicate_groups(members):
            yield {
                "service": 0,
                "name": "",
                "original": group.original,
                "members": group.members,
                "agreement": group.agreement,
            }

    async def _describe(self, groups: list[DuplicateGroup]) -> None:
        """Gives each group the service and the name of its original."""
        service_of_place, place = self.state.service_of_place(), self.state.query["place"]
        for start in range(0, len(groups), _PAGE):
            page = groups[start : start + _PAGE]
            names = await store.names_by_number(self.thirdeye, [group["original"] for group in page])
            for group in page:
                group["service"] = int(service_of_place[place[group["original"]]])
                group["name"] = normalised_name(names.get(group["original"], ""))


def _column_names(text: str | None) -> list[str]:
    try:
        names = read_json(text or "[]", max_bytes=_MAX_COLUMNS_BYTES)
    except UnreadableJson:
        return []
    return sorted({name.casefold() for name in names if isinstance(name, str)}) if isinstance(names, list) else []
