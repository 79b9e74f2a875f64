"""From a row of the inventory to the API's answer about a table. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict, TypeVar
from urllib.parse import quote

from thirdeye.database import Row
from thirdeye.estate.activity import Observation, activity_reason, observation
from thirdeye.estate.labels import LabelsView
from thirdeye.estate.series import SeriesView
from thirdeye.inventory.columns import TRIAL
from thirdeye.inventory.directory import Directory, Owner, PlaceFeed, Service
from thirdeye.inventory.filters import TIERS
from thirdeye.inventory.money import round_amount
from thirdeye.inventory.storage_prices import TARIFFS, StoragePrice, Tariffs, is_lower
from thirdeye.inventory.verdicts import RISKS, UNKNOWN_PURGE_SCORE, VERDICTS, Verdict, blockers_of

Item = TypeVar("Item")


class PriceView(TypedDict):
    """A price of storage, with the keys of the API's `StoragePrice`."""

    serviceType: str
    service: str | None
    usdPerGbMonth: Decimal
    longTermUsdPerGbMonth: Decimal | None
    longTermDays: int | None
    effectiveFrom: date
    basis: str
    source: str | None
    sourceDate: date | None
    setBy: str
    setAt: datetime


class InventoryView(TypedDict):
    """What the inventory says about a table. Keys are those of the API's `Table`; costs are USD a month."""

    number: int
    id: str
    fqn: str
    name: str
    displayName: str | None
    service: str
    serviceType: str | None
    database: str | None
    schema: str | None
    tableType: str | None
    described: bool
    # Id, type (user or team) and name of each.
    owners: list[dict[str, str]]
    # The same of those whom OpenMetadata names and who left.
    formerOwners: list[dict[str, str]]
    ownedByNobody: bool
    tier: str | None
    tags: list[str]
    domain: str | None
    domains: list[str]
    sizeBytes: int | None
    storageCost: Decimal | None
    queryCost: Decimal | None
    monthlyCost: Decimal | None
    usdPerGbMonth: Decimal
    # Whether data that is not written long enough has a lower rate, and this table pays that.
    longTermRate: bool
    priceBasis: str
    storagePrice: PriceView
    created: date | None
    knownSince: date | None
    lastAccessed: date | None
    lastWritten: date | None
    queries30d: int
    firstUse: date | None
    lastUse: date | None
    daysOfUse: int
    longestPauseDays: int
    idleDays: int | None
    evidence: str
    activity: str
    activityReason: str
    unknownReason: str | None
    # For how many of how many days its feed tells what was used.
    observation: Observation | None
    inUse: bool
    inUseThroughLineage: bool
    zombie: bool
    absentSince: datetime | None
    removedAt: datetime | None
    url: str | None
    series: SeriesView | None


class AdviceView(TypedDict):
    """The verdict on a table in short; `advised` holds the columns that it comes from."""

    recommendation: str
    purgeScore: float | None
    returnRisk: float | None
    blockerCodes: list[str]
    saving: Decimal | None
    advised: dict[str, int]
    # Whether it is worth a trial.
    trial: bool


class JudgedView(InventoryView, AdviceView):
    """A table with the verdict on it."""


class TableView(JudgedView, LabelsView):
    """A table with its labels and the verdict on it; `useKind` as the column `use_kind`."""

    useKind: int


class AsOf(TypedDict):
    """How current an answer is."""

    refreshedAt: datetime
    stale: bool
    warnings: list[str]


class TableAnswer(TableView, AsOf):
    """The parent of the resolvers of `Table`."""


def price_view(price: StoragePrice) -> PriceView:
    """The answer about a price."""
    return {
        "serviceType": price.service_type,
        "service": price.service or None,
        "usdPerGbMonth": price.usd_per_gb_month,
        "longTermUsdPerGbMonth": price.long_term_usd_per_gb_month,
        "longTermDays": price.long_term_days,
        "effectiveFrom": price.effective_from,
        "basis": price.basis.value,
        "source": price.source,
        "sourceDate": price.source_date,
        "setBy": price.set_by,
        "setAt": price.set_at,
    }


