"""`python -m bench.page.unwatched CHROMIUM ARGUMENTS`: a chromium that keeps no answers for whoever drives it.

A driver has the browser tell of its requests (`Network.enable`), and for as long as it does, the tab's process keeps what
was answered, up to 100 MB, in case the driver asks for it. Nobody does, and without a driver nothing is kept. Playwright
cannot be told, so what it says is changed on its way: on file descriptor 3 come its messages, each ended by a zero byte.
"""

import json
import os
import select
import stat
import sys
from pathlib import Path

_MESSAGES = 3
_ENABLE = b'"Network.enable"'
_KEPT = {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}


def without_kept_answers(message: bytes) -> bytes:
    """The message; if it asks to be told of requests, such that no answers are kept for it."""
    if _ENABLE not in message:
        return message
    asked = json.loads(message)
    if asked.get("method") == "Network.enable":
        asked["params"] = {**asked.get("params", {}), **_KEPT}
    return json.dumps(asked).encode()


def script(folder: Path, browser: str) -> str:
    """The path of a program that starts this browser so; it takes the browser's arguments."""
    path = folder / "chromium"
    root = Path(__file__).parents[2]
    path.write_text(
        f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m bench.page.unwatched "{browser}" "$@"\n'
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def _relay(source: int, target: int) -> None:
    """Passes messages on until the driver has no more, or the browser ended: the driver waits for both."""
    rest, waiting = b"", select.poll()
    waiting.register(source, select.POLLIN)
    # Nothing is asked of it: that nobody reads any more is told all the same.
    waiting.register(target, 0)
    while target not in dict(waiting.poll()) and (data := os.read(source, 65_536)):
        *messages, rest = (rest + data).split(b"\0")
        for message in messages:
            whole = memoryview(without_kept_answers(message) + b"\0")
            while whole:
                whole = whole[os.write(target, whole) :]


def main() -> None:
    """Becomes the browser, with a process of its own that passes on what is said to it."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(read)
        # Else the browser's end would not end whoever reads what it says.
        os.close(_MESSAGES + 1)
        _relay(_MESSAGES, write)
        os._exit(0)
    os.close(write)
    os.dup2(read, _MESSAGES)
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
