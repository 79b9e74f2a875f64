"""Which fields a question asks for, so that what nobody asks for is not read."""

from collections.abc import Iterator, Sequence
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    get_directive_values,
)

_Selecting = FieldNode | InlineFragmentNode | FragmentDefinitionNode


def fields_below(info: GraphQLResolveInfo[Any], path: Sequence[str]) -> frozenset[str]:
    """The names of all fields that are selected at `path`, names of fields, below the one that is resolved: fragments are
    expanded, and what `@skip` or `@include` leaves out is left out.
    """
    nodes: list[FieldNode] = list(info.field_nodes)
    for name in path:
        nodes = [child for node in nodes for child in _fields(node, info) if child.name.value == name]
    return frozenset(child.name.value for node in nodes for child in _fields(node, info))


def _fields(node: _Selecting, info: GraphQLResolveInfo[Any]) -> Iterator[FieldNode]:
    for selection in node.selection_set.selections if node.selection_set else ():
        if selection.directives and not _is_included(selection, info):
            continue
        if isinstance(selection, FieldNode):
            yield selection
        elif isinstance(selection, InlineFragmentNode):
            yield from _fields(selection, info)
        elif isinstance(selection, FragmentSpreadNode):
            yield from _fields(info.fragments[selection.name.value], info)


def _is_included(node: SelectionNode, info: GraphQLResolveInfo[Any]) -> bool:
    try:
        skip = get_directive_values(GraphQLSkipDirective, node, info.variable_values)
        include = get_directive_values(GraphQLIncludeDirective, node, info.variable_values)
    except GraphQLError:
        return True  # a null, of which the executor tells where it comes to it
    return not (skip and skip["if"]) and (include is None or bool(include["if"]))


def plain_fields(node: FieldNode) -> list[FieldNode] | None:
    """What is selected below a node, where that is a list of fields and nothing else: None with fragments or directives, and
    where a key stands there twice.
    """
    fields: list[FieldNode] = []
    keys = set[str]()
    for child in node.selection_set.selections if node.selection_set else ():
        if not isinstance(child, FieldNode) or child.directives or key_of(child) in keys:
            return None
        keys.add(key_of(child))
        fields.append(child)
    return fields


def key_of(node: FieldNode) -> str:
    """The key of a field in its answer."""
    return node.alias.value if node.alias else node.name.value
