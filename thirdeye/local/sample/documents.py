"""The JSON documents that OpenMetadata keeps in its rows; nulls are left out, as OM does."""

import json

from thirdeye.local.sample import records
from thirdeye.local.sample.ddl import Layout
from thirdeye.local.sample.naming import join_fqn

Document = dict[str, object]
Fields = dict[str, str | None]  # values as JSON text
LARGEST_PLAIN_DOUBLE = 10_000_000
# Fake secrets, stored where OpenMetadata stores real ones: whatever reads the estate must never meet them.
CONNECTION_PASSWORD = "sample-connection-password-9f2c"
CONNECTION_PRIVATE_KEY = "sample-private-key-41aa"
BOT_TOKEN = "sample-bot-token-77de"
PASSWORD_HASH = "sample-password-hash-c03b"
PERSONAL_NAME = "Sample Person Zaphod-5521"
PERSONAL_IBAN = "DE00SAMPLEIBAN0000665544"
SECRET_MARKERS = frozenset(
    {CONNECTION_PASSWORD, CONNECTION_PRIVATE_KEY, BOT_TOKEN, PASSWORD_HASH, PERSONAL_NAME, PERSONAL_IBAN}
)
"""Strings that occur nowhere in the estate but in columns that nobody may read."""

json_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""A document as OM would write it: compact, text as it is."""


def table_document(
    table: records.TableRecord,
    schema: records.SchemaRecord,
    database: records.DatabaseRecord,
    layout: Layout = Layout.OM_1_9,
) -> Document:
    """`table_entity.json`. Owners, tags, usage and profile are not in it; a few keys are missing now and then."""
    document: Document = {
        "id": table.id,
        "name": table.name,
        "displayName": table.display_name,
        "fullyQualifiedName": table.fqn,
        "description": table.description,
        "version": table.version,
        "updatedAt": table.updated_at_ms,
        "updatedBy": "ingestion-bot",
        "createdAt": table.created_at_ms if layout is Layout.OM_2_1 else None,
        "tableType": table.table_type,
        "columns": _columns(table),
        "databaseSchema": _reference(schema, "databaseSchema"),
        "database": None if table.index % 83 == 2 else _reference(database, "database"),
        "serviceType": None if table.index % 61 == 1 else table.service_type,
        "schemaDefinition": table.schema_definition,
        "retentionPeriod": table.retention_period,
        "lifeCycle": _life_cycle(table),
        "sourceHash": table.fqn_hash[-32:],
        "processedLineage": table.index % 2 == 0,
        "deleted": table.deleted,
    }
    without_nulls = _without_nulls(document)
    if table.index % 29 == 8:
        # Older versions of OM did write nulls; JSON_UNQUOTE makes the string 'null' of them.
        without_nulls |= {key: None for key in ("description", "retentionPeriod") if document[key] is None}
    return without_nulls


def database_document(database: records.DatabaseRecord) -> Document:
    return _without_nulls({**named_document(database), "retentionPeriod": database.retention_period})


def schema_document(schema: records.SchemaRecord, database: records.DatabaseRecord) -> Document:
    return {**database_document(schema), "database": _reference(database, "database")}


def service_document(service: records.ServiceRecord) -> Document:
    """Holds (fake) secrets of the connection, as the real one does."""
    connection = {
        "type": service.service_type,
        "username": "reader",
        "password": CONNECTION_PASSWORD,
        "privateKey": CONNECTION_PRIVATE_KEY,
    }
    return {**named_document(service), "serviceType": service.service_type, "connection": {"config": connection}}


def user_document(user: records.UserRecord) -> Document:
    """Holds (fake) token material, as the real one does."""
    mechanism: Document = {"authType": "BASIC", "config": {"password": PASSWORD_HASH}}
    if user.is_bot:
        mechanism = {"authType": "JWT", "config": {"JWTToken": BOT_TOKEN, "JWTTokenExpiry": "Unlimited"}}
    return {
        "id": user.id,
        "name": user.name,
        "fullyQualifiedName": join_fqn("", user.name)[1:],
        "email": user.email,
        "updatedAt": user.updated_at_ms,
        "updatedBy": "admin",
        "isBot": user.is_bot,
        "isAdmin": False,
        "authenticationMechanism": mechanism,
        "deleted": user.deleted,
    }


def team_document(team: records.TeamRecord) -> Document:
    return {
        "id": team.id,
        "name": team.name,
        "fullyQualifiedName": team.name,
        "teamType": team.team_type,
        "updatedAt": team.updated_at_ms,
        "updatedBy": "admin",
        "deleted": team.deleted,
    }


def query_document(query: records.QueryRecord) -> Document:
    return {
        "id": query.id,
        "name": query.name,
        "fullyQualifiedName": query.fqn,
        "query": query.text,
        "checksum": query.fqn_hash[-32:],
        "updatedAt": query.updated_at_ms,
        "updatedBy": "ingestion-bot",
    }


def query_cost_document(row: records.QueryCostRow) -> Document:
    return {
        "id": row.id,
        "timestamp": row.timestamp_ms,
        "jsonSchema": "queryCostRecord",
        "queryReference": {"id": row.query_id, "type": "query"},
        "cost": row.cost,
        "count": row.count,
        "totalDuration": row.total_duration,
    }


def pipeline_document(pipeline: records.PipelineRecord) -> Document:
    """Holds (fake) token material of the bot that runs it, as the real one does."""
    connection = {"authProvider": "openmetadata", "securityConfig": {"jwtToken": BOT_TOKEN}}
    return {
        "id": pipeline.id,
        "name": pipeline.name,
        "fullyQualifiedName": pipeline.fqn,
        "pipelineType": pipeline.pipeline_type,
        "openMetadataServerConnection": connection,
        "updatedAt": pipeline.updated_at_ms,
        "updatedBy": "admin",
        "deleted": False,
    }


def run_document(run: records.RunRecord) -> Document:
    """A `pipelineStatus`: the end and the steps are written when the run ends."""
    ended = None if run.seconds is None else run.started + run.seconds * (1_000 if run.started > 10**11 else 1)
    counts = {"updated_records": 0, "warnings": 0, "errors": 0, "filtered": 0}
    steps = run.steps and [{"name": name, "records": number, **counts} for name, number in run.steps]
    return _without_nulls(
        {
            "runId": run.id,
            "pipelineState": run.state,
            "startDate": run.started,
            "timestamp": run.started,
            "endDate": ended,
            "status": steps,
        }
    )


def extension_document(row: records.ExtensionRow) -> Document:
    """`table.sampleData` holds (fake) personal data, as the real one does."""
    if not row.personal:
        return {"id": row.entity_id, "version": 0.1}
    return {"columns": ["name", "iban"], "rows": [[PERSONAL_NAME, PERSONAL_IBAN]] * 3}


def profile_json(row: records.ProfileRow) -> str:
    """A `table.tableProfile` in the row's shape; floats are written as Java writes them (`1.5E12`)."""
    fields: Fields = {"timestamp": str(row.timestamp_ms), "rowCount": _java_number(row.row_count)}
    fields |= {"sizeInByte": _java_number(row.size_in_byte), "profileSampleType": '"PERCENTAGE"'}
    return _profile_text(row, "table", fields)


