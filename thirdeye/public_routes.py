"""What needs no token: exact paths, asked with GET or HEAD. Anything else does, whatever stands beside it."""

from collections.abc import Iterable
from typing import Final

from starlette.types import Scope

from thirdeye.graphql.explorer import asks_for_page

_METHODS: Final = frozenset({"GET", "HEAD"})


class PublicRoutes:
    """The public `paths`, and all below `pages`, which ends with a slash: the page for people, whatever its address.

    With an `explorer`, a browser's GET of that path too, which gets the page and never an answer.
    """

    def __init__(self, paths: Iterable[str], *, pages: str, explorer: str | None = None) -> None:
        self._paths = frozenset(paths)
        self._pages = pages
        self._explorer = explorer

    def __call__(self, scope: Scope) -> bool:
        """Whether a request of HTTP may pass without a token."""
        path: str = scope["path"]
        if path in self._paths or path.startswith(self._pages):
            return scope["method"] in _METHODS
        return path == self._explorer and asks_for_page(scope)
