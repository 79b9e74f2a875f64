"""GraphQL: lists of verdicts."""

from collections.abc import Mapping, Sequence
from typing import Final

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.estate.listing import PageRequest, find_page
from thirdeye.estate.loaders import as_of, snapshot_of, table_loader, views, with_snapshot
from thirdeye.estate.views import AsOf
from thirdeye.inventory.query import Sort, TableFilter
from thirdeye.inventory.reader import Snapshot
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Verdict
from thirdeye.paging import page_size
from thirdeye.verdict import store
from thirdeye.verdict.explanations import TableAnswer

query = QueryType()
verdict_lists = ObjectType("VerdictLists")
record = ObjectType("VerdictRecord")
_ANY_BLOCKER: Final = sum(BLOCKER_BIT.values())
_REMOVABLE: Final = frozenset({VERDICT_CODE[Verdict.DELETE], VERDICT_CODE[Verdict.ARCHIVE]})


@query.field("verdicts")
async def resolve_lists(_: object, info: Info) -> AsOf:
    return as_of(info.context, await snapshot_of(info.context))


async def _tables(info: Info, table_filter: TableFilter, sort: Sort, first: int | None) -> Sequence[TableAnswer]:
    size = page_size(first, default=10, maximum=100)

    async def find(snapshot: Snapshot) -> Sequence[TableAnswer]:
        page = await find_page(snapshot, table_filter, sort, PageRequest(size=size, backwards=False), None)
        return await views(info.context, snapshot, page.numbers)

    return await with_snapshot(info.context, find)


@verdict_lists.field("bestSavings")
async def resolve_best_savings(_: object, info: Info, *, first: int | None = None) -> Sequence[TableAnswer]:
    return await _tables(info, TableFilter(verdicts=_REMOVABLE), Sort(key="saving"), first)


@verdict_lists.field("safestDeletions")
async def resolve_safest(_: object, info: Info, *, first: int | None = None) -> Sequence[TableAnswer]:
    deletions = TableFilter(verdicts=frozenset({VERDICT_CODE[Verdict.DELETE]}))
    return await _tables(info, deletions, Sort(key="returnRisk", descending=False), first)


@verdict_lists.field("biggestBlocked")
async def resolve_blocked(_: object, info: Info, *, first: int | None = None) -> Sequence[TableAnswer]:
    return await _tables(info, TableFilter(zombie=True, blockers=_ANY_BLOCKER), Sort(key="cost"), first)


@verdict_lists.field("trials")
async def resolve_trials(_: object, info: Info, *, first: int | None = None) -> Sequence[TableAnswer]:
    return await _tables(info, TableFilter(trial=True), Sort(key="cost"), first)


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
