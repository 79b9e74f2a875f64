"""Sending a whole HTTP response with ASGI's own messages, without a framework's response object."""

from typing import Final

from starlette.types import Send

from thirdeye.errors import HeaderPairs, om_error_body

JSON: Final = b"application/json"
NO_STORE: Final = ((b"cache-control", b"no-store"),)


async def send_response(
    send: Send, status: int, body: bytes, headers: HeaderPairs = NO_STORE, content_type: bytes = JSON
) -> None:
    """Sends status, headers and body; a 304 has neither type nor length."""
    response_headers = headers_of(status, body, headers, content_type)
    await send({"type": "http.response.start", "status": status, "headers": response_headers})
    await send({"type": "http.response.body", "body": body})


def headers_of(status: int, body: bytes, headers: HeaderPairs, content_type: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of a response with this body."""
    if status == 304:
        return [*headers]
    return [*headers, (b"content-type", content_type), (b"content-length", str(len(body)).encode())]


async def send_error(send: Send, status: int, message: str, headers: HeaderPairs = ()) -> None:
    """Sends an error in OpenMetadata's shape."""
    await send_response(send, status, om_error_body(status, message), (*NO_STORE, *headers))
