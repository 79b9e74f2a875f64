"""Requests over HTTP whose failure is an answer, too."""

from time import perf_counter
from typing import Any, Final

import httpx

from thirdeye.commands.doctor.facts import Answer

_MOST_TEXT: Final = 100_000


async def ask(client: httpx.AsyncClient, method: str, url: str, **options: Any) -> Answer:  # noqa: ANN401  those of httpx
    """What came back, or why nothing did; `options` are those of httpx."""
    started = perf_counter()
    try:
        response = await client.request(method, url, **options)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Answer(status=None, error=reason(error), seconds=perf_counter() - started)
    return Answer(
        status=response.status_code,
        body=_json(response),
        text=response.text[:_MOST_TEXT],
        request_id=response.headers.get("x-request-id"),
        seconds=perf_counter() - started,
    )


def reason(error: BaseException) -> str:
    """The kind of an error, and what the system says of it; neither names a secret."""
    kind, cause = type(error).__name__, error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    text = getattr(cause, "strerror", None)
    return f"{kind}: {text}" if text else kind


def _json(response: httpx.Response) -> object:
    try:
        return response.json()
    except ValueError:
        return None
