"""What one request reads of the estate, batched: the snapshot once, tables and assets by number in one statement a turn."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from aiodataloader import DataLoader

from thirdeye.clock import Clock
from thirdeye.database import MySQL, Row
from thirdeye.estate.views import advice_view, table_view
from thirdeye.inventory import store
from thirdeye.inventory.columns import CHUNK
from thirdeye.inventory.graph_walk import FIRST_ASSET
from thirdeye.inventory.money import FALLBACK
from thirdeye.inventory.reader import EstateReader, Snapshot, Superseded
from thirdeye.inventory.verdicts import ADVICE
from thirdeye.settings import Settings

_TRIES: Final = 4
_MOST_AT_ONCE: Final = 1000
Result = TypeVar("Result")


class EstateContext(Protocol):
    """What of a request's context this needs."""

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
    """The estate as this request sees it; the same for all of its fields while none meets a publication."""
    if "snapshot" not in context.loaders:
        context.loaders["snapshot"] = await context.estate.snapshot()
    snapshot: Snapshot = context.loaders["snapshot"]
    return snapshot


async def of_one_generation(context: EstateContext, ask: Callable[[Snapshot], Awaitable[Result]]) -> Result:
    """What `ask` finds over the request's snapshot, or over a newer one when a refresh is published meanwhile.

    Raises Superseded when one was published at every try.
    """
    for _ in range(_TRIES - 1):
        try:
            return await ask(await snapshot_of(context))
        except Superseded:
            context.loaders["snapshot"] = await context.estate.snapshot(newest=True)
    return await ask(await snapshot_of(context))


def is_stale(context: EstateContext, snapshot: Snapshot) -> bool:
    """Whether no refresh came in two intervals, or nobody can tell, as the database is away."""
    interval = timedelta(minutes=context.settings.refresh_minutes)
    return context.estate.away or context.clock() > snapshot.refreshed_at + 2 * interval


def as_of(context: EstateContext, snapshot: Snapshot, services: Sequence[int] | None = None) -> dict[str, Any]:
    """What every answer from a snapshot says of itself; one that leans on some services only warns of those."""
    return {
        "refreshedAt": snapshot.refreshed_at,
        "stale": is_stale(context, snapshot),
        "warnings": snapshot.warnings if services is None else snapshot.warnings_for(services),
    }


def table_of(context: EstateContext, snapshot: Snapshot, row: Row) -> dict[str, Any]:
    """A row as what is said of its table."""
    number = snapshot.service_numbers.get(row["service"])
    price: Decimal = FALLBACK if number is None else snapshot.prices[number]
    table = table_view(
        row,
        service=None if number is None else snapshot.directory["services"][number],
        price=price,
        directory=snapshot.directory,
        as_of=snapshot.as_of,
        base_url=context.settings.om_base_url,
    )
    table.update(advice_view(advised(snapshot, row["number"]), snapshot.advice, table["monthlyCost"]))
    return table


def advised(snapshot: Snapshot, number: int) -> dict[str, int]:
    """What the columns hold of the advice about a table."""
    chunk, place = divmod(number, CHUNK)
    parts = snapshot.catalogue.columns.parts(chunk)
    return {name: int(parts[name][place]) for name in ADVICE}


def view(context: EstateContext, snapshot: Snapshot, row: Row) -> dict[str, Any]:
    """A row as an answer, which says as of when it is."""
    number = snapshot.service_numbers.get(row["service"])
    table = table_of(context, snapshot, row)
    table.update(as_of(context, snapshot, [] if number is None else [number]))
    return table


async def views(context: EstateContext, snapshot: Snapshot, numbers: Sequence[int]) -> list[dict[str, Any]]:
    """Answers for tables of a list, in order. Raises Superseded when a refresh was published since the snapshot."""
    rows = await context.estate.rows(snapshot, numbers)
    return [view(context, snapshot, rows[number]) for number in numbers if number in rows]


class _TableLoader(DataLoader[int, dict[str, Any] | None]):
    """Tables by number."""

    def __init__(self, context: EstateContext) -> None:
        super().__init__(max_batch_size=_MOST_AT_ONCE)
        self._context = context

    async def batch_load_fn(self, keys: list[int]) -> list[dict[str, Any] | None]:
        async def load(snapshot: Snapshot) -> list[dict[str, Any] | None]:
            rows = await self._context.estate.rows(snapshot, keys)
            return [view(self._context, snapshot, rows[key]) if key in rows else None for key in keys]

        return await of_one_generation(self._context, load)


class _AssetLoader(DataLoader[int, Row | None]):
    """Assets that lineage reaches by node: id, kind, name, FQN."""

    def __init__(self, context: EstateContext) -> None:
        super().__init__(max_batch_size=_MOST_AT_ONCE)
        self._thirdeye = context.thirdeye

    async def batch_load_fn(self, keys: list[int]) -> list[Row | None]:
        tables = [key for key in keys if key < FIRST_ASSET]
        rows = await store.assets(self._thirdeye, tables, [key for key in keys if key >= FIRST_ASSET])
        by_number = {row["number"]: row for row in rows}
        return [by_number.get(key) for key in keys]


def table_loader(context: EstateContext) -> DataLoader[int, dict[str, Any] | None]:
    """The request's loader of tables by number."""
    loader: DataLoader[int, dict[str, Any] | None] = _loader(context, "tables", _TableLoader)
    return loader


def asset_loader(context: EstateContext) -> DataLoader[int, Row | None]:
    """The request's loader of assets by node."""
    loader: DataLoader[int, Row | None] = _loader(context, "assets", _AssetLoader)
    return loader


def _loader(context: EstateContext, name: str, make: Callable[[EstateContext], Any]) -> Any:
    if name not in context.loaders:
        context.loaders[name] = make(context)
    return context.loaders[name]
