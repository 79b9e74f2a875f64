"""An estate: all its records, generated again at each access."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import chain, count
from typing import TypeVar

from thirdeye.local.sample import records
from thirdeye.local.sample.assets import Assets
from thirdeye.local.sample.lineage import ownership, relations_of_table
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.people import People
from thirdeye.local.sample.plan import Plan
from thirdeye.local.sample.profiles import profiles_of, system_profiles_of
from thirdeye.local.sample.queries import Queries
from thirdeye.local.sample.runs import Ingestion
from thirdeye.local.sample.tables import Tables
from thirdeye.local.sample.tagging import tags_of_schema, tags_of_table
from thirdeye.local.sample.usage import Counts, UsageOfPlaces, usage_of_table, usage_of_unknown

Row = TypeVar("Row")


class Estate:
    """Every iterator starts afresh and gives the same records in the same order; only the skeleton is held.

    `services` are the database services; a method ending in `_of` gives one table's share of the iterator
    of the same name. `table(index)` and `name(index)` give one of all tables, `views` the texts of views.
    """

    def __init__(self, options: EstateOptions) -> None:
        self.options = options
        self._people = people = People(options)
        self._plan = Plan(options, people)
        self._tables = Tables(options, self._plan, people)
        self._assets = Assets(options, self._plan, self._tables.identifier)
        self._queries = Queries(options, self._plan, self._tables.identifier)
        self._ingestion = Ingestion(options, self._plan.services)
        self.users, self.teams = people.users, people.teams
        self.services, self.asset_services = self._plan.services, self._assets.services
        self.databases, self.schemas = self._plan.databases, self._plan.schemas
        self.table, self.name, self.views = self._tables.table, self._tables.name, self._tables.views
        self._queries_of_others = lru_cache(maxsize=2)(self._count_queries_of_others)

    def tables(self) -> Iterator[records.TableRecord]:
        """All tables, deleted ones too."""
        return map(self.table, range(self.options.tables))

    def assets(self) -> Iterator[records.AssetRecord]:
        """Dashboards, charts, data models, pipelines, ...; domains and data products."""
        return iter(self._assets)

    def usage(self) -> Iterator[records.UsageRow]:
        """Usage of tables, of deleted and unknown ones too, of schemas and databases, and of dashboards."""
        places = self.usage_of_places()
        for table in self.tables():
            rows = self.usage_of(table)
            yield from rows
            yield from places.add(table, rows)
        yield from places.end()
        yield from self.usage_of_others()

    def usage_of(self, table: records.TableRecord) -> list[records.UsageRow]:
        place = self._plan.place(table.index)
        first = table.index - place.local_index
        return usage_of_table(table, place, self.options, lambda: self._queries_of_others(first))

    def usage_of_places(self) -> UsageOfPlaces:
        """What counts the usage of schemas and databases while all tables pass by."""
        return UsageOfPlaces(self.options)

    def usage_of_others(self) -> Iterator[records.UsageRow]:
        """Usage rows that belong to no table of the estate, nor to what they stand in."""
        return chain(usage_of_unknown(self.options), self._assets.usage())

    def _count_queries_of_others(self, first: int) -> Counts:
        """Queries by days ago of all tables of a service but its first, whose number is `first`."""
        place, total = self._plan.place(first), Counter[int]()
        today = self.options.today
        for index in range(first + 1, first + place.tables_of_service):
            for row in self.usage_of(self.table(index)):
                total[(today - row.usage_date).days] += row.count1
        return total

    def profiles(self) -> Iterator[records.ProfileRow]:
        return self._of_all_tables(self.profiles_of)

    def profiles_of(self, table: records.TableRecord) -> list[records.ProfileRow]:
        return profiles_of(table, self.options)

    def system_profiles(self) -> Iterator[records.SystemProfileRow]:
        return self._of_all_tables(self.system_profiles_of)

    def system_profiles_of(self, table: records.TableRecord) -> list[records.SystemProfileRow]:
        return system_profiles_of(table, self.options)

    def relations(self) -> Iterator[records.RelationRecord]:
        """All of `entity_relationship`: containment, ownership, followers, lineage, queries, domains."""
        return chain(self.relations_of_others(), self._of_all_tables(self.relations_of))

    def relations_of(self, table: records.TableRecord) -> Iterator[records.RelationRecord]:
        follower = records.OwnerRecord(self.users[table.index % len(self.users)].id, "user")
        return relations_of_table(table, self.options, self._plan, self._tables, follower)

    def relations_of_others(self) -> Iterator[records.RelationRecord]:
        """Relations of teams, databases, schemas, assets and queries."""
        yield from self._people.memberships()
        for database in self.databases:
            yield records.RelationRecord(
                database.service_id, database.id, "databaseService", "database", records.CONTAINS, database.deleted
            )
            yield from ownership(database, "database")
        for schema in self.schemas:
            yield records.RelationRecord(
                schema.database_id, schema.id, "database", "databaseSchema", records.CONTAINS, schema.deleted
            )
            yield from ownership(schema, "databaseSchema")
        yield from self._assets.relations()
        yield from self._queries.relations()

    def tags(self) -> Iterator[records.TagRecord]:
        """Tags of tables and their columns, and those of schemas."""
        return chain(self._of_all_tables(tags_of_table), self.tags_of_others())

    def tags_of_others(self) -> Iterator[records.TagRecord]:
        return chain.from_iterable(map(tags_of_schema, self.schemas, count()))

    def queries(self) -> Iterator[records.QueryRecord]:
        return iter(self._queries)

    def query_costs(self) -> Iterator[records.QueryCostRow]:
        return self._queries.costs()

    def pipelines(self) -> Iterator[records.PipelineRecord]:
        """Ingestion pipelines: those of services, and one of the tests of a table."""
        yield from self._ingestion.pipelines()
        yield from map(self._ingestion.pipeline_of_tests, self._tested())

    def runs(self) -> Iterator[records.RunRecord]:
        """What OpenMetadata holds of the runs of ingestion pipelines."""
        yield from self._ingestion.runs()
        yield from chain.from_iterable(map(self._ingestion.runs_of_tests, self._tested()))

    def _tested(self) -> list[records.TableRecord]:
        return [self.table(0)] if self.options.tables else []

    def extensions(self) -> Iterator[records.ExtensionRow]:
        """Rows of `entity_extension`: versions of tables, and sample data that nobody may read."""
        return self._of_all_tables(self.extensions_of)

    def extensions_of(self, table: records.TableRecord) -> list[records.ExtensionRow]:
        rows = []
        if table.index % 20 == 3:
            rows.append(records.ExtensionRow(table.id, "table.sampleData", personal=True))
        if table.index % 25 == 4:
            rows.append(records.ExtensionRow(table.id, "table.version.0.1", personal=False))
        return rows

    def _of_all_tables(self, part: Callable[[records.TableRecord], Iterable[Row]]) -> Iterator[Row]:
        return chain.from_iterable(map(part, self.tables()))
