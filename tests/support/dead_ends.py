"""What is published of dead ends."""

from dataclasses import dataclass

from tests.support.mirror import Mirror
from thirdeye.inventory.columns import CHUNK, blob_name, unpack_fields
from thirdeye.inventory.dead_ends import (
    DOCUMENT,
    ORDER_FIELDS,
    ORDER_GROUP,
    TABLE_FIELDS,
    TABLE_GROUP,
    DeadEndDocument,
    DeadEndEntry,
)
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.snapshot import Snapshot


@dataclass(frozen=True)
class Published:
    """A set, and its tables by number with the step of each."""

    entry: DeadEndEntry
    steps: dict[int, int]

    @property
    def number(self) -> int:
        return self.entry["number"]


async def dead_ends_published(estate: Mirror) -> list[Published]:
    """All sets that the newest generation has: its blobs have to agree with each other."""
    reader = estate.reader
    snapshot = await reader.snapshot()
    document: DeadEndDocument = await reader.document(snapshot, DOCUMENT)
    order, by_table = await _rows(reader, snapshot, ORDER_GROUP), await _rows(reader, snapshot, TABLE_GROUP)
    sets = list[Published]()
    for entry in document["entries"]:
        end = entry["start"] + entry["tables"]
        rows = [order[place] for place in range(entry["start"], end)]
        assert rows == sorted(rows, key=lambda row: (row[1], row[0]))
        assert all(by_table.pop(number) == (entry["number"] + 1, step) for number, step in rows)
        assert entry["number"] == min(number for number, _ in rows)
        sets.append(Published(entry, dict(rows)))
    assert not any(number for number, _ in by_table.values())
    assert document["sets"] == len(sets)
    assert document["tables"] == sum(told.entry["tables"] for told in sets) == len(order)
    costs = [float(told.entry["cost"]) for told in sets]
    assert costs == sorted(costs, reverse=True)
    return sets


async def _rows(reader: EstateReader, snapshot: Snapshot, group: str) -> dict[int, tuple[int, int]]:
    """By place the two fields of a group."""
    fields, rows = ORDER_FIELDS if group == ORDER_GROUP else TABLE_FIELDS, dict[int, tuple[int, int]]()
    for chunk in range(-(-snapshot.catalogue.columns.length // CHUNK)):
        data = await reader.chunk(snapshot, blob_name(group, chunk))
        first, second = unpack_fields(fields, data or b"").values()
        rows |= {
            chunk * CHUNK + place: pair for place, pair in enumerate(zip(first.tolist(), second.tolist(), strict=True))
        }
    return rows