def inventory_view(
    row: Row,
    *,
    idle: int | None,
    feed: PlaceFeed | None,
    service: Service | None,
    tariffs: Tariffs,
    tariff: int,
    directory: Directory,
    departed: int,
    as_of: date,
    base_url: str | None,
    series: SeriesView | None,
) -> InventoryView:
    """The answer about a row.

    `idle` is in watched days, `feed` that of its place, `tariff` what its storage costs, `departed` the number of the set of
    its owners who left, `base_url` OpenMetadata's address.
    """
    storage, queries = tariffs.storage(tariff, row["size_bytes"]), row["query_cost_30d"]
    price = tariffs.prices[tariff // TARIFFS]
    costs = [cost for cost in (storage, queries) if cost is not None]
    domains = [directory["domains"][each] for each in _item(directory["domain_sets"], row["domain"]) or ()]
    owners, former = (owner_views(_item(directory["owner_sets"], each) or ()) for each in (row["owner_set"], departed))
    return {
        "number": row["number"],
        "id": row["id"],
        "fqn": row["fqn"],
        "name": row["name"],
        "displayName": row["display_name"],
        "service": row["service"],
        "serviceType": service and service["type"],
        "database": row["database_name"],
        "schema": row["schema_name"],
        "tableType": row["table_type"],
        "described": bool(row["described"]),
        "owners": owners,
        "formerOwners": former,
        "ownedByNobody": bool(former) and not owners,
        "tier": TIERS[min(row["tier"], len(TIERS) - 1)],
        "tags": _item(directory["tag_sets"], row["tag_set"]) or [],
        "domain": domains[0]["name"] if domains else None,
        "domains": [domain["fqn"] for domain in domains],
        "sizeBytes": row["size_bytes"],
        "storageCost": _rounded(storage),
        "queryCost": _rounded(queries),
        "monthlyCost": _rounded(sum(costs, Decimal(0)) if costs else None),
        "usdPerGbMonth": tariffs.exact[tariff],
        "longTermRate": is_lower(tariff),
        "priceBasis": price.basis.value,
        "storagePrice": price_view(price),
        "created": row["created"],
        "knownSince": row["known_since"],
        "lastAccessed": row["last_accessed"],
        "lastWritten": row["last_written"],
        "queries30d": min(row["queries_30d"], 2**31 - 1),
        "firstUse": row["first_use"],
        "lastUse": row["last_use"],
        "daysOfUse": row["days_of_use"],
        "longestPauseDays": row["longest_gap"],
        "idleDays": None if row["activity"] == "UNKNOWN" else idle,
        "evidence": row["evidence"],
        "activity": row["activity"],
        "activityReason": _activity_reason(row, idle, feed, series, as_of),
        "unknownReason": row["unknown_reason"],
        "observation": None if feed is None else observation(feed),
        "inUse": bool(row["in_use"]),
        "inUseThroughLineage": bool(row["in_use_through_lineage"]),
        "zombie": bool(row["zombie"]),
        "absentSince": row["absent_since"] if row["removed_at"] is None else None,
        "removedAt": row["removed_at"],
        "series": series,
        "url": f"{base_url}/table/{quote(row['fqn'], safe='')}" if base_url else None,
    }


def owner_views(owners: Iterable[Owner]) -> list[dict[str, str]]:
    """Owners as the API's `Owner`."""
    return [{"id": identifier, "type": kind, "name": name} for identifier, kind, name in owners]


def _activity_reason(row: Row, idle: int | None, feed: PlaceFeed | None, series: SeriesView | None, as_of: date) -> str:
    if series is None:
        return activity_reason(row, idle, feed, as_of)
    if series["inUse"]:
        return f"{activity_reason(row, idle, feed, as_of)} {series['reason']}"
    # What nobody uses is judged as one.
    whole = {**row, "last_accessed": series["lastAccessed"], "known_since": series["knownSince"]}
    return f"{series['reason']} {activity_reason(whole, idle, feed, as_of)}"


def advice_view(
    advised: dict[str, int], flags: int, advice: dict[str, Any], cost: Decimal | None, write_cost: Decimal
) -> AdviceView:
    """The verdict of a table's columns (`advised`, `flags`); `advice` is what verdicts rest on, costs are USD a month."""
    verdict = VERDICTS[advised["verdict"]]
    return {
        "recommendation": str(verdict.value),
        "purgeScore": None if advised["purge"] == UNKNOWN_PURGE_SCORE else advised["purge"] / 10,
        "returnRisk": float(RISKS[advised["risk"]]) if advised["risk"] else None,
        "blockerCodes": [str(blocker.value) for blocker in blockers_of(advised["blockers"])],
        "saving": saving_of(
            verdict, cost, Decimal(repr(advice["policy"]["archive_saving"])) if advice else Decimal(0), write_cost
        ),
        "advised": advised,
        "trial": bool(flags & TRIAL),
    }


def saving_of(
    verdict: Verdict, cost: Decimal | None, archive_share: Decimal, write_cost: Decimal = Decimal(0)
) -> Decimal | None:
    """USD a month that following a verdict saves of a table's cost; None if an unknown cost would count.

    `write_cost` is what the statements cost that only write it, 0 where that is not known.
    """
    if verdict is Verdict.STOP_REFRESH:
        return _rounded(write_cost)
    share = {Verdict.DELETE: Decimal(1), Verdict.ARCHIVE: archive_share}.get(verdict, Decimal(0))
    return Decimal(0) if share == 0 else _rounded(None if cost is None else cost * share)


def _item(items: Sequence[Item], index: int) -> Item | None:
    return items[index] if index < len(items) else None


def _rounded(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else round_amount(amount)
