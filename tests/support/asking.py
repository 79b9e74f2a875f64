"""Asking the real schema with its real resolvers, without HTTP: for tests that take thousands of steps."""

from functools import lru_cache
from inspect import isawaitable
from typing import Any

from graphql import DocumentNode, ExecutionResult, GraphQLError, execute, parse, validate

from thirdeye.auth.principal import Principal
from thirdeye.clock import Clock
from thirdeye.context import Context
from thirdeye.database import MySQL
from thirdeye.graphql.errors import code_of, format_error
from thirdeye.graphql.schema import build_schema
from thirdeye.inventory.reader import EstateReader
from thirdeye.settings import Settings

_SCHEMA = build_schema()
ADMINISTRATOR = Principal(name="admin", roles=frozenset({"Admin"}))


@lru_cache(256)
def _read(query: str) -> tuple[DocumentNode | None, list[GraphQLError]]:
    """The document, and what is wrong with it: read once, as by the endpoint, for steps ask the same again."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, [error]
    return document, validate(_SCHEMA, document)


class _Unattended:
    """A queue that nobody works on."""

    async def put(self, job: str, *, key: str) -> None: ...


class Asker:
    """A caller with a context for each request, as the endpoint makes them."""

    def __init__(self, thirdeye: MySQL, settings: Settings, clock: Clock) -> None:
        self._thirdeye = thirdeye
        self._settings = settings
        self._clock = clock

    async def ask(self, query: str, *, principal: Principal = ADMINISTRATOR, **variables: Any) -> dict[str, Any]:
        """The answer as the endpoint gives it. Raises what is no error of the caller."""
        context = self.context(principal)
        document, invalid = _read(query)
        result = ExecutionResult(None, invalid)
        if document is not None and not invalid:
            answer = execute(_SCHEMA, document, context_value=context, variable_values=variables)
            result = await answer if isawaitable(answer) else answer
        for error in result.errors or ():
            if code_of(error) == "INTERNAL":
                raise error
        errors = [format_error(error, code_of(error), "test") for error in result.errors or ()]
        return {"data": result.data, **({"errors": errors} if errors else {})}

    def context(self, principal: Principal) -> Context:
        """What resolvers are given."""
        missing: Any = None
        unattended: Any = _Unattended()
        return Context(
            principal=principal,
            request_id="test",
            thirdeye=self._thirdeye,
            score=missing,
            estate=EstateReader(self._thirdeye),
            jobs=unattended,
            clock=self._clock,
            settings=self._settings,
        )
