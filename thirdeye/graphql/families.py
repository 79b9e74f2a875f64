"""Which documents have answers that are a function of one family of stored data, whoever asks, and of nothing else."""

from collections.abc import Mapping
from typing import Any, Final

from graphql.language import OperationType, ast, print_ast

SCORE: Final = "score"
ITEMS: Final = "items"
ESTATE: Final = "estate"
_PAGE: Final = dict.fromkeys(("__typename", "hasNextPage", "hasPreviousPage", "startCursor", "endCursor"))
# What is in the row of an item: nothing of its table, of the caller, or of the time that passes.
_ITEM: Final = dict.fromkeys((
    "__typename", "id", "title", "status", "category", "priority", "estimatedSavingsUsd", "projectedSavingUsd", "createdAt",
    "updatedAt", "version", "detected", "createdBy", "resolution", "resolutionReason", "resolvedAt", "assignee",
    "assigneeKind", "dueDate", "snoozedUntil", "stage", "stageSince", "alert",
))  # fmt: skip
# By field what may be selected below it; None for anything that it has.
_ITEMS: Final[Mapping[str, Any]] = {
    "__typename": None,
    "edges": {"__typename": None, "cursor": None, "node": _ITEM},
    "pageInfo": _PAGE,
    "totalCount": None,
}
# `filter` may ask for what is the caller's, due, or of a table.
_ARGUMENTS: Final = frozenset({"status", "first", "after", "sortBy", "sortDir", "search", "last", "before"})
# What a refresh published, and the prices.
_TOTALS: Final = dict.fromkeys((
    "__typename", "name", "fqn", "service", "type", "tables", "sizedTables", "bytes", "storageCost", "queryCost",
    "monthlyCost", "zombies", "zombieBytes", "zombieCost", "priceBasis",
))  # fmt: skip
_TABLE: Final = dict.fromkeys((
    "__typename", "id", "fqn", "name", "service", "database", "schema", "sizeBytes", "storageCost", "queryCost", "monthlyCost",
    "activity", "zombie", "lastAccessed", "url",
))  # fmt: skip
_ESTATE: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("__typename", "refreshedAt", "stale", "warnings")),
    **dict.fromkeys(("total", "countedAgainByDomain"), _TOTALS),
    **dict.fromkeys(("byService", "byDatabase", "byOwner", "byDomain", "byTier", "byActivity"), _TOTALS),
    **dict.fromkeys(("mostExpensiveTables", "mostExpensiveZombies", "mostExpensiveWithoutOwner"), _TABLE),
    **dict.fromkeys(("dearestTables", "dearestZombies", "dearestWithoutOwner"), _TABLE),
}
_COST_MAP: Final = dict.fromkeys((
    "__typename", "refreshedAt", "stale", "warnings", "total", "entries", "others", "otherEntries",
))  # fmt: skip
# By field of the query the family, the arguments that it may have, and what may be selected.
_QUESTIONS: Final[Mapping[str, tuple[str, frozenset[str], Mapping[str, Any]]]] = {
    "actionItems": (ITEMS, _ARGUMENTS, _ITEMS),
    "estate": (ESTATE, frozenset(), _ESTATE),
    "costMap": (ESTATE, frozenset({"service", "database", "first"}), _COST_MAP),
}


def family_of(document: ast.DocumentNode) -> str | None:
    """The family of a document of one query without fragments or directives; None for any other."""
    if len(document.definitions) != 1:
        return None
    node = document.definitions[0]
    if not isinstance(node, ast.OperationDefinitionNode) or node.operation is not OperationType.QUERY:
        return None
    fields = node.selection_set.selections
    if "@" in print_ast(node):
        return None
    if not node.variable_definitions and all(_is_named(field, "ziScore") for field in fields):
        return SCORE
    families = {_family_of_field(field) for field in fields}
    return families.pop() if len(families) == 1 else None


def _is_named(node: ast.SelectionNode, name: str) -> bool:
    return isinstance(node, ast.FieldNode) and node.name.value == name


def _family_of_field(node: ast.SelectionNode) -> str | None:
    if not isinstance(node, ast.FieldNode) or node.name.value not in _QUESTIONS:
        return None
    family, arguments, fields = _QUESTIONS[node.name.value]
    has_no_more = all(argument.name.value in arguments for argument in node.arguments or ())
    return family if has_no_more and _selects_only(node.selection_set, fields) else None


def _selects_only(selection_set: ast.SelectionSetNode | None, allowed: Mapping[str, Any]) -> bool:
    return selection_set is not None and all(
        isinstance(node, ast.FieldNode)
        and node.name.value in allowed
        and (allowed[node.name.value] is None or _selects_only(node.selection_set, allowed[node.name.value]))
        for node in selection_set.selections
    )
