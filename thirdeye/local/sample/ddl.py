"""OpenMetadata's tables, as far as anything here or in ThirdEye has to do with them.

Read from OM's MySQL migrations. MariaDB takes neither NOT NULL nor PRIMARY KEY on generated columns, so that
those stand in `/*!80000 ... */`, which MySQL alone executes, and MariaDB's stand-ins in `/*M! ... */`, which MySQL
takes for a comment. Left out: columns and indexes of OM's own screens (tag search, user activity).
"""

from collections.abc import Mapping
from enum import StrEnum


class Layout(StrEnum):
    """OM moved the unique key of `entity_usage` and the path of a profile's operation on the way from 1.9 to 2.

    From 2.1 on the JSON of tables has `createdAt`. Drives (spreadsheets, worksheets) came with 1.10.
    """

    OM_1_9 = "1.9"
    OM_2_0 = "2.0"
    OM_2_1 = "2.1"


MARKED_TABLE = "table_entity"

_OPTIONS = (
    "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 "
    "/*!80000 COLLATE=utf8mb4_0900_ai_ci */ /*M! COLLATE=utf8mb4_unicode_520_ci */"
)
_HASH = "varchar(768) CHARACTER SET ascii COLLATE ascii_bin"
_PRIMARY_KEY = "/*!80000 PRIMARY KEY (`id`) */ /*M! UNIQUE KEY `primary_id` (`id`) */"
_DELETED = "`deleted` tinyint(1) GENERATED ALWAYS AS (json_extract(`json`, '$.deleted') = true) VIRTUAL"
_JSON = "`json` json NOT NULL"


def _from_json(name: str, sql_type: str, *, kind: str = "VIRTUAL", required: bool = True, path: str = "") -> str:
    not_null = " /*!80000 NOT NULL */" if required else ""
    expression = f"json_unquote(json_extract(`json`, '$.{path or name}'))"
    return f"`{name}` {sql_type} GENERATED ALWAYS AS ({expression}) {kind}{not_null}"


_ID = _from_json("id", "varchar(36)", kind="STORED")
_NAME = _from_json("name", "varchar(256)")
_UPDATED = (_from_json("updatedAt", "bigint unsigned"), _from_json("updatedBy", "varchar(256)"))
_TIMESTAMP = _from_json("timestamp", "bigint unsigned")
_SERIES = (
    f"`entityFQNHash` {_HASH} NOT NULL",
    "`extension` varchar(256) NOT NULL",
    "`jsonSchema` varchar(256) NOT NULL",
    _JSON,
)
_Statement = tuple[str, str]  # the table's name, and CREATE TABLE


def _create(table: str, *parts: str) -> _Statement:
    return table, f"CREATE TABLE `{table}` (\n  " + ",\n  ".join(parts) + f"\n) {_OPTIONS}"


def _entity(table: str, *more: str, deleted: bool = True) -> _Statement:
    keys = [_PRIMARY_KEY, "UNIQUE KEY `fqnHash` (`fqnHash`)", f"KEY `{table}_name_index` (`name`)"]
    keys.append(f"KEY `idx_{table}_updated_at_id` (`updatedAt` DESC, `id` DESC)")
    if deleted:
        keys.append(f"KEY `idx_{table}_deleted_name_id` (`deleted`, `name`, `id`)")
        keys.append(f"KEY `idx_{table}_deleted` (`deleted`)")
    columns = [_ID, _JSON, *_UPDATED, *([_DELETED] if deleted else []), f"`fqnHash` {_HASH} DEFAULT NULL", _NAME]
    return _create(table, *columns, *more, *keys)


def _named(table: str, *more: str) -> _Statement:
    return _create(
        table,
        _ID, _NAME, _JSON, *_UPDATED, _DELETED,
        "`nameHash` varchar(256) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL",
        *more,
        _PRIMARY_KEY, "UNIQUE KEY `nameHash` (`nameHash`)",
        f"KEY `{table}_name_index` (`name`)",
        f"KEY `idx_{table}_deleted_name` (`deleted`, `name`)",
        f"KEY `idx_{table}_updated_at_id` (`updatedAt` DESC, `id` DESC)",
    )  # fmt: skip


_SERVICE_TYPE = _from_json("serviceType", "varchar(256)")
_SCHEMA_HASH = f"`databaseSchemaHash` {_HASH} GENERATED ALWAYS AS (substring_index(`fqnHash`, '.', 3)) STORED"

