"""Parts of OM's documents, as the servers cut them out: JSON text, whatever is in it. Pure."""

import re
from typing import Final

from thirdeye.outside_json import UnreadableJson, read_json

MAX_PART_BYTES: Final = 65_536
_MAX_TEXT_BYTES: Final = 2**24
_CUT_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{0,3})?$")


class OddValue(ValueError):
    """A value that is not what OM has there; says what is wrong with it."""


def read_text(part: str | None) -> str | None:
    """A string, and be it cut; None without any. Raises OddValue for anything else."""
    if part is None or part == "null":
        return None
    if not part.startswith('"'):
        raise OddValue("is no text")
    if "\\" not in part:
        return part[1:-1] if part.endswith('"') and len(part) > 1 else part[1:]
    for text in (part, _CUT_ESCAPE.sub("", part) + '"'):
        try:
            return str(read_json(text, max_bytes=_MAX_TEXT_BYTES))
        except UnreadableJson:
            pass
    raise OddValue("is text with half a character")


def read_part(part: str | None) -> object:
    """Any value; None without any, and some text for what cannot be read as JSON."""
    try:
        return None if part is None else read_json(part, max_bytes=MAX_PART_BYTES)
    except UnreadableJson:
        return part
