"""JSON responses, and errors in OM's shape."""

from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from thirdeye.errors import ThirdEyeError, om_error


def json_response(body: Any, *, status: int = 200) -> Response:
    """A JSON body that nothing on the way may keep."""
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(body), status_code=status, media_type="application/json", headers=headers)


def error_response(status: int, message: str) -> Response:
    """An error in OM's shape."""
    return json_response(om_error(status, message), status=status)


async def on_http_error(_: Request, error: Exception) -> Response:
    """What Starlette itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    messages = {404: "there is nothing at this path", 405: "this method is not served at this path"}
    response = error_response(error.status_code, messages.get(error.status_code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response


async def on_known_error(request: Request, error: Exception) -> Response:
    """Errors that a caller can cause or must know of."""
    assert isinstance(error, ThirdEyeError)
    request.scope["state"]["refused"] = error.reason
    response = error_response(getattr(error, "http_status", error.status), error.message)
    for name, value in getattr(error, "headers", ()):
        response.headers[name.decode()] = value.decode()
    return response
