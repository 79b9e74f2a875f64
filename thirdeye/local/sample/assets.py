"""Everything lineage can reach besides tables: dashboards, pipelines, topics; and what it must ignore."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from thirdeye.local.sample.fates import may_be_needed
from thirdeye.local.sample.naming import dice, hash_of_names, identifier, join_fqn, join_hash, quote_name
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.plan import Plan
from thirdeye.local.sample.records import (
    CONTAINS,
    HAS,
    UPSTREAM,
    AccessTimes,
    AssetRecord,
    Feed,
    RelationRecord,
    ServiceRecord,
    UsageRow,
)
from thirdeye.local.sample.usage import usage_of_asset

ASPECT = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of asset; `tables_per_asset` sets how many there are, `before` and `after` how lineage runs."""

    entity_type: str
    tables_per_asset: int
    service: int | None  # into ASSET_SERVICES
    after: bool = False  # table -> asset
    before: bool = False  # asset -> table


ASSET_SERVICES: tuple[tuple[str, str, str, Feed], ...] = (
    ("dashboardService", "looker_main", "Looker", Feed.LIVE),
    ("dashboardService", "tableau.old", "Tableau", Feed.ABSENT),
    ("pipelineService", "airflow", "Airflow", Feed.ABSENT),
    ("mlmodelService", "mlflow", "Mlflow", Feed.ABSENT),
    ("messagingService", "kafka", "Kafka", Feed.ABSENT),
    ("storageService", "s3", "S3", Feed.ABSENT),
    ("searchService", "opensearch", "OpenSearch", Feed.ABSENT),
    ("apiService", "rest", "Rest", Feed.ABSENT),
    ("driveService", "google drive", "GoogleDrive", Feed.ABSENT),
)
KINDS: tuple[Kind, ...] = (
    Kind("dashboard", 25, 0, after=True),
    Kind("dashboard", 40, 1, after=True),
    Kind("chart", 20, 0, after=True),
    Kind("dashboardDataModel", 40, 0, after=True),
    Kind("pipeline", 50, 2, before=True, after=True),
    Kind("mlmodel", 100, 3, after=True),
    Kind("topic", 100, 4, before=True),
    Kind("container", 60, 5, before=True),
    Kind("searchIndex", 150, 6, after=True),
    Kind("apiEndpoint", 150, 7, after=True),
    Kind("storedProcedure", 80, None, before=True, after=True),
    Kind("domain", 150, None),
    Kind("dataProduct", 100, None),
    Kind("metric", 60, None, after=True),
    Kind("spreadsheet", 200, 8),
    Kind("worksheet", 100, 8, before=True, after=True),
)
SPREADSHEETS = next(kind for kind in KINDS if kind.entity_type == "spreadsheet")


