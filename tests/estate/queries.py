"""Queries about tables that several tests ask."""

from typing import Any

from tests.support.api import Api

LIST = """
query List($filter: TableFilterInput, $sortBy: String, $sortDir: String, $search: String, $first: Int, $after: String,
           $last: Int, $before: String) {
  tables(filter: $filter, sortBy: $sortBy, sortDir: $sortDir, search: $search, first: $first, after: $after, last: $last,
         before: $before) {
    edges { cursor node { id fqn name monthlyCost sizeBytes lastAccessed lastWritten queries30d service } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount totalCountIsCapped stale warnings
  }
}
"""
TABLE = """
query One($fqn: String!) { table(fqn: $fqn) {
  id fqn owners { id type name } tier tags domain sizeBytes storageCost monthlyCost usdPerGbMonth priceBasis idleDays activity activityReason
  url removedAt warnings upstream(depth: 2) { totalCount countsByDistance nodes { distance asset { id kind name inUse } } edges { from to } }
  downstream(depth: 5, first: 200) { totalCount countsByDistance nodes { distance asset { id } } edges { from to } }
  dependents { count countIsCapped nearest { distance asset { id kind inUse } } }
} }
"""


async def list_tables(api: Api, **variables: Any) -> dict[str, Any]:
    """A page of tables."""
    tables: dict[str, Any] = (await api.data(LIST, **variables))["tables"]
    return tables


async def all_of(api: Api, **variables: Any) -> list[dict[str, Any]]:
    """Every table of a list, page by page."""
    nodes, after = list[dict[str, Any]](), None
    while True:
        page = await list_tables(api, first=100, after=after, **variables)
        nodes += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]
