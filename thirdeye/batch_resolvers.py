"""Resolvers of one field for many objects: a list has such fields resolved for all of its objects at once.

GraphQL's executor makes a task for each object and field whose resolver waits, which costs more than most of them do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

from graphql import GraphQLResolveInfo

from thirdeye.errors import Unavailable
from thirdeye.selection import fields_below

Info = GraphQLResolveInfo[Any]
# Gives a field's value for each of these objects; told the names of the fields that are asked for below it.
ResolveBatch = Callable[[Sequence[Any], Info, frozenset[str]], Awaitable[Sequence[object]]]


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The value of a field that a list had resolved, in its object's answer under the field's name."""

    value: object


def batch_resolver(resolve_batch: ResolveBatch) -> Callable[[Mapping[str, Any], Info], object]:
    """The resolver of a field without arguments: takes a prefetched value, or resolves a batch of the one object."""

    @wraps(resolve_batch)
    def resolve(answer: Mapping[str, Any], info: Info) -> object:
        known = answer.get(info.field_name)
        return known.value if type(known) is Prefetched else _resolve_one(resolve_batch, answer, info)

    resolve.resolve_batch = resolve_batch  # type: ignore[attr-defined]
    return resolve


async def _resolve_one(resolve_batch: ResolveBatch, answer: Mapping[str, Any], info: Info) -> object:
    (value,) = await resolve_batch([answer], info, fields_below(info, ()))
    return value


def is_batch_resolver(resolve: object) -> bool:
    """Whether a resolver takes prefetched values."""
    return hasattr(resolve, "resolve_batch")


async def prefetched(
    info: Info, path: Sequence[str], type_name: str, answers: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """These answers, the objects of a type at `path` below the field that is resolved, with the values of all fields that are
    asked for and have batch resolvers. What is unavailable is told of each; what fails otherwise is resolved for each again.

    The answers given stay as they are: others may ask other fields of them.
    """
    fields: Mapping[str, Any] = info.schema.type_map[type_name].fields  # type: ignore[attr-defined]
    batches = {
        name: fields[name].resolve.resolve_batch(answers, info, fields_below(info, (*path, name)))
        for name in sorted(fields_below(info, path) & fields.keys())
        if is_batch_resolver(fields[name].resolve)
    }
    resolved = zip(batches, await asyncio.gather(*batches.values(), return_exceptions=True), strict=True)
    values = {
        # An exception as a value is raised where it is told. Nobody should wait for it once more.
        name: [found] * len(answers) if isinstance(found, Unavailable) else found
        for name, found in resolved
        if isinstance(found, Unavailable) or not isinstance(found, BaseException)
    }
    if not values:
        return answers
    return [
        {**answer, **{name: Prefetched(value) for name, value in zip(values, row, strict=True)}}
        for answer, *row in zip(answers, *values.values(), strict=True)
    ]
