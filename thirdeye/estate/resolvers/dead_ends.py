"""GraphQL: sets of tables that nothing in use depends on."""

from bisect import bisect_right
from decimal import Decimal
from functools import partial
from typing import Any, Final

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.errors import BadInput, Unavailable
from thirdeye.estate.loaders import as_of, table_loader, with_snapshot
from thirdeye.estate.validation import validate_service
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory.columns import CHUNK, Array, blob_name, day_of, unpack_fields
from thirdeye.inventory.dead_ends import (
    DOCUMENT,
    ORDER_FIELDS,
    ORDER_GROUP,
    TABLE_FIELDS,
    TABLE_GROUP,
    DeadEndDocument,
    DeadEndEntry,
)
from thirdeye.inventory.money import format_cost
from thirdeye.inventory.reader import Superseded
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import blockers_of
from thirdeye.paging import connection, decode_cursor, encode_cursor, page_size

query = QueryType()
dead_end = ObjectType("DeadEnd")
table = ObjectType("Table")
# Cursors hold costs as integers.
_MICRO: Final = 6


@query.field("deadEnds")
async def resolve_dead_ends(
    _: object,
    info: Info,
    *,
    service: str | None = None,
    minTables: int | None = None,
    first: int | None = None,
    after: str | None = None,
) -> dict[str, object]:
    size, least = page_size(first, default=20, maximum=100), 1 if minTables is None else minTables
    if least < 1:
        raise BadInput("minTables: must be 1 or more", "minTables")
    position = None if after is None else decode_cursor(after, (int, int, int))

    async def read(snapshot: Snapshot) -> dict[str, object]:
        document = await _document(info, snapshot)
        entries, services = document["entries"], None
        if service is not None:
            services = [snapshot.service_numbers[validate_service(service, snapshot.directory)]]
            entries = [entry for entry in entries if services[0] in entry["services"]]
        entries = [entry for entry in entries if entry["tables"] >= least]
        start = 0 if position is None else bisect_right(entries, tuple(position), key=_position)
        edges = [
            {"cursor": encode_cursor(*_position(entry)), "node": _view(entry, snapshot)}
            for entry in entries[start : start + size]
        ]
        return {
            **connection(edges, has_next=start + size < len(entries), has_previous=after is not None),
            **as_of(info.context, snapshot, services),
            "totalCount": document["sets"],
            "matchingCount": len(entries),
            "tableCount": document["tables"],
            "tablesOfUnknownCost": document["unpriced"],
            "monthlyCost": document["cost"],
        }

    return await with_snapshot(info.context, read)


async def _document(info: Info, snapshot: Snapshot) -> DeadEndDocument:
    if DOCUMENT not in snapshot.versions:
        raise Unavailable("dead ends are computed by the next refresh; ask again then")
    document: DeadEndDocument = await info.context.estate.document(snapshot, DOCUMENT)
    return document


def _position(entry: DeadEndEntry) -> tuple[int, int, int]:
    """Sorts the most expensive first, then those with most tables."""
    return -int(Decimal(entry["cost"]).scaleb(_MICRO)), -entry["tables"], entry["number"]


def _view(entry: DeadEndEntry, snapshot: Snapshot) -> dict[str, Any]:
    saving = Decimal(repr(snapshot.advice["policy"]["archive_saving"])) if snapshot.advice else Decimal(0)
    return {
        "number": entry["number"],
        "tableCount": entry["tables"],
        "tablesOfUnknownCost": entry["unpriced"],
        "sizeBytes": entry["bytes"],
        "storageCost": entry["storage"],
        "queryCost": entry["queries"],
        "monthlyCost": entry["cost"],
        "priceBasis": snapshot.catalogue.tariffs.basis_of(entry["services"]),
        "releasable": format_cost(Decimal(entry["deleted"]) + saving * Decimal(entry["archived"])),
        "writtenLast30Days": entry["written30"],
        "writtenLast90Days": entry["written90"],
        "writeCost": entry["writes"],
        "lastWritten": day_of(entry["last"]),
        "unusedAssets": entry["assets"],
        "blockers": [
            {"code": blocker.value, "tables": tables}
            for bit, tables in entry["blockers"]
            for blocker in blockers_of(bit)
        ],
        "services": [snapshot.directory["services"][service]["name"] for service in entry["services"]],
        "steps": entry["steps"],
    }


