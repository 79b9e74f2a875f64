"""The texts of views: what OpenMetadata has as `schemaDefinition`, 200 bytes to 4 KB, in the dialect of their service."""

from collections.abc import Callable
from random import Random

from thirdeye.local.sample.dialects import DIALECTS, SNOWFLAKE, Dialect
from thirdeye.local.sample.fates import may_be_named
from thirdeye.local.sample.naming import dice
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.plan import Place, Plan

SOURCE_ASPECT, TEXT_ASPECT = 73, 74
# The words of the statements that make them. Connectors read no text of semantic views.
KINDS: dict[str | None, str] = {"View": "VIEW", "SecureView": "VIEW", "MaterializedView": "MATERIALIZED VIEW"}
# Tables have a text as well, where the ingestion was asked for it.
DDL_EVERY = 31
NEARBY, TRIES, MOST_SOURCES = 500, 24, 4
# Left to the cycles and to the chains through deleted tables.
TAKEN_DISTANCES = frozenset({0, 1, 2, 6})
LEAST_BYTES, MEDIAN_BYTES, MOST_BYTES, SPREAD = 200, 1_900, 4_000, 0.45
BROKEN_EVERY = 41
EDGES_OF_FIVE = 3
# Long lists of columns make views long.
FILLERS = tuple(
    f"CASE WHEN t.status = 'state_{number}' THEN t.amount * 1.{number} ELSE 0 END AS amount_{number}"
    for number in range(60)
)
COLUMNS = "t.id, t.status, t.amount, t.created_at"
TEMPLATE = "{{ config(materialized='view') }}\nselect * from {{ ref('orders') }} join {{ ref('customers') }} using (id)"
CTE_NAMES = ("orders", "customers", "recent", "base")


