"""The duplicates of the estate: whose columns are to be read, and which groups they make."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final

import numpy as np
import orjson

from thirdeye.database import MySQL
from thirdeye.inventory.columns import CHUNK, Array
from thirdeye.inventory.duplicates import DuplicateGroup, Member, candidates, duplicate_groups, normalised_name
from thirdeye.mirror import store
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.openmetadata.source_tables import TABLES
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.state import State
from thirdeye.mirror.warnings import RefreshWarnings

# Columns of at most so many tables are compared: in an estate of dated tables nearly all would be.
MAX_MEMBERS: Final = 200_000
_PAGE: Final = 2_000
# By table number, as JSON has it: the stamp that the columns were read at, and their names without case.
_StoredColumns = dict[str, tuple[int, list[str]]]


@dataclass(frozen=True)
class DuplicateFinder:
    """Finds the duplicates of a state. The columns of tables that did not change come from the generation before."""

    state: State
    thirdeye: MySQL
    blobs: BlobStage
    reader: OpenMetadataReader
    warnings: RefreshWarnings

    async def find(self) -> set[str]:
        """Stages the groups and the columns that they rest on; gives the names of the latter's blobs."""
        numbers = self._candidates()
        columns, names = dict[int, list[str]](), set[str]()
        for chunk in np.unique(numbers // CHUNK).tolist():
            blob = f"columns/{chunk:05d}"
            stored = await self._columns_of(blob, np.sort(numbers[numbers // CHUNK == chunk]))
            await self.blobs.stage_json(blob, stored)
            names.add(blob)
            columns |= {int(number): columns_of for number, (_, columns_of) in stored.items()}
        await self.blobs.stage_json("duplicates", self._groups(numbers, columns, await self._names(numbers)))
        return names

    def _candidates(self) -> Array:
        numbers = candidates(self.state.source["name_key"], self.state.present())
        excess = len(numbers) - MAX_MEMBERS
        if excess > 0:
            self.warnings.add("DUPLICATES_NOT_ALL_LOOKED_AT", f"{len(numbers)} tables have similar names", excess)
        return numbers[:MAX_MEMBERS]

    async def _columns_of(self, blob: str, numbers: Array) -> _StoredColumns:
        data = await self.blobs.previous(blob)
        previous: _StoredColumns = orjson.loads(data) if data else {}
        stamps, columns, changed = self.state.source["stamp"], _StoredColumns(), list[int]()
        for number in numbers.tolist():
            entry = previous.get(str(number))
            if entry is not None and entry[0] == stamps[number]:
                columns[str(number)] = (entry[0], entry[1])
            else:
                changed.append(number)
        for start in range(0, len(changed), _PAGE):
            page = changed[start : start + _PAGE]
            number_by_id = {id_text(self.state.source["id"][number]): number for number in page}
            read = partial(self.reader.om.column_names, list(number_by_id))
            for row in await self.reader.rows(TABLES, read):
                number = number_by_id[row["id"]]
                columns[str(number)] = (int(stamps[number]), _column_names(row["names"]))
        return columns

    async def _names(self, numbers: Array) -> dict[int, str]:
        names = dict[int, str]()
        ordered = np.sort(numbers).tolist()
        for start in range(0, len(ordered), _PAGE):
            names |= await store.names_by_number(self.thirdeye, ordered[start : start + _PAGE])
        return names

    def _groups(self, numbers: Array, columns: dict[int, list[str]], names: dict[int, str]) -> list[DuplicateGroup]:
        keys = dict(zip(numbers.tolist(), self.state.source["name_key"][numbers].tolist(), strict=True))
        service_of_place, groups = self.state.service_of_place(), list[DuplicateGroup]()
        for _, similar in groupby(numbers.tolist(), key=keys.__getitem__):
            members = [self._member(number, columns.get(number, []), names.get(number, "")) for number in similar]
            service = int(service_of_place[self.state.query["place"][members[0].number]])
            groups += [
                {
                    "service": service,
                    "name": normalised_name(names.get(group.original, "")),
                    "original": group.original,
                    "members": group.members,
                    "agreement": group.agreement,
                }
                for group in duplicate_groups(members)
            ]
        return sorted(groups, key=lambda group: (-len(group["members"]), group["original"]))

    def _member(self, number: int, columns: Iterable[str], name: str) -> Member:
        query, source = self.state.query, self.state.source
        return Member(
            number=number,
            name=name,
            columns=frozenset(columns),
            created=int(source["created"][number]),
            accessed=int(query["accessed"][number]),
            size=int(query["size"][number]),
            queries=int(query["queries"][number]),
        )


def _column_names(text: str | None) -> list[str]:
    try:
        names = orjson.loads(text or "[]")
    except orjson.JSONDecodeError:
        return []
    return sorted({name.casefold() for name in names if isinstance(name, str)}) if isinstance(names, list) else []
