"""Reading tables: which exist, and what OM's row of each says."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from zlib import crc32

import numpy as np

from thirdeye.database import Row
from thirdeye.database_errors import is_of_rows
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
    UNREADABLE_PROFILE,
    VIEW,
    WITHOUT_STORAGE,
    Array,
    Mask,
)
from thirdeye.inventory.duplicates import is_marked, name_key, normalised_name
from thirdeye.inventory.fqn import digest
from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE
from thirdeye.inventory.table_names import SuffixKind, head_key, path_key, split_suffix, word_key
from thirdeye.inventory.warehouses import DERIVED_TYPES
from thirdeye.mirror.buckets import BUCKETS, BucketSums, id_buckets
from thirdeye.mirror.descriptions import complete_descriptions
from thirdeye.mirror.json_parts import OddValue
from thirdeye.mirror.keys import KEY, id_key
from thirdeye.mirror.labels import editor_number
from thirdeye.mirror.openmetadata.source_tables import TABLES
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.store import TextRow
from thirdeye.mirror.table_facts import MAX_NAME_LENGTH, MAX_SCHEMA_LENGTH, TableFactReader, TableFacts
from thirdeye.mirror.warnings import RefreshWarnings

PAGE: Final = 5_000
# Changes are looked for from so long before the newest one seen: commits land behind it.
OVERLAP_MS: Final = 15 * 60_000
_DAY_MS: Final = 86_400_000
_MAX_SERVICE_HASH_LENGTH: Final = 200
# The columns of the aspects of a life cycle.
_ASPECTS: Final = {"created": "created_at", "updated": "lifecycle_updated", "accessed": "lifecycle_accessed"}
_SUFFIX_FORMS: Final = {SuffixKind.NONE: 0, SuffixKind.DATE: DATED, SuffixKind.NUMBER: NUMBERED}
_TYPE_FORMS: Final = {
    "Partitioned": PARTITIONED, "View": VIEW, "SecureView": VIEW, "MaterializedView": VIEW, "SemanticView": VIEW,
    "Dynamic": VIEW,
}  # fmt: skip
# Types that have no text of a query. What has one of any other type, or of one that cannot be read, may be a view.
_PLAIN_TYPES: Final = frozenset({
    None, "Regular", "External", "Iceberg", "Local", "Partitioned", "Foreign", "Transient", "Stream", "Stage",
})  # fmt: skip
_ANOTHER_STAMP: Final = 0xFFFF_FFFF
_HEXADECIMAL: Final = re.compile("[0-9a-fA-F]{1,4}")
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


class TableReader:
    """Takes rows of tables into the state; new and changed texts go to `stage`."""

    def __init__(
        self,
        om: OpenMetadata,
        state: State,
        today: int,
        warnings: RefreshWarnings,
        stage: StageText,
        free: Sequence[int] = (),
    ) -> None:
        self._om = om
        self._state = state
        self._today = today
        self._warnings = warnings
        self._facts = TableFactReader(warnings)
        self._stage = stage
        numbers = np.flatnonzero(state.source["id"] != b"")
        self._next = max(int(np.max(numbers, initial=-1)) + 1, state.given)
        # Whether there were tables before, and how many got a number in this refresh.
        self.had_tables, self.given = len(numbers) > 0, 0
        # Numbers that are given before new ones, the last one first.
        self._free = sorted(free, reverse=True)
        self._index = Index(state.source["id"])
        # Numbers given in this refresh; not kept in a full one, which sees no id twice.
        self._new: dict[bytes, int] | None = {}
        self.seen = 0
        # The names of the services of new tables.
        self.services = set[str]()
        # Tables whose row was read, whose text changed, and whose id or FQN hash is new to the state.
        self.read, self.renamed, self.rekeyed = NumberSet(), NumberSet(), NumberSet()
        # Known tables whose row could not be read, and the ids of all such rows.
        self.unread, self._odd = NumberSet(), set[str]()

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
        await complete_descriptions(self._om, (row for row in rows if "problem" not in row))
        texts = []
        for row, known_number in zip(rows, self._numbers_of([row["id"] for row in rows]), strict=True):
            if only_changed and known_number >= 0 and self._is_current(row, known_number):
                continue
            facts = self._facts_of(row)
            if facts is None:
                self._leave(row, known_number)
                continue
            number = self._new_number(row, facts) if known_number < 0 else known_number
            self.read.add(number)
            text = self._set_row(row, facts, number)
            if text is not None:
                texts.append(text)
        self.seen += len(page)
        await self._stage(texts)

    def _facts_of(self, row: Row) -> TableFacts | None:
        """What a row says; None for one that cannot be read, whatever is in it."""
        try:
            if row.get("problem") is not None:
                raise OddValue(row["problem"])
            return self._facts.read(row)
        except Exception as error:
            if not is_of_rows(error):
                raise
            if row["id"] not in self._odd:
                self._odd.add(row["id"])
                kind = "" if isinstance(error, OddValue) else f"{type(error).__name__}: "
                self._warnings.odd_row(TABLES.name, row["id"], f"{kind}{error}; it stays as it was last read, if ever")
            return None

    def _leave(self, row: Row, number: int) -> None:
        """Leaves a table as it was, for its row cannot be read; one that is not known yet is none. Each refresh tries again."""
        if number < 0:
            return
        self.read.add(number)
        self.unread.add(number)
        source, key = self._state.source, row["fqn_hash"]
        if row["deleted"]:
            self._mark_absent(np.array([number]))
        else:
            self._state.query["flags"][number] &= ~np.uint16(ABSENT)
            source["absent_since"][number] = 0
        if key:
            self._set_key(number, str(key))
        for name in ("stamp", "name_stamp"):
            source[name][number] = (int(row[name] or 0) ^ _ANOTHER_STAMP) or 1
        if self._state.query["flags"][number] & PRESENT:
            self.rekeyed.add(number)

    def _with_valid_id(self, page: list[Row]) -> list[Row]:
        valid = [row for row in page if id_key(row["id"]) is not None]
        if len(valid) < len(page):
            example = next(row["id"] for row in page if id_key(row["id"]) is None)
            self._warnings.add("TABLE_ID_IS_NO_UUID", str(example), len(page) - len(valid))
        return valid

    def _new_number(self, row: Row, facts: TableFacts) -> int:
        self.given += 1
        if self._free:
            number = self._free.pop()
        else:
            number = self._next
            self._next = self._state.given = number + 1
        if number >= self._state.tables:
            # By an eighth at a time, for growing copies every column.
            self._state.grow(number + number // 8 + 1024)
        key = id_key(row["id"]) or b""
        self._state.source["id"][number] = key
        service = facts.name.segments[0][:MAX_NAME_LENGTH]
        self.services.add(service)
        self._state.source["signs"][number] = SEEN_LATER if service in self._state.seen_services else 0
        self._state.source["known_since"][number] = self._today
        if self._new is not None:
            self._new[key] = number
        return number

    def _set_row(self, row: Row, facts: TableFacts, number: int) -> TextRow | None:
        """Sets the columns of a table; gives its text if that is new or changed."""
        query, source, name = self._state.query, self._state.source, facts.name
        self._state.watermark = max(self._state.watermark, min(facts.updated_at, (self._today + 1) * _DAY_MS))
        if row["deleted"]:
            self._mark_absent(np.array([number]))
            if self._state.remembers and query["flags"][number] & PRESENT:
                # What is known of it stays until it counts as gone.
                self._set_keys(facts, number)
                return None
        presence = query["flags"][number] & (PRESENT | ABSENT)
        if presence != PRESENT and (presence or not row["deleted"]):
            # It was away or gone and may be back: what belongs to it may have changed meanwhile.
            self.rekeyed.add(number)
        place = place_number(self._state, name.segments, name.hash)
        signs = source["signs"][number] & (SEEN_LATER | UNREADABLE_PROFILE)
        self._set_keys(facts, number)
        query["flags"][number] = (
            (presence if row["deleted"] else PRESENT)
            | (DESCRIBED if facts.described else 0)
            | (WITHOUT_STORAGE if facts.table_type in TYPES_WITHOUT_STORAGE else 0)
            | DERIVED_TYPES.get(facts.table_type or "", 0)
        )
        source["absent_since"][number] = source["absent_since"][number] if row["deleted"] else 0
        query["place"][number] = place
        self._state.name["fingerprint"][number] = facts.fingerprint
        query["editor"][number] = editor_number(self._state, facts.editor)
        source["own_retention"][number] = facts.retained
        for aspect, column in _ASPECTS.items():
            source[column][number] = facts.life_cycle[aspect]
        source["changed_at"][number] = facts.changed
        source["entity_created_at"][number] = facts.entity_created
        source["signs"][number] = signs | facts.signs | (FIRST_VERSION if facts.first_version else 0)
        return self._changed_text(row, facts, number, place)

    def _set_keys(self, facts: TableFacts, number: int) -> None:
        source = self._state.source
        if source["key"][number] != _key_of(facts.name.hash).rstrip(b"\0") or not source["stamp"][number]:
            self.rekeyed.add(number)
        self._set_key(number, facts.name.hash)
        source["stamp"][number], source["name_stamp"][number] = facts.stamp, facts.name_stamp

    def _set_key(self, number: int, fqn_hash: str) -> None:
        self._state.source["key"][number] = _key_of(fqn_hash)
        self._state.source["tail"][number] = _bucket_of(fqn_hash[-4:])

    def _changed_text(self, row: Row, facts: TableFacts, number: int, place: int) -> TextRow | None:
        name, display_name, table_type = facts.name, facts.display_name, facts.table_type
        short_name, source = name.segments[-1][:MAX_NAME_LENGTH], self._state.source
        _, database, schema = self._state.places.items[place]
        service = name.segments[0][:MAX_NAME_LENGTH]
        text = repr((name.fqn, display_name, table_type)) + ("?" if facts.odd_type else "")
        checksum = crc32(text.encode()) or 1
        if source["text"][number] == checksum:
            return None
        source["text"][number] = checksum
        self._set_name(facts, number, place)
        self.renamed.add(number)
        fqn_key = digest(name.fqn)
        return (number, row["id"], name.fqn, fqn_key, short_name, display_name, service, database, schema, table_type)

    def _set_name(self, facts: TableFacts, number: int, place: int) -> None:
        _, database, schema = self._state.places.items[place]
        name = facts.name
        service, columns, suffix = name.segments[0], self._state.name, split_suffix(name.segments[-1])
        columns["path_key"][number] = path_key(service, database, schema, name.segments[-1])
        columns["word_key"][number] = word_key(service, name.segments[-1])
        columns["head_key"][number] = head_key(service, name.segments[-1])
        stemmed = suffix.kind is not SuffixKind.NONE
        columns["stem_key"][number] = path_key(service, database, schema, suffix.stem) if stemmed else 0
        columns["suffix"][number] = suffix.order
        short_name = name.segments[-1][:MAX_NAME_LENGTH]
        normalised = normalised_name(short_name)
        # The service keeps equal names of two services apart.
        columns["name_key"][number] = name_key(service[:MAX_NAME_LENGTH], normalised)
        marked = MARKED if is_marked(short_name, normalised) else 0
        may_be_view = facts.odd_type or facts.table_type not in _PLAIN_TYPES
        form = _TYPE_FORMS.get(facts.table_type or "", VIEW if may_be_view else 0)
        columns["form"][number] = _SUFFIX_FORMS[suffix.kind] | form | marked


def place_number(state: State, segments: Sequence[str], fqn_hash: str) -> int:
    """The number of the place of a table with these names; where OM has no hash of it, the service's name stands for it."""
    hashes = fqn_hash.split(".")
    service_hash = hashes[0] if fqn_hash else f"name:{segments[0]}"[:_MAX_SERVICE_HASH_LENGTH]
    service = state.services.number(service_hash)
    database = segments[1][:MAX_NAME_LENGTH] if len(segments) > 2 else None
    schema = ".".join(segments[2:-1])[:MAX_SCHEMA_LENGTH] if len(segments) > 3 else None
    place = state.places.number((service, database, schema))
    if place == len(state.place_hashes):
        state.place_hashes.append(".".join(hashes[: max(len(hashes) - 1, 1)]))
    return place


def _key_of(fqn_hash: str) -> bytes:
    return digest(fqn_hash) if fqn_hash else b""


def _bucket_of(digits: str) -> int:
    """The number that servers make of these digits: of those before the first that is none."""
    match = _HEXADECIMAL.match(digits)
    return int(match[0], 16) if match else 0
