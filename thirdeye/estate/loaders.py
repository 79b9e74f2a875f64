"""What a request reads of the estate: one snapshot for all of its fields, and tables and assets in batches by number."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from aiodataloader import DataLoader

from thirdeye.clock import Clock
from thirdeye.database import MySQL, Row
from thirdeye.estate.labels import labels_view
from thirdeye.estate.series import SeriesView, series_view
from thirdeye.estate.store import confirmations_in_force
from thirdeye.estate.views import AsOf, JudgedView, TableAnswer, TableView, advice_view, inventory_view
from thirdeye.inventory import store
from thirdeye.inventory.columns import CHUNK, FIRST_ASSET
from thirdeye.inventory.reader import EstateReader, Superseded
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.storage_prices import DEFAULT_PRICE, Tariffs
from thirdeye.inventory.totals import Summary
from thirdeye.inventory.verdicts import ADVICE_FIELDS, SHOWN_FIELDS, UNKNOWN_IDLE_DAYS
from thirdeye.pacing import keep_pace
from thirdeye.settings import Settings

_TRIES: Final = 4
# A batch is worked out in one turn of the event loop.
_MAX_BATCH_SIZE: Final = 100
# A view takes a tenth of a millisecond.
_VIEWS_AT_ONCE: Final = 20
# Of so many tables columns are read at a time.
_MANY: Final = 8
Key = TypeVar("Key")
Result = TypeVar("Result")


class EstateContext(Protocol):
    """The part of a request's context that this module needs; detection has one without a request."""

    @property
    def thirdeye(self) -> MySQL: ...
    @property
    def estate(self) -> EstateReader: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def loaders(self) -> dict[str, Any]: ...


async def snapshot_of(context: EstateContext) -> Snapshot:
    """The snapshot that all fields of a request share, until `with_snapshot` meets a newer one."""
    if "snapshot" not in context.loaders:
        context.loaders["snapshot"] = await context.estate.snapshot()
    snapshot: Snapshot = context.loaders["snapshot"]
    return snapshot


async def with_snapshot(context: EstateContext, read: Callable[[Snapshot], Awaitable[Result]]) -> Result:
    """Runs `read` over the request's snapshot, and again over a newer one whenever a refresh is published meanwhile.

    Raises Superseded if that happens at every try.
    """
    for _ in range(_TRIES - 1):
        try:
            return await read(await snapshot_of(context))
        except Superseded:
            context.loaders["snapshot"] = await context.estate.snapshot(newest=True)
    return await read(await snapshot_of(context))


async def load_summary(context: EstateContext) -> tuple[Snapshot, Summary]:
    """The totals that a refresh prepared, with their snapshot."""

    async def read(snapshot: Snapshot) -> tuple[Snapshot, Summary]:
        return snapshot, await context.estate.document(snapshot, "summary")

    return await with_snapshot(context, read)


def as_of(context: EstateContext, snapshot: Snapshot, services: Sequence[int] | None = None) -> AsOf:
    """How current an answer from a snapshot is. Warnings are those about the services it depends on, or all."""
    return {
        "refreshedAt": snapshot.refreshed_at,
        # No refresh came in two intervals, or the database cannot tell.
        "stale": context.estate.unavailable or _is_old(snapshot, context.settings, context.clock),
        "warnings": snapshot.warnings if services is None else snapshot.warnings_for(services),
    }


def unchanged(estate: EstateReader, settings: Settings, clock: Clock) -> object | None:
    """What stands for the estate as it is, the same object until it changes; None when it must be looked at first, or is stale.

    Waits for nothing.
    """
    snapshot = estate.known
    return None if snapshot is None or _is_old(snapshot, settings, clock) else snapshot.token


def _is_old(snapshot: Snapshot, settings: Settings, clock: Clock) -> bool:
    return clock() > snapshot.refreshed_at + 2 * timedelta(minutes=settings.refresh_minutes)


def table_of(context: EstateContext, snapshot: Snapshot, row: Row, shown: dict[str, Any] | None = None) -> TableView:
    """A row of the inventory as the API shows the table. `shown` are its SHOWN_FIELDS, which the snapshot must have loaded."""
    if shown is None:
        (shown,) = shown_columns(snapshot, [row["number"]])
    labels = labels_view(shown, snapshot.directory["labels"], row["metadata_changed"])
    return {**judged_table(context, snapshot, row, shown), **labels, "useKind": shown["use_kind"]}


