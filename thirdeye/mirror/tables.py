"""Tables: which there are, and what OM's row of each says."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from zlib import crc32

import numpy as np
import orjson

from thirdeye.database import Row
from thirdeye.inventory.columns import DESCRIBED, PRESENT, WITHOUT_STORAGE, Array, Mask
from thirdeye.inventory.duplicates import name_key, normalised_name
from thirdeye.inventory.fqn import digest, split_fqn
from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE, day_of_milliseconds
from thirdeye.mirror.keys import id_key, key_array
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.relations import id_buckets
from thirdeye.mirror.state import BucketSums, Index, State
from thirdeye.mirror.warnings import Problems

PAGE: Final = 5_000
# Changes are looked for from so long before the newest one known: commits land behind it.
OVERLAP_MS: Final = 15 * 60_000
_YEAR_2000_MS: Final = 946_684_800_000
# A description of blanks alone is none.
_BLANK: Final = re.compile(r'^"(\s|\\[nrt])*"?$')
# Takes rows of store.TEXT_COLUMNS.
StageText = Callable[[list[tuple[Any, ...]]], Awaitable[None]]


class Marks:
    """A set of table numbers that grows with the estate, a byte each."""

    def __init__(self) -> None:
        self._mask = np.zeros(1024, dtype=np.bool_)

    def add(self, number: int) -> None:
        """Puts a number in."""
        if number >= len(self._mask):
            self._mask = np.concatenate([self._mask, np.zeros(number, dtype=np.bool_)])
        self._mask[number] = True

    def mask(self, length: int) -> Mask:
        """Which of the numbers below `length` are in."""
        mask = np.zeros(length, dtype=np.bool_)
        mask[: min(length, len(self._mask))] = self._mask[:length]
        return mask

    @property
    def numbers(self) -> Array:
        """Those that are in, ascending."""
        return np.flatnonzero(self._mask)


class TableReader:
    """Takes rows of tables into the state; texts that are new or changed go to `stage`."""

    def __init__(self, om: OpenMetadata, state: State, today: int, problems: Problems, stage: StageText) -> None:
        self._om = om
        self._state = state
        self._today = today
        self._problems = problems
        self._stage = stage
        known = np.flatnonzero(state.source["id"] != b"")
        self._next = int(known[-1]) + 1 if len(known) else 0
        self._index = Index(state.source["id"])
        # Those that are new in this refresh; not kept in a full one, which sees no id twice.
        self._new: dict[bytes, int] | None = {}
        self.seen = 0
        # Whose row was taken, whose text changed, and whose id or FQN hash was not known.
        self.read, self.renamed, self.rekeyed = Marks(), Marks(), Marks()

    async def read_all(self) -> None:
        """Reads every table; numbers that do not come are removed."""
        self._new = None
        async for page in self._om.table_pages(PAGE):
            await self._take(page)
        await self._count_broken()
        known = self._state.source["id"] != b""
        self._forget(np.flatnonzero(~self.read.mask(self._state.tables) & known))

    async def read_changes(self) -> None:
        """Reads what changed: by the time of the change, then whatever checksums show to differ still."""
        async for page in self._om.changed_table_pages(self._state.watermark - OVERLAP_MS, PAGE):
            await self._take(page, only_changed=True)
        await self._count_broken()
        buckets = await self._differing_buckets()
        for start in range(0, len(buckets), PAGE):
            await self._settle(buckets[start : start + PAGE])

    async def _count_broken(self) -> None:
        broken = await self._om.broken_tables()
        if broken and broken["number"]:
            self._problems.add("TABLE_JSON_BROKEN", f"fqnHash {broken['example']}", int(broken["number"]))

    async def _differing_buckets(self) -> list[int]:
        source, buckets = self._state.source, id_buckets(self._state.source["id"])
        known = source["stamp"] != 0
        differing = np.zeros(BucketSums.BUCKETS + 1, np.bool_)
        for name, sums in (("stamp", self._om.table_sums), ("name_stamp", self._om.name_sums)):
            mine, theirs = BucketSums(), BucketSums()
            mine.counts += np.bincount(buckets[known], minlength=BucketSums.BUCKETS + 1).astype(np.uint32)
            np.bitwise_xor.at(mine.sums, buckets[known], source[name][known].astype(np.uint64))
            async for row in sums():
                theirs.take(row)
            differing |= theirs.differing(mine)
        numbers: list[int] = np.flatnonzero(differing[:-1]).tolist()
        return numbers

    async def _settle(self, buckets: Sequence[int]) -> None:
        """Reads what differs in these buckets, and forgets what is no longer there."""
        rows = [row for row in await self._om.table_stamps(buckets) if id_key(row["id"]) is not None]
        numbers = self._numbers_of([row["id"] for row in rows])
        source, wanted = self._state.source, []
        for row, number in zip(rows, numbers, strict=True):
            if number < 0 or not self._is_current(row, number):
                wanted.append(row["id"])
        there = np.zeros(self._state.tables, dtype=np.bool_)
        there[[number for number in numbers if number >= 0]] = True
        asked = np.isin(id_buckets(source["id"]), buckets)
        self._forget(np.flatnonzero(asked & ~there & (source["stamp"] != 0)))
        for start in range(0, len(wanted), PAGE):
            await self._take(await self._om.tables_by_id(wanted[start : start + PAGE]))

    def _is_current(self, row: Row, number: int) -> bool:
        source = self._state.source
        mine = (source["stamp"][number], source["name_stamp"][number])
        return bool((int(row["stamp"]), int(row["name_stamp"])) == mine)

    def _numbers_of(self, ids: Sequence[str]) -> list[int]:
        """The number of each id, -1 for unknown ones."""
        keys = [id_key(each) or b"" for each in ids]
        numbers: list[int] = self._index.numbers(key_array(keys)).tolist()
        if self._new:
            numbers = [
                self._new.get(key, -1) if number < 0 else number for key, number in zip(keys, numbers, strict=True)
            ]
        return numbers

    def _forget(self, numbers: Array) -> None:
        """These are no longer in OM's database."""
        self._state.query["flags"][numbers] &= ~np.uint8(PRESENT)
        self._state.source["stamp"][numbers] = 0
        self._state.source["name_stamp"][numbers] = 0

    async def _take(self, page: list[Row], *, only_changed: bool = False) -> None:
        sound = [row for row in page if id_key(row["id"]) is not None]
        if len(sound) < len(page):
            example = next(row["id"] for row in page if id_key(row["id"]) is None)
            self._problems.add("TABLE_ID_IS_NO_UUID", str(example), len(page) - len(sound))
        texts = []
        for row, known in zip(sound, self._numbers_of([row["id"] for row in sound]), strict=True):
            number = self._new_number(row["id"]) if known < 0 else known
            if only_changed and self._is_current(row, number):
                continue
            self.read.add(number)
            text = self._take_row(row, number)
            if text is not None:
                texts.append(text)
        self.seen += len(page)
        await self._stage(texts)

    def _new_number(self, identifier: str) -> int:
        number = self._next
        self._next += 1
        if number >= self._state.tables:
            # By an eighth at a time, for growing copies every column.
            self._state.grow(number + number // 8 + 1024)
        key = id_key(identifier) or b""
        self._state.source["id"][number] = key
        if self._new is not None:
            self._new[key] = number
        return number

    def _take_row(self, row: Row, number: int) -> tuple[Any, ...] | None:
        query, source = self._state.query, self._state.source
        fqn_hash, fqn = row["fqn_hash"] or "", self._fqn(row)
        updated_at = _whole(row["updated_at"])
        self._state.watermark = max(self._state.watermark, min(updated_at, (self._today + 1) * 86_400_000))
        life_cycle = self._life_cycle(row)
        segments = split_fqn(fqn)
        place = self._place(fqn, fqn_hash, segments)
        flags = 0 if row["deleted"] else PRESENT
        flags |= DESCRIBED if is_described(row["description"]) else 0
        flags |= WITHOUT_STORAGE if row["table_type"] in TYPES_WITHOUT_STORAGE else 0
        new_key = digest(fqn_hash) if fqn_hash else b""
        if source["key"][number] != new_key.rstrip(b"\0") or not source["stamp"][number]:
            self.rekeyed.add(number)
        source["key"][number] = new_key
        source["tail"][number] = int(fqn_hash[-4:], 16) if _is_hexadecimal(fqn_hash[-4:]) else 0
        source["stamp"][number], source["name_stamp"][number] = int(row["stamp"]), int(row["name_stamp"])
        query["flags"][number] = flags
        query["place"][number] = place
        source["own_retention"][number] = row["retention"] not in (None, "", "null")
        source["created_at"][number] = life_cycle["created"]
        source["lifecycle_updated"][number] = life_cycle["updated"]
        source["lifecycle_accessed"][number] = life_cycle["accessed"]
        source["changed_at"][number] = self._day(updated_at, fqn)
        return self._text(row, number, fqn, segments, place)

    def _text(self, row: Row, number: int, fqn: str, segments: list[str], place: int) -> tuple[Any, ...] | None:
        name, source = segments[-1][:512], self._state.source
        display_name = None if row["display_name"] in (None, "null") else row["display_name"][:512]
        _, database, schema = self._state.places.items[place]
        service = segments[0][:512]
        table_type = row["table_type"] and row["table_type"][:64]
        checksum = crc32(repr((fqn, display_name, table_type)).encode()) or 1
        if source["text"][number] == checksum:
            return None
        # A key by name; the service's hash keeps equal names of two services apart.
        source["name_key"][number] = name_key(service, normalised_name(name))
        source["text"][number] = checksum
        self.renamed.add(number)
        return (number, row["id"], fqn, digest(fqn), name, display_name, service, database, schema, table_type)

    def _fqn(self, row: Row) -> str:
        fqn = row["fqn"]
        if fqn in (None, "", "null"):
            self._problems.add("TABLE_WITHOUT_FQN", row["id"])
            return str(row["id"])
        return str(fqn)

    def _place(self, fqn: str, fqn_hash: str, segments: list[str]) -> int:
        state = self._state
        if len(segments) != 4:
            self._problems.add("FQN_OF_OTHER_LENGTH", fqn)
        hashes = fqn_hash.split(".")
        service = state.services.number(hashes[0] if fqn_hash else f"name:{segments[0]}"[:200])
        database = segments[1] if len(segments) > 2 else None
        schema = ".".join(segments[2:-1]) if len(segments) > 3 else None
        place = state.places.number((service, database and database[:512], schema and schema[:1024]))
        if place == len(state.place_hashes):
            state.place_hashes.append(".".join(hashes[: max(len(hashes) - 1, 1)]))
        return place

    def _life_cycle(self, row: Row) -> dict[str, int]:
        raw = row["life_cycle"]
        days = {"created": 0, "updated": 0, "accessed": 0}
        if raw is None:
            return days
        try:
            life_cycle = orjson.loads(raw)
        except orjson.JSONDecodeError:
            life_cycle = None
        if not isinstance(life_cycle, dict):
            if raw != "null":
                self._problems.add("LIFE_CYCLE_BROKEN", str(row["fqn"]))
            return days
        for name in days:
            entry = life_cycle.get(name)
            moment = entry.get("timestamp") if isinstance(entry, dict) else None
            if moment is not None:
                days[name] = self._day(_number(moment), f"{row['fqn']}: lifeCycle.{name} {moment}")
        return days

    def _day(self, milliseconds: float | None, example: str) -> int:
        if milliseconds is None:
            self._problems.add("TIMESTAMP_IS_NO_NUMBER", example)
            return 0
        if milliseconds < _YEAR_2000_MS:
            self._problems.add("TIMESTAMP_BEFORE_2000", example)
        return day_of_milliseconds(milliseconds)


def _is_hexadecimal(text: str) -> bool:
    return len(text) == 4 and all(digit in "0123456789abcdef" for digit in text)


def is_described(description: str | None) -> bool:
    """Whether the beginning of a description, as JSON text, is of a text that says anything."""
    return description is not None and description.startswith('"') and not _BLANK.match(description)


def _whole(value: Any) -> int:
    number = _number(value)
    return 0 if number is None else int(number)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < 2**62 else (None if number != number else np.sign(number) * 2.0**62)
