"""What is left without all that makes it ThirdEye: its statement for a page, its pool and its rows, on plain ASGI.

No GraphQL, token, rates, log or metrics. Takes the bodies that the others get, and of these the variable `after`.
`python bare.py PORT`, with the environment of `thirdeye serve`.
"""

import sys
from typing import Final

import orjson
import uvicorn
from starlette.types import Receive, Scope, Send

from thirdeye.actions.listing.store import item_texts
from thirdeye.actions.ordering import parse_cursor, parse_order
from thirdeye.database import thirdeye_database
from thirdeye.settings import load_settings

_FIELDS: Final = tuple(
    (name, name) for name in ("id", "title", "status", "category", "priority", "createdAt", "updatedAt")
)
_ORDER: Final = parse_order(None, None)
_SIZE: Final = 50
settings = load_settings()
thirdeye = thirdeye_database(settings, lambda _name, _seconds: None, statement_timeout=settings.mysql_statement_timeout)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await thirdeye.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await thirdeye.stop()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = (await receive()).get("body", b"")
    # Whether it is there is asked by GET.
    answer = await page(orjson.loads(body)["variables"]["after"]) if body else b"{}"
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def page(after: str) -> bytes:
    """The answer to the question for the page after an item."""
    rows = await item_texts(
        thirdeye, {}, order=_ORDER, position=parse_cursor(after, _ORDER), limit=_SIZE + 1, fields=_FIELDS,
        shown_order=_ORDER,
    )  # fmt: skip
    edges = b",".join([b'{"cursor":"%b","node":%b}' % row for row in rows[:_SIZE]])
    cursors = [None if cursor is None else cursor.decode() for cursor, _ in (rows[0], rows[:_SIZE][-1])]
    page_info = {
        "hasNextPage": len(rows) > _SIZE, "hasPreviousPage": True, "startCursor": cursors[0], "endCursor": cursors[1],
    }  # fmt: skip
    shown = {"edges": orjson.Fragment(b"[%b]" % edges), "pageInfo": page_info}
    return orjson.dumps({"data": {"actionItems": shown}})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_config=None, access_log=False, server_header=False)
