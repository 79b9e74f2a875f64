"""The one vocabulary of errors that a caller can cause or must know of.

Each class carries the GraphQL `extensions.code` and the HTTP status of the same meaning. Any other exception is
INTERNAL: the caller learns the request id, the log has the rest.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar


class ThirdEyeError(Exception):
    """An error whose message is meant for the caller: it says what was wrong and what is allowed."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, reason: str | None = None, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        # One of few words, for the audit; the message may repeat what the caller sent.
        self.reason = reason or self.code
        self.extensions = extensions


class BadInput(ThirdEyeError):
    """An argument outside its range. `argument` names it."""

    code = "BAD_USER_INPUT"
    status = 400

    def __init__(self, message: str, argument: str | None = None) -> None:
        super().__init__(message, **({"argument": argument} if argument else {}))


class NotFound(ThirdEyeError):
    code = "NOT_FOUND"
    status = 404


class Conflict(ThirdEyeError):
    code = "CONFLICT"
    status = 409


class AlreadyExists(Conflict):
    """What a unique key keeps apart would be there twice; nothing was changed."""


class Forbidden(ThirdEyeError):
    code = "FORBIDDEN"
    status = 403


class Unauthenticated(ThirdEyeError):
    """No valid token. Raised outside GraphQL only."""

    code = "UNAUTHENTICATED"
    status = 401

    def __init__(self, message: str, *, for_now: bool = False) -> None:
        # These messages repeat nothing of the token, so they are the reason as well.
        super().__init__(message, reason=message)
        # Whoever a token with a true signature names, when it is refused for another reason.
        self.claimed: Any = None
        # Whether the same token may pass later.
        self.for_now = for_now


class RequestTimeout(ThirdEyeError):
    code = "TIMEOUT"
    status = 504


class Unavailable(ThirdEyeError):
    """Something ThirdEye depends on is away; trying again later may help."""

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


class LimitExceeded(ThirdEyeError):
    """A document over one of the limits of the contract; answered with HTTP 400 before validation."""

    code = "GRAPHQL_VALIDATION_FAILED"
    status = 400

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message, reason=f"limit: {limit}")
        self.limit = limit


STATUS_OF_CODE = {
    kind.code: kind.status for kind in (BadInput, NotFound, Conflict, Forbidden, RequestTimeout, Unavailable)
}


def om_error(status: int, message: str, now: datetime | None = None) -> dict[str, Any]:
    """An error body in OpenMetadata's shape: `{"code", "message", "timestamp"}`."""
    moment = now or datetime.now(UTC)
    return {"code": status, "message": message, "timestamp": moment.isoformat(timespec="milliseconds")}
