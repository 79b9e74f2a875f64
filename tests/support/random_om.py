"""A small OM database in memory whose tables vanish, return, get new ids and new names.

It holds the rows as OM would and can be read by the second implementation as it is, or written into a real database.
All that happens to it can be undone; then each table is what it was, perhaps under a new id.
"""

import json
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.support.om_rows import hash_of, identifier_of
from tests.support.second_inventory import Judged, _Judge
from tests.support.second_memory import Known
from tests.support.second_rows import MORE_ASSET_TABLES
from tests.support.second_statements import STATEMENTS, text_of

Row = dict[str, Any]
Undo = Callable[[], None]
TABLES, SERVICES = "table_entity", "dbservice_entity"
PLACES = {1: SERVICES, 2: "database_entity", 3: "database_schema_entity"}
ASSETS = {"dashboard": "dashboard_entity", "chart": "chart_entity", "metric": "metric_entity"}
PEOPLE = {"user": "user_entity", "team": "team_entity"}
DOMAINS = "domain_entity"
DESCRIPTIONS = (
    None, "", " \u00a0\n", "<p></p>", "<p><br></p>", "&nbsp;", "---", "```\n```", "<!-- x -->", "![](x.png)",
    "<p>Orders</p>", "Orders", "7", "[Orders](x)", "<p></p>" * 200, "<p></p>" * 200 + "Orders",
)  # fmt: skip
WORDS = ("accounts", "baskets", "claims", "devices", "fees", "grants", "hubs", "items")
READ_OFTEN = ("shop.main.core.busy", "shop.main.mart.busy", "shop.other.core.busy")


