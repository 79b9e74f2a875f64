"""Sample estates: deterministic OpenMetadata databases of any size, for development, tests and benchmarks.

`generate(EstateOptions(today=..., tables=300))` gives the records, `load(estate, connection)` stores them as
OpenMetadata would.
"""

from thirdeye.local.sample.ddl import Layout
from thirdeye.local.sample.documents import SECRET_MARKERS
from thirdeye.local.sample.estate import Estate
from thirdeye.local.sample.loader import LoadProgress, NotASampleError, load, loaded_options
from thirdeye.local.sample.options import EstateOptions

__all__ = [
    "SECRET_MARKERS",
    "Estate",
    "EstateOptions",
    "Layout",
    "LoadProgress",
    "NotASampleError",
    "generate",
    "load",
    "loaded_options",
]


def generate(options: EstateOptions) -> Estate:
    """The estate that these options decide: equal options give equal records, byte for byte."""
    return Estate(options)
