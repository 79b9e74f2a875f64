"""Which tables and columns of OpenMetadata's refreshes have read, in the `thirdeye` schema."""

from collections.abc import Iterable
from typing import Final

from thirdeye.database import MySQL, Session
from thirdeye.mirror.openmetadata.relations.store import Readable

_COLUMNS = "SELECT table_name AS table_name, column_name AS column_name FROM source_column"
_INSERT: Final = "INSERT IGNORE INTO source_column (table_name, column_name) VALUES "


async def remembered_columns(thirdeye: MySQL) -> Readable:
    """The columns that were ever read, by table."""
    columns: Readable = {}
    for row in await thirdeye.fetch_all(_COLUMNS):
        columns.setdefault(row["table_name"], set()).add(row["column_name"])
    return columns


async def remember_columns(session: Session, rows: Iterable[tuple[str, str]]) -> None:
    """Writes which columns were read."""
    await session.execute_rows(_INSERT, rows)
