"""Records as rows: which table of OpenMetadata each goes into, and its values in the order of COLUMNS."""

from collections.abc import Iterator
from itertools import chain

from thirdeye.local.sample import documents
from thirdeye.local.sample.ddl import ASSET_TABLES, SERVICE_TABLES, Layout, has_kind
from thirdeye.local.sample.documents import json_text
from thirdeye.local.sample.estate import Estate
from thirdeye.local.sample.naming import segment_hash
from thirdeye.local.sample.records import RelationRecord, TableRecord, TagRecord, UsageRow
from thirdeye.local.sample.tagging import tags_of_table

Value = str | int | None
Row = tuple[Value, ...]
PlacedRow = tuple[str, Row]

_ENTITY = ("json", "fqnHash")
_NAMED = ("json", "nameHash")
COLUMNS: dict[str, tuple[str, ...]] = {
    "table_entity": _ENTITY,
    "database_entity": _ENTITY,
    "database_schema_entity": _ENTITY,
    "query_entity": _ENTITY,
    "user_entity": _NAMED,
    "team_entity": _NAMED,
    "entity_usage": ("id", "entityType", "usageDate", "count1", "count7", "count30",
                     "percentile1", "percentile7", "percentile30"),
    "profiler_data_time_series": ("entityFQNHash", "extension", "jsonSchema", "json"),
    "entity_relationship": ("fromId", "toId", "fromEntity", "toEntity", "relation", "jsonSchema", "json", "deleted"),
    "entity_extension": ("id", "extension", "jsonSchema", "json"),
    "tag_usage": ("source", "tagFQN", "labelType", "state", "tagFQNHash", "targetFQNHash", "appliedAt"),
    "query_cost_time_series": ("jsonSchema", "json", "entityFQNHash"),
    "ingestion_pipeline_entity": _ENTITY,
    "entity_extension_time_series": ("extension", "jsonSchema", "json", "entityFQNHash"),
    **dict.fromkeys(SERVICE_TABLES.values(), _NAMED),
    **dict.fromkeys(ASSET_TABLES.values(), _ENTITY),
}  # fmt: skip


def all_rows(estate: Estate, layout: Layout = Layout.OM_1_9) -> Iterator[PlacedRow]:
    """Every row of the estate, (table name, values); each record is made once."""
    yield from _skeleton(estate, layout)
    schemas = {schema.id: schema for schema in estate.schemas}
    databases = {database.id: database for database in estate.databases}
    places = estate.usage_of_places()
    for table in estate.tables():
        document = documents.table_document(table, schemas[table.schema_id], databases[table.database_id], layout)
        yield "table_entity", (json_text(document), table.fqn_hash)
        usage = estate.usage_of(table)
        for row in chain(usage, places.add(table, usage)):
            yield "entity_usage", _usage(row)
        yield from _rows_about(estate, table)
    for row in places.end():
        yield "entity_usage", _usage(row)
    yield from _others(estate, layout)


def _skeleton(estate: Estate, layout: Layout) -> Iterator[PlacedRow]:
    for service in (*estate.services, *estate.asset_services):
        if has_kind(layout, service.entity_type):
            document = json_text(documents.service_document(service))
            yield SERVICE_TABLES[service.entity_type], (document, service.name_hash)
    for user in estate.users:
        yield "user_entity", (json_text(documents.user_document(user)), segment_hash(user.name))
    for team in estate.teams:
        yield "team_entity", (json_text(documents.team_document(team)), segment_hash(team.name))
    databases = {database.id: database for database in estate.databases}
    for database in estate.databases:
        yield "database_entity", (json_text(documents.database_document(database)), database.fqn_hash)
    for schema in estate.schemas:
        document = json_text(documents.schema_document(schema, databases[schema.database_id]))
        yield "database_schema_entity", (document, schema.fqn_hash)


def _rows_about(estate: Estate, table: TableRecord) -> Iterator[PlacedRow]:
    for profile in estate.profiles_of(table):
        text = documents.profile_json(profile)
        yield "profiler_data_time_series", (profile.fqn_hash, "table.tableProfile", "tableProfile", text)
    for system in estate.system_profiles_of(table):
        text = documents.system_profile_json(system)
        yield "profiler_data_time_series", (system.fqn_hash, "table.systemProfile", "systemProfile", text)
    for relation in estate.relations_of(table):
        yield "entity_relationship", _relation(relation)
    for tag in tags_of_table(table):
        yield "tag_usage", _tag(estate, tag)
    for extension in estate.extensions_of(table):
        text = json_text(documents.extension_document(extension))
        yield "entity_extension", (extension.entity_id, extension.extension, "table", text)


def _others(estate: Estate, layout: Layout) -> Iterator[PlacedRow]:
    yield from _assets(estate, layout)
    for usage in estate.usage_of_others():
        yield "entity_usage", _usage(usage)
    for tag in estate.tags_of_others():
        yield "tag_usage", _tag(estate, tag)
    for query in estate.queries():
        yield "query_entity", (json_text(documents.query_document(query)), query.fqn_hash)
    for cost in estate.query_costs():
        text = json_text(documents.query_cost_document(cost))
        yield "query_cost_time_series", ("queryCostRecord", text, cost.query_fqn_hash)
    for pipeline in estate.pipelines():
        yield "ingestion_pipeline_entity", (json_text(documents.pipeline_document(pipeline)), pipeline.fqn_hash)
    for run in estate.runs():
        text = json_text(documents.run_document(run))
        names = ("ingestionPipeline.pipelineStatus", "ingestionPipelineStatus")
        yield "entity_extension_time_series", (*names, text, run.pipeline_fqn_hash)


def _assets(estate: Estate, layout: Layout) -> Iterator[PlacedRow]:
    for asset in estate.assets():
        if has_kind(layout, asset.entity_type):
            yield ASSET_TABLES[asset.entity_type], (json_text(documents.named_document(asset)), asset.fqn_hash)
    for relation in estate.relations_of_others():
        if has_kind(layout, relation.from_entity) and has_kind(layout, relation.to_entity):
            yield "entity_relationship", _relation(relation)


def _usage(row: UsageRow) -> Row:
    counts = (row.count1, row.count7, row.count30)
    return (row.entity_id, row.entity_type, row.usage_date.isoformat(), *counts, *(min(99, each) for each in counts))


def _relation(row: RelationRecord) -> Row:
    details: tuple[Value, ...] = (None, None)
    if row.lineage_source is not None:
        details = ("lineageDetails", json_text({"columnsLineage": [], "source": row.lineage_source, "sqlQuery": ""}))
    return (row.from_id, row.to_id, row.from_entity, row.to_entity, row.relation, *details, int(row.deleted))


def _tag(estate: Estate, row: TagRecord) -> Row:
    tag_hash = ".".join(segment_hash(segment) for segment in row.tag_fqn.split(".", 1))
    applied_at = estate.options.day(30).isoformat()
    return (row.source, row.tag_fqn, row.label_type, row.state, tag_hash, row.target_fqn_hash, applied_at)
