"""SQL that finds what refers to tables by their numbers: such a table is never forgotten, nor its number given again."""

from collections.abc import Sequence
from typing import Final

from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.verdict.approvals.store import tables_downstream

# Every column of ThirdEye's schema that holds the number of a table, with an index: a test compares them with the schema.
REFERENCES: Final = {
    "action_decision": "table_number",
    "action_item_part": "table_number",
    "action_items": "table_number",
    "removal_approval": "number",
    "saving_baseline": "table_number",
    "saving_entry": "table_number",
    "table_change": "number",
    "table_keep": "number",
    "verdict_record": "number",
}
_REFERRED_TO = " UNION ".join(
    f"SELECT {column} AS number FROM {table} WHERE {column} IN %(numbers)s" for table, column in REFERENCES.items()
)


async def numbers_referred_to(thirdeye: MySQL, clock: Clock, numbers: Sequence[int]) -> set[int]:
    """Which of these numbers of tables anything refers to, in any of the tables above or in the basis of an approval."""
    if not numbers:
        return set()
    rows = await thirdeye.fetch_all(_REFERRED_TO, {"numbers": tuple(numbers)})
    downstream = await tables_downstream(thirdeye, clock().date())
    # Columns of several types together are a decimal on MariaDB.
    return {int(row["number"]) for row in rows} | (set(numbers) & downstream)
