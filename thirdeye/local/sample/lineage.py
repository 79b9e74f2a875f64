"""Relations of tables: where they stand, who owns and follows them, and what they are made from."""

from collections.abc import Callable, Iterator
from random import Random

from thirdeye.local.sample.fates import may_be_needed
from thirdeye.local.sample.naming import dice, identifier
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.plan import Plan
from thirdeye.local.sample.records import (
    CONTAINS,
    FOLLOWS,
    OWNS,
    UPSTREAM,
    DatabaseRecord,
    Fate,
    OwnerRecord,
    RelationRecord,
    TableRecord,
)
from thirdeye.local.sample.tables import VIEWS

ASPECT = 7
HUB_EVERY = 200
NEARBY = 500
SOURCES = ("QueryLineage", "PipelineLineage", "DbtLineage", "SparkLineage", "OpenLineage", "Manual")


def ownership(entity: TableRecord | DatabaseRecord, entity_type: str) -> list[RelationRecord]:
    """Ownership of an entity; owners who no longer are have `deleted` set."""
    return [
        RelationRecord(owner.id, entity.id, owner.entity_type, entity_type, OWNS, deleted)
        for owners, deleted in ((entity.owners, False), (entity.former_owners, True))
        for owner in owners
    ]


def relations_of_table(
    table: TableRecord, options: EstateOptions, plan: Plan, table_id: Callable[[int], str], follower: OwnerRecord
) -> Iterator[RelationRecord]:
    """Containment, ownership, followers and upstream edges of one table; each edge occurs under one table only."""
    yield RelationRecord(table.schema_id, table.id, "databaseSchema", "table", CONTAINS)
    yield from ownership(table, "table")
    if table.index % 9 == 2:
        yield RelationRecord(follower.id, table.id, "user", "table", FOLLOWS)
    place = plan.place(table.index)
    if not place.service.lineage:
        return
    if table.fate is Fate.NEEDED:
        yield _edge(table.id, table_id(table.index - place.local_index), "DbtLineage")
    random = dice(options.seed, ASPECT, table.index)
    for upstream in sorted(_upstream_tables(table, random)):
        if not may_be_needed(upstream, plan.place(upstream)):
            continue
        source = "ViewLineage" if table.table_type in VIEWS else random.choice(SOURCES)
        yield _edge(table_id(upstream), table.id, source, random.random() < 0.04)
    cycle = range(max(0, table.index - 2), table.index + 1)
    if table.index % 37 == 5 and all(may_be_needed(index, plan.place(index)) for index in cycle):
        # Closes a cycle of three with the edges below.
        first, second = table_id(table.index - 1), table_id(table.index - 2)
        for ends in ((table.id, second), (second, first), (first, table.id)):
            yield _edge(*ends, "Manual")
    if table.index % 211 == 1:
        yield _edge(table.id, table.id, "QueryLineage")
    if table.index % 101 == 50 and table.fate is None:
        yield _edge(table.id, identifier(options.seed, "unknown", table.index), "QueryLineage")


def _upstream_tables(table: TableRecord, random: Random) -> set[int]:
    """Indexes of earlier tables; never one or two before, which are left to the cycles."""
    latest = table.index - 3
    if latest < 0 or (table.table_type not in VIEWS and random.random() < 0.45):
        return set()
    chosen = set()
    for _ in range(random.randint(1, 3)):
        if random.random() < 0.2:
            chosen.add(latest - latest % HUB_EVERY)
        elif random.random() < 0.8:
            chosen.add(latest - random.randint(0, min(latest, NEARBY)))
        else:
            chosen.add(random.randint(0, latest))
    return chosen


def _edge(from_id: str, to_id: str, source: str, deleted: bool = False) -> RelationRecord:
    return RelationRecord(from_id, to_id, "table", "table", UPSTREAM, deleted, source)
