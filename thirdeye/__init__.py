"""ThirdEye: what is waste in a data estate, what it costs, and what can safely go."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("thirdeye")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
