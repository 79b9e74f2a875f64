"""What a GraphQL request over HTTP is: its body or its query string, its media types, its size. Refuses what is none."""

import asyncio
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive

from thirdeye.errors import ThirdEyeError

MAX_BODY: Final = 1_000_000
MAX_DOCUMENT: Final = 100_000
MAX_VARIABLES: Final = 200_000
MAX_NAME: Final = 200
# Of a body that is too large so much is read and thrown away, so that the client gets to see the answer.
_MAX_DRAIN: Final = 50_000_000
# A client that sends its body this slowly, in seconds, is not waited for.
_BODY_SECONDS: Final = 4.0
JSON, RESPONSE_JSON = b"application/json", b"application/graphql-response+json"
# By lower-case name; of several of one name, the first.
Headers = Mapping[bytes, bytes]

_OPTIONAL: Final[tuple[tuple[str, type, str], ...]] = (
    ("query", str, "a string with a GraphQL document"),
    ("documentId", str, "a string with the id of a persisted operation"),
    ("variables", dict, "an object"),
    ("operationName", str, "a string"),
    ("extensions", dict, "an object"),
)
_PARAMETERS: Final = frozenset(name for name, _, _ in _OPTIONAL)


class TransportError(ThirdEyeError):
    """A request that is no GraphQL request; answered in OM's shape with its own status."""

    def __init__(self, status: int, message: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        super().__init__(message, reason=f"HTTP {status}")
        self.http_status = status
        self.headers = headers


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """The body of a request. Raises TransportError 413 over a megabyte, once the client can take the answer; 408 for a
    body that does not come."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > MAX_BODY and b"100-continue" in headers.get(b"expect", b"").lower():
        raise _too_large()
    first = _arrived(receive)
    if first is not None and first["type"] == "http.request" and not first.get("more_body", False):
        body: bytes = first.get("body", b"")
        if len(body) <= MAX_BODY:
            # As nearly always: nothing to wait for, so no clock to set.
            return body
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _read(receive, first)
    except TimeoutError:
        message = f"the body did not arrive within {_BODY_SECONDS:g} s; send the request again"
        raise TransportError(408, message, ((b"connection", b"close"),)) from None


def _arrived(receive: Receive) -> MutableMapping[str, Any] | None:
    """The message that is there already; None when there is none. Never waits."""
    waiting: Any = receive()
    try:
        waiting.send(None)
    except StopIteration as there:
        message: MutableMapping[str, Any] = there.value
        return message
    # It waits for something: nothing was taken, and whoever asks again waits for the same.
    waiting.close()
    return None


async def _read(receive: Receive, first: MutableMapping[str, Any] | None) -> bytes:
    chunks, size = [], 0
    while True:
        message, first = first or await receive(), None
        if message["type"] == "http.disconnect":
            raise TransportError(400, "the request ended before its body")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        elif size > _MAX_DRAIN:
            raise _too_large()
        if not message.get("more_body", False):
            break
    if size > MAX_BODY:
        raise _too_large()
    return b"".join(chunks)


def _too_large() -> TransportError:
    return TransportError(413, f"the body must have at most {MAX_BODY} bytes", ((b"connection", b"close"),))


def check_content_type(headers: Headers) -> None:
    """Raises TransportError 415 for anything but JSON in UTF-8: no form of a browser can send that across origins."""
    given = headers.get(b"content-type", b"")
    if given == JSON:
        return
    media, _, parameters = given.decode("latin-1").partition(";")
    if media.strip().lower() != "application/json":
        raise TransportError(415, "the Content-Type must be application/json")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset and charset not in {"utf-8", "utf8"}:
        raise TransportError(415, "the charset must be utf-8")


def parse_request(raw: bytes, *, graphql: bool = True) -> dict[str, Any]:
    """The fields of a request's body, of a GraphQL request unless said. Raises TransportError 400 for what is none."""
    try:
        request = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        raise TransportError(400, "the body must be a JSON object in UTF-8") from None
    if not isinstance(request, dict):
        raise TransportError(400, "the body must be one JSON object; batches are not served")
    if graphql:
        _check_shape(request)
    return request


def parse_query_string(raw: bytes) -> dict[str, Any]:
    """The same out of a query string: `variables` and `extensions` as JSON. Raises TransportError 400."""
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
        given = [pair for pair in pairs if pair[0] in _PARAMETERS]
        request: dict[str, Any] = dict(given)
        if len(request) != len(given):
            raise TransportError(400, "give each parameter once")
        for name in ("variables", "extensions"):
            if name in request:
                request[name] = orjson.loads(request[name])
    except orjson.JSONDecodeError:
        raise TransportError(400, f"{name}: must be a JSON object") from None
    except ValueError:
        raise TransportError(400, "the query string must be URL-encoded UTF-8") from None
    _check_shape(request)
    return request


def _check_shape(request: dict[str, Any]) -> None:
    for name, kind, text in _OPTIONAL:
        value = request.get(name)
        if value is not None and not isinstance(value, kind):
            raise TransportError(400, f"{name}: must be {text} or null")


def check_sizes(request: dict[str, Any], raw_size: int) -> None:
    """Raises TransportError 400 for a document, a name or variables that are too large to be looked at."""
    if len(request.get("query") or "") > MAX_DOCUMENT:
        raise TransportError(400, f"query: must have at most {MAX_DOCUMENT} characters")
    if len(request.get("operationName") or "") > MAX_NAME:
        raise TransportError(400, f"operationName: must have at most {MAX_NAME} characters")
    variables = request.get("variables")
    # What the whole request does not have, a part of it cannot have.
    if variables and raw_size > MAX_VARIABLES and len(orjson.dumps(variables)) > MAX_VARIABLES:
        raise TransportError(400, f"variables: must have at most {MAX_VARIABLES} bytes of JSON")


@lru_cache(maxsize=256)
def media_type(accept: bytes | None) -> bytes | None:
    """The media type to answer with: the one that `Accept` prefers, JSON where it does not care; None when it takes neither."""
    if accept is None or not accept.strip():
        return JSON
    ranges = dict(filter(None, map(_media_range, accept.decode("latin-1").lower().split(","))))

    def quality(name: str) -> float:
        for known in (name, "application/*", "*/*"):
            if known in ranges:
                return ranges[known]
        return 0.0

    plain, modern = quality(JSON.decode()), quality(RESPONSE_JSON.decode())
    if not plain and not modern:
        return None
    if modern > plain or (modern == plain and RESPONSE_JSON.decode() in ranges):
        return RESPONSE_JSON
    return JSON


def _media_range(text: str) -> tuple[str, float] | None:
    name, *parameters = (part.strip() for part in text.split(";"))
    quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        value = float(quality)
    except ValueError:
        return None
    return (name, value) if 0 <= value <= 1 else None


def names_json(accept: bytes | None) -> bool:
    """Whether `Accept` names one of the two types itself, which no link, image or script of another site does."""
    return accept is not None and (JSON in accept.lower() or RESPONSE_JSON in accept.lower())
