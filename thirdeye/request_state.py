"""What is known of an HTTP request so far, kept in its ASGI scope from the first middleware to the log line."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

if TYPE_CHECKING:
    from thirdeye.auth.principal import Principal

_KEY: Final = "thirdeye.request"


@dataclass(slots=True)
class RequestState:
    """`claimed` is the subject of a refused token whose signature is valid. `operation` is the id of a persisted
    operation, or "adhoc". `refusal_reason` is one of a few fixed texts, for the audit.
    """

    request_id: str = ""
    principal: "Principal | None" = None
    claimed: str | None = None
    operation: str | None = None
    refusal_reason: str | None = None


def request_state(scope: Scope) -> RequestState:
    """The state of the request with this scope; the first call makes it."""
    state: RequestState | None = scope.get(_KEY)
    if state is None:
        state = scope[_KEY] = RequestState()
    return state
