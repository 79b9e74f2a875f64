"""Tables that live on under the name that the plan for their end gave them."""

from collections.abc import Sequence
from typing import Any, Final

from thirdeye.actions.savings import store
from thirdeye.database import MySQL, Row
from thirdeye.verdict.removal import RENAME_MARK, name_digest

_PAGE: Final = 1_000


async def renamed_tables_of(thirdeye: MySQL, numbers: Sequence[int]) -> dict[int, Row]:
    """By the number of a table that is gone, the table of the same place that bears its mark, if one is there."""
    if not numbers:
        return {}
    twins: dict[tuple[Any, ...], Row] = {}
    for row in await store.renamed_tables(thirdeye, RENAME_MARK):
        begin, _, end = row["name"].rpartition(RENAME_MARK)
        if begin and end:
            twins[(*_place(row), end.partition("_")[0])] = row
    found = dict[int, Row]()
    for start in range(0, len(numbers) if twins else 0, _PAGE):
        for row in await store.places_of(thirdeye, numbers[start : start + _PAGE]):
            twin = twins.get((*_place(row), name_digest(row["name"])))
            if twin is not None:
                found[row["number"]] = twin
    return found


def _place(row: Row) -> tuple[Any, ...]:
    return (row["service"], row["database_name"], row["schema_name"])
