"""Edges of a list of items as JSON that the database wrote, where what is asked of them is in their rows alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, Self

import orjson
from graphql import FieldNode

from thirdeye.actions.listing.store import JSON_OF_FIELDS
from thirdeye.context import Info
from thirdeye.database import Texts
from thirdeye.selection import key_of, plain_fields

_OF_EDGE: Final = {"__typename": '"ActionItemEdge"', "cursor": '"%b"', "node": "%b"}
# Where they are in a row of `item_texts`.
_PLACES: Final = {"cursor": 0, "node": 1}


@dataclass(frozen=True)
class EdgesAsked:
    """What is asked of the edges of a list; `fields` are those of each item, a key with a name."""

    fields: tuple[tuple[str, str], ...]
    _edge: bytes
    # What the edge has of a row, in its order.
    _values: Callable[[Texts], Any]

    @classmethod
    def of(cls, info: Info) -> Self | None:
        """What the list that is resolved is asked for, if all of it can be written by the database."""
        nodes = info.field_nodes
        if len(nodes) != 1:
            return None
        kept, key = info.context.of_document, (cls.__name__, id(nodes[0]))
        if key not in kept:
            kept[key] = cls._of(nodes[0])
        asked: Self | None = kept[key]
        return asked

    @classmethod
    def _of(cls, node: FieldNode) -> Self | None:
        selected = plain_fields(node)
        lists = [node for node in selected or () if node.name.value == "edges"]
        edge = plain_fields(lists[0]) if len(lists) == 1 else None
        items = [node for node in edge or () if node.name.value == "node"]
        item = plain_fields(items[0]) if len(items) == 1 else None
        if edge is None or item is None or not (_has_all(_OF_EDGE, edge) and _has_all(JSON_OF_FIELDS, item)):
            return None
        members = ",".join(f'"{key_of(field)}":{_OF_EDGE[field.name.value]}' for field in edge)
        places = [_PLACES[field.name.value] for field in edge if field.name.value in _PLACES]
        fields = tuple((key_of(field), field.name.value) for field in item)
        return cls(fields, f"{{{members}}}".encode(), itemgetter(*places))

    def written(self, rows: Sequence[Texts]) -> orjson.Fragment:
        """The edges of these rows, as `item_texts` gives them: what `PlainExecutor` takes as it is."""
        edge, values = self._edge, self._values
        return orjson.Fragment(b"[%b]" % b",".join([edge % values(row) for row in rows]))

    @staticmethod
    def ends(rows: Sequence[Texts]) -> list[str]:
        """The cursors of the first and the last of these rows, if there are any."""
        ends = [row[_PLACES["cursor"]] for row in (rows[0], rows[-1])] if rows else []
        return [cursor.decode() for cursor in ends if cursor is not None]


def _has_all(texts: Mapping[str, str], fields: Iterable[FieldNode]) -> bool:
    return all(field.name.value in texts for field in fields)
