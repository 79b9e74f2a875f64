"""Reading tables: which exist, and what OM's row of each says."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import (
    ABSENT,
    DATED,
    DESCRIBED,
    FIRST_VERSION,
    MARKED,
    NUMBERED,
    PARTITIONED,
    PRESENT,
    SEEN_LATER,
    UNREADABLE_ACCESS,
    UNREADABLE_PROFILE,
    UNREADABLE_UPDATE,
    VIEW,
    WITHOUT_STORAGE,
    Array,
    Mask,
)
from thirdeye.inventory.duplicates import is_marked, name_key, normalised_name
from thirdeye.inventory.fqn import digest, split_fqn
from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE
from thirdeye.inventory.table_names import SuffixKind, head_key, path_key, split_suffix, word_key
from thirdeye.inventory.warehouses import DERIVED_TYPES
from thirdeye.mirror.buckets import BUCKETS, BucketSums, id_buckets
from thirdeye.mirror.descriptions import complete_descriptions, is_described
from thirdeye.mirror.keys import KEY, id_key
from thirdeye.mirror.labels import editor_number
from thirdeye.mirror.moments import Moment, Reading, read_moment
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.store import TextRow
from thirdeye.mirror.warnings import RefreshWarnings
from thirdeye.outside_json import UnreadableJson, read_json

PAGE: Final = 5_000
# Changes are looked for from so long before the newest one seen: commits land behind it.
OVERLAP_MS: Final = 15 * 60_000
_DAY_MS: Final = 86_400_000
_MAX_NUMBER: Final = 2.0**62
_MAX_NAME_LENGTH: Final = 512
_MAX_SCHEMA_LENGTH: Final = 1024
_MAX_TYPE_LENGTH: Final = 64
_MAX_SERVICE_HASH_LENGTH: Final = 200
_MAX_EXAMPLE_LENGTH: Final = 300
_MAX_DOCUMENT_BYTES: Final = 65_536
_FIRST_VERSION_NUMBER: Final = 0.1
_VERSION_TOLERANCE: Final = 0.01
# The aspects of a life cycle: their columns, and what is unknown when a time cannot be read.
_ASPECTS: Final = {"created": "created_at", "updated": "lifecycle_updated", "accessed": "lifecycle_accessed"}
_UNREADABLE_SIGNS: Final = {"created": 0, "updated": UNREADABLE_UPDATE, "accessed": UNREADABLE_ACCESS}
_READING_WARNINGS: Final = {
    Reading.OTHER_UNIT: "TIME_IN_ANOTHER_UNIT", Reading.UNREADABLE: "TIME_UNREADABLE",
}  # fmt: skip
_SUFFIX_FORMS: Final = {SuffixKind.NONE: 0, SuffixKind.DATE: DATED, SuffixKind.NUMBER: NUMBERED}
_TYPE_FORMS: Final = {
    "Partitioned": PARTITIONED, "View": VIEW, "SecureView": VIEW, "MaterializedView": VIEW, "SemanticView": VIEW,
    "Dynamic": VIEW,
}  # fmt: skip
_TAIL: Final = re.compile("[0-9a-f]{4}")
StageText = Callable[[list[TextRow]], Awaitable[None]]


class NumberSet:
    """A set of table numbers that grows with the estate, a byte each."""

    def __init__(self) -> None:
        self._mask = np.zeros(1024, dtype=np.bool_)

    def add(self, number: int) -> None:
        if number >= len(self._mask):
            self._mask = np.concatenate([self._mask, np.zeros(number, dtype=np.bool_)])
        self._mask[number] = True

    def add_all(self, numbers: Array) -> None:
        if len(numbers):
            self.add(int(numbers.max()))
            self._mask[numbers] = True

    def discard(self, numbers: Array) -> None:
        self._mask[numbers[numbers < len(self._mask)]] = False

    def mask(self, length: int) -> Mask:
        """Which of the numbers below `length` are in."""
        mask = np.zeros(length, dtype=np.bool_)
        mask[: min(length, len(self._mask))] = self._mask[:length]
        return mask

    @property
    def numbers(self) -> Array:
        return np.flatnonzero(self._mask)


class _Name(NamedTuple):
    """What a table is called; `hash` is OM's hash of the FQN, empty where it has none."""

    fqn: str
    hash: str
    segments: list[str]


