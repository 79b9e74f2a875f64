"""Tags, data products and contracts, and signs of care of tables, a second time: row by row, byte by byte."""

from collections import defaultdict
from collections.abc import Iterable
from hashlib import md5

from tests.support.second_rows import Reader, Row, split_fqn

# The last edit of its metadata counts for so many days.
EDIT_DAYS = 90
GLOSSARY = 1


def hash_of_fqn(fqn: str) -> str:
    """OM hashes each name of an FQN with the quotes that it has there."""
    names, quoted = [""], False
    for character in fqn:
        quoted ^= character == '"'
        if character == "." and not quoted:
            names.append("")
        else:
            names[-1] += character
    return ".".join(md5(name.encode()).hexdigest() for name in names)


# By how many names an FQN has.
_ABOVE = {3: "schema", 2: "database"}


class Labels(Reader):
    """Adds them to tables: all that protects one is in `protecting`, all its tiers in `tiers`."""

    def add_tags(self, tables: dict[str, Row]) -> None:
        # By what it is on: source, tag and whether it is confirmed.
        self.tags_on: dict[str, set[tuple[int, str, bool]]] = defaultdict(set)
        for row in self.rows("tag_usage", "source, tagFQN, targetFQNHash, state"):
            self.tags_on[row["targetFQNHash"] or ""].add((row["source"], row["tagFQN"], row["state"] != 0))
        of_columns: dict[str, set[tuple[int, str, bool]]] = defaultdict(set)
        for target, found in self.tags_on.items():
            of_columns[".".join(target.split(".")[:4])] |= found if target.count(".") > 3 else set()
        for table in tables.values():
            self.add_tags_of(table, of_columns[table["fqn_hash"]])

    def add_tags_of(self, table: Row, on_columns: set[tuple[int, str, bool]]) -> None:
        own, names = self.tags_on.get(table["fqn_hash"], set()), table["fqn_hash"].split(".")
        confirmed = {(source, tag) for source, tag, sure in own if sure}
        tiers = {tag for source, tag in confirmed if source != GLOSSARY and tag.startswith("Tier.")}
        numbers = {tag: int(tag[-1]) if tag in {f"Tier.Tier{n}" for n in range(1, 6)} else 6 for tag in tiers}
        table["tier"] = min(numbers.values(), default=None)
        table["tags"] = {tag for source, tag in confirmed if source == GLOSSARY or tag not in tiers}
        table["place_tags"] = self.place_tags(table["fqn_hash"])
        table["marks"] = (
            {("COLUMN", tag) for _, tag, _ in on_columns}
            | {("SUGGESTED", tag) for _, tag, sure in own if not sure}
            | {("TIER", tag) for tag, number in numbers.items() if number == 6 or number != table["tier"]}
        )
        places = {
            (source, tag) for length in _ABOVE for source, tag, _ in self.tags_on.get(".".join(names[:length]), set())
        }
        # A term of a glossary that is called "Tier" is no tier, unless it is only suggested: then nobody can tell.
        of_its_own = {tag for source, tag, sure in own if source != GLOSSARY or not sure}
        table["tiers"] = of_its_own | self.carried(tag for source, tag, _ in own if source == GLOSSARY)
        everything = {(source, tag) for source, tag, _ in own | on_columns} | places
        terms = self.carried(tag for source, tag in everything if source == GLOSSARY)
        table["protecting"] = {tag for _, tag in everything} | terms

    def place_tags(self, fqn_hash: str) -> set[tuple[str, str]]:
        """Level and tag of those of its schema and its database."""
        names = fqn_hash.split(".")
        return {
            (level, tag)
            for length, level in _ABOVE.items()
            for _, tag, _ in self.tags_on.get(".".join(names[:length]), set())
        }

    def carried(self, terms: Iterable[str]) -> set[str]:
        """The tags that glossary terms carry, and those that the terms among these carry."""
        seen, waiting, tags = set[str](), list(terms), set[str]()
        while waiting:
            term = waiting.pop()
            if term in seen:
                continue
            seen.add(term)
            for source, tag, _ in self.tags_on.get(hash_of_fqn(term), ()):
                tags.add(tag)
                if source == GLOSSARY:
                    waiting.append(tag)
        return tags

    def add_attention(self, tables: dict[str, Row]) -> None:
        """Who and what attends to each table, from the relations that are not deleted."""
        names = {"dataProduct": self.named("data_product_entity"), "dataContract": self.named("data_contract_entity")}
        bots = {row["name"] for row in self.rows("user_entity", "name, isBot") if row["isBot"]}
        ids = {
            row["fqnHash"]: row["id"]
            for table in ("database_schema_entity", "database_entity")
            for row in self.rows(table, "id, fqnHash")
        }
        products, followers, tested = defaultdict(set), defaultdict(int), set[str]()
        for row in self.relations:
            kinds = (row["fromEntity"], row["toEntity"])
            if kinds[0] == "dataProduct" and row["relation"] != 13:
                products[row["toId"]].add(("dataProduct", row["fromId"]))
            if kinds[1] == "dataContract" and row["relation"] != 13:
                products[row["fromId"]].add(("dataContract", row["toId"]))
            followers[row["toId"]] += row["relation"] == 11 and kinds == ("user", "table")
            if row["relation"] == 0 and kinds == ("table", "testSuite"):
                tested.add(row["fromId"])

        def named(identifier: str | None) -> set[tuple[str, str]]:
            found = {(kind, names[kind].get(each, each[:8])) for kind, each in products[identifier or ""]}
            return {(kind, name) for kind, name in found if name is not None}

        for identifier, table in tables.items():
            hashes = table["fqn_hash"].split(".")
            above = {"schema": ids.get(".".join(hashes[:3])), "database": ids.get(".".join(hashes[:2]))}
            table["products"] = named(identifier)
            table["place_products"] = {(level, *each) for level, place in above.items() for each in named(place)}
            table["followers"], table["tested"] = followers[identifier], identifier in tested
            editor = table["editor"]
            is_person = bool(editor) and editor not in bots and not editor.endswith("-bot")
            table["edited_by"] = editor if is_person else None

    def named(self, table: str) -> dict[str, str | None]:
        """Names by id; None for what is deleted."""
        if not self.columns_of(table):
            return {}
        deleted = "deleted" if "deleted" in self.columns_of(table) else "0 AS deleted"
        return {row["id"]: None if row["deleted"] else row["name"] for row in self.rows(table, f"id, name, {deleted}")}

    def is_cared_for(self, table: Row) -> bool:
        """Tests, followers, or an edit by a person of late."""
        changed = table["metadata_changed"]
        edited = table["edited_by"] is not None and changed is not None and self.ago(changed) <= EDIT_DAYS
        return bool(table["tested"] or table["followers"] or edited)


def is_protected(tag: str, protected: Iterable[str]) -> bool:
    """Whether a policy names a tag, or what it lies in."""
    names = split_fqn(tag)
    return any(names[: len(split_fqn(each))] == split_fqn(each) for each in protected)
