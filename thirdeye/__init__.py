"""ThirdEye: what is waste in a data estate, what it costs, and what can safely go."""

import os
from importlib.metadata import PackageNotFoundError, version

# Read when numpy is first imported, which nothing does before this. Our matrices are small: more threads than one take four
# times the processor time to give the same, as they wait for each other, and far longer where processors are busy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

try:
    __version__ = version("thirdeye")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
