"""Edges of a list of items as JSON that the database wrote, where what is asked of them is in their rows alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

import orjson
from graphql import FieldNode

from thirdeye.actions.listing.store import JSON_OF_FIELDS
from thirdeye.context import Info
from thirdeye.database import Row
from thirdeye.selection import key_of, plain_fields

_OF_EDGE: Final = {"__typename": '"ActionItemEdge"', "cursor": '"%(cursor)s"', "node": "%(node)s"}


@dataclass(frozen=True)
class EdgesAsked:
    """What is asked of the edges of a list; `fields` are those of each item, a key with a name."""

    fields: tuple[tuple[str, str], ...]
    _edge: str

    @classmethod
    def of(cls, info: Info) -> Self | None:
        """What the list that is resolved is asked for, if all of it can be written by the database."""
        nodes = info.field_nodes
        selected = plain_fields(nodes[0]) if len(nodes) == 1 else None
        lists = [node for node in selected or () if node.name.value == "edges"]
        edge = plain_fields(lists[0]) if len(lists) == 1 else None
        items = [node for node in edge or () if node.name.value == "node"]
        item = plain_fields(items[0]) if len(items) == 1 else None
        if edge is None or item is None or not (_has_all(_OF_EDGE, edge) and _has_all(JSON_OF_FIELDS, item)):
            return None
        members = ",".join(f'"{key_of(node)}":{_OF_EDGE[node.name.value]}' for node in edge)
        return cls(tuple((key_of(node), node.name.value) for node in item), f"{{{members}}}")

    def written(self, rows: Sequence[Row]) -> orjson.Fragment:
        """The edges of these rows, each with `cursor` and `node`: what `PlainExecutor` takes as it is."""
        edge = self._edge
        return orjson.Fragment(f"[{','.join([edge % row for row in rows])}]")


def _has_all(texts: Mapping[str, str], fields: Iterable[FieldNode]) -> bool:
    return all(field.name.value in texts for field in fields)
