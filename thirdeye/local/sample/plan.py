"""The skeleton of an estate: services, databases and schemas, and which tables stand in which schema."""

from bisect import bisect_right
from dataclasses import dataclass
from operator import attrgetter

from thirdeye.local.sample.naming import hash_of_names, identifier, join_fqn, join_hash, quote_name
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.people import People
from thirdeye.local.sample.records import (
    AccessTimes,
    Counting,
    DatabaseRecord,
    Feed,
    Reach,
    Runs,
    Schedule,
    SchemaRecord,
    ServiceRecord,
)

TABLES_PER_REPLICA = 50_000
LARGE_ESTATE, SLOTS_OF_SERIES = 20_000, 4


@dataclass(frozen=True, slots=True)
class Blueprint:
    """One kind of database service; `share` is its part of all tables, per mille.

    Only the ingestion of BigQuery, Snowflake, Redshift and Trino writes life cycles. `reaches` speaks of databases by
    their number and is repeated where there are more; `schema_left_out` is the number of a schema in each database.
    """

    name: str
    service_type: str
    share: int
    feed: Feed
    access_times: AccessTimes
    observed_days: int | None = None
    deleted: bool = False
    schedule: Schedule = Schedule.DAILY
    counting: Counting = Counting.QUERIES
    runs: Runs = Runs.ABSENT
    life_cycles: bool = False
    lineage: bool = True
    reaches: tuple[Reach, ...] = (Reach.WATCHED,)
    schema_left_out: int | None = None


