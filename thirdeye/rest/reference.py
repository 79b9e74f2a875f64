"""The REST reference: openapi.json and two pages that show it, with their files served from here."""

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import orjson
from graphql import GraphQLSchema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from thirdeye.rest.openapi import openapi

_FILES: Final = Path(__file__).resolve().parent / "static"
_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>ThirdEye - REST</title>
{head}
</head>
<body>
<div id="reference" data-url="{prefix}/openapi.json">Loading...</div>
{scripts}
</body>
</html>
"""
# Everything from this server. Both pages set styles of their own, and one searches in a worker.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "docs": (("swagger-ui.css",), ("swagger-ui-bundle.js", "docs.js")),
    "redoc": ((), ("redoc.standalone.js", "redoc.js")),
}


def reference_routes(prefix: str, schema: GraphQLSchema) -> list[Route | Mount]:
    """`openapi.json`, the pages `docs` and `redoc`, and their files; none of them needs a token."""

    @cache
    def document() -> bytes:
        return orjson.dumps(openapi(prefix, schema))

    async def reference(_: Request) -> Response:
        return Response(document(), media_type="application/json", headers={"cache-control": "no-cache"})

    return [
        Route(f"{prefix}/openapi.json", reference, methods=["GET"]),
        *(Route(f"{prefix}/{name}", _page(prefix, name), methods=["GET"]) for name in _PAGES),
        Mount(f"{prefix}/reference", StaticFiles(directory=_FILES)),
    ]


def reference_paths(prefix: str) -> list[str]:
    """The paths of the reference: its document, its pages and their files."""
    pages = [f"{prefix}/{name}" for name in ("openapi.json", *_PAGES)]
    return pages + [f"{prefix}/reference/{file.name}" for file in _FILES.iterdir()]


def _page(prefix: str, name: str) -> Callable[[Request], Awaitable[Response]]:
    styles, scripts = _PAGES[name]
    text = _PAGE.format(
        prefix=prefix,
        head="\n".join(f'<link rel="stylesheet" href="{prefix}/reference/{style}">' for style in styles),
        scripts="\n".join(f'<script src="{prefix}/reference/{script}"></script>' for script in scripts),
    )

    async def page(_: Request) -> Response:
        headers = {"content-security-policy": _POLICY, "cache-control": "no-cache"}
        return Response(text, media_type="text/html", headers=headers)

    return page