@dataclass
class RandomOM:
    """Entities by OM's table and id, with their hashes; edges by their ends; days of usage by id."""

    today: date
    entities: dict[str, dict[str, tuple[Row, str]]] = field(default_factory=dict)
    edges: dict[tuple[str, str], tuple[str, str, int]] = field(default_factory=dict)
    # Who owns what, and what is in which domain: from, to, their kinds and the relation.
    related: set[tuple[str, str, str, str, int]] = field(default_factory=set)
    usage: dict[str, set[date]] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    # On what (the id of a table, or the FQN of a place or term), on which column, source, tag, state.
    tags: list[tuple[str, str, int, str, int]] = field(default_factory=list)
    # Both ends, their kinds, and the number of a relation that is no lineage.
    attention: list[tuple[str, str, tuple[str, str], int]] = field(default_factory=list)
    # By its id: what it says, the tables that it names, and how many days ago it cost anything (None: it costs nothing).
    statements: dict[str, tuple[str, list[str], date | None]] = field(default_factory=dict)
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
            ] + [
                {"fromId": one, "toId": other, "fromEntity": kinds[0], "toEntity": kinds[1], "relation": relation, "deleted": 0}
                for one, other, kinds, relation in [*self.attention, *self.mentions()]
                if {one, other} & self.entities[TABLES].keys() or "table" not in kinds
            ] + [
                {"fromId": from_, "toId": to, "fromEntity": kind, "toEntity": of, "relation": relation, "deleted": 0}
                for from_, to, kind, of, relation in sorted(self.related)
            ]  # fmt: skip
        if om_table == "query_cost_time_series":
            return list(self.cost_rows())
        if om_table == "tag_usage":
            return list(self.tag_rows())
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
                    "timestamp": moment, "json": json.dumps({"timestamp": moment, "sizeInByte": size, "rowCount": 5}),
                }
                for each, size in self.sizes.items()
                if each in self.entities[TABLES]
            ]  # fmt: skip
        return [
            {
                "id": each, "name": document["name"], "deleted": int(document["deleted"]), "json": json.dumps(document),
                "fqnHash": hashed, "nameHash": hashed, "serviceType": document.get("serviceType"),
                "isBot": document.get("isBot", False),
            }
            for each, (document, hashed) in self.entities.get(om_table, {}).items()
        ]  # fmt: skip

    def tag_rows(self) -> Iterator[Row]:
        """OM deletes the tags of a table with it."""
        for target, column, source, tag, state in self.tags:
            if target in self.entities[TABLES] or "." in target:
                hashed = self.entities[TABLES][target][1] if target in self.entities[TABLES] else hash_of(target)
                yield {
                    "source": source, "tagFQN": tag, "labelType": 0, "state": state, "tagFQNHash": hash_of(tag),
                    "targetFQNHash": f"{hashed}.{hash_of(column)}" if column else hashed,
                }  # fmt: skip

    def mentions(self) -> Iterator[tuple[str, str, tuple[str, str], int]]:
        for query, (_, tables, _) in self.statements.items():
            yield from ((table, query, ("table", "query"), 5) for table in tables)

    def cost_rows(self) -> Iterator[Row]:
        for query, (_, _, day) in self.statements.items():
            if day is not None:
                moment = int(datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp()) * 1000
                document = {"id": identifier_of(f"cost of {query}"), "timestamp": moment, "cost": 0.5, "count": 1}
                hashed = self.entities["query_entity"][query][1]
                yield {
                    "jsonSchema": "queryCostRecord", "json": json.dumps(document), "entityFQNHash": hashed,
                    "timestamp": moment,
                }  # fmt: skip

    def write(self, connection: Any) -> None:
        """Makes the tables of the schema that the connection uses hold these rows and no others."""
        written: dict[str, tuple[str, ...]] = dict.fromkeys(
            [TABLES, *PLACES.values(), *ASSETS.values()], ("json", "fqnHash")
        )
        written |= {
            **dict.fromkeys([SERVICES, *PEOPLE.values()], ("json", "nameHash")),
            DOMAINS: ("json", "fqnHash"),
            "query_entity": ("json", "fqnHash"),
            "query_cost_time_series": ("jsonSchema", "json", "entityFQNHash"),
            "entity_relationship": ("fromId", "toId", "fromEntity", "toEntity", "relation", "deleted"),
            "entity_usage": ("id", "entityType", "usageDate", "count1"),
            "tag_usage": ("source", "tagFQN", "labelType", "state", "tagFQNHash", "targetFQNHash"),
            "data_product_entity": ("json", "fqnHash"),
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
        before = deepcopy((self.entities, self.edges, self.related, self.usage, self.sizes))
        for om_table in [TABLES, *PLACES.values()]:
            for each, (document, _) in list(self.entities[om_table].items()):
                if each in identifiers or document["fullyQualifiedName"] in places:
                    del self.entities[om_table][each]
        self.edges = {ends: kinds for ends, kinds in self.edges.items() if not identifiers & set(ends)}
        self.related = {each for each in self.related if each[1] not in identifiers}
        self.usage = {each: days for each, days in self.usage.items() if each not in identifiers}

        def undo() -> None:
            self.entities, self.edges, self.related, self.usage, self.sizes = before

        return undo

    def mark_deleted(self, identifiers: set[str], places: set[str]) -> Undo:
        """OM marks them deleted, and so it does their edges."""
        before = deepcopy((self.entities, self.edges, self.related, self.usage, self.sizes))
        for om_table in [TABLES, *PLACES.values()]:
            for each, (document, _) in self.entities[om_table].items():
                if each in identifiers or document["fullyQualifiedName"] in places:
                    document |= {"deleted": True, "updatedAt": document["updatedAt"] + 1}
        for ends, kinds in self.edges.items():
            if identifiers & set(ends):
                self.edges[ends] = (*kinds[:2], 1)

        def undo() -> None:
            self.entities, self.edges, self.related, self.usage, self.sizes = before

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
        self.related = {(each[0], new.get(each[1], each[1]), *each[2:]) for each in self.related}
        self.usage = {new.get(each, each): days for each, days in self.usage.items()}
        self.sizes = {new.get(each, each): size for each, size in self.sizes.items()}
        self.tags = [(new.get(each, each), *tag) for each, *tag in self.tags]
        self.attention = [(new.get(one, one), new.get(other, other), *more) for one, other, *more in self.attention]
        self.statements = {
            query: (text, [new.get(each, each) for each in tables], day)
            for query, (text, tables, day) in self.statements.items()
        }
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
    vary_money(om)
    add_series(om, random)
    add_lineage(om, random)
    add_views(om, random)
    add_labels(om, random)
    add_ownership(om, Random(random.random()))
    add_statements(om)
    return om


def vary_money(om: RandomOM) -> None:
    """Sizes that are none, types without storage, and writes of long ago, as of which lower rates hold."""
    # Of its own, so that all else is as it would be without.
    random = Random(f"money {sorted(om.sizes.items())}")
    for identifier in sorted(om.sizes):
        document, _ = om.entities[TABLES][identifier]
        om.sizes[identifier] *= random.choice([0, 1, 1, 1])
        document["tableType"] = random.choice(["Regular", "Regular", "Regular", "External", "Transient"])
        day = om.day(random.choice([85, 89, 90, 91, 400]))
        moment = int(datetime(day.year, day.month, day.day, 9, tzinfo=UTC).timestamp()) * 1000
        document |= random.choice([{}, {"lifeCycle": {"updated": {"timestamp": moment}}}])


def add_statements(om: RandomOM) -> None:
    """Statements that write tables, and some that read them; of some OM knows what they cost."""
    # Of its own, so that all else is as it would be without.
    random = Random(f"statements {sorted(om.fqns().values())}")
    tables = {each: fqn for each, fqn in om.fqns().items() if fqn.startswith("shop.")}
    for number, (one, other) in enumerate(random.sample(sorted(tables), 2) for _ in range(16)):
        template, (_, _, schema, name) = random.choice(list(STATEMENTS)), tables[one].split(".")
        text = text_of(template, schema, name, tables[other].split(".")[-1])
        users = random.choice([[], ["job_1"], ["job_1", "ann"], ["job_2"]])
        query = om.add("query_entity", f"shop.query_{number}", query=text, checksum=f"{number:032}", usedBy=users)
        day = om.day(random.choice([1, 20, 45, 100])) if random.random() < 0.5 else None
        om.statements[query] = text, [one, *random.choice([[], [other]])], day


def add_labels(om: RandomOM, random: Random) -> None:
    """Tags, tiers and terms on tables, columns, schemas and terms; data products; who looks after tables."""
    tables = sorted(om.fqns())
    for _ in range(14):
        tag = random.choice(
            ["Legal.Hold", "Legal.HOLD", "PII.Mail", "Pii.Mail", "Tier.Tier1", "Tier.Tier4", "Tier.Gold"]
        )
        om.tags.append((random.choice(tables), random.choice(["", "", "id", "gone"]), 0, tag, random.choice([0, 1, 1])))
    for term in ("Words.a", "Words.b", "Words.c"):
        om.tags.append((random.choice(tables), random.choice(["", "at"]), 1, term, random.choice([0, 1])))
    carried = [(1, "Words.b"), (1, "Words.a"), (1, "Words.c"), (0, "Legal.Hold"), (0, "Tier.Tier2"), (0, "Own.Tag")]
    for term in ("Words.a", "Words.b", "Words.c"):
        om.tags += [(term, "", *each, 1) for each in random.sample(carried, 2)]
    om.tags.append((random.choice(["shop.main.mart", "shop.other", "lake.main"]), "", 0, "PII.Name", 1))
    # One of each on each target, as OM's key has it.
    om.tags = list({each[:4]: each for each in om.tags}.values())
    product = om.add("data_product_entity", "Sales")
    for kind in (("dataProduct", "table"), ("user", "table"), ("table", "testSuite"), ("table", "dataContract")):
        for each in random.sample(tables, 2):
            other = product if kind[0] == "dataProduct" else identifier_of(f"{kind} {each}")
            ends = (each, other) if kind[0] == "table" else (other, each)
            om.attention.append((*ends, kind, {"user": 11}.get(kind[0], 0 if kind[1] == "testSuite" else 10)))
    for each in random.sample(tables, 3):
        om.entities[TABLES][each][0]["updatedBy"] = random.choice(["ann", "robot-bot", None])


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


def add_ownership(om: RandomOM, random: Random) -> None:
    """People who left and people who did not, teams with the names of users, domains within domains; at each level."""
    people = [(kind, name) for kind in PEOPLE for name in ("ada", "Ada", "finance", "Finance", "ünal", "Unal")]
    for kind, name in people[1:]:
        more = {"email": f"{identifier_of(f'{kind}:{name}')}@example.org", "teamType": "Group", "isBot": False}
        om.add(PEOPLE[kind], f"{kind}:{name}", **more, name=name, deleted=random.random() < 0.3)
    domains = ("Sales", "Sales.EMEA", "Finance.EMEA", "sales", "Sälés", '"a.b".EMEA', "gone")
    for fqn in domains[:-1]:
        identifier = om.add(DOMAINS, f"domain:{fqn}")
        om.entities[DOMAINS][identifier][0].update({"name": fqn.rsplit(".", 1)[-1], "fullyQualifiedName": fqn})
    kinds = {SERVICES: "databaseService", PLACES[2]: "database", PLACES[3]: "databaseSchema", TABLES: "table"}
    for om_table, kind in kinds.items():
        for identifier, (document, _) in om.entities[om_table].items():
            if om_table != SERVICES and random.random() < 0.5:
                for owner in random.sample(people, random.choice([1, 1, 2])):
                    om.related.add((identifier_of(":".join(owner)), identifier, owner[0], kind, 8))
            if random.random() < 0.4:
                for fqn in random.sample(domains, random.choice([1, 1, 2, 3])):
                    om.related.add((identifier_of(f"domain:{fqn}"), identifier, "domain", kind, 10))
            if om_table == TABLES:
                document["description"] = random.choice(DESCRIPTIONS)


def change_ownership(om: RandomOM, random: Random) -> None:
    """Somebody leaves or comes back, is given something or loses it; a domain is renamed, or deleted for good."""
    kind = random.choice(list(PEOPLE))
    chance, found = random.random(), list(om.entities[PEOPLE[kind]].values())
    if chance < 0.4:
        document = random.choice(found)[0]
        document["deleted"] = not document["deleted"]
    elif chance < 0.6:
        om.related.discard(random.choice(sorted(om.related)))
    elif chance < 0.8:
        from_, _, of, _, relation = random.choice(sorted(om.related))
        om.related.add((from_, random.choice(sorted(om.entities[TABLES])), of, "table", relation))
    elif chance < 0.9:
        document = random.choice(list(om.entities[DOMAINS].values()))[0]
        document["fullyQualifiedName"] = f"Moved.{document['fullyQualifiedName']}"
    elif len(om.entities[DOMAINS]) > 1:
        del om.entities[DOMAINS][random.choice(sorted(om.entities[DOMAINS]))]


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
    of_views = (document.get("schemaDefinition", "") for document in documents.values())
    texts = " ".join([*of_views, *(text for text, _, _ in om.statements.values())]).casefold()
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
