"""The generator's own records: the truth about a sample estate, before it becomes rows and JSON.

Times ending in `_ms` are milliseconds since the epoch, UTC; sizes are bytes.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

CONTAINS, MENTIONED_IN, OWNS, HAS, FOLLOWS, UPSTREAM = 0, 5, 8, 10, 11, 13
CLASSIFICATION, GLOSSARY = 0, 1


class Feed(StrEnum):
    """What a database service's usage workflow delivers."""

    LIVE = "live"
    SILENT = "silent"
    ABSENT = "absent"


class AccessTimes(StrEnum):
    """How many tables of a service carry `lifeCycle.accessed`."""

    RICH = "rich"  # well over 10 %, kept up to date
    STALE = "stale"  # well over 10 %, but the newest is older than 30 days
    THIN = "thin"  # under 10 %
    NONE = "none"


class Schedule(StrEnum):
    """When a usage workflow runs: each run reads the log of its day and of the day before."""

    DAILY = "daily"
    WEEKLY = "weekly"
    FAILING = "failing"  # daily, but three days in ten nothing was read, in blocks


class Counting(StrEnum):
    """What a count of a usage row says."""

    QUERIES = "queries"
    CUT_OFF = "cut off"  # no more queries a day are read than OM's limit
    REMEMBERED = "remembered"  # Postgres: statements that the server remembers, again on each day


class Runs(StrEnum):
    """What OM holds of the runs of a service's usage workflow."""

    RECORDED = "recorded"
    RECENT = "recent"  # the pipeline was made anew, which took the older ones away
    UNRECORDED = "unrecorded"  # there are pipelines, but somebody else's scheduler runs the workflows
    ABSENT = "absent"


class Reach(StrEnum):
    """Whether the usage workflow reaches a database or schema."""

    WATCHED = "watched"
    NEVER = "never"
    STOPPED = "stopped"  # on one day, for all of its tables


class Fate(StrEnum):
    """A table in a well-watched service that nobody reads any more: waste, or held by one thing."""

    FORGOTTEN = "forgotten"
    STILL_WRITTEN = "still written"
    REBUILT = "rebuilt"  # each night, so that its life cycle says that it is new
    CRITICAL = "critical"  # its tier
    NEEDED = "needed"  # something in use is made from it
    SCRATCH = "scratch"  # small, and never read after its first weeks: nobody misses these


WASTE = frozenset({Fate.FORGOTTEN, Fate.STILL_WRITTEN, Fate.REBUILT})


class Rhythm(StrEnum):
    """How a table is used over time."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"
    DYING = "dying"
    DEAD = "dead"
    BURSTS = "bursts"
    NEVER = "never"


class SeriesKind(StrEnum):
    """How tables that are parts of a whole, or look like it, are named and read."""

    DAILY = "daily"  # events_20260131; only those of the last thirty days are read
    MONTHLY = "monthly"  # orders_p2026_01 below `orders`, Partitioned, which alone is read by its name
    UNREAD = "unread"  # clicks_2026_01_31, written to this day and read by nobody
    COPIES = "copies"  # invoices_20260131 beside a plain `invoices` that is read: no series
    WEEKLY = "weekly"  # log_2026w05; only the newest four are read
    NUMBERED = "numbered"  # sessions_03 below `sessions`, Partitioned, which alone is read by its name


@dataclass(frozen=True, slots=True)
class SeriesPart:
    """What makes a table a part of a series, or a dated copy; `is_whole`: the table that is not named by a date."""

    kind: SeriesKind
    stem: str
    is_whole: bool
    age_days: int
    read_days: range  # days ago on which it was read by its own name
    written_days: int  # it was written for the last time so many days ago


@dataclass(frozen=True, slots=True)
class OwnerRecord:
    id: str
    entity_type: str  # user | team


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A service of any kind; from `feed` on but for the last two, its fields speak of database services only."""

    id: str
    name: str
    fqn: str
    name_hash: str
    entity_type: str  # databaseService, dashboardService, ...
    service_type: str
    feed: Feed
    access_times: AccessTimes
    observed_days: int | None  # usage began so many days ago; None: as long ago as the estate goes back
    deleted: bool
    updated_at_ms: int
    schedule: Schedule = Schedule.DAILY
    counting: Counting = Counting.QUERIES
    runs: Runs = Runs.ABSENT
    life_cycles: bool = False
    lineage: bool = True


@dataclass(frozen=True, slots=True)
class _Placed:
    id: str
    name: str
    fqn: str
    fqn_hash: str
    deleted: bool
    updated_at_ms: int


