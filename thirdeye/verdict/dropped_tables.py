"""What a dropped table still costs and for how long, by warehouse: what ends with it at once, and what only later. Pure."""

from collections.abc import Mapping
from typing import Final

from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE
from thirdeye.inventory.warehouses import warehouse_of

# Defaults of the vendors, as of 2026-11-27:
# https://docs.snowflake.com/en/user-guide/data-cdp-storage-costs, https://cloud.google.com/bigquery/docs/time-travel,
# https://learn.microsoft.com/azure/databricks/sql/language-manual/sql-ref-syntax-ddl-drop-table,
# https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-snapshots.html,
# https://www.postgresql.org/docs/current/sql-droptable.html, https://dev.mysql.com/doc/refman/8.4/en/drop-table.html
_KEPT: Final[Mapping[str, str]] = {
    "snowflake": "Snowflake goes on charging for it for the days of its Time Travel (1 unless set otherwise, 90 at most), "
    "then for 7 days of Fail-safe.",
    "bigquery": "BigQuery keeps it for 7 days of time travel (2 at least) and 7 of fail-safe: these are charged for in "
    "datasets billed by physical bytes, and free in those billed by logical bytes.",
    "databricks": "Unity Catalog keeps the files of a managed table for 7 days and deletes them within 2 more, and these "
    "are charged for; those of an external table stay until somebody deletes them. What VACUUM has not removed of older "
    "versions (deletedFileRetentionDuration, 7 days) goes with it.",
    "redshift": "Redshift frees its storage at once; only manual snapshots that hold it go on costing.",
    "postgres": "Its space is free for others at once; a disk that was bought by size costs what it did.",
    "mysql": "Its space is free for others at once; a disk that was bought by size costs what it did.",
}
_TRANSIENT: Final = (
    "Snowflake goes on charging for it for the days of its Time Travel (1 at most), without any Fail-safe, for it is "
    "transient."
)
_DERIVED: Final = "Its own storage and what its refreshes cost end; the tables that it is made from stay."


def kept_after_drop(service_type: str | None, table_type: str | None) -> str | None:
    """What of a table's cost goes on after it was dropped, in a sentence; None where that is not known, or nothing is."""
    warehouse = warehouse_of(service_type)
    if table_type in TYPES_WITHOUT_STORAGE:
        return None
    if table_type == "MaterializedView":
        return _DERIVED
    if table_type == "Transient" and warehouse == "snowflake":
        return _TRANSIENT
    sentence = _KEPT.get(warehouse)
    return f"{_DERIVED} {sentence}" if table_type == "Dynamic" and sentence else sentence
