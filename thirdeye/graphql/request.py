"""A GraphQL request over HTTP: its body or query string, its media types, its size. Refuses anything else."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.types import Message, Receive

from thirdeye.asgi import JSON
from thirdeye.edge.bodies import MAX_BODY, too_large
from thirdeye.errors import TransportError
from thirdeye.outside_json import MAX_DEPTH, UnreadableJson, read_json

MAX_DOCUMENT: Final = 100_000
MAX_VARIABLES: Final = 200_000
MAX_NAME: Final = 200
# How much of a body that turns out to be too large is read and thrown away, so that the client gets to see the answer.
_MAX_DRAIN: Final = 50_000_000
# How long to wait for a body, in seconds.
_BODY_SECONDS: Final = 4.0
RESPONSE_JSON: Final = b"application/graphql-response+json"
# By lower-case name; of several with one name, the first.
Headers = Mapping[bytes, bytes]
JsonObject = dict[str, Any]

_FIELDS: Final[tuple[tuple[str, type, str], ...]] = (
    ("query", str, "a string with a GraphQL document"),
    ("documentId", str, "a string with the id of a persisted operation"),
    ("variables", dict, "an object"),
    ("operationName", str, "a string"),
    ("extensions", dict, "an object"),
)
_PARAMETERS: Final = frozenset(name for name, _, _ in _FIELDS)
_CONNECTION_CLOSE: Final = ((b"connection", b"close"),)


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The fields of a request; None for those that it lacks."""

    query: str | None = None
    document_id: str | None = None
    variables: JsonObject | None = None
    operation_name: str | None = None
    extensions: JsonObject | None = None


async def read_body(receive: Receive, first: Message | None = None) -> bytes:
    """The body of a request, of which `first` was received already. Raises TransportError 413 over a megabyte, once the
    client can take the answer; 408 for a body that does not arrive.
    """
    first = first or arrived(receive)
    body = whole_body(first)
    if body is not None and len(body) <= MAX_BODY:
        # The usual case: nothing to wait for, so no timeout to set.
        return body
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await _read(receive, first)
    except TimeoutError:
        message = f"the body did not arrive within {_BODY_SECONDS:g} s; send the request again"
        raise TransportError(408, message, _CONNECTION_CLOSE) from None


def whole_body(first: Message | None) -> bytes | None:
    """The body, if the first message holds all of it."""
    if first is None or first["type"] != "http.request" or first.get("more_body", False):
        return None
    body: bytes = first.get("body", b"")
    return body


def arrived(receive: Receive) -> Message | None:
    """The next message if it has arrived, else None. Never waits."""
    receiving: Any = receive()
    try:
        receiving.send(None)
    except StopIteration as returned:
        message: Message = returned.value
        return message
    # It waits for something: nothing was taken, and the next call waits for the same.
    receiving.close()
    return None


async def _read(receive: Receive, first: Message | None) -> bytes:
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
            raise too_large()
        if not message.get("more_body", False):
            break
    if size > MAX_BODY:
        raise too_large()
    return b"".join(chunks)


def check_content_type(headers: Headers) -> None:
    """Raises TransportError 415 for anything but JSON in UTF-8: no form of a browser can send that across origins."""
    content_type = headers.get(b"content-type", b"")
    if content_type == JSON:
        return
    media, _, parameters = content_type.decode("latin-1").partition(";")
    if media.strip().lower() != "application/json":
        raise TransportError(415, "the Content-Type must be application/json")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    if charset and charset not in {"utf-8", "utf8"}:
        raise TransportError(415, "the charset must be utf-8")


def parse_json_object(body: bytes) -> JsonObject:
    """The fields of a body. Raises TransportError 400 for anything but one JSON object."""
    try:
        fields = read_json(body.removeprefix(b"\xef\xbb\xbf"), max_bytes=MAX_BODY)
    except UnreadableJson:
        message = f"the body must be a JSON object in UTF-8, nested at most {MAX_DEPTH} deep"
        raise TransportError(400, message) from None
    if not isinstance(fields, dict):
        raise TransportError(400, "the body must be one JSON object; batches are not served")
    return fields


def parse_body(body: bytes) -> GraphQLRequest:
    """The request in a body. Raises TransportError 400."""
    return _request(parse_json_object(body))


def parse_query_string(query_string: bytes) -> GraphQLRequest:
    """The request in a query string: `variables` and `extensions` as JSON. Raises TransportError 400."""
    try:
        pairs = parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
        parameters = [(name, value) for name, value in pairs if name in _PARAMETERS]
        fields: JsonObject = dict(parameters)
        if len(fields) != len(parameters):
            raise TransportError(400, "give each parameter once")
        for name in ("variables", "extensions"):
            if name in fields:
                fields[name] = read_json(fields[name], max_bytes=MAX_VARIABLES)
    except UnreadableJson:
        raise TransportError(400, f"{name}: must be a JSON object, nested at most {MAX_DEPTH} deep") from None
    except ValueError:
        raise TransportError(400, "the query string must be URL-encoded UTF-8") from None
    return _request(fields)


def _request(fields: JsonObject) -> GraphQLRequest:
    values: list[Any] = []
    for name, kind, text in _FIELDS:
        value = fields.get(name)
        if value is not None and not isinstance(value, kind):
            raise TransportError(400, f"{name}: must be {text} or null")
        values.append(value)
    return GraphQLRequest(*values)


def check_sizes(request: GraphQLRequest, raw_size: int) -> None:
    """Raises TransportError 400 for a document, a name or variables over their limits; `raw_size`: the whole request's."""
    if len(request.query or "") > MAX_DOCUMENT:
        raise TransportError(400, f"query: must have at most {MAX_DOCUMENT} characters")
    if len(request.operation_name or "") > MAX_NAME:
        raise TransportError(400, f"operationName: must have at most {MAX_NAME} characters")
    # Variables cannot be larger than the request that they are a part of.
    if request.variables and raw_size > MAX_VARIABLES and len(orjson.dumps(request.variables)) > MAX_VARIABLES:
        raise TransportError(400, f"variables: must have at most {MAX_VARIABLES} bytes of JSON")


@lru_cache(maxsize=256)
def media_type(accept: bytes | None) -> bytes | None:
    """The media type to answer with: the one that `Accept` prefers, JSON if it has no preference, None if it allows neither."""
    if accept is None or not accept.strip():
        return JSON
    ranges = dict(filter(None, map(_media_range, accept.decode("latin-1").lower().split(","))))

    def quality(name: str) -> float:
        for range_ in (name, "application/*", "*/*"):
            if range_ in ranges:
                return ranges[range_]
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
