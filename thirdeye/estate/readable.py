"""The only tables and columns of OM's database that ThirdEye reads. None of them holds a secret or a sample of data."""

from collections.abc import Mapping
from typing import Final

READABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "table_entity": ("id", "name", "fqnHash", "json", "updatedAt", "deleted"),
    "database_entity": ("id", "name", "fqnHash", "json", "updatedAt", "deleted"),
    "database_schema_entity": ("id", "name", "fqnHash", "json", "updatedAt", "deleted"),
    # json holds the credentials of connections.
    "dbservice_entity": ("id", "name", "nameHash", "serviceType", "deleted"),
    "entity_relationship": ("fromId", "toId", "fromEntity", "toEntity", "relation", "json", "deleted"),
    "entity_usage": ("id", "entityType", "usageDate", "count1"),
    "profiler_data_time_series": ("entityFQNHash", "extension", "timestamp", "json"),
    "tag_usage": ("source", "tagFQN", "targetFQNHash", "labelType", "state"),
    # json holds token material.
    "user_entity": ("id", "name", "deleted"),
    "team_entity": ("id", "name", "deleted"),
}


def grant_statements(existing: Mapping[str, set[str]], schema: str, account: str) -> list[str]:
    """The GRANTs that a read-only account needs, for those tables and columns that exist; `account` as SQL has it.

    A GRANT on what is not there fails, so no fixed list of them fits every version of OM.
    """
    statements = []
    for table, wanted in READABLE.items():
        columns = [column for column in wanted if column in existing.get(table, set())]
        if columns:
            names = ", ".join(f"`{column}`" for column in columns)
            statements.append(f"GRANT SELECT ({names}) ON `{schema}`.`{table}` TO {account}")
    return statements
