"""Requests a refresh after a change that lists, totals and items are to follow."""

from contextlib import suppress

from thirdeye.context import Info
from thirdeye.errors import Unavailable
from thirdeye.estate.resolvers.refreshes import request_refresh


async def refresh_soon(info: Info, by: str) -> None:
    """Requests a refresh; without Redis the next scheduled one will do."""
    with suppress(Unavailable):
        await request_refresh(info, kind="AUTO", by=by, now=info.context.clock(), since=None)
