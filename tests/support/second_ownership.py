"""Who owns what, which domains a table is in, and what its description says: a second time, from the raw rows."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

Row = dict[str, Any]
Owner = tuple[str, str]
ReadRows = Callable[[str, str], list[Row]]
PLACES = {"database_schema_entity": "fqnHash", "database_entity": "fqnHash", "dbservice_entity": "nameHash"}


@dataclass
class Ownership:
    """What OM's relations say; `people` are users and teams that are not deleted, None for a kind without any row."""

    owners: dict[str, set[Owner]] = field(default_factory=lambda: defaultdict(set))
    domains: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    people: dict[str, set[str] | None] = field(default_factory=dict)
    rows_of: dict[str, set[str]] = field(default_factory=dict)
    fqns: dict[str, str] = field(default_factory=dict)
    # The names of those who are gone.
    names: dict[Owner, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, rows: ReadRows, relations: Iterable[Row]) -> "Ownership":
        found = cls()
        for relation in relations:
            if relation["relation"] == 8 and relation["fromEntity"] in ("user", "team"):
                found.owners[relation["toId"]].add((relation["fromEntity"], relation["fromId"]))
            if relation["relation"] == 10 and relation["fromEntity"] == "domain":
                found.domains[relation["toId"]].add(relation["fromId"])
        for kind in ("user", "team"):
            people = rows(f"{kind}_entity", "id, name, deleted")
            found.people[kind] = {row["id"] for row in people if not row["deleted"]} if people else None
            found.rows_of[kind] = {row["id"] for row in people}
            found.names |= {(kind, row["id"]): row["name"] for row in people}
        for row in rows("domain_entity", "id, name, json"):
            document = json.loads(row["json"])
            if document.get("deleted") is not True:
                fqn = document.get("fullyQualifiedName")
                found.fqns[row["id"]] = fqn if isinstance(fqn, str) and fqn else quoted(row["name"])
        for table, hashed in PLACES.items():
            found.ids |= {row[hashed]: row["id"] for row in rows(table, f"id, {hashed}")}
        return found

    def has_left(self, owner: Owner) -> bool:
        people = self.people[owner[0]]
        return people is not None and owner[1] not in people

    def levels(self, identifier: str, fqn_hash: str) -> list[str]:
        """The ids of a table, its schema, its database and its service, as far as there are any."""
        parts = fqn_hash.split(".")
        places = [".".join(parts[:length]) for length in (3, 2, 1)]
        return [identifier, *(self.ids.get(each, "") for each in places)]

    def settle(self, table: Row) -> None:
        """Owners and domains of one table."""
        levels = self.levels(table["id"], table["fqn_hash"])
        named = [self.owners.get(each, set()) for each in levels[:3]]
        living = [{owner for owner in each if not self.has_left(owner)} for each in named]
        nearest = next(filter(None, named), set())
        table["owners"] = next(filter(None, living), set())
        table["departed"] = {owner for owner in nearest if self.has_left(owner)}
        existing = [self.domains.get(each, set()) & self.fqns.keys() for each in levels]
        table["domains"] = next(filter(None, existing), set())


def quoted(name: str) -> str:
    """A name as OM writes it within an FQN."""
    return '"' + name.replace('"', '""') + '"' if "." in name or '"' in name else name


def names_in(fqn: str) -> tuple[str, ...]:
    """The names in the FQN of a domain."""
    parts = re.findall(r'"(?:[^"]|"")*"|[^.]+', fqn)
    return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts)


def by_domain(tables: Iterable[Row], fqns: Mapping[str, str], *, rolled_up: bool) -> dict[tuple[str, ...] | None, int]:
    """How many tables are in each domain, or also in those that it lies in; None for no domain."""
    counts = Counter[tuple[str, ...] | None]()
    for table in tables:
        own = {names_in(fqns[each]) for each in table["domains_now"]}
        if rolled_up:
            own = {path[:length] for path in own for length in range(1, len(path) + 1)}
        counts.update(own or {None})
    return dict(counts)


def left_behind(tables: Iterable[Row], ownership: Ownership) -> dict[Owner, tuple[int, int]]:
    """By owner who left: tables that nobody else owns, and others."""
    found: dict[Owner, list[int]] = {}
    for table in tables:
        for owner in table["departed"]:
            if ownership.has_left(owner):
                found.setdefault(owner, [0, 0])[bool(table["owners"])] += 1
    return {owner: (counts[0], counts[1]) for owner, counts in found.items()}


async def ownership_agrees(estate: Any, tables: Mapping[str, Row], ownership: Ownership) -> None:
    """Published totals are those of these tables, and they reconcile."""
    reader = estate.reader
    summary = await reader.document(await reader.snapshot(), "summary")
    for key, rolled_up in (("byDomain", False), ("byDomainWithSubdomains", True)):
        published = {each["domain"] and names_in(each["domain"]["fqn"]): each["tables"] for each in summary[key]}
        assert published == by_domain(tables.values(), ownership.fqns, rolled_up=rolled_up), key
    for name in ("tables", "sizedTables", "bytes", "zombies", "storageCost", "queryCost", "monthlyCost"):
        sums = sum(Decimal(each[name]) for each in summary["byDomain"])
        assert sums - Decimal(summary["countedAgain"][name]) == Decimal(summary["total"][name]), name
    assert summary["total"]["tables"] == len(tables)
    departed = {
        (each["owner"]["type"], each["owner"]["id"]): (each["tables"], each["sharedTables"])
        for each in summary["departed"]
    }
    assert departed == left_behind(tables.values(), ownership)
    for each in summary["departed"]:
        owner = each["owner"]
        assert owner["deleted"] == (owner["id"] in ownership.rows_of[owner["type"]])
        if owner["deleted"] and ownership.names[owner["type"], owner["id"]]:
            assert owner["name"] == ownership.names[owner["type"], owner["id"]]


class _Words(HTMLParser):
    """Collects what is not markup."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


def says_something(description: Any) -> bool:
    """Whether a description holds a letter or a digit that is seen."""
    if not isinstance(description, str):
        return False
    for _ in range(2):
        words = _Words()
        words.feed(description)
        words.close()
        description = words.text
    shown = re.sub(r"!?\[(.*?)\]\(.*?\)", r"\1", description)
    lines = [re.sub(r"^(```\w*|\d+[.)])$", "", line.strip()) for line in shown.splitlines()]
    return any(character.isalnum() for line in lines for character in line)
