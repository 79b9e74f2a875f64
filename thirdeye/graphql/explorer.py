"""GraphiQL's page, for development only, with its files served from here."""

from pathlib import Path

from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FILES = Path(__file__).resolve().parent / "static"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>ThirdEye - GraphiQL</title>
<link rel="stylesheet" href="{path}/static/graphiql.min.css">
<link rel="stylesheet" href="{path}/static/explorer.css">
</head>
<body>
<div id="graphiql" data-url="{path}">Loading...</div>
<script src="{path}/static/react.production.min.js"></script>
<script src="{path}/static/react-dom.production.min.js"></script>
<script src="{path}/static/graphiql.min.js"></script>
<script src="{path}/static/explorer.js"></script>
</body>
</html>
"""

# Everything from this server, nothing inline; the editor sets styles on single elements.
POLICY = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self' data:; img-src 'self' data:; "
    b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
)


def explorer_page(path: str) -> bytes:
    """The page for the endpoint at `path`."""
    return _PAGE.format(path=path).encode()


def asks_for_page(scope: Scope) -> bool:
    """Whether this is a browser that opens the page: then it gets the page, whatever else it asks for."""
    method: str = scope["method"]
    accept: bytes = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    return method == "GET" and b"text/html" in accept


def explorer_files(path: str) -> Mount:
    """The files of the page."""
    return Mount(f"{path}/static", StaticFiles(directory=_FILES))


def explorer_paths(path: str) -> list[str]:
    """The paths of these files."""
    return [f"{path}/static/{file.name}" for file in _FILES.iterdir()]
