"""Tags on columns that a table no longer has: they protect it all the same, and somebody should know."""

from collections.abc import Iterable
from functools import partial
from itertools import chain
from typing import Final

import numpy as np

from thirdeye.database import Row
from thirdeye.inventory.columns import Mask
from thirdeye.inventory.fqn import fqn_hash, join_fqn
from thirdeye.mirror.context import RefreshContext
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.labels import tag_of
from thirdeye.mirror.openmetadata.source_tables import TAGS
from thirdeye.mirror.state import State
from thirdeye.outside_json import UnreadableJson, read_json

# A refresh looks at so many tables: each costs a look at all of its columns.
_MAX_TABLES: Final = 1_000
_PAGE: Final = 100
# The names of all columns of a table.
_MAX_BYTES: Final = 2**24


async def warn_of_missing_columns(context: RefreshContext, state: State, tables: Mask) -> None:
    """Warns of the tags on columns that the first of these tables do not have."""
    reader, numbers = context.reader, np.flatnonzero(tables)[:_MAX_TABLES]
    for start in range(0, len(numbers), _PAGE):
        ids = [id_text(each) for each in state.source["id"][numbers[start : start + _PAGE]]]
        described = {row["fqn_hash"]: row for row in await reader.om.nested_column_names(ids) if row["fqn_hash"]}
        if described:
            tagged = await reader.rows(TAGS, partial(reader.om.column_tags, list(described)))
            missing = list(_missing(described, tagged))
            if missing:
                context.warnings.add("TAG_ON_A_MISSING_COLUMN", missing[0], len(missing))


def _missing(described: dict[str, Row], tagged: Iterable[Row]) -> Iterable[str]:
    names = {each: _hashes_of(row["names"]) for each, row in described.items()}
    for row in tagged:
        table, segments = row["target"][:131], row["target"][132:].split(".")
        known = names.get(table)
        if known is not None and not known.issuperset(segments):
            yield f"{described[table]['fqn']}: {tag_of(row)} on a column that it does not have"


def _hashes_of(names: str | None) -> set[str] | None:
    """The hashes of the names of columns, whatever they are nested in; None for a JSON that does not tell."""
    try:
        found = read_json(names or "null", max_bytes=_MAX_BYTES)
    except UnreadableJson:
        return None
    if not isinstance(found, list):
        return None
    return set(chain.from_iterable(fqn_hash(join_fqn([each])).split(".") for each in found if isinstance(each, str)))
