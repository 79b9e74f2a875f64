"""The page and its files, which need no token: they hold nothing, and what they show is asked like any other question."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import Receive, Scope, Send

from thirdeye.asgi import send_error, send_response
from thirdeye.errors import HeaderPairs

_FILES: Final = Path(__file__).resolve().parent / "static"
_TYPES: Final[Mapping[str, bytes]] = {
    ".js": b"text/javascript; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".woff2": b"font/woff2",
    "": b"text/plain; charset=utf-8",
}
_HTML: Final = b"text/html; charset=utf-8"
# `root` leads from the address of the page to the folder that it is in: however a proxy names that, it holds. What stands
# in it is there before its script is; `opening` has the system's colours until it is known which the reader chose.
_PAGE: Final = """<!doctype html>
<html lang="en" class="opening" data-root="{root}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>ThirdEye</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}page.css">
<link rel="preload" href="{root}inter.woff2" as="font" type="font/woff2" crossorigin>
<script type="module" src="{root}page.js"></script>
</head>
<body>
<div id="page">
<header class="top"><span class="brand"><span aria-hidden="true" class="eye"></span>ThirdEye</span></header>
</div>
<noscript>ThirdEye's page needs JavaScript.</noscript>
</body>
</html>
"""
_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final[HeaderPairs] = (
    # Asked for again each time, which takes a 304: a page of another version than the API would ask what is not there.
    (b"cache-control", b"no-cache"),
    (b"content-security-policy", _POLICY),
    (b"vary", b"accept-encoding"),
)


@dataclass(frozen=True)
class _File:
    content: bytes
    type: bytes

    @cached_property
    def tag(self) -> bytes:
        # Weak: it stands for the content, compressed or not.
        return b'W/"' + sha256(self.content).hexdigest()[:32].encode() + b'"'

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, 9, mtime=0)


async def to_page(request: Request) -> RedirectResponse:
    """From the address without a slash at its end to that with one, relative to it: no `Host` of a caller's plays a part."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{request.url.path.rpartition('/')[2]}/{query}", headers={"cache-control": "no-cache"})


class Page:
    """Answers everything below `path`, which ends with a slash: its files, and the page itself for any other address.

    Which views there are is the page's own matter.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answers GET and HEAD; uvicorn leaves out the body of the latter."""
        if scope["method"] not in {"GET", "HEAD"}:
            await send_error(send, 405, "only GET and HEAD are possible here", ((b"allow", b"GET, HEAD"),))
            return
        name: str = scope["path"].removeprefix(self._path)
        file = _files().get(name) or _page(_depth(scope, name))
        headers = Headers(scope=scope)
        if file.tag.removeprefix(b"W/") in headers.get("if-none-match", "").encode("latin-1"):
            await send_response(send, 304, b"", (*_HEADERS, (b"etag", file.tag)))
            return
        if file.type != _TYPES[".woff2"] and _takes_gzip(headers.get("accept-encoding", "")):
            encoded = (*_HEADERS, (b"etag", file.tag), (b"content-encoding", b"gzip"))
            await send_response(send, 200, file.compressed, encoded, file.type)
            return
        await send_response(send, 200, file.content, (*_HEADERS, (b"etag", file.tag)), file.type)


@cache
def _files() -> dict[str, _File]:
    return {file.name: _File(file.read_bytes(), _TYPES[file.suffix]) for file in _FILES.iterdir()}


def _depth(scope: Scope, name: str) -> int:
    """How many folders below the page's own a browser takes the address to be: to it `%2f` separates none."""
    path: str = scope["path"]
    sent: bytes = scope.get("raw_path") or path.encode()
    return max(name.count("/") - (path.count("/") - sent.count(b"/")), 0)


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.lower().split(","):
        coding, _, weight = each.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


# Addresses are anybody's to make, of any depth: few are kept.
@lru_cache(maxsize=8)
def _page(depth: int) -> _File:
    return _File(_PAGE.format(root="../" * depth or "./").encode(), _HTML)
