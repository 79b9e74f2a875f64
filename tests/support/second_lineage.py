"""Lineage and the score, a second time, over tables that are judged already."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.second_absence import Absence, Absences
from tests.support.second_labels import Labels
from tests.support.second_memory import Edge, KeptAsset, PlaceName
from tests.support.second_series import stems
from tests.support.second_texts import DEFAULT_SCHEMAS, MOST_BYTES, VIEWS, dialect_of, first_word, paths_read, words

Row = dict[str, Any]
Path = tuple[str | None, ...]
USED, IDLE, DELETED, UNKNOWN = "USED", "IDLE", "DELETED", "UNKNOWN"
UNREAD = "the unread text of "


@dataclass
class Graph:
    """What depends on what: by id of each node its kind and its state, and what is directly downstream of it."""

    kinds: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    downstream: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, identifier: str, kind: str, state: str) -> None:
        """A node; the first word on one counts."""
        self.kinds.setdefault(identifier, kind)
        self.states.setdefault(identifier, state)

    def distances(self, start: str) -> dict[str, int]:
        """How far all that can be reached is, at any depth and through whatever is deleted; `start` itself is at 0."""
        found, frontier, distance = {start: 0}, [start], 0
        while frontier:
            distance += 1
            frontier = list({each for node in frontier for each in self.downstream.get(node, ())} - found.keys())
            found |= dict.fromkeys(frontier, distance)
        return found

    def in_use_below(self, start: str) -> list[tuple[int, bool, str]]:
        """Distance, whether it is no table, and id of all that is in use downstream, nearest first."""
        return sorted(
            (distance, self.kinds[each] != "table", each)
            for each, distance in self.distances(start).items()
            if each != start and self.states[each] == USED
        )

    def below(self, start: str) -> set[str]:
        """All that is downstream: itself, too, where lineage leads back."""
        reached = self.distances(start)
        back = {start} if any(start in self.downstream.get(node, ()) for node in reached) else set[str]()
        return (reached.keys() - {start}) | back

    def is_depended_on(self, start: str) -> bool:
        """Whether anything that exists, or may, is downstream; it does not depend on itself."""
        reached = [self.distances(each) for each in self.downstream.get(start, set()) - {start}]
        return any(self.states[each] != DELETED for found in reached for each in found)


def holds_sources(table: Row) -> bool:
    """Whether a table keeps what it is made from in use."""
    return bool(table["directly"])


class LineageAndScore(Labels):
    """What is downstream of each table, and what the estate is worth."""

    def add_lineage(self, tables: dict[str, Row]) -> None:
        """Walks down from each table; also from those that are away, for what depends on them may change."""
        graph = self.graph = Graph()
        for identifier, table in tables.items():
            graph.add(identifier, "table", USED if holds_sources(table) else IDLE)
        self.add_assets(graph)
        self.possible: list[Edge] = []
        self.edges = frozenset(self.edges_of(graph, tables))
        self.edges |= set(self.edges_of_unread(graph, tables))
        for up, down in self.edges:
            graph.downstream[up].add(down)
        self.linked = {end for edge in self.edges if not edge[1].startswith(UNREAD) for end in edge}
        for identifier, table in tables.items():
            self.add_walk(graph, identifier, table)

    def add_walk(self, graph: Graph, identifier: str, table: Row) -> None:
        found = graph.in_use_below(identifier)
        table["below"] = graph.below(identifier)
        table["depended_on"] = graph.is_depended_on(identifier)
        table["unreadable_below"] = any(graph.states[each] == UNKNOWN for each in table["below"])
        table["nearest"] = [(each[2], each[0]) for each in found[:5]]
        table["dependents"] = len(found)
        table["through_lineage"] = bool(found)

    def conclude(self, table: Row) -> None:
        """Whether it is in use after all, or a zombie."""
        changed, shared = table["metadata_changed"], table["through_lineage"] or table.get("through_series", False)
        lately = table["activity"] == "UNKNOWN" and changed is not None and self.ago(changed) <= 90
        table["in_use"] = table["directly"] or shared or lately
        table["zombie"] = table["activity"] in ("STALE", "DORMANT") and not shared and table["queries"] == 0

    def add_assets(self, graph: Graph) -> None:
        """Other assets, in use unless OM would know; and what is deleted."""
        used = defaultdict(set)
        for row in self.usage:
            if row["entityType"] != "table" and row["day"] and (row["count1"] or 0) > 0:
                used[row["id"]].add(row["day"])
        entries = {kind: self.assets_of(kind) for kind in self.kinds()}
        watched = {
            row["fqnHash"][:32]
            for rows in entries.values()
            for row in rows
            if any(self.ago(day) <= 30 for day in used.get(row["id"], ()))
        }
        waiting = self.follow_assets(entries)
        for identifier, asset in waiting.items():
            graph.add(identifier, asset.kind, USED if asset.used else IDLE)
        for kind, rows in entries.items():
            for row in rows:
                lately = any(self.ago(day) <= 90 for day in used.get(row["id"], ()))
                idle = row["fqnHash"][:32] in watched and not lately
                graph.add(row["id"], kind, DELETED if row["deleted"] else IDLE if idle else USED)
        for identifier, asset in self.assets.items():
            if asset.kind in entries and asset.service:
                graph.add(identifier, asset.kind, DELETED)
            if asset.kind in entries and not asset.absent_since:
                self.assets[identifier] = replace(asset, used=graph.states.get(identifier) == USED)
        for identifier in self.everything.keys() | (self.known.kept.keys() - self.followed.values()):
            graph.add(identifier, "table", DELETED)

    def follow_assets(self, entries: dict[str, list[Row]]) -> dict[str, KeptAsset]:
        """Remembers the assets that lineage names; gives those that OM no longer has and that are not gone yet."""
        rows = {row["id"]: (kind, row) for kind, of_kind in entries.items() for row in of_kind}
        named = {
            row[f"{end}Id"]: row[f"{end}Entity"]
            for row in [*self.relations, *self.relations_deleted]
            if row["relation"] == 13 and not (no_asset(row["fromEntity"]) or no_asset(row["toEntity"]))
            for end in ("from", "to")
        }
        self.assets = {each: KeptAsset(kind=kind) for each, kind in named.items() if kind != "table"}
        self.assets |= self.known.assets
        for identifier, asset in self.assets.items():
            kind, row = rows.get(identifier, (asset.kind, None))
            if row:
                asset = replace(asset, kind=kind, service=row["fqnHash"][:8])
            if row and not row["deleted"]:
                asset = replace(asset, alive=True, absent_since=None)
            elif asset.kind in entries and asset.alive and not asset.absent_since:
                asset = replace(asset, absent_since=self.now)
            self.assets[identifier] = asset
        missed = {
            each: Absence(each, self.place_of_asset(asset), asset.absent_since, not asset.alive)
            for each, asset in self.assets.items()
            if asset.absent_since and asset.kind in entries
        }
        there = [self.place_of_asset(asset) for asset in self.assets.values() if asset.alive and not asset.absent_since]
        places = {(each.path[0], name, None) for each in missed.values() for name in (None, each.path[1])}
        absences = Absences(list(missed.values()), there, places)
        for identifier, absence in missed.items():
            gone = absences.is_gone(absence, self.now)
            self.assets[identifier] = replace(self.assets[identifier], alive=not gone)
        self.assets_away = {each for each in missed if self.assets[each].alive}
        return {each: self.assets[each] for each in self.assets_away}

    @staticmethod
    def place_of_asset(asset: KeptAsset) -> PlaceName:
        """All of its kind and service are one database, as it were."""
        return asset.kind, asset.service, None

    def edges_of(self, graph: Graph, tables: dict[str, Row]) -> Iterator[Edge]:
        """Between nodes of the graph, with a node for each end that cannot be read."""
        for row in [*self.relations, *self.relations_deleted]:
            ends = [(row[f"{end}Id"], row[f"{end}Entity"]) for end in ("from", "to")]
            if row["relation"] != 13 or any(no_asset(kind) for _, kind in ends):
                continue
            if row.get("deleted") and not any(self.is_deleted(graph, tables, identifier) for identifier, _ in ends):
                continue
            for identifier, kind in ends:
                graph.add(identifier, kind, UNKNOWN)
            yield ends[0][0], ends[1][0]
        yield from self.edges_of_texts(graph, tables)
        yield from self.edges_of_absent(graph, tables)

    def is_deleted(self, graph: Graph, tables: dict[str, Row], identifier: str) -> bool:
        """Whether an end is deleted or away."""
        return self.is_away(tables, identifier) or graph.states.get(identifier) == DELETED

    def is_away(self, tables: dict[str, Row], identifier: str) -> bool:
        """Whether OM does not have it, and it is not gone yet."""
        absent = identifier in tables and tables[identifier].get("absent_since")
        return bool(absent) or identifier in self.assets_away

    def edges_of_absent(self, graph: Graph, tables: dict[str, Row]) -> Iterator[Edge]:
        """The edges that tables and assets had which are away: they keep them."""
        now = {before: identifier for identifier, before in self.followed.items()}
        now |= {UNREAD + before: UNREAD + identifier for before, identifier in now.items()}
        for edge in self.known.edges:
            ends = (now.get(edge[0], edge[0]), now.get(edge[1], edge[1]))
            owners = (end.removeprefix(UNREAD) for end in ends)
            if any(self.is_away(tables, end) for end in owners):
                for end in ends:
                    graph.add(end, "?", UNKNOWN)
                yield ends

    def edges_of_texts(self, graph: Graph, tables: dict[str, Row]) -> Iterator[Edge]:
        """From what the texts of views read; what they may read as well is in `possible`."""
        # A view that is deleted conducts as any other asset, and so does what it names.
        tables = {**self.everything, **tables}
        by_path = defaultdict[Path, set[str]](set)
        for identifier, table in tables.items():
            path = (table["database"], table["schema"], table["name"])
            by_path[table["service_hash"], *map(folded, path)].add(identifier)
        for identifier, view in tables.items():
            text = view.get("text")
            if view["table_type"] not in VIEWS or not text or view.get("absent_since"):
                continue
            dialect = dialect_of(self.services.get(view["service_hash"], {"type": None})["type"])
            names = paths_read(text, dialect) if len(text.encode()) <= MOST_BYTES else None
            may_be_named = set(self.may_be_named(view, tables)) if names is None else set()
            for name in names or ():
                ups, perhaps = self.named_by(name, view, dialect, by_path, tables)
                may_be_named |= perhaps
                yield from ((up, identifier) for up in ups - {identifier})
            self.possible += [(each, identifier) for each in may_be_named - {identifier}]

    def edges_of_unread(self, graph: Graph, tables: dict[str, Row]) -> Iterator[Edge]:
        """What a text may name has something unknown below it; that of a deleted view, if something depends on the view."""
        conducting = {up for up, _ in self.edges}
        for table, view in self.possible:
            if view in tables or view in conducting:
                graph.add(UNREAD + view, "text", UNKNOWN)
                yield table, UNREAD + view

    @staticmethod
    def named_by(
        name: Path, view: Row, dialect: str, by_path: dict[Path, set[str]], tables: dict[str, Row]
    ) -> tuple[set[str], set[str]]:
        """The tables that a name in a text means, and those that it may mean."""
        default, service = DEFAULT_SCHEMAS.get(dialect), view["service_hash"]
        database = name[-3] if len(name) > 2 else view["database"]
        schema = (name[-2] or default) if len(name) > 1 else view["schema"]
        table = name[-1] or ""
        if table.endswith("*"):
            return named_by_wildcard(table.rstrip("*"), (service, database, schema), tables)
        found = set(by_path.get((service, *map(folded, (database, schema, table))), ()))
        if len(name) == 1 and default:
            found |= by_path.get((service, *map(folded, (database, default, table))), set())
        if not found and len(name) > 2:
            found = set(by_path.get((service, *map(folded, (view["database"], schema, table))), ()))
        known = any(
            each["service_hash"] == service
            and tuple(map(folded, (each["database"], each["schema"]))) == tuple(map(folded, (database, schema)))
            for each in tables.values()
        )
        if found or (len(name) > 1 and known):
            return found, set()
        word = first_word(table)
        return set(), {
            each for each, row in tables.items() if row["service_hash"] == service and first_word(row["name"]) == word
        }

    @staticmethod
    def may_be_named(view: Row, tables: dict[str, Row]) -> Iterator[str]:
        """Of an unread text the tables that it may read from."""
        named = words(view["text"])
        for identifier, table in tables.items():
            if identifier == view["id"] or table["service_hash"] != view["service_hash"]:
                continue
            too_long = len(view["text"].encode()) > MOST_BYTES
            if table["database"] == view["database"] if too_long else first_word(table["name"]) in named:
                yield identifier

    def score(self, tables: dict[str, Row]) -> Row:
        rows = list(tables.values())
        written = [table for table in rows if table["written"] and self.ago(table["written"]) <= 30]
        evidenced = [table for table in rows if table["evidence"] in ("QUERIES", "LIFECYCLE")]
        lately = sum(table["accessed"] is not None and self.ago(table["accessed"]) <= 30 for table in evidenced)
        marks = sum(bool(table["owners"]) + table["described"] + (table["tier"] is not None) for table in rows)
        used = sum(table["in_use"] for table in rows)
        sizes = sum(table["size"] or 0 for table in rows)
        share = {
            "storage": (sum(table["size"] or 0 for table in rows if table["in_use"]), sizes, 35),
            "compute": (sum(table["in_use"] for table in written), len(written), 30)
            if written
            else (used, len(rows), 30),
            "query": (lately, len(evidenced), 20),
            "others": (marks, 3 * len(rows), 15),
        }
        known = {name: part for name, part in share.items() if part[1]}
        weight = sum(part[2] for part in known.values())
        exact = {name: Decimal(100 * part[2] * part[0]) / Decimal(weight * part[1]) for name, part in known.items()}
        score = int(sum(exact.values(), Decimal(0)).quantize(Decimal(1), ROUND_HALF_UP)) if known else 0
        points = {name: int(exact.get(name, 0)) for name in share}
        by_rest = sorted(exact, key=lambda each: exact[each] - int(exact[each]), reverse=True)
        for name in by_rest[: score - sum(points.values())]:
            points[name] += 1
        kinds = ("new", "active", "cooling", "stale", "dormant", "unknown")
        counts = {kind: sum(table["activity"] == kind.upper() for table in rows) for kind in kinds}
        coverage = len(evidenced) / len(rows) if rows else 0
        counts = {"recentlyUsed": counts.pop("active"), **counts, "zombie": sum(table["zombie"] for table in rows)}
        return {
            "score": score, "breakdown": points, "total": len(rows), "active": used, "bytes": sizes, "counts": counts,
            "coverage": coverage,
        }  # fmt: skip


def no_asset(kind: str) -> bool:
    """Services, domains and data products have lineage, too, but of another kind."""
    return kind.endswith("Service") or kind in ("domain", "dataProduct")


def named_by_wildcard(prefix: str, place: Path, tables: dict[str, Row]) -> tuple[set[str], set[str]]:
    """The parts of the series that a wildcard means, and the other tables of its schema that it may mean."""
    here = {
        each: row["name"]
        for each, row in tables.items()
        if (row["service_hash"], folded(row["database"]), folded(row["schema"])) == (place[0], *map(folded, place[1:]))
    }
    meant = {folded(prefix.rstrip("_-")), folded(prefix.rstrip("0123456789_-."))} - {""}
    found = {each for each, name in here.items() if {folded(each) for each in stems(name)} & meant}
    letters = re.match(r"[^\W\d_]+", prefix)
    head = folded(letters[0]) if letters and not prefix[-1].isalpha() else None
    heads = {each: re.match(r"[^\W\d_]+", name) for each, name in here.items()}
    perhaps = {
        each for each, found_head in heads.items() if head is None or (found_head and folded(found_head[0]) == head)
    }
    return found, perhaps - found


def folded(name: str | None) -> str | None:
    """A name without case."""
    return name.casefold() if name is not None else None