BLUEPRINTS: tuple[Blueprint, ...] = (
    Blueprint(
        "snowflake_prod", "Snowflake", 280, Feed.LIVE, AccessTimes.THIN, runs=Runs.RECORDED, life_cycles=True,
        reaches=(Reach.WATCHED, Reach.WATCHED, Reach.STOPPED),
    ),
    Blueprint(
        "bigquery_analytics", "BigQuery", 170, Feed.LIVE, AccessTimes.RICH, runs=Runs.RECENT, life_cycles=True,
        reaches=(Reach.WATCHED, Reach.NEVER),
    ),
    Blueprint(
        "databricks.lake", "Databricks", 90, Feed.LIVE, AccessTimes.NONE, runs=Runs.RECORDED,
        schedule=Schedule.FAILING, schema_left_out=1,
    ),
    Blueprint("trino_new", "Trino", 50, Feed.LIVE, AccessTimes.NONE, observed_days=45, runs=Runs.UNRECORDED),
    Blueprint(
        "redshift_legacy", "Redshift", 90, Feed.SILENT, AccessTimes.RICH, runs=Runs.RECORDED, life_cycles=True,
        lineage=False,
    ),
    Blueprint(
        "athena_logs", "Athena", 50, Feed.LIVE, AccessTimes.NONE, runs=Runs.RECORDED, schedule=Schedule.WEEKLY
    ),
    Blueprint(
        "postgres_crm", "Postgres", 60, Feed.LIVE, AccessTimes.NONE, runs=Runs.RECORDED, counting=Counting.REMEMBERED
    ),
    Blueprint("clickhouse_events", "Clickhouse", 30, Feed.LIVE, AccessTimes.NONE, counting=Counting.CUT_OFF),
    Blueprint("mssql_finance", "Mssql", 40, Feed.SILENT, AccessTimes.NONE),
    Blueprint("mysql_shop", "Mysql", 50, Feed.ABSENT, AccessTimes.NONE),
    Blueprint("oracle_erp", "Oracle", 30, Feed.ABSENT, AccessTimes.NONE, lineage=False),
    Blueprint("Größe 🧊 数据", "Trino", 40, Feed.ABSENT, AccessTimes.STALE, life_cycles=True),
    Blueprint("hive_retired", "Hive", 20, Feed.ABSENT, AccessTimes.NONE, deleted=True),
    Blueprint("mssql_empty", "Mssql", 0, Feed.ABSENT, AccessTimes.NONE),
)  # fmt: skip
DATABASE_NAMES = ("analytics", "raw.zone", "sales", "ops", "Übergabe", "archive")
SCHEMA_NAMES = ("public", "core", "staging", "mart.v2", "reporting", "tmp", "日本", "legacy")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table stands: `local_index` is its number within the service, `schema_index` within the schema.

    `series`: the schema is full of series, and this is its number among such schemas.
    """

    service: ServiceRecord
    database: DatabaseRecord
    schema: SchemaRecord
    local_index: int
    tables_of_service: int
    schema_index: int
    tables_of_schema: int
    series: int | None


@dataclass(frozen=True, slots=True)
class _Slot:
    """A schema, the number of its first table within the service, and which of the schemas of series it is."""

    schema: SchemaRecord
    first_table: int
    tables: int
    series: int | None


@dataclass(frozen=True, slots=True)
class _Block:
    """The tables of a service, numbered from `first_table` to before `end`: `tables_per_slot` in each of its slots.

    A schema of series has several slots, where estates are large.
    """

    first_table: int
    end: int
    service: ServiceRecord
    slots: list[_Slot]
    tables_per_slot: int


class Plan:
    """Services, databases and schemas of an estate, all held in memory (one schema for up to 100 tables)."""

    def __init__(self, options: EstateOptions, people: People) -> None:
        self._options = options
        self._people = people
        self._blocks: list[_Block] = []
        self._layout = _Layout(options)
        self.services: list[ServiceRecord] = []
        self.databases: list[DatabaseRecord] = []
        self.schemas: list[SchemaRecord] = []
        self._build()
        self._databases = {database.id: database for database in self.databases}

    def place(self, index: int) -> Place:
        """Where table number `index` stands."""
        block = self._blocks[bisect_right(self._blocks, index, key=attrgetter("first_table")) - 1]
        local_index = index - block.first_table
        slot = block.slots[local_index // block.tables_per_slot]
        return Place(
            block.service,
            self._databases[slot.schema.database_id],
            slot.schema,
            local_index,
            block.end - block.first_table,
            local_index - slot.first_table,
            slot.tables,
            slot.series,
        )

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
                    self._fill(self.services[-1], blueprint, first_table, end)
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
            schedule=blueprint.schedule,
            counting=blueprint.counting,
            runs=blueprint.runs,
            life_cycles=blueprint.life_cycles,
            lineage=blueprint.lineage,
        )

    def _fill(self, service: ServiceRecord, blueprint: Blueprint, first_table: int, end: int) -> None:
        layout, slots = self._layout, list[_Slot]()
        tables = end - first_table
        while len(slots) * layout.tables_per_slot < tables:
            number, first = len(slots), len(slots) * layout.tables_per_slot
            in_database = number % layout.slots_per_database
            if in_database == 0:
                reach = blueprint.reaches[number // layout.slots_per_database % len(blueprint.reaches)]
                self._add_database(service, number // layout.slots_per_database, reach)
            reach = Reach.NEVER if in_database == blueprint.schema_left_out else self.databases[-1].reach
            self._add_schema(self.databases[-1], SCHEMA_NAMES[in_database], reach)
            taken, series = layout.next_slots(number, tables - first, reach)
            width = min(taken * layout.tables_per_slot, tables - first)
            slots += [_Slot(self.schemas[-1], first, width, series)] * taken
        self._blocks.append(_Block(first_table, end, service, slots, layout.tables_per_slot))

    def _add_database(self, service: ServiceRecord, number: int, reach: Reach) -> None:
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
            reach=reach,
        )
        self.databases.append(database)

    def _add_schema(self, database: DatabaseRecord, name: str, reach: Reach) -> None:
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
            reach=reach,
        )
        self.schemas.append(schema)


class _Layout:
    """How many tables make a schema, and which schemas are full of series."""

    def __init__(self, options: EstateOptions) -> None:
        self.tables_per_slot, self.slots_per_database = (12, 3) if options.tables <= 1_000 else (100, 8)
        self._slots_of_series = SLOTS_OF_SERIES if options.tables >= LARGE_ESTATE else 1
        self._share = options.series_share
        self._series = 0
        # Begins half way, so that the first series come early.
        self._owed = self._slots_of_series / 2

    def next_slots(self, number: int, tables_left: int, reach: Reach) -> tuple[int, int | None]:
        """How many slots the next schema of a service takes, and its number among the schemas of series if it is one.

        Never the first of a service, which holds its oddities, nor where the usage workflow does not reach.
        """
        self._owed += self._share
        slots = self._slots_of_series
        fits = number % self.slots_per_database + slots <= self.slots_per_database
        fits = fits and slots * self.tables_per_slot <= tables_left
        if not (fits and number and reach is Reach.WATCHED and self._share and self._owed >= slots):
            return 1, None
        self._owed += self._share * (slots - 1) - slots
        self._series += 1
        return slots, self._series - 1
