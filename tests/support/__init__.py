"""What tests share."""

from pathlib import Path

# Before numpy: it says with how many threads numpy calculates.
import thirdeye  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
# How long a test waits for what must happen, in seconds. It matters on failure only, so it suits the slowest machine.
PATIENCE = 180.0
