"""GraphQL: who owned tables and left, and what they leave behind."""

from collections import Counter

import numpy as np
from ariadne import QueryType

from thirdeye.actions import store
from thirdeye.context import Context, Info
from thirdeye.estate.loaders import as_of, with_snapshot
from thirdeye.estate.views import owner_views
from thirdeye.inventory.columns import CHUNK, Array
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.totals import DepartedTotals, Summary
from thirdeye.paging import page_size

# Kind and id.
OwnerId = tuple[str, str]
query = QueryType()


@query.field("departedOwners")
async def resolve_departed_owners(_: object, info: Info, *, first: int | None = None) -> dict[str, object]:
    size = page_size(first, default=50, maximum=1000)
    context = info.context

    async def read(snapshot: Snapshot) -> tuple[Snapshot, list[DepartedTotals], Counter[OwnerId]]:
        summary: Summary = await context.estate.document(snapshot, "summary")
        return snapshot, summary["departed"], await _open_items(context, snapshot) if summary["departed"] else Counter()

    snapshot, entries, items = await with_snapshot(context, read)
    return {
        **as_of(context, snapshot),
        "totalCount": len(entries),
        "owners": [
            {
                **totals,
                "owner": {"id": owner["id"], "type": owner["type"], "name": owner["name"]},
                "deleted": owner["deleted"],
                "openItems": items[owner["type"], owner["id"]],
                "teamsToAsk": owner_views(owner["teams"]),
            }
            for totals in entries[:size]
            for owner in [totals["owner"]]
        ],
    }


async def _open_items(context: Context, snapshot: Snapshot) -> Counter[OwnerId]:
    """How many open items are about tables that nobody but somebody who left owns. Raises Superseded."""
    numbers = np.array(await store.tables_of_open_items(context.thirdeye), np.int64)
    await snapshot.load(("owners", "departed"))
    owners, departed = (_values(snapshot, name, numbers) for name in ("owners", "departed"))
    items = Counter[OwnerId]()
    for number, count in Counter(departed[owners == 0].tolist()).items():
        for identifier, kind, _ in snapshot.directory["owner_sets"][number]:
            items[kind, identifier] += count
    return items


def _values(snapshot: Snapshot, name: str, numbers: Array) -> Array:
    """What a column says of these tables, one after another."""
    columns = snapshot.catalogue.columns
    values = np.zeros(len(numbers), np.int32)
    for chunk in np.unique(numbers // CHUNK).tolist():
        chosen = numbers // CHUNK == chunk
        if chunk < columns.chunks:
            values[chosen] = columns.parts(chunk)[name][numbers[chosen] % CHUNK]
    return values
