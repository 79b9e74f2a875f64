"""An estate: all its records, generated again at each access."""

from collections.abc import Callable, Iterable, Iterator
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
from thirdeye.local.sample.tables import Tables
from thirdeye.local.sample.tagging import tags_of_schema, tags_of_table
from thirdeye.local.sample.usage import usage_of_table, usage_of_unknown

Row = TypeVar("Row")


class Estate:
    """Every iterator starts afresh and gives the same records in the same order; only the skeleton is held.

    `services` are the database services; a method ending in `_of` gives one table's share of the iterator
    of the same name.
    """

    def __init__(self, options: EstateOptions) -> None:
        self.options = options
        self._people = people = People(options)
        self._plan = Plan(options, people)
        self._tables = Tables(options, self._plan, people)
        self._assets = Assets(options, self._plan, self._tables.identifier)
        self._queries = Queries(options, self._tables.identifier)
        self.users, self.teams = people.users, people.teams
        self.services, self.asset_services = self._plan.services, self._assets.services
        self.databases, self.schemas = self._plan.databases, self._plan.schemas
        self.table = self._tables.table

    def tables(self) -> Iterator[records.TableRecord]:
        """All tables, deleted ones too."""
        return map(self.table, range(self.options.tables))

    def assets(self) -> Iterator[records.AssetRecord]:
        """Dashboards, charts, data models, pipelines, ...; domains and data products."""
        return iter(self._assets)

    def usage(self) -> Iterator[records.UsageRow]:
        """Usage of tables, of deleted and unknown ones too, and of dashboards."""
        return chain(self._of_all_tables(self.usage_of), self.usage_of_others())

    def usage_of(self, table: records.TableRecord) -> list[records.UsageRow]:
        return usage_of_table(table, self._plan.place(table.index), self.options)

    def usage_of_others(self) -> Iterator[records.UsageRow]:
        """Usage rows that belong to no table of the estate."""
        return chain(usage_of_unknown(self.options), self._assets.usage())

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
        return relations_of_table(table, self.options, self._tables.identifier, follower)

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
