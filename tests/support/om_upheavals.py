"""Great changes to an OM database: what vanishes, comes back, gets new ids, other names or another place.

As OM does them (EntityRepository): a soft delete marks the thing and all below it, and leaves relations, usage, tags and
profiles as they are; very old versions marked the relations, too. A hard delete removes the rows, and by their ids the
relations, extensions and usage, by the hash of the FQN the tags of tables and columns; profiles stay. What is ingested
again afterwards has new ids and none of that, but for what the ingestion itself writes: places, source tags, lineage.
Renaming moves tags and profiles to the new hash, for these are keyed by it.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from hashlib import md5
from typing import Any

from tests.support.om_changes import OpenMetadataChanges

PLACES = {1: "dbservice_entity", 2: "database_entity", 3: "database_schema_entity"}
BY_HASH = (
    ("tag_usage", "targetFQNHash"),
    ("profiler_data_time_series", "entityFQNHash"),
)
CONTAINS, UPSTREAM = 0, 13
# What contains what, by tables of OM: the parent's, and the kinds of both.
PARENTS = {
    "table_entity": ("database_schema_entity", ("databaseSchema", "table")),
    "database_schema_entity": ("database_entity", ("database", "databaseSchema")),
    "database_entity": ("dbservice_entity", ("databaseService", "database")),
}
_FQN = "JSON_UNQUOTE(JSON_EXTRACT(json, '$.fullyQualifiedName'))"

Rows = list[tuple[Any, ...]]


def hash_column(table: str) -> str:
    """What holds the hash of the FQN."""
    return "nameHash" if table == "dbservice_entity" else "fqnHash"


def last_hash(name: str) -> str:
    """The hash of one name, in quotes where it stands so in an FQN."""
    return md5((f'"{name}"' if "." in name else name).encode(), usedforsecurity=False).hexdigest()


def quoted(name: str) -> str:
    """A name as it stands in an FQN."""
    return f'"{name}"' if "." in name else name


class OpenMetadataUpheavals(OpenMetadataChanges):
    """Carries out changes to a place (a service, database or schema, by its hash) or to tables (by their ids).

    `some` draws them at random, among the small ones.
    """

    # ---- looking

    def tables_below(self, place_hash: str) -> list[str]:
        """The ids of all tables of a place, deleted ones too."""
        rows = self.run("SELECT id FROM table_entity WHERE fqnHash LIKE %s ORDER BY fqnHash", f"{place_hash}.%")
        return [row[0] for row in rows]

    def hash_of_place(self, fqn: str) -> str:
        """The hash of a service, database or schema by its FQN."""
        for table in PLACES.values():
            for (found,) in self.run(f"SELECT {hash_column(table)} FROM {table} WHERE {_FQN} = %s", fqn):
                return str(found)
        raise LookupError(fqn)

    def document(self, identifier: str) -> tuple[dict[str, Any], str]:
        """The json of a table, and its hash."""
        ((text, fqn_hash),) = self.run("SELECT json, fqnHash FROM table_entity WHERE id = %s", identifier)
        return json.loads(text), str(fqn_hash)

    # ---- vanishing and coming back under the same ids

    def mark_deleted(self, place_hash: str, *, deleted: bool = True, parents: bool = True, edges: bool = False) -> None:
        """Marks all tables of a place as deleted, or not; `parents`: the place and what is between, too.

        The ingestion marks tables alone; a person who deletes the place, all of it. `edges`: as very old OM did.
        """
        tables = self.tables_below(place_hash)
        self.mark_tables(tables, deleted=deleted, edges=edges)
        if parents:
            for level, table in PLACES.items():
                if level >= place_hash.count(".") + 1:
                    column = hash_column(table)
                    self._flag_rows(table, f"{column} = %s OR {column} LIKE %s", deleted, place_hash, f"{place_hash}.%")

    def mark_tables(self, identifiers: Sequence[str], *, deleted: bool = True, edges: bool = False) -> None:
        """The same of these tables alone."""
        for identifier in identifiers:
            self._flag_rows("table_entity", "id = %s", deleted, identifier)
            if edges:
                self.run(
                    "UPDATE entity_relationship SET deleted = %s WHERE relation = 13 AND (fromId = %s OR toId = %s)",
                    int(deleted), identifier, identifier,
                )  # fmt: skip

    def _flag_rows(self, table: str, condition: str, deleted: bool, *values: Any) -> None:
        self.run(
            f"UPDATE {table} SET json = JSON_SET(json, '$.deleted', JSON_EXTRACT(%s, '$'), '$.updatedAt', %s) "
            f"WHERE {condition}",
            "true" if deleted else "false", self.touched(), *values,
        )  # fmt: skip

    # ---- vanishing for good, and coming back under new ids

    def hard_delete(self, identifiers: Iterable[str]) -> Rows:
        """Deletes tables as OM does; gives what brings them back: their json and hash."""
        gone: Rows = []
        for identifier in identifiers:
            gone += self.run("SELECT json, fqnHash FROM table_entity WHERE id = %s", identifier)
            self._forget("table_entity", identifier)
            fqn_hash = gone[-1][1]
            self.run(
                "DELETE FROM tag_usage WHERE targetFQNHash = %s OR targetFQNHash LIKE %s", fqn_hash, f"{fqn_hash}.%"
            )
        return gone

    def hard_delete_place(self, place_hash: str) -> dict[str, Rows]:
        """Deletes a service, database or schema and all below it; gives the rows by their table, as `recreate` wants them."""
        gone = {"table_entity": self.hard_delete(self.tables_below(place_hash))}
        for table in PLACES.values():
            column = hash_column(table)
            rows = self.run(
                f"SELECT json, {column}, id FROM {table} WHERE {column} = %s OR {column} LIKE %s",
                place_hash,
                f"{place_hash}.%",
            )
            gone[table] = [row[:2] for row in rows]
            for _, fqn_hash, identifier in rows:
                self._forget(table, identifier)
                self.run("DELETE FROM tag_usage WHERE targetFQNHash = %s", fqn_hash)
        return gone

    def recreate_place(self, gone: dict[str, Rows]) -> dict[str, str]:
        """Ingests a place again: new ids, the same names. Gives the new ids by the old ones."""
        renewed: dict[str, str] = {}
        for table in (*PLACES.values(), "table_entity"):
            renewed |= self.recreate(gone.get(table, []), table, renewed)
        return renewed

    def recreate(
        self, gone: Rows, table: str = "table_entity", parents: dict[str, str] | None = None
    ) -> dict[str, str]:
        """Ingests tables again under new ids, which it gives by the old ones."""
        renewed: dict[str, str] = {}
        for text, fqn_hash in gone:
            document = json.loads(text)
            old, new = document["id"], self.new_id()
            document |= {"id": new, "version": 0.1, "updatedAt": self.touched(), "deleted": False}
            for key in ("databaseSchema", "database"):
                if key in document:
                    document[key]["id"] = (parents or {}).get(document[key]["id"], document[key]["id"])
            self.run(
                f"INSERT INTO {table} (json, {hash_column(table)}) VALUES (%s, %s)",
                json.dumps(document, ensure_ascii=False), fqn_hash,
            )  # fmt: skip
            self._contain(table, new, str(fqn_hash))
            renewed[old] = new
        return renewed

    def lineage_of(self, identifiers: Iterable[str]) -> Rows:
        """The edges of these things, to be put back by `restore_lineage` when the ingestion has found them again."""
        edges: Rows = []
        for identifier in identifiers:
            edges += self.run(
                "SELECT fromId, toId, fromEntity, toEntity FROM entity_relationship "
                "WHERE relation = 13 AND (fromId = %s OR toId = %s)",
                identifier, identifier,
            )  # fmt: skip
        return sorted(set(edges))

    def restore_lineage(self, edges: Rows, renewed: dict[str, str]) -> None:
        """Puts edges back between the things as they are called now."""
        for from_id, to_id, *kinds in edges:
            ends = (renewed.get(from_id, from_id), renewed.get(to_id, to_id))
            self._relate(*ends, (str(kinds[0]), str(kinds[1])), UPSTREAM)

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _forget(self, table: str, identifier: str) -> None:
        self.run(f"DELETE FROM {table} WHERE id = %s", identifier)
        self.run("DELETE FROM entity_relationship WHERE fromId = %s OR toId = %s", identifier, identifier)
        self.run("DELETE FROM entity_extension WHERE id = %s", identifier)
        self.run("DELETE FROM entity_usage WHERE id = %s", identifier)

    def _contain(self, table: str, identifier: str, fqn_hash: str) -> None:
        if table in PARENTS:
            parent, kinds = PARENTS[table]
            parent_hash = fqn_hash.rpartition(".")[0]
            for (found,) in self.run(f"SELECT id FROM {parent} WHERE {hash_column(parent)} = %s", parent_hash):
                self._relate(found, identifier, kinds, CONTAINS)

    # ---- other names, other places

    def rename(self, identifier: str, name: str, *, touched: bool = True) -> None:
        """Gives a table another name in its schema. `touched`: with a time of its own, as all that OM itself does has."""
        document, fqn_hash = self.document(identifier)
        schema_fqn = document["fullyQualifiedName"].removesuffix(f".{quoted(document['name'])}")
        self._place(identifier, schema_fqn, fqn_hash.rpartition(".")[0], name, touched)

    def swap_names(self, first: str, second: str) -> None:
        """Exchanges the names of two tables, by way of a third name; each stays in its schema."""
        (one, _), (other, _) = self.document(first), self.document(second)
        self.rename(first, f"between_{self.new_id()}")
        self.rename(second, one["name"])
        self.rename(first, other["name"])

    def move(self, identifier: str, schema_hash: str, *, touched: bool = True) -> None:
        """Moves a table to another schema, of its own service or of another."""
        document, _ = self.document(identifier)
        ((text,),) = self.run("SELECT json FROM database_schema_entity WHERE fqnHash = %s", schema_hash)
        schema = json.loads(text)
        self._place(identifier, schema["fullyQualifiedName"], schema_hash, document["name"], touched)
        for key, place in (("databaseSchema", schema), ("database", schema.get("database", {}))):
            for field in ("id", "name", "fullyQualifiedName"):
                # Left as it is where the table has no such reference.
                self.run(
                    "UPDATE table_entity SET json = JSON_REPLACE(json, %s, %s) WHERE id = %s",
                    f"$.{key}.{field}", place.get(field, ""), identifier,
                )  # fmt: skip
        self.run(
            "DELETE FROM entity_relationship WHERE toId = %s AND fromEntity = 'databaseSchema' AND relation = 0",
            identifier,
        )
        self._relate(schema["id"], identifier, ("databaseSchema", "table"), CONTAINS)

    def rename_half(self, place_hash: str, prefix: str = "renamed_") -> list[str]:
        """Renames every second table of a place; their ids."""
        renamed = self.tables_below(place_hash)[::2]
        for identifier in renamed:
            document, _ = self.document(identifier)
            self.rename(identifier, f"{prefix}{document['name']}"[:256])
        return renamed

    def _place(self, identifier: str, schema_fqn: str, schema_hash: str, name: str, touched: bool) -> None:
        _, old_hash = self.document(identifier)
        fqn, fqn_hash = f"{schema_fqn}.{quoted(name)}", f"{schema_hash}.{last_hash(name)}"
        moment = self.touched()
        self.run(
            "UPDATE table_entity SET json = JSON_SET(json, '$.name', %s, '$.fullyQualifiedName', %s), fqnHash = %s "
            "WHERE id = %s",
            name, fqn, fqn_hash, identifier,
        )  # fmt: skip
        if touched:
            self.run(
                "UPDATE table_entity SET json = JSON_SET(json, '$.updatedAt', %s) WHERE id = %s", moment, identifier
            )
        for table, column in BY_HASH:
            self.run(
                f"UPDATE {table} SET {column} = CONCAT(%s, SUBSTRING({column}, %s)) WHERE {column} = %s OR {column} LIKE %s",
                fqn_hash, len(old_hash) + 1, old_hash, f"{old_hash}.%",
            )  # fmt: skip

    # ---- at random

    def _place_at_random(self) -> str | None:
        row = self.pick("SELECT fqnHash FROM database_schema_entity")
        return str(row[0]) if row else None

    def change_schema_vanishes(self) -> None:
        if place := self._place_at_random():
            self.mark_deleted(place, parents=self.random.random() < 0.5, edges=self.random.random() < 0.3)

    def change_schema_comes_back(self) -> None:
        row = self.pick("SELECT DISTINCT SUBSTRING_INDEX(fqnHash, '.', 3) FROM table_entity WHERE deleted = 1")
        if row:
            self.mark_deleted(str(row[0]), deleted=False)

    def change_schema_under_new_ids(self) -> None:
        if place := self._place_at_random():
            edges = self.lineage_of(self.tables_below(place))
            self.restore_lineage(edges, self.recreate_place(self.hard_delete_place(place)))

    def change_table_under_new_id(self) -> None:
        if table := self.table():
            self.recreate(self.hard_delete([table[0]]))

    def change_swapped(self) -> None:
        place = self._place_at_random()
        tables = self.tables_below(place) if place else []
        if len(tables) > 1:
            self.swap_names(*self.random.sample(tables, 2))

    def change_moved(self) -> None:
        table, place = self.table(), self._place_at_random()
        if table and place and self._is_free(place, self.document(table[0])[0]["name"]):
            self.move(table[0], place)

    def change_half_renamed(self) -> None:
        if place := self._place_at_random():
            self.rename_half(place, f"half_{self.random.randint(0, 10**6)}_")

    def _is_free(self, schema_hash: str, name: str) -> bool:
        return not self.run("SELECT id FROM table_entity WHERE fqnHash = %s", f"{schema_hash}.{last_hash(name)}")
