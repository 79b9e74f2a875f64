"""The one vocabulary of errors that a caller can cause or must know of.

Each class carries the GraphQL `extensions.code` and the HTTP status of the same meaning. Any other exception is
INTERNAL: the caller learns the request id, the log has the rest.
"""

from datetime import UTC, datetime
from typing import ClassVar

import orjson

HeaderPairs = tuple[tuple[bytes, bytes], ...]


class ThirdEyeError(Exception):
    """An error whose message is meant for the caller: it says what was wrong and what is allowed.

    `reason` goes into the audit. It is one of a few fixed texts, because the message may repeat what the caller sent.
    `headers` go with an HTTP answer that is nothing but this error, `extensions` into the error of a GraphQL answer.
    """

    code: ClassVar[str] = "INTERNAL"
    status: int = 500

    def __init__(
        self, message: str, *, reason: str | None = None, headers: HeaderPairs = (), **extensions: object
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.code
        self.headers = headers
        self.extensions = extensions


class BadInput(ThirdEyeError):
    """An argument outside its range. `argument` names it."""

    code = "BAD_USER_INPUT"
    status = 400

    def __init__(self, message: str, argument: str | None = None) -> None:
        super().__init__(message)
        if argument:
            self.extensions["argument"] = argument


class NotFound(ThirdEyeError):
    """There is no such thing."""

    code = "NOT_FOUND"
    status = 404


class Conflict(ThirdEyeError):
    """Somebody else changed it meanwhile."""

    code = "CONFLICT"
    status = 409


class AlreadyExists(Conflict):
    """A unique key has this value already; nothing was changed."""


class Forbidden(ThirdEyeError):
    """The caller's roles do not allow it."""

    code = "FORBIDDEN"
    status = 403


class Unauthenticated(ThirdEyeError):
    """No valid token. Raised outside GraphQL only."""

    code = "UNAUTHENTICATED"
    status = 401

    def __init__(self, message: str, *, for_now: bool = False) -> None:
        # These messages repeat nothing of the token, so they are the reason as well.
        super().__init__(message, reason=message)
        # The subject of a refused token whose signature is valid, as the token has it.
        self.claimed: object = None
        # Whether the same token may pass later.
        self.for_now = for_now


class RateLimited(ThirdEyeError):
    """The caller sent more requests than are allowed in the window. Raised outside GraphQL only."""

    code = "RATE_LIMITED"
    status = 429


class RequestTimeout(ThirdEyeError):
    """The request's deadline passed."""

    code = "TIMEOUT"
    status = 504


class Unavailable(ThirdEyeError):
    """ThirdEye, or something that it depends on, cannot answer at the moment; a later attempt may succeed."""

    code = "UNAVAILABLE"
    status = 503


class DatabaseUnavailable(Unavailable):
    """A MySQL server cannot be reached, or has no connection free within the acquire timeout."""

    def __init__(self, database: str, detail: str) -> None:
        super().__init__(f"the {database} database cannot be reached at the moment; try again later")
        self.database = database
        self.detail = detail


class SchemaMissing(DatabaseUnavailable):
    """The server answers, but has no such schema, or the account sees nothing of it."""


class TransportError(ThirdEyeError):
    """A request that HTTP's own rules refuse, such as one of another media type; answered with its own status."""

    def __init__(self, status: int, message: str, headers: HeaderPairs = ()) -> None:
        super().__init__(message, reason=f"HTTP {status}", headers=headers)
        self.status = status


class LimitExceeded(ThirdEyeError):
    """A document over one of the limits of the contract; answered with HTTP 400 before validation."""

    code = "GRAPHQL_VALIDATION_FAILED"
    status = 400

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message, reason=f"limit: {limit}")
        self.limit = limit


STATUS_BY_CODE = {
    kind.code: kind.status for kind in (BadInput, NotFound, Conflict, Forbidden, RequestTimeout, Unavailable)
}


def om_error_body(status: int, message: str) -> bytes:
    """An error body in OpenMetadata's shape, as JSON: `{"code", "message", "timestamp"}`."""
    timestamp = datetime.now(UTC).isoformat(timespec="milliseconds")
    return orjson.dumps({"code": status, "message": message, "timestamp": timestamp})
