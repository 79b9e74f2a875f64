"""GraphQL errors as the caller sees them: a message meant for the caller, a code, the request id, nothing internal."""

from typing import Final

import structlog
from graphql import GraphQLError, GraphQLFormattedError

from thirdeye.errors import ThirdEyeError

_MAX_MESSAGE_LENGTH: Final = 500
log = structlog.get_logger(__name__)


def code_of(error: GraphQLError) -> str:
    """The code of an error that was raised while an operation ran."""
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


def format_error(error: GraphQLError, code: str, request_id: str) -> GraphQLFormattedError:
    """An error as the specification has it, with `extensions.code` and `extensions.requestId`."""
    cause, formatted = _cause(error), error.formatted
    extensions = {**(error.extensions or {}), "code": code, "requestId": request_id}
    message = formatted["message"]
    if code == "INTERNAL":
        message = f"An internal error came up; its request id is {request_id}"
    elif isinstance(cause, ThirdEyeError):
        if error.path:
            message = cause.message
        extensions = {**cause.extensions, **extensions}
    formatted["message"] = shorten(message)
    formatted["extensions"] = extensions
    return formatted


def shorten(message: str) -> str:
    """The message with a bound on its length: graphql-core repeats values that do not fit, however long they are."""
    return message if len(message) <= _MAX_MESSAGE_LENGTH else f"{message[:_MAX_MESSAGE_LENGTH]}..."


def log_internal(error: GraphQLError, request_id: str, operation: str | None) -> None:
    """Logs what the caller is not told."""
    cause = _cause(error) or error
    log.error("internal_error", request_id=request_id, operation=operation, path=error.path, exc_info=cause)
