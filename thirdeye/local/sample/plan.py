"""The skeleton of an estate: services, databases and schemas, and which tables stand in which schema."""

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter

from thirdeye.local.sample.naming import hash_of_names, identifier, join_fqn, join_hash, quote_name
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.people import People
from thirdeye.local.sample.records import AccessTimes, DatabaseRecord, Feed, SchemaRecord, ServiceRecord

TABLES_PER_REPLICA = 50_000


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One kind of database service; `share` is its part of all tables, per mille."""

    name: str
    service_type: str
    share: int
    feed: Feed
    access_times: AccessTimes
    observed_days: int | None = None
    deleted: bool = False


BLUEPRINTS: tuple[Blueprint, ...] = (
    Blueprint("snowflake_prod", "Snowflake", 280, Feed.LIVE, AccessTimes.THIN),
    Blueprint("bigquery_analytics", "BigQuery", 170, Feed.LIVE, AccessTimes.RICH),
    Blueprint("databricks.lake", "Databricks", 100, Feed.LIVE, AccessTimes.NONE),
    Blueprint("trino_new", "Trino", 60, Feed.LIVE, AccessTimes.NONE, observed_days=45),
    Blueprint("redshift_legacy", "Redshift", 100, Feed.SILENT, AccessTimes.NONE),
    Blueprint("athena_logs", "Athena", 50, Feed.SILENT, AccessTimes.RICH),
    Blueprint("postgres_crm", "Postgres", 80, Feed.ABSENT, AccessTimes.RICH),
    Blueprint("mysql_shop", "Mysql", 60, Feed.ABSENT, AccessTimes.THIN),
    Blueprint("oracle_erp", "Oracle", 40, Feed.ABSENT, AccessTimes.NONE),
    Blueprint("Größe 🧊 数据", "Hive", 40, Feed.ABSENT, AccessTimes.STALE),
    Blueprint("hive_retired", "Hive", 20, Feed.ABSENT, AccessTimes.NONE, deleted=True),
    Blueprint("mssql_empty", "Mssql", 0, Feed.ABSENT, AccessTimes.NONE),
)
DATABASE_NAMES = ("analytics", "raw.zone", "sales", "ops", "Übergabe", "archive")
SCHEMA_NAMES = ("public", "core", "staging", "mart.v2", "reporting", "tmp", "日本", "legacy")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands, and `local_index`, its number within the service."""

    service: ServiceRecord
    database: DatabaseRecord
    schema: SchemaRecord
    local_index: int


@dataclass(frozen=True, slots=True)
class _Block:
    """The tables of a service: `tables_per_schema` in each of its schemas, numbered from `first_table`."""

    first_table: int
    service: ServiceRecord
    schemas: list[SchemaRecord]
    tables_per_schema: int


class Plan:
    """Services, databases and schemas of an estate, all held in memory (one schema for up to 100 tables)."""

    def __init__(self, options: EstateOptions, people: People) -> None:
        self._options = options
        self._people = people
        self._blocks: list[_Block] = []
        self.services: list[ServiceRecord] = []
        self.databases: list[DatabaseRecord] = []
        self.schemas: list[SchemaRecord] = []
        self._build()
        self._databases = {database.id: database for database in self.databases}

    def place(self, index: int) -> Place:
        """Where table number `index` stands."""
        block = self._blocks[bisect_right(self._blocks, index, key=attrgetter("first_table")) - 1]
        local_index = index - block.first_table
        schema = block.schemas[local_index // block.tables_per_schema]
        return Place(block.service, self._databases[schema.database_id], schema, local_index)

    def _build(self) -> None:
        replicas = max(1, round(self._options.tables / TABLES_PER_REPLICA))
        total = sum(blueprint.share for blueprint in BLUEPRINTS) * replicas
        done, first_table = 0, 0
        for replica in range(replicas):
            for blueprint in BLUEPRINTS:
                self.services.append(self._service(blueprint, replica))
                done += blueprint.share
                end = self._options.tables * done // total
                if end > first_table:
                    self._fill(self.services[-1], first_table, end)
                first_table = end

    def _service(self, blueprint: Blueprint, replica: int) -> ServiceRecord:
        number = len(self.services)
        name = blueprint.name + (f"_{replica + 1}" if replica else "")
        return ServiceRecord(
            id=identifier(self._options.seed, "databaseService", number),
            name=name,
            fqn=quote_name(name),
            name_hash=hash_of_names([name]),
            entity_type="databaseService",
            service_type=blueprint.service_type,
            feed=blueprint.feed,
            access_times=blueprint.access_times,
            observed_days=blueprint.observed_days,
            deleted=blueprint.deleted,
            updated_at_ms=self._options.moment_ms(400 + number, number),
        )

    def _fill(self, service: ServiceRecord, first_table: int, end: int) -> None:
        tables_per_schema = 12 if self._options.tables <= 1_000 else 100
        first_schema = len(self.schemas)
        for number in range(-(-(end - first_table) // tables_per_schema)):
            if number % len(SCHEMA_NAMES) == 0:
                self._add_database(service, number // len(SCHEMA_NAMES))
            self._add_schema(self.databases[-1], SCHEMA_NAMES[number % len(SCHEMA_NAMES)])
        self._blocks.append(_Block(first_table, service, self.schemas[first_schema:], tables_per_schema))

    def _add_database(self, service: ServiceRecord, number: int) -> None:
        everywhere = len(self.databases)
        round_number, choice = divmod(number, len(DATABASE_NAMES))
        name = DATABASE_NAMES[choice] + (f"_{round_number + 1}" if round_number else "")
        database = DatabaseRecord(
            id=identifier(self._options.seed, "database", everywhere),
            name=name,
            fqn=join_fqn(service.fqn, name),
            fqn_hash=join_hash(service.name_hash, name),
            service_id=service.id,
            deleted=service.deleted,
            updated_at_ms=self._options.moment_ms(300 + everywhere % 90, everywhere),
            retention_period="P730D" if everywhere % 5 == 2 else None,
            owners=self._people.owners(everywhere) if everywhere % 4 == 1 else (),
            former_owners=self._people.owners(everywhere + 1) if everywhere % 4 == 2 else (),
        )
        self.databases.append(database)

    def _add_schema(self, database: DatabaseRecord, name: str) -> None:
        everywhere = len(self.schemas)
        schema = SchemaRecord(
            id=identifier(self._options.seed, "databaseSchema", everywhere),
            name=name,
            fqn=join_fqn(database.fqn, name),
            fqn_hash=join_hash(database.fqn_hash, name),
            database_id=database.id,
            service_id=database.service_id,
            deleted=database.deleted,
            updated_at_ms=self._options.moment_ms(200 + everywhere % 90, everywhere % 80_000),
            retention_period="P365D" if everywhere % 6 == 3 else None,
            owners=self._people.owners(everywhere + 2) if everywhere % 3 == 0 else (),
            former_owners=self._people.owners(everywhere + 3) if everywhere % 6 == 4 else (),
        )
        self.schemas.append(schema)