def system_profile_json(row: records.SystemProfileRow) -> str:
    """A `table.systemProfile` in the row's shape."""
    fields: Fields = {"timestamp": str(row.timestamp_ms), "operation": f'"{row.operation}"'}
    fields |= {"rowsAffected": _java_number(row.rows_affected)}
    return _profile_text(row, "system", fields)


def _profile_text(row: records.ProfileRow | records.SystemProfileRow, kind: str, fields: Fields) -> str:
    members = ",".join(f'"{key}":{value}' for key, value in fields.items() if value is not None)
    if not row.nested:
        return f"{{{members}}}"
    reference = f'{{"id":"{row.table_id}","type":"table"}}'
    return (
        f'{{"id":"{row.table_id}","entityReference":{reference},"timestamp":{row.timestamp_ms},'
        f'"profileData":{{{members}}},"profileType":"{kind}"}}'
    )


def _java_number(value: int | float | None) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) or value < LARGEST_PLAIN_DOUBLE:
        return repr(value)
    whole = str(int(value))
    digits = whole.rstrip("0")
    return f"{digits[0]}.{digits[1:] or '0'}E{len(whole) - 1}"


def _columns(table: records.TableRecord) -> list[Document]:
    return [
        _without_nulls(
            {
                "name": column.name,
                "dataType": column.data_type,
                "dataTypeDisplay": column.data_type.lower(),
                "dataLength": 256 if column.data_type == "VARCHAR" else None,
                "description": column.description,
                "fullyQualifiedName": join_fqn(table.fqn, column.name),
                "constraint": "PRIMARY_KEY" if position == 1 else "NULL",
                "ordinalPosition": position,
            }
        )
        for position, column in enumerate(table.columns, start=1)
    ]


def _life_cycle(table: records.TableRecord) -> Document | None:
    usual = {"created": table.created_ms, "updated": table.updated_ms, "accessed": table.accessed_ms}
    moments = _without_nulls({**usual, **dict(table.odd_times)})
    return {
        aspect: {"timestamp": moment, "accessedByAProcess": "sample-ingestion"} for aspect, moment in moments.items()
    } or None


def named_document(entity: records.DatabaseRecord | records.ServiceRecord | records.AssetRecord) -> Document:
    """What all named entities have: an asset's whole document."""
    return {
        "id": entity.id,
        "name": entity.name,
        "fullyQualifiedName": entity.fqn,
        "version": 0.1,
        "updatedAt": entity.updated_at_ms,
        "updatedBy": "admin",
        "deleted": entity.deleted,
    }


def _reference(entity: records.DatabaseRecord, entity_type: str) -> Document:
    return {
        "id": entity.id,
        "type": entity_type,
        "name": entity.name,
        "fullyQualifiedName": entity.fqn,
        "deleted": False,
    }


def _without_nulls(document: Document) -> Document:
    return {key: value for key, value in document.items() if value is not None}
