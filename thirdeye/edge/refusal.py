"""A refusal in OM's shape, sent without anything of the application behind."""

from starlette.types import Scope, Send

from thirdeye.asgi import send_error
from thirdeye.errors import HeaderPairs, ThirdEyeError
from thirdeye.request_state import request_state


async def refuse(scope: Scope, send: Send, error: ThirdEyeError, headers: HeaderPairs = ()) -> None:
    """Answers with the error, its headers and these, and notes its reason for the audit."""
    request_state(scope).refusal_reason = error.reason
    await send_error(send, error.status, error.message, (*error.headers, *headers))


def retry_after(seconds: float) -> tuple[bytes, bytes]:
    """The header that says in how many whole seconds to try again, 1 at least."""
    return (b"retry-after", str(max(1, -int(-seconds // 1))).encode())
