"""GraphQL: the database services and the state of their usage feeds."""

from collections.abc import Mapping
from functools import partial

from ariadne import ObjectType, QueryType

from thirdeye.context import Info
from thirdeye.database import Row
from thirdeye.estate.feeds import feed_advice
from thirdeye.estate.loaders import as_of, confirmation_of, load_summary
from thirdeye.estate.views import price_view
from thirdeye.inventory.directory import Service

query = QueryType()
service_type = ObjectType("Service")
database_feed = ObjectType("DatabaseFeed")


@query.field("services")
async def resolve_services(_: object, info: Info, *, name: list[str] | None = None) -> list[dict[str, object]]:
    wanted = None if name is None else set(name)
    snapshot, summary = await load_summary(info.context)
    costs = {totals["service"]: totals["monthlyCost"] for totals in summary["byService"]}
    services = sorted(enumerate(snapshot.directory["services"]), key=lambda numbered: numbered[1]["name"])
    return [
        {
            "name": service["name"],
            "type": service["type"],
            "tables": service["tables"],
            "bytes": service["bytes"],
            "monthlyCost": costs.get(service["name"], "0"),
            "priceBasis": snapshot.catalogue.tariffs.prices[number].basis.value,
            "storagePrice": price_view(snapshot.catalogue.tariffs.prices[number]),
            "feed": _feed(service),
            "databases": partial(_databases, service),
            **as_of(info.context, snapshot, [number]),
        }
        for number, service in services
        if service["tables"] and (wanted is None or service["name"] in wanted)
    ]


@service_type.field("lineageConfirmed")
async def resolve_lineage_confirmed(service: Mapping[str, str], info: Info) -> Row | None:
    return await confirmation_of(info.context, "LINEAGE", service["name"], None)


@database_feed.field("confirmed")
async def resolve_confirmed(feed: Mapping[str, str], info: Info) -> Row | None:
    return await confirmation_of(info.context, "FEED", feed["service"], feed["name"])


def _databases(service: Service, _info: Info) -> list[dict[str, object]]:
    return [
        {
            "service": service["name"],
            "name": feed["name"],
            "tables": feed["tables"],
            "evidence": feed["evidence"],
            "state": feed["state"],
            "firstWatched": feed["first_watched"],
            "newestWatched": feed["newest_watched"],
            "coverage": round(feed["coverage"], 4),
            "observedDays": feed["observed_days"],
            "problems": feed["problems"],
            "advice": feed_advice(feed, service),
        }
        for feed in sorted(service["databases"], key=lambda feed: feed["name"] or "")
        if feed["tables"]
    ]


def _feed(service: Service) -> dict[str, object]:
    tables = service["tables"]
    return {
        "evidence": service["evidence"],
        "state": service["state"],
        "silentSince": service["silent_since"],
        "observedDays": service["observed_days"],
        "firstUsage": service["first_usage"],
        "newestUsage": service["newest_usage"],
        "sizedShare": round(service["sized"] / tables, 4),
        "ownedShare": round(service["owned"] / tables, 4),
        "tieredShare": round(service["tiered"] / tables, 4),
        "describedShare": round(service["described"] / tables, 4),
    }
