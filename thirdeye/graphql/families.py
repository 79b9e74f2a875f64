"""Which documents have answers that are a function of one family of stored data, whoever asks, and of nothing else."""

from collections.abc import Mapping
from typing import Any, Final

from graphql.language import OperationType, ast, print_ast

SCORE: Final = "score"
ITEMS: Final = "items"
_PAGE: Final = dict.fromkeys(("__typename", "hasNextPage", "hasPreviousPage", "startCursor", "endCursor"))
# What is in the row of an item: nothing of its table, of the caller, or of the time that passes.
_ITEM: Final = dict.fromkeys((
    "__typename", "id", "title", "status", "category", "priority", "estimatedSavingsUsd", "projectedSavingUsd", "createdAt",
    "updatedAt", "version", "detected", "createdBy", "resolution", "resolutionReason", "resolvedAt", "assignee",
    "assigneeKind", "dueDate", "snoozedUntil", "stage", "stageSince", "alert",
))  # fmt: skip
# By field what may be selected below it; None for anything that it has.
_FIELDS: Final[Mapping[str, Any]] = {
    "__typename": None,
    "edges": {"__typename": None, "cursor": None, "node": _ITEM},
    "pageInfo": _PAGE,
    "totalCount": None,
}
# `filter` may ask for what is the caller's, due, or of a table.
_ARGUMENTS: Final = frozenset({"status", "first", "after", "sortBy", "sortDir", "search", "last", "before"})


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
    return ITEMS if all(_is_list_of_items(field) for field in fields) else None


def _is_named(node: ast.SelectionNode, name: str) -> bool:
    return isinstance(node, ast.FieldNode) and node.name.value == name


def _is_list_of_items(node: ast.SelectionNode) -> bool:
    return (
        isinstance(node, ast.FieldNode)
        and node.name.value == "actionItems"
        and all(argument.name.value in _ARGUMENTS for argument in node.arguments or ())
        and _selects_only(node.selection_set, _FIELDS)
    )


def _selects_only(selection_set: ast.SelectionSetNode | None, allowed: Mapping[str, Any]) -> bool:
    return selection_set is not None and all(
        isinstance(node, ast.FieldNode)
        and node.name.value in allowed
        and (allowed[node.name.value] is None or _selects_only(node.selection_set, allowed[node.name.value]))
        for node in selection_set.selections
    )
