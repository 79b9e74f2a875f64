"""The process that fits models for `fitting.py`: what statsforecast takes ends with it.

A request is a JSON list of pairs: values and
how many days ahead; the answer one of the mean and the half widths of its intervals by day, or null, for each.
"""

import numpy as np
import orjson

from thirdeye.child_process import serve
from thirdeye.forecast import ets


def answer(request: bytes) -> bytes:
    """The answer to one request."""
    paths = (ets.fit(np.array(values), horizon) for values, horizon in orjson.loads(request))
    found = [path and (path.mean, path.half80, path.half95) for path in paths]
    return orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)


if __name__ == "__main__":
    serve(answer)