class ViewTexts:
    """Gives the text of any view of the estate, and the tables of its own service that the text names."""

    def __init__(self, options: EstateOptions, plan: Plan, name_of: Callable[[int], str]) -> None:
        self._options = options
        self._plan = plan
        self._name_of = name_of

    def has_edges(self, index: int) -> bool:
        """Whether OM has lineage for the view, too."""
        return index % 5 < EDGES_OF_FIVE

    def is_broken(self, index: int) -> bool:
        """Whether the text of the view cannot be read, or not in the dialect of its service."""
        return index % BROKEN_EVERY == 9

    def sources(self, index: int) -> list[int]:
        """The tables that a view reads: one to four of its service, most of them of its schema; none if there is none."""
        place, random = self._plan.place(index), dice(self._options.seed, SOURCE_ASPECT, index)
        wanted, found = random.randint(1, MOST_SOURCES), dict[int, None]()
        for _ in range(TRIES):
            candidate = self._candidate(index, place, random)
            if abs(candidate - index) not in TAKEN_DISTANCES and self._may_be_named(candidate, place):
                found[candidate] = None
                if len(found) == wanted:
                    break
        return [*found]

    def text(self, index: int, place: Place, name: str, table_type: str | None) -> str | None:
        """The text of a table of this type, as OM has it; None where it has none."""
        kind = KINDS.get(table_type)
        dialect = DIALECTS[place.service.service_type]
        if kind is None:
            return _table_text(dialect, place, name) if table_type == "Regular" and index % DDL_EVERY == 7 else None
        if table_type == "SecureView" and dialect is SNOWFLAKE:
            kind = "SECURE VIEW"
        random = dice(self._options.seed, TEXT_ASPECT, index)
        if self.is_broken(index):
            return self._broken(index, place, name, kind, random)
        return self._statement(dialect, index, place, name, kind, random)

    def _candidate(self, index: int, place: Place, random: Random) -> int:
        first, end = index - place.local_index, index - place.local_index + place.tables_of_service
        if random.random() < 0.6:
            first, end = index - place.schema_index, min(end, index - place.schema_index + place.tables_of_schema)
        else:
            first, end = max(first, index - NEARBY), min(end, index + NEARBY)
        return first + int(random.random() * (end - first))

    def _may_be_named(self, candidate: int, place: Place) -> bool:
        other = self._plan.place(candidate)
        reachable = other.database is place.database or DIALECTS[place.service.service_type].databases
        return reachable and may_be_named(candidate, other, self._options)

    def _statement(self, dialect: Dialect, index: int, place: Place, name: str, kind: str, random: Random) -> str:
        tables = [self._written(dialect, source, place, random) for source in self.sources(index)]
        query = _query(dialect, tables, random)
        plain = f"{place.schema.name}.{name}"
        path = dialect.path((place.schema.name, name), quoted=random.random() < 0.3)
        alone = dialect.path((name,), quoted=False)
        words = kind.lower() if dialect is SNOWFLAKE else kind
        created = dialect.create.format(kind=words, plain=plain, path=path, name=alone)
        return created + query + dialect.end

    def _written(self, dialect: Dialect, source: int, place: Place, random: Random) -> str:
        """A table as a query names it: by as many parts as it must, or by more."""
        other, name = self._plan.place(source), self._name_of(source)
        names = (other.database.name, other.schema.name, name)
        fewest = 1 if other.schema is place.schema else 2 if other.database is place.database else 3
        parts = max(fewest, random.choice((1, 2, 2, 3) if dialect.databases else (1, 2, 2)))
        return dialect.path(names[-parts:], quoted=random.random() < 0.3)

    def _broken(self, index: int, place: Place, name: str, kind: str, random: Random) -> str:
        """Texts that nobody can read: empty, cut off, a template, or of another dialect."""
        dialect = DIALECTS[place.service.service_type]
        choice = random.randrange(4)
        if choice == 0:
            return ""  # what connectors store when the server shows no text to their account
        if choice == 1:
            text = self._statement(dialect, index, place, name, kind, random)
            return text[: len(text) * 2 // 3]
        if choice == 2:
            return TEMPLATE
        others = [other for other in DIALECTS.values() if other is not dialect]
        return self._statement(random.choice(others), index, place, name, kind, random)


def _query(dialect: Dialect, tables: list[str], random: Random) -> str:
    size = min(MOST_BYTES, max(LEAST_BYTES, MEDIAN_BYTES * random.lognormvariate(0, SPREAD)))
    before, source = _from(tables, random)
    own = random.sample(dialect.values, random.randint(1, len(dialect.values)))
    head = f"{before}SELECT {COLUMNS}, " + ", ".join(own)
    tail = f"\nFROM {source}"
    if random.random() < 0.6:
        tail += f"\nWHERE {dialect.filter}"
    missing = int(size) - len(head) - len(tail)
    first = int(random.random() * len(FILLERS) / 2)
    fillers = FILLERS[first : first + max(0, missing // len(FILLERS[0]))]
    return ",\n  ".join((head, *fillers)) + tail


def _from(tables: list[str], random: Random) -> tuple[str, str]:
    """What stands before the query, and after its FROM."""
    if not tables:
        return "", "(SELECT 1 AS id, 'none' AS status, 0 AS amount, '2026-01-01' AS created_at) t"
    style = random.random()
    if style < 0.3 and len(tables) > 1:
        union = "\n  UNION ALL\n  ".join([f"SELECT * FROM {table}" for table in tables])
        return "", f"(\n  {union}\n) t"
    if style < 0.6:
        # Such a name hides a table that is called like it.
        cte = random.choice(CTE_NAMES)
        first = f"  SELECT * FROM {tables[0]} -- was: select * from public.retired\n"
        before = f"WITH {cte} AS (\n{first}  WHERE status <> 'copy from orders'\n)\n"
        return before, f"{cte} t" + _joined(tables[1:], random)
    return "", f"{tables[0]} t" + _joined(tables[1:], random)


def _joined(tables: list[str], random: Random) -> str:
    joins = ""
    for number, table in enumerate(tables):
        join = random.choice(("LEFT JOIN", "JOIN", "INNER JOIN"))
        joins += f"\n{join} {table} t{number} ON t{number}.id = t.id"
    return joins


def _table_text(dialect: Dialect, place: Place, name: str) -> str:
    path = dialect.path((place.schema.name, name), quoted=False)
    return f"CREATE TABLE {path} (\n\tid BIGINT NOT NULL, \n\tcreated_at TIMESTAMP, \n\tPRIMARY KEY (id)\n)"
