"""Documents made from the schema: every root field and every field below that takes some work, with its largest page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
)

_MAX_DEPTH = 8
# Between a field and the one that is looked at below it.
_PASSED = frozenset({"edges", "node", "nodes"})


@dataclass(frozen=True)
class Path:
    """A way to a field: its names and types from the root on."""

    steps: tuple[tuple[str, GraphQLField], ...]

    @property
    def name(self) -> str:
        return ".".join(name for name, _ in self.steps if name not in _PASSED)

    def text(self, arguments: Mapping[str, str], *, pages: str) -> str:
        """The selection of this field, with all plain fields below it. `pages`: "largest", "default" or a number."""
        written = ""
        for level in reversed(range(len(self.steps))):
            name, field = self.steps[level]
            last = level == len(self.steps) - 1
            below = selection(field, depth=level + 1) if last else f"{{ {written} }}"
            sample = "" if name in _PASSED else arguments.get(self.key(level), "")
            written = f"{name}{given(field, sample, pages)} {below}"
        return written

    def key(self, level: int) -> str:
        """The name of a step for its arguments."""
        return ".".join(name for name, _ in self.steps[: level + 1] if name not in _PASSED)


def given(field: GraphQLField, sample: str, pages: str) -> str:
    """The arguments of a field: those of the sample, and its page."""
    arguments = [sample] if sample else []
    if "first" in field.args and pages != "default":
        arguments.append(f"first: {largest(field) if pages == 'largest' else pages}")
    return f"({', '.join(arguments)})" if arguments else ""


def largest(field: GraphQLField) -> int:
    """The largest page, as the description of `first` says."""
    words = [word.strip(".,;") for word in (field.args["first"].description or "").replace(",", "").split()]
    return next(int(word) for before, word in pairwise(words) if before == "to" and word.isdigit())


def selection(field: GraphQLField, *, depth: int) -> str:
    """All plain fields of what a field gives, through the edges of a page."""
    type_ = get_named_type(field.type)
    if not isinstance(type_, GraphQLObjectType):
        return ""
    names = [name for name, each in type_.fields.items() if is_leaf_type(get_named_type(each.type))]
    through = [
        f"{name} {selection(each, depth=depth + 1)}"
        for name, each in type_.fields.items()
        if name in _PASSED and depth < _MAX_DEPTH - 1
    ]
    return "{ " + " ".join([*names, *through]) + " }"


def paths(schema: GraphQLSchema, *, levels: int = 3) -> Iterator[Path]:
    """Ways to all fields that give objects, or lists of them, `levels` deep (edges and nodes not counted)."""
    assert schema.query_type is not None
    yield from _below(schema.query_type, (), levels)


def _below(type_: GraphQLObjectType, steps: tuple[tuple[str, GraphQLField], ...], levels: int) -> Iterator[Path]:
    for name, field in type_.fields.items():
        below = get_named_type(field.type)
        way = (*steps, (name, field))
        if not isinstance(below, GraphQLObjectType) or len(way) >= _MAX_DEPTH or field.deprecation_reason:
            continue
        if name not in _PASSED:
            yield Path(way)
        if levels - (name not in _PASSED) > 0:
            yield from _below(below, way, levels - (name not in _PASSED))