SERVICE_TABLES = {
    "databaseService": "dbservice_entity",
    "dashboardService": "dashboard_service_entity",
    "pipelineService": "pipeline_service_entity",
    "mlmodelService": "mlmodel_service_entity",
    "messagingService": "messaging_service_entity",
    "storageService": "storage_service_entity",
    "searchService": "search_service_entity",
    "apiService": "api_service_entity",
    "driveService": "drive_service_entity",
}
ASSET_TABLES = {
    "dashboard": "dashboard_entity",
    "chart": "chart_entity",
    "dashboardDataModel": "dashboard_data_model_entity",
    "pipeline": "pipeline_entity",
    "mlmodel": "ml_model_entity",
    "topic": "topic_entity",
    "container": "storage_container_entity",
    "searchIndex": "search_index_entity",
    "apiEndpoint": "api_endpoint_entity",
    "storedProcedure": "stored_procedure_entity",
    "domain": "domain_entity",
    "dataProduct": "data_product_entity",
    "metric": "metric_entity",
    "spreadsheet": "spreadsheet_entity",
    "worksheet": "worksheet_entity",
}
# Kinds of things that came with OM 1.10.
KINDS_OF_DRIVES = frozenset({"driveService", "spreadsheet", "worksheet"})
WITHOUT_DELETED = frozenset({"domain_entity", "data_product_entity"})

_TABLE_ENTITY = _entity(
    "table_entity",
    _SCHEMA_HASH,
    "KEY `index_table_entity_deleted` (`fqnHash`, `deleted`)",
    "KEY `idx_table_entity_deleted_fqnHash` (`deleted`, `fqnHash`)",
    "KEY `idx_table_entity_name_id` (`name`, `id`)",
    "KEY `idx_table_entity_schema_listing` (`deleted`, `databaseSchemaHash`, `name`, `id`)",
)
_USER_ENTITY = _named(
    "user_entity",
    _from_json("email", "varchar(256)"),
    "`isBot` tinyint(1) GENERATED ALWAYS AS (json_extract(`json`, '$.isBot') = true) VIRTUAL",
    "UNIQUE KEY `email` (`email`)",
    "KEY `idx_isBot` (`isBot`)",
)
_ENTITY_RELATIONSHIP = _create(
    "entity_relationship",
    "`fromId` varchar(36) NOT NULL",
    "`toId` varchar(36) NOT NULL",
    "`fromEntity` varchar(256) NOT NULL",
    "`toEntity` varchar(256) NOT NULL",
    "`relation` tinyint NOT NULL",
    "`jsonSchema` varchar(256) DEFAULT NULL",
    "`json` json DEFAULT NULL",
    "`deleted` tinyint(1) NOT NULL DEFAULT '0'",
    "PRIMARY KEY (`fromId`, `toId`, `relation`)",
    "KEY `from_index` (`fromId`, `relation`)",
    "KEY `to_index` (`toId`, `relation`)",
    "KEY `from_entity_type_index` (`fromId`, `fromEntity`)",
    "KEY `to_entity_type_index` (`toId`, `toEntity`)",
    "KEY `idx_er_toEntity_toId_relation` (`toEntity`, `toId`, `relation`)",
    "KEY `idx_er_fromEntity_toEntity` (`fromEntity`, `toEntity`)",
    "KEY `idx_er_relation_fromEntity_toId` (`relation`, `fromEntity`, `toId`)",
)
_ENTITY_EXTENSION = _create(
    "entity_extension",
    "`id` varchar(36) NOT NULL",
    "`extension` varchar(256) NOT NULL",
    "`jsonSchema` varchar(256) NOT NULL",
    _JSON,
    "PRIMARY KEY (`id`, `extension`)",
    "KEY `extension_index` (`extension`)",
)
_TAG_USAGE = _create(
    "tag_usage",
    "`source` tinyint NOT NULL",
    "`tagFQN` varchar(512) NOT NULL",
    "`labelType` tinyint NOT NULL",
    "`state` tinyint NOT NULL",
    f"`tagFQNHash` {_HASH} DEFAULT NULL",
    f"`targetFQNHash` {_HASH} DEFAULT NULL",
    "`reason` text",
    "`appliedAt` timestamp(6) NULL DEFAULT CURRENT_TIMESTAMP(6)",
    "`appliedBy` varchar(64) DEFAULT 'admin'",
    "`metadata` json DEFAULT NULL",
    "UNIQUE KEY `tag_usage_key` (`source`, `tagFQNHash`, `targetFQNHash`)",
    "KEY `idx_tag_usage_target_fqn_hash` (`targetFQNHash`)",
    "KEY `idx_tag_usage_tag_fqn_hash` (`tagFQNHash`)",
    "KEY `idx_tag_usage_source_target` (`source`, `targetFQNHash`)",
)
_QUERY_ENTITY = _create(
    "query_entity",
    _ID, _NAME, _JSON, *_UPDATED,
    "`fqnHash` varchar(256) DEFAULT NULL",
    _from_json("checksum", "varchar(32)"),
    _PRIMARY_KEY,
    "UNIQUE KEY `unique_query_checksum` (`checksum`)",
    "UNIQUE KEY `nameHash` (`fqnHash`)",
    "KEY `name_index` (`name`)",
)  # fmt: skip
_QUERY_COST = _create(
    "query_cost_time_series",
    _from_json("id", "varchar(36)"),
    _from_json("cost", "float"),
    _from_json("count", "int", required=False),
    _TIMESTAMP,
    "`jsonSchema` varchar(256) NOT NULL",
    _JSON,
    f"`entityFQNHash` {_HASH} DEFAULT NULL",
    "UNIQUE KEY `query_cost_unique_constraint` (`timestamp`, `entityFQNHash`)",
    "KEY `id` (`id`)",
    "KEY `id_2` (`id`, `timestamp`)",
)
_TEST_CASE = _create(
    "test_case",
    _ID,
    _from_json("entityFQN", "varchar(1024)"),
    _JSON, *_UPDATED, _DELETED,
    _from_json("name", "varchar(512)"),
    f"`fqnHash` {_HASH} DEFAULT NULL",
    _from_json("entityLink", "varchar(512)", kind="STORED"),
    _from_json("status", "varchar(56)", kind="STORED", required=False, path="testCaseStatus"),
    "UNIQUE KEY `fqnHash` (`fqnHash`)",
    "KEY `test_case_name_index` (`name`)",
    "KEY `index_test_case_deleted` (`fqnHash`, `deleted`)",
)  # fmt: skip
_DATA_QUALITY = _create(
    "data_quality_data_time_series",
    *_SERIES,
    _TIMESTAMP,
    "`incidentId` varchar(36) DEFAULT NULL",
    _ID,
    "UNIQUE KEY `data_quality_data_time_series_unique_hash_extension_ts` (`entityFQNHash`, `extension`, `timestamp`)",
    "KEY `data_quality_data_time_series_id_index` (`id`)",
    "KEY `data_quality_data_time_series_combined_id_ts` (`extension`, `timestamp`)",
)


