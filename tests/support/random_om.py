"""A small OM database in memory whose tables vanish, return, get new ids and new names.

It holds the rows as OM would and can be read by the second implementation as it is, or written into a real database.
All that happens to it can be undone; then each table is what it was, perhaps under a new id.
"""

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.support.om_rows import hash_of, identifier_of
from tests.support.second_inventory import Judged, _Judge
from tests.support.second_memory import Known
from tests.support.second_rows import MORE_ASSET_TABLES

Row = dict[str, Any]
Undo = Callable[[], None]
TABLES, SERVICES = "table_entity", "dbservice_entity"
PLACES = {1: SERVICES, 2: "database_entity", 3: "database_schema_entity"}
ASSETS = {"dashboard": "dashboard_entity", "chart": "chart_entity", "metric": "metric_entity"}
WORDS = ("accounts", "baskets", "claims", "devices", "fees", "grants", "hubs", "items")
READ_OFTEN = ("shop.main.core.busy", "shop.main.mart.busy", "shop.other.core.busy")


@dataclass
class RandomOM:
    """Entities by OM's table and id, with their hashes; edges by their ends; days of usage by id."""

    today: date
    entities: dict[str, dict[str, tuple[Row, str]]] = field(default_factory=dict)
    edges: dict[tuple[str, str], tuple[str, str, int]] = field(default_factory=dict)
    usage: dict[str, set[date]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    moments: int = 0

    # ---- what is in it

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def add(self, om_table: str, fqn: str, **more: Any) -> str:
        """An entity; gives its id."""
        self.moments += 1
        day = self.day(800)
        updated = int(datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp()) * 1000 + self.moments
        document = {"id": identifier_of(fqn), "name": fqn.rsplit(".", 1)[-1], "fullyQualifiedName": fqn}
        document |= {"updatedAt": updated, "updatedBy": "ingestion-bot", "deleted": False, "version": 1.2, **more}
        self.entities.setdefault(om_table, {})[document["id"]] = (document, hash_of(fqn))
        return str(document["id"])

    def table(self, fqn: str, days: Iterable[int] = (), **more: Any) -> str:
        """A table, read on these days (days ago), and the places that it lies in."""
        names = fqn.split(".")
        for length, om_table in PLACES.items():
            place = ".".join(names[:length])
            if identifier_of(place) not in self.entities.get(om_table, {}):
                self.add(om_table, place, **({"serviceType": "Snowflake"} if length == 1 else {}))
        columns = [{"name": name, "dataType": "INT"} for name in ("id", "at")]
        identifier = self.add(TABLES, fqn, **{"tableType": "Regular", "columns": columns, **more})
        self.usage[identifier] = {self.day(ago) for ago in days}
        return identifier

    def edge(self, up: str, down: str, kinds: tuple[str, str] = ("table", "table"), deleted: int = 0) -> None:
        """Lineage between ids."""
        self.edges[up, down] = (*kinds, deleted)

    def fqns(self) -> dict[str, str]:
        """FQNs by id of the tables that are not deleted."""
        tables = self.entities[TABLES].items()
        return {each: document["fullyQualifiedName"] for each, (document, _) in tables if not document["deleted"]}

    # ---- reading and writing it

    def rows(self, om_table: str) -> list[Row]:
        """The rows of one of OM's tables."""
        if om_table == "entity_relationship":
            return [
                {"fromId": up, "toId": down, "fromEntity": kinds[0], "toEntity": kinds[1], "relation": 13, "deleted": kinds[2]}
                for (up, down), kinds in self.edges.items()
            ]  # fmt: skip
        if om_table == "entity_usage":
            return [
                {"id": each, "entityType": "table", "usageDate": day, "count1": 3}
                for each, days in self.usage.items()
                for day in sorted(days)
            ]
        if om_table == "profiler_data_time_series":
            moment = int(datetime(self.today.year, 1, 1, tzinfo=UTC).timestamp() - 86_400) * 1000
            return [
                {
                    "entityFQNHash": self.entities[TABLES][each][1], "extension": "table.tableProfile", "jsonSchema": "x",
                    "timestamp": moment, "json": json.dumps({"timestamp": moment, "sizeInByte": size}),
                }
                for each, size in self.sizes.items()
                if each in self.entities[TABLES]
            ]  # fmt: skip
        return [
            {
                "id": each, "name": document["name"], "deleted": int(document["deleted"]), "json": json.dumps(document),
                "fqnHash": hashed, "nameHash": hashed, "serviceType": document.get("serviceType"),
            }
            for each, (document, hashed) in self.entities.get(om_table, {}).items()
        ]  # fmt: skip

    def write(self, connection: Any) -> None:
        """Makes the tables of the schema that the connection uses hold these rows and no others."""
        written: dict[str, tuple[str, ...]] = dict.fromkeys(
            [TABLES, *PLACES.values(), *ASSETS.values()], ("json", "fqnHash")
        )
        written |= {
            SERVICES: ("json", "nameHash"),
            "entity_relationship": ("fromId", "toId", "fromEntity", "toEntity", "relation", "deleted"),
            "entity_usage": ("id", "entityType", "usageDate", "count1"),
            "profiler_data_time_series": ("entityFQNHash", "extension", "jsonSchema", "json"),
        }
        with connection.cursor() as cursor:
            cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
            there = {row[0] for row in cursor.fetchall()}
            for om_table in written.keys() & there:
                columns = written[om_table]
                cursor.execute(f"DELETE FROM `{om_table}`")
                marks = ", ".join(["%s"] * len(columns))
                values = [tuple(row[column] for column in columns) for row in self.rows(om_table)]
                cursor.executemany(f"INSERT INTO `{om_table}` ({', '.join(columns)}) VALUES ({marks})", values)

    # ---- what happens to it

    def forget(self, identifiers: set[str], places: set[str]) -> Undo:
        """OM deletes these tables and the entities of these FQNs for good, with their edges and usage."""
        before = deepcopy((self.entities, self.edges, self.usage, self.sizes))
        for om_table in [TABLES, *PLACES.values()]:
            for each, (document, _) in list(self.entities[om_table].items()):
                if each in identifiers or document["fullyQualifiedName"] in places:
                    del self.entities[om_table][each]
        self.edges = {ends: kinds for ends, kinds in self.edges.items() if not identifiers & set(ends)}
        self.usage = {each: days for each, days in self.usage.items() if each not in identifiers}

        def undo() -> None:
            self.entities, self.edges, self.usage, self.sizes = before

        return undo

    def mark_deleted(self, identifiers: set[str], places: set[str]) -> Undo:
        """OM marks them deleted, and so it does their edges."""
        before = deepcopy((self.entities, self.edges, self.usage, self.sizes))
        for om_table in [TABLES, *PLACES.values()]:
            for each, (document, _) in self.entities[om_table].items():
                if each in identifiers or document["fullyQualifiedName"] in places:
                    document |= {"deleted": True, "updatedAt": document["updatedAt"] + 1}
        for ends, kinds in self.edges.items():
            if identifiers & set(ends):
                self.edges[ends] = (*kinds[:2], 1)

        def undo() -> None:
            self.entities, self.edges, self.usage, self.sizes = before

        return undo

    def renew_and_mark_deleted(self, identifiers: set[str], places: set[str]) -> Undo:
        """OM deletes these tables for good, has them again under new ids, and marks those deleted, before anybody looks."""
        return self.mark_deleted(set(self.give_new_ids(identifiers).values()), places)

    def give_new_ids(self, identifiers: set[str]) -> dict[str, str]:
        """What OM holds of these tables it holds under new ids, as after a service was deleted and ingested again."""
        new = {each: str(uuid.uuid4()) for each in identifiers}
        tables = self.entities[TABLES]
        for each in identifiers:
            document, hashed = tables.pop(each)
            tables[new[each]] = ({**document, "id": new[each], "updatedAt": document["updatedAt"] + 1}, hashed)
        self.edges = {(new.get(up, up), new.get(down, down)): kinds for (up, down), kinds in self.edges.items()}
        self.usage = {new.get(each, each): days for each, days in self.usage.items()}
        self.sizes = {new.get(each, each): size for each, size in self.sizes.items()}
        return new

    def rename(self, identifier: str, name: str) -> None:
        """A table has another name under the same id."""
        document, _ = self.entities[TABLES][identifier]
        fqn = f"{document['fullyQualifiedName'].rsplit('.', 1)[0]}.{name}"
        document |= {"name": name, "fullyQualifiedName": fqn, "updatedAt": document["updatedAt"] + 1}
        self.entities[TABLES][identifier] = (document, hash_of(fqn))

    def swap(self, one: str, other: str) -> None:
        """Two tables of a schema have each other's names."""
        names = [self.entities[TABLES][each][0]["name"] for each in (one, other)]
        self.rename(one, names[1])
        self.rename(other, names[0])


def random_om(random: Random, today: date) -> RandomOM:
    """Three schemas whose use is known, one that fell silent, and one that nobody ever looked at."""
    om = RandomOM(today)
    for fqn in READ_OFTEN:
        om.table(fqn, range(1, 800))
    for number in range(12):
        om.table(f"shop.main.core.dropped_{'abcdefghijkl'[number]}", [700 + number % 20])
    for schema in [fqn.rsplit(".", 1)[0] for fqn in READ_OFTEN] + ["lake.main.core"]:
        for word in random.sample(WORDS, 4):
            days = random.choice([[], [], [300], [120, 500], [60], [10, 40]]) if schema != "lake.main.core" else []
            identifier = om.table(f"{schema}.{word}", days)
            om.sizes[identifier] = random.choice([10**9, 10**12, 10**13])
    # A filter of the feed: all of a database stopped at once, while the service goes on.
    for letter in "abc":
        om.table(f"shop.silent.core.habit_{letter}", range(120, 800, 8))
    om.table("shop.silent.core.never_read")
    add_series(om, random)
    add_lineage(om, random)
    add_views(om, random)
    return om


def add_series(om: RandomOM, random: Random) -> None:
    """Shards with dates, partitions of a table, and copies that only look like shards."""
    read = random.choice([None, 20, 200])
    for number in range(random.randint(2, 5)):
        om.table(f"shop.main.core.events_2025010{number + 1}", [read] if read and number == 1 else [])
    om.table("shop.main.mart.orders", random.choice([[], [5], [400]]), tableType="Partitioned")
    for number in range(random.randint(1, 3)):
        om.table(f"shop.main.mart.orders_p2025_0{number + 1}")
    om.table("shop.other.core.plain", [3])
    for number in range(3):
        om.table(f"shop.other.core.plain_2025_02_0{number + 1}")


def add_lineage(om: RandomOM, random: Random) -> None:
    """Edges, some through deleted tables, to assets that are there or not, and to what cannot be read."""
    tables = sorted(om.fqns())
    middle = [om.table(f"shop.main.core.middle_{letter}", deleted=True) for letter in "ab"]
    for kind, om_table in ASSETS.items():
        om.add(om_table, f"looker.{kind}")
        om.add(om_table, f"looker.{kind}_deleted", deleted=True)
    for _ in range(12):
        om.edge(*random.sample(tables, 2), deleted=random.choice([0, 0, 0, 1]))
    for each in middle:
        om.edge(random.choice(tables), each, deleted=random.choice([0, 1]))
        om.edge(each, random.choice(tables), deleted=random.choice([0, 1]))
    for kind in ASSETS:
        name = random.choice([f"looker.{kind}", f"looker.{kind}_deleted"])
        om.edge(random.choice([*tables, *middle]), identifier_of(name), ("table", kind))
    om.edge(random.choice(tables), identifier_of("what is this?"), ("table", "hologram"))
    om.edge(random.choice(tables), identifier_of("nobody"), ("table", "table"))


def add_views(om: RandomOM, random: Random) -> None:
    """Views with texts that name tables of their service, and texts that cannot be read."""
    fqns = [fqn for fqn in om.fqns().values() if fqn.startswith("shop.")]
    for letter in "ab":
        one, other = random.sample(fqns, 2)
        plain, quoted = ".".join(one.split(".")[1:]), ".".join(f'"{name.upper()}"' for name in other.split(".")[1:])
        part = f"WITH part AS (SELECT * FROM {plain})"
        text = f"CREATE VIEW v AS {part} SELECT * FROM part JOIN {quoted} o ON o.id = part.id"
        om.table(f"shop.main.mart.view_{letter}", random.choice([[], [8]]), tableType="View", schemaDefinition=text)
    broken = f"CREATE VIEW v AS SELECT (( FROM {random.choice(fqns)} WHERE"
    om.table("shop.main.mart.view_broken", tableType="View", schemaDefinition=broken)


def plainly_named(om: RandomOM) -> list[str]:
    """The tables whose names say nothing to others: no parts of a series, named by no text of a view, and by no other table."""
    documents = {each: document for each, (document, _) in om.entities[TABLES].items()}
    texts = " ".join(document.get("schemaDefinition", "") for document in documents.values()).casefold()
    meaningful = {"orders", "plain", *re.findall(r"\w+", texts)}
    names = {each: documents[each]["name"] for each in om.fqns()}
    counts = Counter(names.values())
    return sorted(
        each for each, name in names.items() if name not in meaningful and not name[-1].isdigit() and counts[name] == 1
    )


def disturb(om: RandomOM, random: Random, *, plainly: bool = False) -> Undo:
    """Something happens that is undone later: gives what undoes it, perhaps with new ids.

    `plainly`: names change only where nothing follows from them, so that an estate is the same while they are others.
    """
    tables = sorted(om.fqns())
    named = plainly_named(om) if plainly else tables
    schemas = sorted({om.fqns()[each].rsplit(".", 1)[0] for each in tables})
    kind = random.choice(["one", "schema", "service", "rename", "swap"])
    if kind == "rename":
        one = random.choice(named)
        name = om.entities["table_entity"][one][0]["name"]
        om.rename(one, f"renamed_{name}")
        return lambda: om.rename(one, name)
    if kind == "swap":
        schema = random.choice(schemas)
        of_schema = [each for each in named if om.fqns()[each].startswith(f"{schema}.")]
        if len(of_schema) < 2:
            return lambda: None
        one, other = random.sample(of_schema, 2)
        om.swap(one, other)
        return lambda: om.swap(one, other)
    where = random.choice(schemas) if kind == "schema" else "shop"
    chosen = (
        {random.choice(tables)}
        if kind == "one"
        else {each for each in tables if om.fqns()[each].startswith(f"{where}.")}
    )
    places = set() if kind == "one" else {where}
    chance = random.random()
    forgotten = 0.15 <= chance < 0.6
    vanish = om.forget if forgotten else om.renew_and_mark_deleted if chance < 0.15 else om.mark_deleted
    undo = vanish(chosen, places)

    def back() -> None:
        undo()
        if forgotten and random.random() < 0.7:
            om.give_new_ids(chosen)

    return back


class _JudgeInMemory(_Judge):
    """The second inventory over such rows."""

    om: RandomOM
    order: Random | None = None

    def rows(self, table: str, columns: str) -> list[Row]:
        found = self.om.rows(table)
        if self.order:
            self.order.shuffle(found)
        return found

    def columns_of(self, table: str) -> set[str]:
        known = table in ASSETS.values() or table in PLACES.values() or table not in MORE_ASSET_TABLES.values()
        return {"fqnHash", "deleted"} if known else set()


def judge_in_memory(om: RandomOM, known: Known, now: datetime, order: Random | None = None) -> Judged:
    """The second inventory of an OM in memory, with the rows in a random order if one is given."""
    judge = _JudgeInMemory(None, "", om.today, known, now)
    judge.om, judge.order = om, order
    return judge.judge()
