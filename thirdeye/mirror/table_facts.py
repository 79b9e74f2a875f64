"""What OM's row of a table says, whatever stands in it. Nothing of the state is touched: a row is read as a whole or not."""

from typing import Final, NamedTuple

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import UNREADABLE_ACCESS, UNREADABLE_UPDATE
from thirdeye.inventory.fqn import split_fqn
from thirdeye.mirror.descriptions import is_described
from thirdeye.mirror.json_parts import OddValue, read_part, read_text
from thirdeye.mirror.moments import Moment, Reading, read_moment
from thirdeye.mirror.openmetadata.source_tables import TABLES
from thirdeye.mirror.warnings import RefreshWarnings

# What columns of `table_inventory` hold, in characters; of an FQN in bytes.
MAX_NAME_LENGTH: Final = 512
MAX_SCHEMA_LENGTH: Final = 1024
MAX_TYPE_LENGTH: Final = 64
MAX_FQN_BYTES: Final = 65_535
_MAX_EXAMPLE_LENGTH: Final = 300
_MAX_NUMBER: Final = 2.0**62
_FIRST_VERSION_NUMBER: Final = 0.1
_VERSION_TOLERANCE: Final = 0.01
# The aspects of a life cycle, and what is unknown when a time cannot be read.
ASPECTS: Final = ("created", "updated", "accessed")
_UNREADABLE_SIGNS: Final = {"created": 0, "updated": UNREADABLE_UPDATE, "accessed": UNREADABLE_ACCESS}
_READING_WARNINGS: Final = {
    Reading.OTHER_UNIT: "TIME_IN_ANOTHER_UNIT", Reading.UNREADABLE: "TIME_UNREADABLE",
}  # fmt: skip


class TableName(NamedTuple):
    """What a table is called; `hash` is OM's hash of the FQN, empty where it has none."""

    fqn: str
    hash: str
    segments: list[str]


class TableFacts(NamedTuple):
    """What a row says. Days as columns hold them, `life_cycle` by aspect; `signs` are those of times that cannot be read."""

    name: TableName
    display_name: str | None
    table_type: str | None
    # There is a type, and it is none.
    odd_type: bool
    described: bool
    fingerprint: int
    editor: str | None
    retained: bool
    life_cycle: dict[str, int]
    signs: int
    first_version: bool
    # In milliseconds.
    updated_at: int
    changed: int
    entity_created: int
    stamp: int
    name_stamp: int


class TableFactReader:
    """Reads rows of tables and warns of what is odd in them."""

    def __init__(self, warnings: RefreshWarnings) -> None:
        self._warnings = warnings

    def read(self, row: Row) -> TableFacts:
        """What a row says. Raises OddValue for what cannot be kept at all, and whatever else may go wrong with it."""
        name, table_type = self._name(row), self._text(row, "table_type", "tableType")
        fqn, updated_at = name.fqn, row["updated_at"]
        life_cycle, signs = self._life_cycle(row, fqn)
        display_name, retention = self._text(row, "display_name", "displayName"), row["retention"]
        return TableFacts(
            name=name,
            display_name=display_name and self._cut(row, "displayName", display_name, MAX_NAME_LENGTH),
            table_type=table_type and table_type[:MAX_TYPE_LENGTH],
            odd_type=table_type is None and row["table_type"] not in (None, "null"),
            described=is_described(row["description"]),
            fingerprint=int(row["fingerprint"] or 0),
            editor=self._text(row, "editor", "updatedBy"),
            retained=retention not in (None, "null", '""', '"null"'),
            life_cycle=life_cycle,
            signs=signs,
            first_version=_is_first(row["version"]),
            updated_at=int(_number(updated_at) or 0),
            changed=self._moment(updated_at, fqn).day,
            entity_created=self._moment(read_part(row["created_at"]), f"{fqn}: createdAt").day,
            stamp=int(row["stamp"]),
            name_stamp=int(row["name_stamp"]),
        )

    def _text(self, row: Row, column: str, path: str) -> str | None:
        """A string of the document; None for none, and, with a warning, for anything else."""
        part = row[column]
        if part is None:
            return None
        try:
            return read_text(part)
        except OddValue as error:
            self._odd(row, f"{path} {error}")
            return None

    def _odd(self, row: Row, problem: str) -> None:
        self._warnings.odd_row(TABLES.name, str(row["id"]), problem)

    def _cut(self, row: Row, path: str, text: str, length: int) -> str:
        if len(text) <= length:
            return text
        self._odd(row, f"{path} has {len(text):,} characters, and is cut at {length:,}")
        return text[:length]

    def _name(self, row: Row) -> TableName:
        fqn = self._text(row, "fqn", "fullyQualifiedName")
        if not fqn:
            self._warnings.add("TABLE_WITHOUT_FQN", row["id"])
            fqn = str(row["id"])
        # What is cut is longer.
        if len(fqn) * 4 > MAX_FQN_BYTES and len(fqn.encode()) > MAX_FQN_BYTES:
            raise OddValue(f"its FQN has over {MAX_FQN_BYTES:,} bytes")
        segments = split_fqn(fqn)
        if len(segments) != 4:
            self._warnings.add("FQN_OF_OTHER_LENGTH", f"{fqn[:_MAX_EXAMPLE_LENGTH]} (table {row['id']})")
        elif len(fqn) > MAX_NAME_LENGTH:
            for segment in segments:
                self._cut(row, "a name in fullyQualifiedName", segment, MAX_NAME_LENGTH)
        return TableName(fqn, row["fqn_hash"] or "", segments)

    def _life_cycle(self, row: Row, fqn: str) -> tuple[dict[str, int], int]:
        """The days of creation, last update and last access, 0 for unknown ones, and the signs of unreadable ones."""
        life_cycle, days, signs = read_part(row["life_cycle"]), dict.fromkeys(ASPECTS, 0), 0
        if life_cycle is None:
            return days, signs
        if not isinstance(life_cycle, dict):
            self._warnings.add("LIFE_CYCLE_BROKEN", f"{fqn[:_MAX_EXAMPLE_LENGTH]} (table {row['id']})")
            return days, UNREADABLE_ACCESS | UNREADABLE_UPDATE
        for aspect in days:
            entry = life_cycle.get(aspect)
            time = entry.get("timestamp") if isinstance(entry, dict) else entry
            if aspect == "created" and isinstance(time, int | float) and time <= 0:
                continue  # What OpenMetadata's ingestion wrote for none.
            days[aspect], reading = self._moment(time, f"{fqn}: lifeCycle.{aspect}", time)
            if reading is Reading.UNREADABLE:
                signs |= _UNREADABLE_SIGNS[aspect]
        return days, signs

    def _moment(self, value: object, where: str, shown: object = "") -> Moment:
        moment = read_moment(value)
        if moment.reading in _READING_WARNINGS:
            example = f"{where} {str(shown)[:_MAX_EXAMPLE_LENGTH]}" if shown != "" else where
            self._warnings.add(_READING_WARNINGS[moment.reading], example[:_MAX_EXAMPLE_LENGTH])
        return moment


def _is_first(version: str | None) -> bool:
    """Whether OpenMetadata has never changed the table's metadata."""
    number = _number(version and version.strip('"'))
    return number is not None and abs(number - _FIRST_VERSION_NUMBER) < _VERSION_TOLERANCE


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]  # tried, not known
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < _MAX_NUMBER else (None if number != number else float(np.sign(number)) * _MAX_NUMBER)
