"""Tables that live on under the name that their removal plan gave them."""

from collections.abc import Sequence
from operator import itemgetter

from thirdeye.actions.batches import batches
from thirdeye.actions.savings import store
from thirdeye.database import MySQL, Row
from thirdeye.verdict.removal import RENAME_MARK, name_digest

_schema_of = itemgetter("service", "database_name", "schema_name")


async def renamed_tables_of(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, Row]:
    """By number of a table that is gone, the table of the same schema that bears its mark, if there is one."""
    if not numbers:
        return {}
    candidates = {}
    for table in await store.tables_named_like(thirdeye, RENAME_MARK):
        original, _, ending = table["name"].rpartition(RENAME_MARK)
        if original and ending:
            candidates[(*_schema_of(table), ending.partition("_")[0])] = table
    if not candidates:
        return {}
    renamed = {}
    for batch in batches(numbers):
        for table in await store.table_names(thirdeye, batch):
            if (key := (*_schema_of(table), name_digest(table["name"]))) in candidates:
                renamed[table["number"]] = candidates[key]
    return renamed
