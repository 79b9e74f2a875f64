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


@dataclass(frozen=True, slots=True)
class OwnerRecord:
    id: str
    entity_type: str  # user | team


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A service of any kind; `feed`, `access_times` and `observed_days` speak of database services only."""

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
    """`owners` are the direct ones; `deleted` None: the key is missing in the JSON, so it is not deleted."""

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
    updated_at_ms: int
    deleted: bool | None
    created_ms: int | None
    updated_ms: int | None
    accessed_ms: int | None
    owners: tuple[OwnerRecord, ...]
    former_owners: tuple[OwnerRecord, ...]
    tier: str | None
    rhythm: Rhythm
    age_days: int  # since it exists, whether `created_ms` says so or not
    bytes_now: int | None  # None: it has no storage of its own


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
    """`cost` is USD per execution, `count` the executions of that day, `total_duration` seconds."""

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
