"""GraphQL errors as the caller sees them: a message meant for him, a code, the request id, and nothing of the inside."""

from typing import Any, Final

import structlog
from graphql import GraphQLError

from thirdeye.errors import ThirdEyeError

_LONGEST_MESSAGE: Final = 500
log = structlog.get_logger(__name__)


def code_of(error: GraphQLError) -> str:
    """The code of an error that came up while an operation ran."""
    cause = _cause(error)
    if cause is None:
        return "BAD_USER_INPUT"  # graphql-core's own: arguments and variables that do not fit their type
    return cause.code if isinstance(cause, ThirdEyeError) else "INTERNAL"


def _cause(error: GraphQLError) -> Exception | None:
    cause: Exception | None = error.original_error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    if cause is None and isinstance(error.__cause__, ThirdEyeError):
        return error.__cause__
    return cause


def format_error(error: GraphQLError, code: str, request_id: str) -> dict[str, Any]:
    """An error as the specification has it, with `extensions.code` and `extensions.requestId`."""
    cause, formatted = _cause(error), dict(error.formatted)
    extensions: dict[str, Any] = {**(error.extensions or {}), "code": code, "requestId": request_id}
    if code == "INTERNAL":
        formatted["message"] = f"An internal error came up; its request id is {request_id}"
    elif isinstance(cause, ThirdEyeError):
        if error.path:
            formatted["message"] = cause.message
        extensions = {**cause.extensions, **extensions}
    # graphql-core repeats values that do not fit, however long they are.
    message = str(formatted["message"])
    if len(message) > _LONGEST_MESSAGE:
        formatted["message"] = f"{message[:_LONGEST_MESSAGE]}..."
    formatted["extensions"] = extensions
    return formatted


def log_internal(error: GraphQLError, request_id: str, operation: str | None) -> None:
    """Keeps for the log what the caller is not told."""
    log.error(
        "internal_error",
        request_id=request_id,
        operation=operation,
        path=error.path,
        exc_info=_cause(error) or error,
    )