def shown_columns(snapshot: Snapshot, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """SHOWN_FIELDS of these tables."""
    columns = snapshot.catalogue.columns
    if len(numbers) < _MANY:
        return [
            {name: columns.parts(number // CHUNK)[name][number % CHUNK].item() for name in SHOWN_FIELDS}
            for number in numbers
        ]
    wanted, chunks = np.array(numbers), np.array(numbers) // CHUNK
    places = wanted % CHUNK
    found = {name: np.empty(len(wanted), columns.fields[name]) for name in SHOWN_FIELDS}
    for chunk in set(chunks.tolist()):
        of_chunk, parts = chunks == chunk, columns.parts(chunk)
        for name, values in found.items():
            values[of_chunk] = parts[name][places[of_chunk]]
    rows = zip(*(values.tolist() for values in found.values()), strict=True)
    return [dict(zip(SHOWN_FIELDS, row, strict=True)) for row in rows]


def judged_table(context: EstateContext, snapshot: Snapshot, row: Row, shown: dict[str, Any]) -> JudgedView:
    """A row as the API shows the table, without its labels; `shown` are its SHOWN_FIELDS."""
    number, tariffs = snapshot.service_numbers.get(row["service"]), snapshot.catalogue.tariffs
    advised = {name: shown[name] for name in ADVICE_FIELDS}
    if number is None:
        # Of a service that the directory no longer has.
        tariffs = Tariffs([DEFAULT_PRICE], snapshot.as_of)
    inventory = inventory_view(
        row,
        idle=None if advised["idle"] == UNKNOWN_IDLE_DAYS else advised["idle"],
        feed=snapshot.feed_of(row["service"], row["database_name"], row["schema_name"]),
        service=None if number is None else snapshot.directory["services"][number],
        tariffs=tariffs,
        tariff=tariffs.of_table(number or 0, row["last_written"], shown["flags"]),
        directory=snapshot.directory,
        departed=shown["departed"],
        as_of=snapshot.as_of,
        base_url=context.settings.om_base_url,
        series=_series_of(snapshot, shown["series"]),
    )
    write_cost = Decimal(repr(shown["write_cost"]))
    advice = advice_view(advised, shown["flags"], snapshot.advice, inventory["monthlyCost"], write_cost)
    return {**inventory, **advice}


def series_of(snapshot: Snapshot, number: int) -> SeriesView | None:
    """The series that a table is part of."""
    return _series_of(snapshot, _columns_of(snapshot, number, ["series"])["series"])


def _series_of(snapshot: Snapshot, series: int) -> SeriesView | None:
    if not 0 < series <= len(snapshot.series):
        return None
    entry = snapshot.series[series - 1]
    service = snapshot.directory["places"][entry["place"]][0]
    basis = snapshot.catalogue.tariffs.prices[service].basis
    return series_view(entry, snapshot.series_fqn(entry), snapshot.as_of, basis)


def advised_columns(snapshot: Snapshot, number: int) -> dict[str, int]:
    """The columns of the verdict on a table."""
    return _columns_of(snapshot, number, ADVICE_FIELDS)


def _columns_of(snapshot: Snapshot, number: int, names: Sequence[str]) -> dict[str, int]:
    chunk, place = divmod(number, CHUNK)
    columns = snapshot.catalogue.columns.parts(chunk)
    return {name: int(columns[name][place]) for name in names}


def view(context: EstateContext, snapshot: Snapshot, row: Row, shown: dict[str, Any] | None = None) -> TableAnswer:
    """A row of the inventory as an answer of its own, which says how current it is."""
    number = snapshot.service_numbers.get(row["service"])
    return {**table_of(context, snapshot, row, shown), **as_of(context, snapshot, [] if number is None else [number])}


async def views(context: EstateContext, snapshot: Snapshot, numbers: Sequence[int]) -> list[TableAnswer]:
    """Answers about tables, in this order. Raises Superseded if a refresh was published since the snapshot."""
    tables = await _tables_of(context, snapshot).load_many(list(numbers))
    return [table for table in tables if table is not None]


def _tables_of(context: EstateContext, snapshot: Snapshot) -> DataLoader[int, TableAnswer | None]:
    """The request's loader of tables as they are in a snapshot: lists with the same tables read and make each once."""
    loaded: tuple[Snapshot, DataLoader[int, TableAnswer | None]] | None = context.loaders.get("views")
    if loaded is None or loaded[0] is not snapshot:
        loader = DataLoader(partial(_read_views, context, snapshot), max_batch_size=_MAX_BATCH_SIZE)
        loaded = context.loaders["views"] = snapshot, loader
    return loaded[1]


def shown_tables(context: EstateContext) -> set[int]:
    """The numbers of the tables that the request read so far, for what has to read more of all of them."""
    shown: set[int] = context.loaders.setdefault("shown", set())
    return shown


async def _read_views(context: EstateContext, snapshot: Snapshot, numbers: list[int]) -> list[TableAnswer | None]:
    shown_tables(context).update(numbers)
    rows, tables = await context.estate.rows(snapshot, numbers), list[TableAnswer | None]()
    there = [number for number in numbers if number in rows]
    shown = dict(zip(there, shown_columns(snapshot, there), strict=True))
    for place, number in enumerate(numbers):
        if place % _VIEWS_AT_ONCE == 0:
            await keep_pace()
        tables.append(view(context, snapshot, rows[number], shown[number]) if number in rows else None)
    return tables


def table_loader(context: EstateContext) -> DataLoader[int, TableAnswer | None]:
    """The request's loader of tables by number."""
    return _loader(context, "tables", _read_tables)


async def _read_tables(context: EstateContext, numbers: list[int]) -> list[TableAnswer | None]:
    async def read(snapshot: Snapshot) -> list[TableAnswer | None]:
        return await _tables_of(context, snapshot).load_many(numbers)

    return await with_snapshot(context, read)


def asset_loader(context: EstateContext) -> DataLoader[int, Row | None]:
    """The request's loader of assets by node: id, kind, name, FQN."""
    return _loader(context, "assets", _read_assets)


async def _read_assets(context: EstateContext, nodes: list[int]) -> list[Row | None]:
    tables, others = [node for node in nodes if node < FIRST_ASSET], [node for node in nodes if node >= FIRST_ASSET]
    by_number = {row["number"]: row for row in await store.assets(context.thirdeye, tables, others)}
    return [by_number.get(node) for node in nodes]


async def confirmation_of(context: EstateContext, kind: str, service: str, database: str | None) -> Row | None:
    """What is confirmed of a database, or of its service; read once for all that a request shows."""
    confirmed = await read_once(context, "confirmations", partial(_read_confirmations, context))
    return confirmed.get((kind, service, database)) or confirmed.get((kind, service, None))


async def _read_confirmations(context: EstateContext) -> dict[tuple[str, str, str | None], Row]:
    rows = await confirmations_in_force(context.thirdeye)
    return {(row["kind"], row["service"], row["database"]): row for row in rows if row["schema"] is None}


async def read_once(context: EstateContext, name: str, read: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """What `read` gives, for all of a request that ask for it.

    A loader reads for those that ask in one turn of the event loop, and a request that has had its share of one goes on in
    the next.
    """
    if name not in context.loaders:
        task = asyncio.create_task(read())
        # All who wait for it may be gone by then.
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        context.loaders[name] = task
    result: Result = await asyncio.shield(context.loaders[name])
    return result


async def load_tables(context: EstateContext, numbers: Sequence[int]) -> list[TableAnswer]:
    """Tables by number, in this order; those that the inventory does not have are left out."""
    tables = await table_loader(context).load_many(list(numbers))
    return [table for table in tables if table is not None]


def _loader(
    context: EstateContext, name: str, read: Callable[[EstateContext, list[Key]], Coroutine[Any, Any, list[Result]]]
) -> DataLoader[Key, Result]:
    if name not in context.loaders:
        context.loaders[name] = DataLoader(partial(read, context), max_batch_size=_MAX_BATCH_SIZE)
    loader: DataLoader[Key, Result] = context.loaders[name]
    return loader