def _entity_usage(layout: Layout) -> _Statement:
    unique = "(`usageDate`, `id`)" if layout is Layout.OM_1_9 else "(`id`, `usageDate`)"
    counts = [f"`{name}{days}` int DEFAULT NULL" for name in ("count", "percentile") for days in (1, 7, 30)]
    # OM 2 added the second index together with the turned key.
    more = [] if layout is Layout.OM_1_9 else ["KEY `entity_usage_percentile_idx` (`usageDate`, `entityType`)"]
    return _create(
        "entity_usage",
        "`id` varchar(36) NOT NULL",
        "`entityType` varchar(20) NOT NULL",
        "`usageDate` date DEFAULT NULL",
        *counts,
        f"UNIQUE KEY `usageDate` {unique}",
        *more,
    )


def _profiler_data(layout: Layout) -> _Statement:
    path = "operation" if layout is Layout.OM_1_9 else "profileData.operation"
    return _create(
        "profiler_data_time_series",
        *_SERIES,
        _from_json("operation", "varchar(256)", required=False, path=path),
        _TIMESTAMP,
        "UNIQUE KEY `profiler_data_time_series_unique_hash_extension_ts` "
        "(`entityFQNHash`, `extension`, `operation`, `timestamp`)",
        "KEY `profiler_data_time_series_combined_id_ts` (`extension`, `timestamp`)",
    )


def _extension_series(layout: Layout) -> _Statement:
    kind, more = ("VIRTUAL", []) if layout is Layout.OM_1_9 else ("STORED", ["(`timestamp`, `entityFQNHash`)"])
    return _create(
        "entity_extension_time_series",
        "`extension` varchar(256) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL",
        "`jsonSchema` varchar(256) CHARACTER SET ascii COLLATE ascii_bin DEFAULT NULL",
        _JSON,
        _from_json("timestamp", "bigint unsigned", kind=kind),
        f"`entityFQNHash` {_HASH} DEFAULT NULL",
        "UNIQUE KEY `entity_extension_time_series_constraint` (`entityFQNHash`, `extension`, `timestamp`)",
        *(f"KEY `idx_entity_extension_ts_keyset` {columns}" for columns in more),
    )


def has_kind(layout: Layout, entity_type: str) -> bool:
    """Whether that version of OM knows a kind of things."""
    return layout is not Layout.OM_1_9 or entity_type not in KINDS_OF_DRIVES


def _of_kinds(layout: Layout, tables: Mapping[str, str]) -> list[str]:
    return [table for kind, table in tables.items() if has_kind(layout, kind)]


def create_statements(layout: Layout) -> dict[str, str]:
    """CREATE TABLE statements by table name, for MySQL 8+ and MariaDB 10.11+ alike."""
    team_entity = _named("team_entity", _from_json("teamType", "varchar(64)"))
    # The type of a pipeline is a column since OM 1.4.2.
    pipeline_type = _from_json("pipelineType", "varchar(256)", kind="STORED", required=False)
    return dict((
        _TABLE_ENTITY, _entity("database_entity"), _entity("database_schema_entity"), _USER_ENTITY, team_entity,
        _ENTITY_RELATIONSHIP, _ENTITY_EXTENSION, _entity_usage(layout), _profiler_data(layout), _TAG_USAGE,
        _QUERY_ENTITY, _QUERY_COST, _TEST_CASE, _DATA_QUALITY,
        _entity("ingestion_pipeline_entity", pipeline_type), _extension_series(layout),
        *(_named(table, _SERVICE_TYPE) for table in _of_kinds(layout, SERVICE_TABLES)),
        *(_entity(table, deleted=table not in WITHOUT_DELETED) for table in _of_kinds(layout, ASSET_TABLES)),
    ))  # fmt: skip
