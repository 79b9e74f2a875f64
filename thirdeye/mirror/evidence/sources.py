"""Which kinds of evidence rest on which tables of OpenMetadata, and which columns a refresh has read of them before.

A table that this version of OpenMetadata never had is nothing to wait for. One that was read before, and cannot be read
now, holds evidence that nobody can see.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from thirdeye.inventory.evidence import ALL, NOTHING, Evidence, Kinds
from thirdeye.mirror.openmetadata import source_tables as source
from thirdeye.mirror.openmetadata.relations.store import Readable
from thirdeye.mirror.openmetadata.source_tables import READABLE, SourceTable

_USAGE, _LINEAGE, _COSTS = Evidence.USAGE, Evidence.LINEAGE, Evidence.QUERY_COSTS
_INHERITED: Final = frozenset({Evidence.OWNERS, Evidence.DOMAINS, Evidence.RETENTION, Evidence.PROTECTION})
# Rows of usage of schemas and databases tell what is covered; a record of a query's cost is use. Services hand down domains,
# and users are also who edits: bots do not look after anything.
_KINDS: Final[Mapping[str, Kinds]] = {
    source.SERVICES.name: frozenset({Evidence.SERVICES, Evidence.DOMAINS}),
    source.SCHEMAS.name: _INHERITED | {_USAGE},
    source.DATABASES.name: _INHERITED | {_USAGE},
    source.RELATIONS.name: _INHERITED | {_USAGE, _LINEAGE, _COSTS},
    source.TAGS.name: frozenset({Evidence.TAGS}),
    source.USAGE.name: frozenset({_USAGE}),
    source.PROFILES.name: frozenset({Evidence.PROFILES}),
    source.USERS.name: frozenset({Evidence.OWNERS, Evidence.PROTECTION}),
    source.TEAMS.name: frozenset({Evidence.OWNERS}),
    source.DOMAINS.name: frozenset({Evidence.DOMAINS}),
    source.PRODUCTS.name: frozenset({Evidence.PROTECTION}),
    source.CONTRACTS.name: frozenset({Evidence.PROTECTION}),
    source.QUERIES.name: frozenset({_USAGE, _COSTS}),
    source.QUERY_COSTS.name: frozenset({_USAGE, _COSTS}),
    source.PIPELINES.name: frozenset({_USAGE}),
    source.RUNS.name: frozenset({_USAGE}),
    **{table.name: frozenset({_LINEAGE}) for table in source.ASSETS.values()},
}

_FOR_SIGNING_IN: Final = frozenset({(source.USERS.name, "email")})


def kinds_of(table: SourceTable) -> Kinds:
    """What rests on a table: on one that nobody has said it of, everything."""
    return _KINDS.get(table.name, ALL)


def kinds_of_lost(table: SourceTable, columns: Iterable[str]) -> Kinds:
    """What rests on these columns of a table: nothing on those that tell only who may sign in."""
    return NOTHING if {(table.name, column) for column in columns} <= _FOR_SIGNING_IN else kinds_of(table)


def lost_columns(table: SourceTable, remembered: Readable, readable: Readable) -> list[str]:
    """The columns of a table that were read before and cannot be read now."""
    wanted = remembered.get(table.name, set()) & set(READABLE[table.name])
    return sorted(wanted - readable.get(table.name, set()))


def new_columns(remembered: Readable, readable: Readable, unreadable: set[SourceTable]) -> Iterator[tuple[str, str]]:
    """The columns that were read for the first time, by their tables."""
    for table in source.SOURCE_TABLES:
        columns = readable.get(table.name, set())
        if table not in unreadable and columns >= set(table.required):
            new = columns & set(READABLE[table.name]) - remembered.get(table.name, set())
            yield from ((table.name, column) for column in sorted(new))
