"""Moments as text."""

from datetime import datetime

import orjson


def moment_text(moment: datetime) -> str:
    """What `isoformat` gives, in a third of its time: a page of a list has a hundred moments."""
    return orjson.dumps(moment)[1:-1].decode()
