"""The part of the schema that never changes, word by word."""

import pytest
from graphql import build_schema as build_plain_schema
from graphql import print_type

from thirdeye.graphql.schema import build_schema

FIXED = """
type Query {
  ziScore: ZIScore!
  actionItems(status: String, first: Int = 20, after: String, sortBy: String = "updatedAt",
              sortDir: String = "desc", search: String = null): ActionItemConnection!
}
type Mutation {
  createActionItem(title: String!): ActionItem!
  updateActionItem(id: Int!, title: String, status: String): ActionItem!
  deleteActionItem(id: Int!): Boolean!
}
scalar DateTime
scalar Decimal
type ZIScore { score: Int! breakdown: ZIBreakdown! metadata: ZIMetadata! capturedAt: DateTime! }
type ZIBreakdown { storage: Int! compute: Int! query: Int! others: Int! }
type ZIMetadata { totalTables: Int! activeTables: Int! inactivePercentage: Float! }
type ActionItem { id: Int! title: String! status: ActionItemStatus! category: String priority: String
                  estimatedSavingsUsd: Decimal createdAt: DateTime! updatedAt: DateTime! }
type ActionItemConnection { edges: [ActionItemEdge!]! pageInfo: PageInfo! totalCount: Int! }
type ActionItemEdge { cursor: String! node: ActionItem! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
enum ActionItemStatus { OPEN IN_PROGRESS DONE }
"""


@pytest.fixture(scope="module")
def schema():  # type: ignore[no-untyped-def]
    return build_schema()


@pytest.mark.parametrize("name", [name for name in build_plain_schema(FIXED).type_map if not name.startswith("__")])
def test_everything_of_the_contract_is_there(schema, name: str) -> None:  # type: ignore[no-untyped-def]
    fixed, ours = build_plain_schema(FIXED).type_map[name], schema.type_map[name]
    for field_name, field in getattr(fixed, "fields", {}).items():
        mine = ours.fields[field_name]
        assert str(mine.type) == str(field.type)
        for argument_name, argument in field.args.items():
            given = mine.args[argument_name]
            assert str(given.type) == str(argument.type)
            assert given.default_value == argument.default_value
        # Only optional arguments may be added.
        added = set(mine.args) - set(field.args)
        assert not any(str(mine.args[extra].type).endswith("!") for extra in added)
    if hasattr(fixed, "values"):
        assert list(ours.values) == list(fixed.values)
    assert print_type(ours)
