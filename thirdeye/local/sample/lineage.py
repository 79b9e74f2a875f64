"""Relations of tables: where they stand, who owns and follows them, and what they are made from."""

from collections.abc import Iterator
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
from thirdeye.local.sample.table_types import VIEWS_OF_ANY_KIND
from thirdeye.local.sample.tables import DELETED_EVERY, DELETED_PLACE, Tables

ASPECT = 7
HUB_EVERY = 200
NEARBY = 500
# From a table to the deleted one that is made from it, and on to the mart.
MIDDLE_DISTANCE = 6
# A kind of asset that nobody knows.
UNKNOWN_KIND = "notebook"
SOURCES = ("QueryLineage", "PipelineLineage", "DbtLineage", "SparkLineage", "OpenLineage", "Manual")


def ownership(entity: TableRecord | DatabaseRecord, entity_type: str) -> list[RelationRecord]:
    """Ownership of an entity; owners who no longer are have `deleted` set."""
    return [
        RelationRecord(owner.id, entity.id, owner.entity_type, entity_type, OWNS, deleted)
        for owners, deleted in ((entity.owners, False), (entity.former_owners, True))
        for owner in owners
    ]


def relations_of_table(
    table: TableRecord, options: EstateOptions, plan: Plan, tables: Tables, follower: OwnerRecord
) -> Iterator[RelationRecord]:
    """Containment, ownership, followers and upstream edges of one table; each edge occurs under one table only."""
    yield RelationRecord(table.schema_id, table.id, "databaseSchema", "table", CONTAINS)
    yield from ownership(table, "table")
    if table.index % 9 == 2:
        yield RelationRecord(follower.id, table.id, "user", "table", FOLLOWS)
    if plan.place(table.index).service.lineage and (table.part is None or table.part.is_whole):
        yield from _lineage(table, options, plan, tables)


class _Neighbours:
    """What lineage may do with the tables around one."""

    def __init__(self, index: int, options: EstateOptions, plan: Plan, tables: Tables) -> None:
        self.index, self.options, self.plan, self.tables = index, options, plan, tables

    def needed(self, *others: int) -> bool:
        """Whether lineage may lead on from all of these."""
        return all(
            0 <= other < self.options.tables and may_be_needed(other, self.plan.place(other), self.options)
            for other in others
        )

    def id(self, other: int) -> str:
        return self.tables.identifier(other)


def _lineage(table: TableRecord, options: EstateOptions, plan: Plan, tables: Tables) -> Iterator[RelationRecord]:
    index, around = table.index, _Neighbours(table.index, options, plan, tables)
    if table.fate is Fate.NEEDED:
        yield _edge(table.id, around.id(index - plan.place(index).local_index), "DbtLineage")
    yield from _sources_of_view(table, around) if table.table_type in VIEWS_OF_ANY_KIND else _sources(table, around)
    yield from _cycle(index, around)
    if table.deleted:
        yield from _chain_through_deleted(index, around)
    if index % 211 == 1:
        yield _edge(table.id, table.id, "QueryLineage")
    if table.fate is None:
        yield from _edges_to_nowhere(table, options)


def _sources(table: TableRecord, around: _Neighbours) -> Iterator[RelationRecord]:
    random = dice(around.options.seed, ASPECT, table.index)
    for upstream in sorted(_upstream_tables(table, random)):
        if around.needed(upstream):
            yield _edge(around.id(upstream), table.id, random.choice(SOURCES), random.random() < 0.04)


def _sources_of_view(table: TableRecord, around: _Neighbours) -> Iterator[RelationRecord]:
    """What its text names; of some views OM holds the text alone."""
    views = around.tables.views
    for source in sorted(views.sources(table.index)) if views.has_edges(table.index) else ():
        if around.needed(source):
            yield _edge(around.id(source), table.id, "ViewLineage")


def _cycle(index: int, around: _Neighbours) -> Iterator[RelationRecord]:
    if index % 37 == 5 and around.needed(index - 2, index - 1, index):
        # Closes a cycle of three with the edges below.
        table, first, second = around.id(index), around.id(index - 1), around.id(index - 2)
        for ends in ((table, second), (second, first), (first, table)):
            yield _edge(*ends, "Manual")


def _chain_through_deleted(index: int, around: _Neighbours) -> Iterator[RelationRecord]:
    """A mart is made from this deleted table. Older versions of OM marked the edges of what is deleted, newer ones do not."""
    before, after = index - MIDDLE_DISTANCE, index + MIDDLE_DISTANCE
    if index % DELETED_EVERY == DELETED_PLACE and around.needed(before, index, after):
        marked = index % 2 == 0
        yield _edge(around.id(before), around.id(index), "DbtLineage", marked)
        yield _edge(around.id(index), around.id(after), "DbtLineage", marked)


def _edges_to_nowhere(table: TableRecord, options: EstateOptions) -> Iterator[RelationRecord]:
    if table.index % 101 == 50:
        yield _edge(table.id, identifier(options.seed, "unknown", table.index), "QueryLineage")
    if table.index % 97 == 60:
        unknown = identifier(options.seed, UNKNOWN_KIND, table.index)
        yield RelationRecord(table.id, unknown, "table", UNKNOWN_KIND, UPSTREAM, False, "Manual")


def _upstream_tables(table: TableRecord, random: Random) -> set[int]:
    """Indexes of earlier tables; never one or two before, which are left to the cycles, nor in the middle of a chain."""
    latest = table.index - 3
    if latest < 0 or random.random() < 0.45:
        return set()
    chosen = set()
    for _ in range(random.randint(1, 3)):
        if random.random() < 0.2:
            chosen.add(latest - latest % HUB_EVERY)
        elif random.random() < 0.8:
            chosen.add(latest - random.randint(0, min(latest, NEARBY)))
        else:
            chosen.add(random.randint(0, latest))
    return chosen - {table.index - MIDDLE_DISTANCE}


def _edge(from_id: str, to_id: str, source: str, deleted: bool = False) -> RelationRecord:
    return RelationRecord(from_id, to_id, "table", "table", UPSTREAM, deleted, source)
