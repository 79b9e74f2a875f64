"""JSON responses, and errors in OM's shape."""

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from thirdeye.errors import ThirdEyeError, om_error_body
from thirdeye.request_state import request_state

_NO_STORE = {"cache-control": "no-store"}


def json_response(body: object, *, status: int = 200) -> Response:
    """A JSON body that no proxy or browser may keep."""
    return Response(orjson.dumps(body), status_code=status, media_type="application/json", headers=_NO_STORE)


def error_response(status: int, message: str) -> Response:
    """An error in OM's shape."""
    body = om_error_body(status, message)
    return Response(body, status_code=status, media_type="application/json", headers=_NO_STORE)


async def on_http_error(_: Request, error: Exception) -> Response:
    """What Starlette itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    messages = {404: "there is nothing at this path", 405: "this method is not served at this path"}
    response = error_response(error.status_code, messages.get(error.status_code, str(error.detail)))
    response.headers.update(error.headers or {})
    return response


async def on_thirdeye_error(request: Request, error: Exception) -> Response:
    """Errors that a caller can cause or must know of."""
    assert isinstance(error, ThirdEyeError)
    request_state(request.scope).refusal_reason = error.reason
    response = error_response(error.status, error.message)
    for name, value in error.headers:
        response.headers[name.decode()] = value.decode()
    return response
