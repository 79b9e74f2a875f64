"""Queries that OpenMetadata keeps, the tables they name, and what they cost per day."""

from collections.abc import Callable, Iterator

from thirdeye.local.sample.fates import may_be_needed
from thirdeye.local.sample.naming import dice, hash_of_names, identifier, quote_name
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.plan import Plan
from thirdeye.local.sample.records import MENTIONED_IN, QueryCostRow, QueryRecord, Reach, RelationRecord

QUERY_ASPECT, COST_ASPECT = 40, 41
MAXIMUM_QUERIES = 20_000
COST_DAYS = 60
# Only of these the usage workflow reads what queries cost.
WITH_COSTS = frozenset({"BigQuery", "Snowflake"})


class Queries:
    """Gives the queries of an estate one by one: one for eight tables, at most 20,000."""

    def __init__(self, options: EstateOptions, plan: Plan, table_id: Callable[[int], str]) -> None:
        self._options = options
        self._plan = plan
        self._table_id = table_id

    def __iter__(self) -> Iterator[QueryRecord]:
        count = min(MAXIMUM_QUERIES, self._options.tables // 8)
        return (self._query(number) for number in range(count))

    def relations(self) -> Iterator[RelationRecord]:
        """`mentionedIn`, from each named table to the query."""
        for query in self:
            for table_id in query.table_ids:
                yield RelationRecord(table_id, query.id, "table", "query", MENTIONED_IN)

    def costs(self) -> Iterator[QueryCostRow]:
        """Costs on some of the last 60 days; a tenth of the queries has none."""
        for number, query in enumerate(self):
            if number % 10 != 4:
                yield from self._costs_of(number, query)

    def _query(self, number: int) -> QueryRecord:
        random = dice(self._options.seed, QUERY_ASPECT, number)
        tables = sorted({random.randrange(self._options.tables) for _ in range(random.randint(1, 5))})
        name = f"query_{number}"
        return QueryRecord(
            id=identifier(self._options.seed, "query", number),
            name=name,
            fqn=f"snowflake_prod.{quote_name(name)}",
            fqn_hash=hash_of_names(["snowflake_prod", name]),
            text=f"SELECT count(*) FROM t{tables[0]} /* {number} */",
            updated_at_ms=self._options.moment_ms(random.randint(1, 400), number % 80_000),
            table_ids=tuple(self._table_id(table) for table in tables if self._is_read(table)),
        )

    def _is_read(self, table: int) -> bool:
        place = self._plan.place(table)
        read = place.schema.reach is Reach.WATCHED and place.service.service_type in WITH_COSTS
        return read and may_be_needed(table, place, self._options)

    def _costs_of(self, number: int, query: QueryRecord) -> Iterator[QueryCostRow]:
        random = dice(self._options.seed, COST_ASPECT, number)
        price = round(10 ** random.uniform(-3, 1), 4)
        for day in sorted(random.sample(range(COST_DAYS), random.randint(1, 12)), reverse=True):
            count = random.randint(1, 50)
            yield QueryCostRow(
                id=identifier(self._options.seed, "queryCost", number * COST_DAYS + day),
                query_id=query.id,
                query_fqn_hash=query.fqn_hash,
                timestamp_ms=self._options.moment_ms(day),
                cost=price,
                count=count,
                total_duration=round(count * price * 3, 3),
            )
