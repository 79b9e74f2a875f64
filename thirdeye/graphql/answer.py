"""What an operation gave: data and structured errors, for GraphQL and REST alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from graphql import GraphQLFormattedError

from thirdeye.graphql.request import JsonObject

# Codes of errors that may be gone at the next attempt: such an answer is not kept for a repeated request.
_TRANSIENT_CODES: Final = frozenset({"TIMEOUT", "UNAVAILABLE", "INTERNAL"})


@dataclass(frozen=True, slots=True)
class AnswerError:
    """One error as the specification has it. `code` and `argument` are those of its extensions."""

    body: GraphQLFormattedError

    @property
    def code(self) -> str:
        return str(self.body["extensions"]["code"])

    @property
    def argument(self) -> str | None:
        argument: str | None = self.body["extensions"].get("argument")
        return argument

    @property
    def message(self) -> str:
        return self.body["message"]

    @property
    def is_before_execution(self) -> bool:
        """Whether nothing was executed at all: variables or the operation's name did not fit."""
        return "path" not in self.body


@dataclass(slots=True)
class Answer:
    """Data, errors, or both. `is_request_error`: nothing was executed, because the request was wrong; then there is no
    data at all. `replayed`: it was given before, under the same Idempotency-Key.
    """

    data: JsonObject | None
    errors: Sequence[AnswerError] = ()
    is_request_error: bool = False
    replayed: bool = False
    _body: bytes | None = None

    @classmethod
    def from_body(cls, body: bytes) -> "Answer":
        """An answer that was kept as `body`."""
        fields = orjson.loads(body)
        errors = [AnswerError(error) for error in fields.get("errors", ())]
        return cls(fields.get("data"), errors, replayed=True, _body=body)

    @property
    def body(self) -> bytes:
        """The body of a GraphQL response, made once."""
        if self._body is None:
            fields: dict[str, object] = {} if self.is_request_error else {"data": self.data}
            if self.errors:
                fields["errors"] = [error.body for error in self.errors]
            self._body = orjson.dumps(fields)
        return self._body

    def undone(self) -> "Answer":
        """The answer once all that its request changed was taken back: it must not say that anything was done."""
        return self if self.is_request_error else Answer(None, self.errors)

    @property
    def is_transient(self) -> bool:
        """Whether the next attempt may give another answer."""
        return any(error.code in _TRANSIENT_CODES for error in self.errors)
