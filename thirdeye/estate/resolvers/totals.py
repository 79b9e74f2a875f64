"""GraphQL: totals of the estate and its most expensive tables, as the last refresh prepared them."""

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.estate.loaders import as_of, load_summary, load_tables
from thirdeye.estate.views import TableAnswer
from thirdeye.inventory.filters import TIERS
from thirdeye.inventory.totals import Summary
from thirdeye.paging import page_size

query = QueryType()
estate = ObjectType("Estate")


@query.field("estate")
async def resolve_estate(_: object, info: Info) -> dict[str, object]:
    snapshot, summary = await load_summary(info.context)
    return {
        **as_of(info.context, snapshot),
        "total": {"name": None, **summary["total"]},
        "byService": [{**totals, "name": totals["service"]} for totals in summary["byService"]],
        "countedAgainByDomain": {"name": None, **summary["countedAgain"]},
        "byTier": [{**totals, "name": TIERS[min(totals["tier"], len(TIERS) - 1)]} for totals in summary["byTier"]],
        "byActivity": [{**totals, "name": totals["activity"]} for totals in summary["byActivity"]],
        "summary": summary,
    }


@estate.field("byDatabase")
async def resolve_by_database(
    parent: dict[str, Summary], _: Info, *, first: int | None = None
) -> list[dict[str, object]]:
    size = page_size(first, default=50, maximum=1000)
    return [{**totals, "name": totals["database"]} for totals in parent["summary"]["byDatabase"][:size]]


@estate.field("byOwner")
async def resolve_by_owner(parent: dict[str, Summary], _: Info, *, first: int | None = None) -> list[dict[str, object]]:
    size = page_size(first, default=50, maximum=1000)
    owners = [(totals["owner"], totals) for totals in parent["summary"]["byOwner"][:size]]
    return [{**totals, "name": owner and owner[2], "type": owner and owner[1]} for owner, totals in owners]


@estate.field("byDomain")
async def resolve_by_domain(
    parent: dict[str, Summary],
    _: Info,
    *,
    withSubdomains: bool | None = None,
) -> list[dict[str, object]]:
    entries = parent["summary"]["byDomainWithSubdomains" if withSubdomains else "byDomain"]
    domains = [(totals["domain"], totals) for totals in entries]
    return [
        {**totals, "name": domain and domain["name"], "fqn": domain and domain["fqn"]} for domain, totals in domains
    ]


@estate.field("mostExpensiveTables")
@estate.field("dearestTables")
async def resolve_most_expensive(parent: dict[str, Summary], info: Info) -> list[TableAnswer]:
    return await load_tables(info.context, parent["summary"]["top"]["dearest"])


@estate.field("mostExpensiveZombies")
@estate.field("dearestZombies")
async def resolve_most_expensive_zombies(parent: dict[str, Summary], info: Info) -> list[TableAnswer]:
    return await load_tables(info.context, parent["summary"]["top"]["zombies"])


@estate.field("mostExpensiveWithoutOwner")
@estate.field("dearestWithoutOwner")
async def resolve_most_expensive_without_owner(parent: dict[str, Summary], info: Info) -> list[TableAnswer]:
    return await load_tables(info.context, parent["summary"]["top"]["ownerless"])
