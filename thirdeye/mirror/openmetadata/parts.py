"""The only tables and columns of OM's database that ThirdEye reads, by the part of the mirror that needs them.

None of them holds a secret or a sample of data. Left out on purpose: the json of `dbservice_entity` (credentials of
connections) and of `user_entity` (token material), and all of `entity_extension` (`table.sampleData`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

# OM's tables of assets other than tables, by the entity type that lineage and usage call them.
ASSET_TABLES: Final[Mapping[str, str]] = {
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
}


@dataclass(frozen=True)
class Part:
    """One part of the mirror: the table it reads, the columns it cannot do without and those it can, and what is
    unknown when it cannot be read. `incomplete`: verdicts must not rest on an estate that lacks it."""

    table: str
    needs: tuple[str, ...]
    meaning: str
    more: tuple[str, ...] = ()
    incomplete: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.needs, *self.more)


TABLES = Part("table_entity", ("id", "json"), "no table is known", ("fqnHash", "updatedAt", "deleted"))
SERVICES = Part("dbservice_entity", ("nameHash", "name"), "services have no names", ("serviceType",))
SCHEMAS = Part(
    "database_schema_entity",
    ("id", "fqnHash"),
    "owners and domains inherited from schemas are not known",
    ("json",),
    True,
)
DATABASES = Part(
    "database_entity", ("id", "fqnHash"), "owners and domains inherited from databases are not known", ("json",), True
)
RELATIONS = Part(
    "entity_relationship",
    ("fromId", "toId", "fromEntity", "toEntity", "relation"),
    "lineage, owners and domains are not known",
    ("deleted",),
    True,
)
TAGS = Part("tag_usage", ("source", "tagFQN", "targetFQNHash"), "tiers and tags are not known", (), True)
USAGE = Part("entity_usage", ("id", "entityType", "usageDate", "count1"), "no usage is known", (), True)
PROFILES = Part(
    "profiler_data_time_series",
    ("entityFQNHash", "extension", "timestamp", "json"),
    "sizes and writes are not known",
    (),
    True,
)
USERS = Part("user_entity", ("id", "name"), "owners that are users have no names")
TEAMS = Part("team_entity", ("id", "name"), "owners that are teams have no names")
DOMAINS = Part("domain_entity", ("id", "name"), "domains have no names")
QUERIES = Part("query_entity", ("id", "fqnHash"), "what queries cost is not known")
QUERY_COSTS = Part("query_cost_time_series", ("entityFQNHash", "timestamp", "json"), "what queries cost is not known")
ASSETS: Final[Mapping[str, Part]] = {
    kind: Part(
        table, ("id", "name", "fqnHash"), f"each {kind} that lineage names counts as there and in use", ("deleted",)
    )
    for kind, table in ASSET_TABLES.items()
}
PARTS: Final = (
    TABLES, SERVICES, SCHEMAS, DATABASES, RELATIONS, TAGS, USAGE, PROFILES, USERS, TEAMS, DOMAINS, QUERIES, QUERY_COSTS,
    *ASSETS.values(),
)  # fmt: skip

READABLE: Final[Mapping[str, tuple[str, ...]]] = {part.table: part.columns for part in PARTS}


def grant_statements(existing: Mapping[str, set[str]], schema: str, account: str) -> Iterator[str]:
    """The GRANTs that a read-only account needs, for those tables and columns that exist; `account` as SQL has it.

    A GRANT on what is not there fails, so no fixed list of them fits every version of OM.
    """
    for table, wanted in READABLE.items():
        columns = [column for column in wanted if column in existing.get(table, set())]
        if columns:
            names = ", ".join(f"`{column}`" for column in columns)
            yield f"GRANT SELECT ({names}) ON `{schema}`.`{table}` TO {account}"