class TableReader:
    """Takes rows of tables into the state; new and changed texts go to `stage`."""

    def __init__(self, om: OpenMetadata, state: State, today: int, warnings: RefreshWarnings, stage: StageText) -> None:
        self._om = om
        self._state = state
        self._today = today
        self._warnings = warnings
        self._stage = stage
        self._next = int(np.max(np.flatnonzero(state.source["id"] != b""), initial=-1)) + 1
        # The numbers from here on are given in this refresh.
        self.first_new = self._next
        self._index = Index(state.source["id"])
        # Numbers given in this refresh; not kept in a full one, which sees no id twice.
        self._new: dict[bytes, int] | None = {}
        self.seen = 0
        # The names of the services of new tables.
        self.services = set[str]()
        # Tables whose row was read, whose text changed, and whose id or FQN hash is new to the state.
        self.read, self.renamed, self.rekeyed = NumberSet(), NumberSet(), NumberSet()

    async def read_all(self) -> None:
        """Reads every table; those of the state that do not come are missing."""
        self._new = None
        async for page in self._om.table_pages(PAGE):
            await self._add_page(page)
        await self._count_broken()
        numbered = self._state.source["id"] != b""
        self._miss(np.flatnonzero(~self.read.mask(self._state.tables) & numbered))

    async def read_changes(self) -> None:
        """Reads what changed: by the time of the change, then what checksums show to differ still."""
        async for page in self._om.changed_table_pages(self._state.watermark - OVERLAP_MS, PAGE):
            await self._add_page(page, only_changed=True)
        await self._count_broken()
        buckets = await self._differing_buckets()
        for start in range(0, len(buckets), PAGE):
            await self._read_buckets(buckets[start : start + PAGE])

    @property
    def next_number(self) -> int:
        """One more than the highest number given."""
        return self._next

    async def _count_broken(self) -> None:
        broken = await self._om.broken_tables()
        if broken and broken["number"]:
            self._warnings.add("TABLE_JSON_BROKEN", f"fqnHash {broken['example']}", int(broken["number"]))

    async def _differing_buckets(self) -> list[int]:
        source, buckets = self._state.source, id_buckets(self._state.source["id"])
        stamped = source["stamp"] != 0
        differing = np.zeros(BUCKETS + 1, np.bool_)
        for name, read_sums in (("stamp", self._om.table_sums), ("name_stamp", self._om.name_sums)):
            stored, current = BucketSums(), BucketSums()
            stored.counts += np.bincount(buckets[stamped], minlength=BUCKETS + 1).astype(np.uint32)
            np.bitwise_xor.at(stored.sums, buckets[stamped], source[name][stamped].astype(np.uint64))
            async for row in read_sums():
                current.add(row)
            differing |= current.differing(stored)
        return list(np.flatnonzero(differing[:-1]).tolist())

    async def _read_buckets(self, buckets: Sequence[int]) -> None:
        """Reads the tables that differ in these buckets, and misses those that are no longer there."""
        rows = [row for row in await self._om.table_stamps(buckets) if id_key(row["id"]) is not None]
        numbers = self._numbers_of([row["id"] for row in rows])
        numbered, source = zip(rows, numbers, strict=True), self._state.source
        changed = [row["id"] for row, number in numbered if number < 0 or not self._is_current(row, number)]
        remaining = np.zeros(self._state.tables, dtype=np.bool_)
        remaining[[number for number in numbers if number >= 0]] = True
        in_buckets = np.isin(id_buckets(source["id"]), buckets)
        self._miss(np.flatnonzero(in_buckets & ~remaining & (source["stamp"] != 0)))
        for start in range(0, len(changed), PAGE):
            await self._add_page(await self._om.tables_by_id(changed[start : start + PAGE]))

    def _is_current(self, row: Row, number: int) -> bool:
        source = self._state.source
        stored = (source["stamp"][number], source["name_stamp"][number])
        return bool((int(row["stamp"]), int(row["name_stamp"])) == stored)

    def _numbers_of(self, ids: Sequence[str]) -> list[int]:
        """The number of each id, -1 for unknown ones."""
        keys = [id_key(identifier) or b"" for identifier in ids]
        numbers: list[int] = self._index.numbers(np.frombuffer(b"".join(keys), KEY)).tolist()
        new = self._new
        if new:
            return [new.get(key, -1) if number < 0 else number for key, number in zip(keys, numbers, strict=True)]
        return numbers

    def _miss(self, numbers: Array) -> None:
        """Marks tables as no longer in OM's database. What is known of them stays."""
        self._mark_absent(numbers)
        self._state.source["stamp"][numbers] = 0
        self._state.source["name_stamp"][numbers] = 0

    def _mark_absent(self, numbers: Array) -> None:
        flags = self._state.query["flags"]
        present = numbers[(flags[numbers] & PRESENT) != 0]
        flags[present] |= ABSENT

    async def _add_page(self, page: list[Row], *, only_changed: bool = False) -> None:
        rows = self._with_valid_id(page)
        await complete_descriptions(self._om, rows)
        texts = []
        for row, known_number in zip(rows, self._numbers_of([row["id"] for row in rows]), strict=True):
            number = self._new_number(row) if known_number < 0 else known_number
            if only_changed and self._is_current(row, number):
                continue
            self.read.add(number)
            text = self._set_row(row, number)
            if text is not None:
                texts.append(text)
        self.seen += len(page)
        await self._stage(texts)

    def _with_valid_id(self, page: list[Row]) -> list[Row]:
        valid = [row for row in page if id_key(row["id"]) is not None]
        if len(valid) < len(page):
            example = next(row["id"] for row in page if id_key(row["id"]) is None)
            self._warnings.add("TABLE_ID_IS_NO_UUID", str(example), len(page) - len(valid))
        return valid

    def _new_number(self, row: Row) -> int:
        number = self._next
        self._next += 1
        if number >= self._state.tables:
            # By an eighth at a time, for growing copies every column.
            self._state.grow(number + number // 8 + 1024)
        key = id_key(row["id"]) or b""
        self._state.source["id"][number] = key
        service = split_fqn(row["fqn"] or "")[0][:_MAX_NAME_LENGTH]
        self.services.add(service)
        self._state.source["signs"][number] = SEEN_LATER if service in self._state.seen_services else 0
        self._state.source["known_since"][number] = self._today
        if self._new is not None:
            self._new[key] = number
        return number

    def _set_row(self, row: Row, number: int) -> TextRow | None:
        """Sets the columns of a table; gives its text if that is new or changed."""
        query, source = self._state.query, self._state.source
        updated_at = int(_number(row["updated_at"]) or 0)
        self._state.watermark = max(self._state.watermark, min(updated_at, (self._today + 1) * _DAY_MS))
        if row["deleted"]:
            self._mark_absent(np.array([number]))
            if self._state.remembers and query["flags"][number] & PRESENT:
                # What is known of it stays until it counts as gone.
                self._set_keys(row, number, row["fqn_hash"] or "")
                return None
        presence = query["flags"][number] & (PRESENT | ABSENT)
        if presence != PRESENT:
            # It was away or gone: what belongs to it may have changed meanwhile.
            self.rekeyed.add(number)
        fqn = self._fqn(row)
        name = _Name(fqn, row["fqn_hash"] or "", split_fqn(fqn))
        place, signs = self._place(name), source["signs"][number] & (SEEN_LATER | UNREADABLE_PROFILE)
        self._set_keys(row, number, name.hash)
        query["flags"][number] = (
            (presence if row["deleted"] else PRESENT)
            | (DESCRIBED if is_described(row["description"]) else 0)
            | (WITHOUT_STORAGE if row["table_type"] in TYPES_WITHOUT_STORAGE else 0)
            | DERIVED_TYPES.get(row["table_type"] or "", 0)
        )
        source["absent_since"][number] = source["absent_since"][number] if row["deleted"] else 0
        query["place"][number] = place
        self._state.name["fingerprint"][number] = int(row["fingerprint"] or 0)
        query["editor"][number] = editor_number(self._state, row["editor"])
        source["own_retention"][number] = row["retention"] not in (None, "", "null")
        life_cycle, unreadable = self._life_cycle(row)
        for aspect, column in _ASPECTS.items():
            source[column][number] = life_cycle[aspect]
        source["changed_at"][number] = self._moment(row["updated_at"], fqn).day
        source["entity_created_at"][number] = self._moment(row["created_at"], f"{fqn}: createdAt").day
        source["signs"][number] = signs | unreadable | (FIRST_VERSION if _is_first(row["version"]) else 0)
        return self._changed_text(row, number, name, place)

    def _set_keys(self, row: Row, number: int, fqn_hash: str) -> None:
        source = self._state.source
        key = digest(fqn_hash) if fqn_hash else b""
        if source["key"][number] != key.rstrip(b"\0") or not source["stamp"][number]:
            self.rekeyed.add(number)
        source["key"][number] = key
        source["tail"][number] = int(fqn_hash[-4:], 16) if _TAIL.fullmatch(fqn_hash[-4:]) else 0
        source["stamp"][number], source["name_stamp"][number] = int(row["stamp"]), int(row["name_stamp"])

    def _changed_text(self, row: Row, number: int, name: _Name, place: int) -> TextRow | None:
        short_name, source = name.segments[-1][:_MAX_NAME_LENGTH], self._state.source
        display_name = None if row["display_name"] in (None, "null") else row["display_name"][:_MAX_NAME_LENGTH]
        _, database, schema = self._state.places.items[place]
        service = name.segments[0][:_MAX_NAME_LENGTH]
        table_type = row["table_type"] and row["table_type"][:_MAX_TYPE_LENGTH]
        checksum = crc32(repr((name.fqn, display_name, table_type)).encode()) or 1
        if source["text"][number] == checksum:
            return None
        source["text"][number] = checksum
        self._set_name(number, name, place, table_type)
        self.renamed.add(number)
        fqn_key = digest(name.fqn)
        return (number, row["id"], name.fqn, fqn_key, short_name, display_name, service, database, schema, table_type)

    def _set_name(self, number: int, name: _Name, place: int, table_type: str | None) -> None:
        _, database, schema = self._state.places.items[place]
        service, columns, suffix = name.segments[0], self._state.name, split_suffix(name.segments[-1])
        columns["path_key"][number] = path_key(service, database, schema, name.segments[-1])
        columns["word_key"][number] = word_key(service, name.segments[-1])
        columns["head_key"][number] = head_key(service, name.segments[-1])
        stemmed = suffix.kind is not SuffixKind.NONE
        columns["stem_key"][number] = path_key(service, database, schema, suffix.stem) if stemmed else 0
        columns["suffix"][number] = suffix.order
        short_name = name.segments[-1][:_MAX_NAME_LENGTH]
        normalised = normalised_name(short_name)
        # The service keeps equal names of two services apart.
        columns["name_key"][number] = name_key(service[:_MAX_NAME_LENGTH], normalised)
        marked = MARKED if is_marked(short_name, normalised) else 0
        columns["form"][number] = _SUFFIX_FORMS[suffix.kind] | _TYPE_FORMS.get(table_type or "", 0) | marked

    def _fqn(self, row: Row) -> str:
        fqn = row["fqn"]
        if fqn in (None, "", "null"):
            self._warnings.add("TABLE_WITHOUT_FQN", row["id"])
            return str(row["id"])
        return str(fqn)

    def _place(self, name: _Name) -> int:
        if len(name.segments) != 4:
            self._warnings.add("FQN_OF_OTHER_LENGTH", name.fqn)
        return place_number(self._state, name.segments, name.hash)

    def _life_cycle(self, row: Row) -> tuple[dict[str, int], int]:
        """The days of creation, last update and last access, 0 for unknown ones, and the signs of unreadable ones."""
        life_cycle, days, signs = _document(row["life_cycle"]), dict.fromkeys(_ASPECTS, 0), 0
        if life_cycle is None:
            return days, signs
        if not isinstance(life_cycle, dict):
            self._warnings.add("LIFE_CYCLE_BROKEN", str(row["fqn"]))
            return days, UNREADABLE_ACCESS | UNREADABLE_UPDATE
        for aspect in days:
            entry = life_cycle.get(aspect)
            time = entry.get("timestamp") if isinstance(entry, dict) else entry
            if aspect == "created" and isinstance(time, int | float) and time <= 0:
                continue  # What OpenMetadata's ingestion wrote for none.
            days[aspect], reading = self._moment(time, f"{row['fqn']}: lifeCycle.{aspect} {time}")
            if reading is Reading.UNREADABLE:
                signs |= _UNREADABLE_SIGNS[aspect]
        return days, signs

    def _moment(self, value: object, example: str) -> Moment:
        moment = read_moment(value)
        if moment.reading in _READING_WARNINGS:
            self._warnings.add(_READING_WARNINGS[moment.reading], example[:_MAX_EXAMPLE_LENGTH])
        return moment


def place_number(state: State, segments: Sequence[str], fqn_hash: str) -> int:
    """The number of the place of a table with these names; where OM has no hash of it, the service's name stands for it."""
    hashes = fqn_hash.split(".")
    service_hash = hashes[0] if fqn_hash else f"name:{segments[0]}"[:_MAX_SERVICE_HASH_LENGTH]
    service = state.services.number(service_hash)
    database = segments[1][:_MAX_NAME_LENGTH] if len(segments) > 2 else None
    schema = ".".join(segments[2:-1])[:_MAX_SCHEMA_LENGTH] if len(segments) > 3 else None
    place = state.places.number((service, database, schema))
    if place == len(state.place_hashes):
        state.place_hashes.append(".".join(hashes[: max(len(hashes) - 1, 1)]))
    return place


def _document(text: str | None) -> object:
    """JSON; what cannot be read as such is some text."""
    try:
        return None if text is None else read_json(text, max_bytes=_MAX_DOCUMENT_BYTES)
    except UnreadableJson:
        return text


def _is_first(version: str | None) -> bool:
    """Whether OpenMetadata has never changed the table's metadata."""
    return version is not None and abs((_number(version) or 0.0) - _FIRST_VERSION_NUMBER) < _VERSION_TOLERANCE


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # tried, not known
    except (TypeError, ValueError):
        return None
    return number if abs(number) < _MAX_NUMBER else (None if number != number else np.sign(number) * _MAX_NUMBER)
