"""Whether each stage of a removal can be undone, for how long, and by what; by warehouse. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE
from thirdeye.inventory.warehouses import warehouse_of
from thirdeye.verdict.removal import Stage


@dataclass(frozen=True)
class Undo:
    """Whether a stage can be undone (None: nobody knows), for how many days unless set otherwise (None: as long as it lasts),
    and how.
    """

    stage: Stage
    possible: bool | None
    days: int | None
    how: str


# Days that a dropped table can be brought back without anybody having set anything, and how. Defaults of the vendors, looked
# up on 2026-11-28: https://docs.snowflake.com/en/user-guide/data-time-travel,
# https://cloud.google.com/bigquery/docs/restore-deleted-tables,
# https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-syntax-ddl-undrop-table,
# https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-snapshots.html.
_TIME_TRAVEL: Final[Mapping[str, tuple[int, str]]] = {
    "snowflake": (1, "UNDROP brings it back within Snowflake's Time Travel: 1 day unless set otherwise, 90 at most."),
    "bigquery": (
        7,
        "A copy of the table as of a moment before (bq cp dataset.table@time) brings it back within BigQuery's time travel: "
        "7 days unless set otherwise, 2 at least.",
    ),
    "databricks": (7, "UNDROP TABLE brings back a table of Unity Catalog for 7 days."),
}
_TRANSIENT: Final = "UNDROP brings it back within Snowflake's Time Travel: 1 day at most, for it is transient."
_GONE: Final[Mapping[str, str]] = {
    "redshift": "Redshift has no time travel: only a snapshot, or what was unloaded, brings it back.",
    "postgres": "There is no time travel: only a backup, or what was unloaded, brings it back.",
    "mysql": "There is no time travel: only a backup, or what was unloaded, brings it back.",
}
_DEFINED: Final = "It is created anew from its definition, as long as there is what it was made from."
_BEFORE_DROP: Final = (
    Undo(Stage.ANNOUNCED, True, None, "They are told that it stays."),
    Undo(Stage.RESTRICTED, True, None, "It gets its name back, and its readers their right."),
    Undo(Stage.ARCHIVED, True, None, "The table is still there: it gets its name back."),
)


def undo_by_stage(service_type: str | None, table_type: str | None) -> list[Undo]:
    """Each stage of the removal of a table, in order."""
    return [*_BEFORE_DROP, Undo(Stage.DROPPED, *_after_drop(warehouse_of(service_type), table_type))]


def _after_drop(warehouse: str, table_type: str | None) -> tuple[bool | None, int | None, str]:
    if table_type in TYPES_WITHOUT_STORAGE or table_type == "MaterializedView":
        return True, None, _DEFINED
    if warehouse in _TIME_TRAVEL:
        days, how = _TIME_TRAVEL[warehouse]
        return True, days, _TRANSIENT if table_type == "Transient" and warehouse == "snowflake" else how
    if table_type == "Dynamic":
        return True, None, _DEFINED
    if warehouse in _GONE:
        return False, None, _GONE[warehouse]
    return None, None, "Ask who runs it: nobody knows here whether it keeps what was dropped."
