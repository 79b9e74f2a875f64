"""Sample estates: deterministic OpenMetadata databases of any size, for development, tests and benchmarks.

`generate(EstateOptions(today=..., tables=300))` gives the records, `load(estate, connection)` stores them as
OpenMetadata would.
"""

from thirdeye.local.sample.ddl import Layout
from thirdeye.local.sample.estate import Estate
from thirdeye.local.sample.loader import (
    DEFAULT_SCHEMA,
    LoadProgress,
    NotASampleError,
    load,
    loaded_options,
)
from thirdeye.local.sample.options import EstateOptions
from thirdeye.local.sample.secrets import SECRET_MARKERS

__all__ = [
    "DEFAULT_SCHEMA",
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