@dataclass(frozen=True, slots=True)
class DatabaseRecord(_Placed):
    service_id: str
    retention_period: str | None
    owners: tuple[OwnerRecord, ...]
    former_owners: tuple[OwnerRecord, ...]
    reach: Reach


@dataclass(frozen=True, slots=True)
class SchemaRecord(DatabaseRecord):
    database_id: str


@dataclass(frozen=True, slots=True)
class AssetRecord(_Placed):
    """Anything but a table that lineage can reach, and domains and data products, that it must not."""

    entity_type: str


@dataclass(frozen=True, slots=True)
class ColumnRecord:
    name: str
    data_type: str
    description: str | None
    personal: bool  # tagged PII.Sensitive


@dataclass(frozen=True, slots=True)
class TableRecord:
    """`owners` are the direct ones; `deleted` None: the key is missing in the JSON, so it is not deleted.

    `odd_times` stand in the life cycle instead of what the `_ms` fields say, as custom connectors write them.
    """

    index: int
    id: str
    name: str
    display_name: str | None
    fqn: str
    fqn_hash: str
    service_id: str
    database_id: str
    schema_id: str
    service_type: str
    table_type: str | None
    description: str | None
    columns: tuple[ColumnRecord, ...]
    schema_definition: str | None
    retention_period: str | None
    version: float
    updated_at_ms: int
    created_at_ms: int  # when it came to OM, which only the newest OM knows
    deleted: bool | None
    created_ms: int | None
    updated_ms: int | None
    accessed_ms: int | None
    odd_times: tuple[tuple[str, int | str], ...]
    owners: tuple[OwnerRecord, ...]
    former_owners: tuple[OwnerRecord, ...]
    tier: str | None
    rhythm: Rhythm
    age_days: int  # since it exists, whether `created_ms` says so or not
    bytes_now: int | None  # None: it has no storage of its own
    fate: Fate | None
    last_use_days: int | None  # nobody used it since so many days ago
    part: SeriesPart | None = None


@dataclass(frozen=True, slots=True)
class UsageRow:
    entity_id: str
    entity_type: str
    usage_date: date
    count1: int
    count7: int
    count30: int


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A `table.tableProfile`; `nested`: OM 1.9.9's shape, fields under `$.profileData`."""

    table_id: str
    fqn_hash: str
    timestamp_ms: int
    row_count: int | float | None
    size_in_byte: int | float | None
    nested: bool


@dataclass(frozen=True, slots=True)
class SystemProfileRow:
    """A `table.systemProfile`; an operation like SELECT writes nothing."""

    table_id: str
    fqn_hash: str
    timestamp_ms: int
    operation: str
    rows_affected: int | None
    nested: bool


@dataclass(frozen=True, slots=True)
class RelationRecord:
    from_id: str
    to_id: str
    from_entity: str
    to_entity: str
    relation: int
    deleted: bool = False
    lineage_source: str | None = None


@dataclass(frozen=True, slots=True)
class TagRecord:
    source: int
    tag_fqn: str
    target_fqn_hash: str
    label_type: int = 0
    state: int = 1


@dataclass(frozen=True, slots=True)
class QueryRecord:
    id: str
    name: str
    fqn: str
    fqn_hash: str
    text: str
    updated_at_ms: int
    table_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueryCostRow:
    """`cost` is the USD of all `count` executions of that day, `total_duration` seconds."""

    id: str
    query_id: str
    query_fqn_hash: str
    timestamp_ms: int
    cost: float
    count: int
    total_duration: float


@dataclass(frozen=True, slots=True)
class UserRecord:
    id: str
    name: str
    email: str
    is_bot: bool
    deleted: bool
    updated_at_ms: int


@dataclass(frozen=True, slots=True)
class TeamRecord:
    id: str
    name: str
    team_type: str
    deleted: bool
    updated_at_ms: int


@dataclass(frozen=True, slots=True)
class ExtensionRow:
    """A row of `entity_extension`; `personal`: `table.sampleData`, real people's data in a true OM."""

    entity_id: str
    extension: str
    personal: bool


@dataclass(frozen=True, slots=True)
class PipelineRecord:
    """An ingestion pipeline of OM, whose document holds a token; below a service, or below a table (test suites)."""

    id: str
    name: str
    fqn: str
    fqn_hash: str
    pipeline_type: str  # usage | metadata | lineage | profiler | TestSuite
    updated_at_ms: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run of an ingestion pipeline; `steps` are names and numbers of records, None where OM stored none.

    `started` is in milliseconds, in very old OM in seconds.
    """

    id: str
    pipeline_fqn_hash: str
    started: int
    seconds: int | None  # it took; None: it was killed, and stays "running"
    state: str
    steps: tuple[tuple[str, int], ...] | None
