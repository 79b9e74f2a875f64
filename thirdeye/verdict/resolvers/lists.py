"""GraphQL: lists of verdicts."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from aiodataloader import DataLoader
from ariadne import ObjectType, QueryType

from thirdeye.batch_resolvers import prefetched
from thirdeye.context import Context, Info
from thirdeye.estate.listing import PageRequest, find_page
from thirdeye.estate.loaders import as_of, snapshot_of, table_loader, views, with_snapshot
from thirdeye.estate.views import AsOf
from thirdeye.inventory.query import Sort, TableFilter
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Verdict
from thirdeye.paging import page_size
from thirdeye.verdict import store
from thirdeye.verdict.explanations import TableAnswer

query = QueryType()
verdict_lists = ObjectType("VerdictLists")
record = ObjectType("VerdictRecord")
_ANY_BLOCKER: Final = sum(BLOCKER_BIT.values())
_REMOVABLE: Final = frozenset({VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE]})
_DELETE: Final = frozenset({VERDICT_CODE[Verdict.DELETE]})
_LISTS: Final[Mapping[str, tuple[TableFilter, Sort]]] = {
    "bestSavings": (TableFilter(verdicts=_REMOVABLE), Sort(key="saving")),
    "safestDeletions": (TableFilter(verdicts=_DELETE), Sort(key="returnRisk", descending=False)),
    "biggestBlocked": (TableFilter(zombie=True, blockers=_ANY_BLOCKER), Sort(key="cost")),
    "trials": (TableFilter(trial=True), Sort(key="cost")),
}
# A list and how many of its tables.
_Wanted = tuple[str, int]


@query.field("verdicts")
async def resolve_lists(_: object, info: Info) -> AsOf:
    return as_of(info.context, await snapshot_of(info.context))


async def resolve_tables(_: object, info: Info, *, first: int | None = None) -> Sequence[Mapping[str, object]]:
    wanted = info.field_name, page_size(first, default=10, maximum=100)

    async def find(snapshot: Snapshot) -> Sequence[TableAnswer]:
        return await views(info.context, snapshot, await _numbers_of(info.context, snapshot).load(wanted))

    tables = await with_snapshot(info.context, find)
    return await prefetched(info, (), "Table", tables)


for _name in _LISTS:
    verdict_lists.set_field(_name, resolve_tables)


def _numbers_of(context: Context, snapshot: Snapshot) -> DataLoader[_Wanted, Sequence[int]]:
    """The request's loader of the tables of lists: those that are asked for together read their rows together."""
    loaded: tuple[Snapshot, DataLoader[_Wanted, Sequence[int]]] | None = context.loaders.get("verdictLists")
    if loaded is None or loaded[0] is not snapshot:
        loaded = context.loaders["verdictLists"] = snapshot, DataLoader(partial(_find, snapshot))
    return loaded[1]


async def _find(snapshot: Snapshot, lists: list[_Wanted]) -> list[Sequence[int]]:
    numbers = list[Sequence[int]]()
    for name, size in lists:
        table_filter, sort = _LISTS[name]
        page = await find_page(snapshot, table_filter, sort, PageRequest(size=size, backwards=False), None)
        numbers.append(page.numbers)
    return numbers


@verdict_lists.field("recentlyChanged")
async def resolve_changed(_: object, info: Info, *, first: int | None = None) -> list[dict[str, object]]:
    records = await store.latest_records(info.context.thirdeye, page_size(first, default=10, maximum=100))
    return [
        {
            "number": record["number"],
            "recommendation": record["verdict"],
            "promisedRisk": record["promised"],
            "givenOn": record["given_on"],
            "endedOn": record["ended_on"],
            "ending": record["ending"],
            "usedOn": record["regretted_on"],
        }
        for record in records
    ]


@record.field("table")
async def resolve_record_table(record: Mapping[str, int], info: Info) -> TableAnswer | None:
    return await table_loader(info.context).load(record["number"])