class Assets:
    """Gives the assets of an estate one by one, and their relations and usage."""

    def __init__(self, options: EstateOptions, plan: Plan, table_id: Callable[[int], str]) -> None:
        self._options = options
        self._plan = plan
        self._table_id = table_id
        self.services = [self._service(number, *service) for number, service in enumerate(ASSET_SERVICES)]

    def __iter__(self) -> Iterator[AssetRecord]:
        return (asset for _, _, asset in self._numbered())

    def relations(self) -> Iterator[RelationRecord]:
        """Containment and lineage of assets, and the lineage between services, domains and data products."""
        services = self._plan.services
        for earlier, later in pairwise(services):
            yield _edge(earlier.id, later.id, "databaseService", "databaseService", "ChildAssets")
        for service in self.services:
            yield _edge(services[0].id, service.id, "databaseService", service.entity_type, "ChildAssets")
        for kind, number, asset in self._numbered():
            yield from self._relations_of(kind, number, asset)

    def usage(self) -> Iterator[UsageRow]:
        """Usage rows of the dashboards whose service has a live feed."""
        kind = KINDS[0]
        for number in range(self._count(kind)):
            yield from usage_of_asset(self._asset(kind, number), number, self._options)

    def _numbered(self) -> Iterator[tuple[Kind, int, AssetRecord]]:
        for kind in KINDS:
            for number in range(self._count(kind)):
                yield kind, number, self._asset(kind, number)

    def _count(self, kind: Kind) -> int:
        return max(3, self._options.tables // kind.tables_per_asset) if self._options.tables else 0

    def _service(self, number: int, entity_type: str, name: str, service_type: str, feed: Feed) -> ServiceRecord:
        return ServiceRecord(
            id=identifier(self._options.seed, entity_type, number),
            name=name,
            fqn=quote_name(name),
            name_hash=hash_of_names([name]),
            entity_type=entity_type,
            service_type=service_type,
            feed=feed,
            access_times=AccessTimes.NONE,
            observed_days=None,
            deleted=False,
            updated_at_ms=self._options.moment_ms(420, number),
        )

    def _asset(self, kind: Kind, number: int) -> AssetRecord:
        name = f"{kind.entity_type}.v{number}" if number % 10 == 3 else f"{kind.entity_type}_{number}"
        fqn, fqn_hash = quote_name(name), hash_of_names([name])
        if kind.service is not None:
            service = self.services[kind.service]
            fqn, fqn_hash = join_fqn(service.fqn, name), join_hash(service.name_hash, name)
            if kind.entity_type == "worksheet":
                sheet = self._asset(SPREADSHEETS, self._spreadsheet(number))
                fqn, fqn_hash = join_fqn(sheet.fqn, name), join_hash(sheet.fqn_hash, name)
        elif kind.entity_type == "storedProcedure":
            schema = self._plan.schemas[0]
            fqn, fqn_hash = join_fqn(schema.fqn, name), join_hash(schema.fqn_hash, name)
        return AssetRecord(
            id=self._asset_id(kind, number),
            entity_type=kind.entity_type,
            name=name,
            fqn=fqn,
            fqn_hash=fqn_hash,
            deleted=number % 3 == 2 if kind.entity_type == "metric" else number % 13 == 2 and kind.service is not None,
            updated_at_ms=self._options.moment_ms(10 + number % 500, number % 80_000),
        )

    def _spreadsheet(self, worksheet: int) -> int:
        return worksheet % self._count(SPREADSHEETS)

    def _asset_id(self, kind: Kind, number: int) -> str:
        return identifier(self._options.seed, f"{kind.entity_type}/{kind.service}", number)

    def _relations_of(self, kind: Kind, number: int, asset: AssetRecord) -> Iterator[RelationRecord]:
        if kind.entity_type == "worksheet":
            sheet = self._asset_id(SPREADSHEETS, self._spreadsheet(number))
            yield RelationRecord(sheet, asset.id, "spreadsheet", "worksheet", CONTAINS)
        elif kind.service is not None:
            service = self.services[kind.service]
            yield RelationRecord(service.id, asset.id, service.entity_type, kind.entity_type, CONTAINS)
        yield from self._table_lineage(kind, number, asset)
        dashboard = self._asset_id(KINDS[0], number % self._count(KINDS[0]))
        if kind.entity_type == "dashboardDataModel":
            yield _edge(asset.id, dashboard, kind.entity_type, "dashboard", "DashboardLineage")
        if kind.entity_type == "chart":
            yield RelationRecord(dashboard, asset.id, "dashboard", "chart", HAS)
        if kind.entity_type in {"domain", "dataProduct"} and number:
            yield RelationRecord(asset.id, self._table_id(self._member(number)), kind.entity_type, "table", HAS)
            previous = self._asset_id(kind, number - 1)
            yield _edge(previous, asset.id, kind.entity_type, kind.entity_type, "ChildAssets")

    def _table_lineage(self, kind: Kind, number: int, asset: AssetRecord) -> Iterator[RelationRecord]:
        random = dice(self._options.seed, ASPECT + KINDS.index(kind), number)
        if kind.after:
            for table in sorted({random.randrange(self._options.tables) for _ in range(random.randint(1, 3))}):
                deleted = random.random() < 0.05
                if not self._may_be_needed(table):
                    continue
                table_id = self._table_id(table)
                yield _edge(table_id, asset.id, "table", kind.entity_type, "DashboardLineage", deleted)
        if kind.before:
            table = random.randrange(self._options.tables)
            if self._plan.place(table).service.lineage:
                yield _edge(asset.id, self._table_id(table), kind.entity_type, "table", "PipelineLineage")

    def _member(self, number: int) -> int:
        """A table of a domain or data product: none that nobody wants."""
        tables = (index % self._options.tables for index in range(number, number + self._options.tables))
        return next((index for index in tables if self._may_be_needed(index)), 0)

    def _may_be_needed(self, table: int) -> bool:
        return may_be_needed(table, self._plan.place(table), self._options)


def _edge(
    from_id: str, to_id: str, from_entity: str, to_entity: str, source: str, deleted: bool = False
) -> RelationRecord:
    return RelationRecord(from_id, to_id, from_entity, to_entity, UPSTREAM, deleted, source)