async def _entry(info: Info, snapshot: Snapshot, number: int) -> DeadEndEntry | None:
    """The set whose lowest table has this number."""
    key, loaders = f"dead ends {snapshot.generation}", info.context.loaders
    document = await _document(info, snapshot)
    if key not in loaders:
        loaders[key] = {entry["number"]: entry for entry in document["entries"]}
    entry: DeadEndEntry | None = loaders[key].get(number)
    return entry


@table.field("deadEnd")
async def resolve_dead_end(parent: TableAnswer, info: Info) -> dict[str, Any] | None:
    chunk, place = divmod(parent["number"], CHUNK)

    async def read(snapshot: Snapshot) -> dict[str, Any] | None:
        await _document(info, snapshot)
        data = await info.context.estate.chunk(snapshot, blob_name(TABLE_GROUP, chunk))
        sets = unpack_fields(TABLE_FIELDS, data or b"")["set"]
        number = int(sets[place]) - 1 if place < len(sets) else -1
        entry = await _entry(info, snapshot, number) if number >= 0 else None
        return None if entry is None else _view(entry, snapshot)

    return await with_snapshot(info.context, read)


@dead_end.field("tables")
async def resolve_tables(
    parent: dict[str, int], info: Info, *, first: int | None = None, after: str | None = None
) -> dict[str, object]:
    size = page_size(first, default=20, maximum=100)
    # The step and the number of a table, which are their order.
    position = None if after is None else decode_cursor(after, (int, int))

    async def read(snapshot: Snapshot) -> dict[str, object]:
        entry = await _entry(info, snapshot, parent["number"])
        if entry is None:
            # The refresh that ended it came between two fields of this request.
            return connection([], has_next=False, has_previous=after is not None)
        members = _Members(info, snapshot, entry)
        start = 0 if position is None else await members.after(*position)
        rows = await members.rows(start, start + size)
        tables = await table_loader(info.context).load_many([number for number, _ in rows])
        edges = [
            {"cursor": encode_cursor(step, number), "step": step, "node": node}
            for (number, step), node in zip(rows, tables, strict=True)
        ]
        return connection(edges, has_next=start + size < entry["tables"], has_previous=after is not None)

    return await with_snapshot(info.context, read)


class _Members:
    """The tables of a set with their steps, as a refresh has put them in order."""

    def __init__(self, info: Info, snapshot: Snapshot, entry: DeadEndEntry) -> None:
        self._load = partial(info.context.estate.chunk, snapshot)
        self._first, self._count = entry["start"], entry["tables"]

    async def rows(self, start: int, end: int) -> list[tuple[int, int]]:
        """Number and step of the tables at these places of the set."""
        rows = list[tuple[int, int]]()
        place, end = self._first + start, self._first + min(end, self._count)
        while place < end:
            part = await self._chunk(place // CHUNK)
            within = slice(place % CHUNK, place % CHUNK + end - place)
            rows += zip(part["number"][within].tolist(), part["step"][within].tolist(), strict=True)
            place = (place // CHUNK + 1) * CHUNK
        return rows

    async def after(self, step: int, number: int) -> int:
        """How many tables of the set come up to this step and number."""
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            ((other, of_step),) = await self.rows(middle, middle + 1)
            if (of_step, other) <= (step, number):
                low = middle + 1
            else:
                high = middle
        return low

    async def _chunk(self, chunk: int) -> dict[str, Array]:
        data = await self._load(blob_name(ORDER_GROUP, chunk))
        if data is None:
            raise Superseded
        return unpack_fields(ORDER_FIELDS, data)
