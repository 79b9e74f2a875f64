"""The process that fits models for `fitting.py`: what statsforecast takes ends with it.

Each request and each answer is its length in four bytes and then itself. A request is a JSON list of pairs: values and
how many days ahead; the answer one of the mean and the half widths of its intervals by day, or null, for each.
"""

import signal
import sys
from typing import BinaryIO, Final

import numpy as np
import orjson

from thirdeye.forecast import ets

LENGTH_BYTES: Final = 4


def answer(request: bytes) -> bytes:
    """The answer to one request."""
    paths = (ets.fit(np.array(values), horizon) for values, horizon in orjson.loads(request))
    found = [path and (path.mean, path.half80, path.half95) for path in paths]
    return orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers until there are no more requests."""
    while len(header := requests.read(LENGTH_BYTES)) == LENGTH_BYTES:
        data = answer(requests.read(int.from_bytes(header, "big")))
        answers.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
        answers.flush()


def main() -> None:
    """Serves over standard input and output."""
    # The worker decides when this ends, be it that both get the same signal.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
