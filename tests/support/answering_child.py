"""A process for tests of `thirdeye/child_process.py`."""

import os
import signal

from thirdeye.child_process import serve


def answer(request: bytes) -> bytes:
    """Says what it was asked, and what it knows of its environment."""
    if request == b"environment":
        return ",".join(sorted(os.environ)).encode()
    if request == b"never":
        signal.pause()
    if request == b"die":
        os.kill(os.getpid(), signal.SIGKILL)
    return request.upper()


if __name__ == "__main__":
    serve(answer)
