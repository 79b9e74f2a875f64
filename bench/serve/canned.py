"""The ceiling: plain Starlette answering with bytes made beforehand. `python canned.py PORT SCORE_FILE LIST_FILE`."""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def app(score: bytes, items: bytes) -> Starlette:
    async def answer_score(request: Request) -> Response:
        return Response(score, media_type="application/json")

    async def answer_items(request: Request) -> Response:
        return Response(items, media_type="application/json")

    return Starlette(
        routes=[Route("/score", answer_score, methods=["POST"]), Route("/items", answer_items, methods=["POST"])]
    )


if __name__ == "__main__":
    port, score_file, items_file = sys.argv[1:]
    uvicorn.run(
        app(Path(score_file).read_bytes(), Path(items_file).read_bytes()),
        host="127.0.0.1",
        port=int(port),
        log_config=None,
        access_log=False,
        server_header=False,
    )
