"""The only tables and columns of OM's database that ThirdEye reads.

None of them holds a secret or a sample of data. Left out on purpose: the json of `dbservice_entity` (credentials of
connections) and of `user_entity` (token material), and all of `entity_extension` (`table.sampleData`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# OM's tables of assets other than tables, by the entity type that lineage and usage call them.
_ASSET_TABLES: Final[Mapping[str, str]] = {
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
    "metric": "metric_entity",
    # Of OM 1.8 and later.
    "directory": "directory_entity",
    "file": "file_entity",
    "spreadsheet": "spreadsheet_entity",
    "worksheet": "worksheet_entity",
    "apiCollection": "api_collection_entity",
    "aiApplication": "ai_application_entity",
    "llmModel": "llm_model_entity",
    "promptTemplate": "prompt_template_entity",
    "mcpServer": "mcp_server_entity",
}


@dataclass(frozen=True)
class SourceTable:
    """A table of OM's: the columns without which it is not read, what is unknown then, and the columns it may lack.

    `verdicts_need_it`: verdicts must not rest on an estate that was read without it.
    """

    name: str
    required: tuple[str, ...]
    unknown_without: str
    optional: tuple[str, ...] = ()
    verdicts_need_it: bool = False


TABLES = SourceTable("table_entity", ("id", "json"), "no table is known", ("fqnHash", "updatedAt", "deleted"))
SERVICES = SourceTable(
    "dbservice_entity", ("nameHash", "name"), "services have no names", ("id", "serviceType", "deleted")
)
# An account that was set up for an earlier version of ThirdEye may not read ids.
SERVICE_IDS = SourceTable("dbservice_entity", ("id", "nameHash"), "domains inherited from services are not known")
SCHEMAS = SourceTable(
    "database_schema_entity",
    ("id", "fqnHash"),
    "owners and domains inherited from schemas are not known",
    ("json", "deleted"),
    True,
)
DATABASES = SourceTable(
    "database_entity",
    ("id", "fqnHash"),
    "owners and domains inherited from databases are not known",
    ("json", "deleted"),
    True,
)
RELATIONS = SourceTable(
    "entity_relationship", ("fromId", "toId", "fromEntity", "toEntity", "relation"),
    "lineage, owners, domains, data products and contracts are not known", ("deleted",), True,
)  # fmt: skip
TAGS = SourceTable("tag_usage", ("source", "tagFQN", "targetFQNHash"), "tiers and tags are not known", ("state",), True)
USAGE = SourceTable("entity_usage", ("id", "entityType", "usageDate", "count1"), "no usage is known", (), True)
PROFILES = SourceTable(
    "profiler_data_time_series", ("entityFQNHash", "extension", "timestamp", "json"),
    "sizes and writes are not known", (), True,
)  # fmt: skip
USERS = SourceTable(
    "user_entity", ("id", "name"), "names of users, and who left, are not known anew", ("email", "deleted", "isBot")
)
TEAMS = SourceTable(
    "team_entity", ("id", "name"), "names of teams, and which are gone, are not known anew", ("deleted",)
)
DOMAINS = SourceTable("domain_entity", ("id", "name"), "names of domains are not known anew", ("json",))
PRODUCTS = SourceTable("data_product_entity", ("id", "name"), "data products have no names", ("deleted",))
CONTRACTS = SourceTable("data_contract_entity", ("id", "name"), "data contracts have no names", ("deleted",))
QUERIES = SourceTable("query_entity", ("id", "fqnHash"), "what queries cost is not known", ("json", "updatedAt"))
# An account that was set up for an earlier version of ThirdEye may not read the statements themselves.
STATEMENTS = SourceTable(
    "query_entity", ("id", "json", "updatedAt"), "statements that only write a table count as its use"
)
QUERY_COSTS = SourceTable(
    "query_cost_time_series", ("entityFQNHash", "timestamp", "json"), "what queries cost is not known"
)
PIPELINES = SourceTable(
    "ingestion_pipeline_entity", ("fqnHash", "pipelineType"), "days on which nothing was used may count as not watched"
)
RUNS = SourceTable(
    "entity_extension_time_series", ("entityFQNHash", "extension", "timestamp", "json"),
    "days on which nothing was used may count as not watched",
)  # fmt: skip
ASSETS: Final[Mapping[str, SourceTable]] = {
    kind: SourceTable(
        table, ("id", "name", "fqnHash"), f"whether a {kind} that lineage names is in use is not known", ("deleted",)
    )
    for kind, table in _ASSET_TABLES.items()
}
SOURCE_TABLES: Final = (
    TABLES, SERVICES, SCHEMAS, DATABASES, RELATIONS, TAGS, USAGE, PROFILES, USERS, TEAMS, DOMAINS, PRODUCTS,
    CONTRACTS, QUERIES, QUERY_COSTS, PIPELINES, RUNS,
    *ASSETS.values(),
)  # fmt: skip

READABLE: Final[Mapping[str, tuple[str, ...]]] = {
    table.name: (*table.required, *table.optional) for table in SOURCE_TABLES
}


def grant_statements(existing: Mapping[str, set[str]], schema: str, account: str) -> Iterator[str]:
    """The GRANTs that a read-only account needs, for those tables and columns that exist; `account` as SQL has it.

    A GRANT on a missing column fails, so no fixed list fits every version of OM.
    """
    for table, readable in READABLE.items():
        columns = [column for column in readable if column in existing.get(table, set())]
        if columns:
            names = ", ".join(f"`{column}`" for column in columns)
            yield f"GRANT SELECT ({names}) ON `{schema}`.`{table}` TO {account}"
