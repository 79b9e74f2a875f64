"""A refusal in OM's shape, sent without anything of the application behind."""

import orjson
from starlette.types import Scope, Send

from thirdeye.errors import om_error


async def refuse(
    scope: Scope,
    send: Send,
    status: int,
    message: str,
    reason: str,
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> None:
    """Answers with an error, before the body is read; `reason` is one of few words, for the audit."""
    scope.setdefault("state", {})["refused"] = reason
    body = orjson.dumps(om_error(status, message))
    start_headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": start_headers})
    await send({"type": "http.response.body", "body": body})


def retry_after(seconds: float) -> tuple[bytes, bytes]:
    """The header that says in how many whole seconds to try again, 1 at least."""
    return (b"retry-after", str(max(1, -int(-seconds // 1))).encode())
