"""Refuses, before anything else looks at it, a request whose body is too large, or that has one where none is taken."""

from collections.abc import Callable
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from thirdeye.edge.refusal import refuse
from thirdeye.errors import TransportError

MAX_BODY: Final = 1_000_000
_CLOSE: Final = ((b"connection", b"close"),)


def too_large() -> TransportError:
    """The refusal of a body over the limit."""
    return TransportError(413, f"the body must have at most {MAX_BODY} bytes", _CLOSE)


class BodyMiddleware:
    """Answers 413 to a body that says that it has over a megabyte, and to any body of a public request."""

    def __init__(self, app: ASGIApp, *, is_public: Callable[[Scope], bool]) -> None:
        self._app = app
        self._is_public = is_public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (error := self._problem(scope)) is not None:
            await refuse(scope, send, error)
            return
        await self._app(scope, receive, send)

    def _problem(self, scope: Scope) -> TransportError | None:
        for name, value in scope["headers"]:
            if name == b"content-length":
                # Anything but digits is refused by the server, or read as it comes.
                size = int(value) if value.isdigit() and len(value) < 20 else MAX_BODY + 1
            elif name == b"transfer-encoding":
                size = 1
            else:
                continue
            if size > MAX_BODY:
                return too_large()
            if size and self._is_public(scope):
                return TransportError(413, "this route takes no body", _CLOSE)
        return None
