"""GraphQL: the database services and the state of their usage feeds."""

from ariadne import QueryType

from thirdeye.context import Info
from thirdeye.estate.loaders import as_of, load_summary
from thirdeye.inventory.directory import Service

query = QueryType()


@query.field("services")
async def resolve_services(_: object, info: Info) -> list[dict[str, object]]:
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
            "feed": _feed(service),
            **as_of(info.context, snapshot, [number]),
        }
        for number, service in services
        if service["tables"]
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
