"""The ceiling: plain Starlette answering with bytes made beforehand. `python canned.py PORT SCORE_FILE LIST_FILE`."""

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def route(path: str, file: str) -> Route:
    body = Path(file).read_bytes()

    async def answer(request: Request) -> Response:
        return Response(body, media_type="application/json")

    return Route(path, answer, methods=["POST"])


if __name__ == "__main__":
    port, score_file, items_file = sys.argv[1:]
    app = Starlette(routes=[route("/score", score_file), route("/items", items_file)])
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_config=None, access_log=False, server_header=False)
