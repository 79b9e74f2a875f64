"""Whether a description says anything. OpenMetadata stores Markdown and HTML, such as `<p></p>` for nothing."""

import re
import unicodedata
from collections.abc import Iterable
from html import unescape
from typing import Final

from thirdeye.database import Row
from thirdeye.mirror.openmetadata.store import OpenMetadata
from thirdeye.mirror.openmetadata.tables.store import DESCRIPTION_LENGTH
from thirdeye.outside_json import UnreadableJson, read_json

_MAX_BYTES: Final = 2**24
# What begins so says something: by far the most do.
_PLAINLY: Final = re.compile(r'"[A-Za-z]')
_CUT_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{0,3})?$")
_COMMENT: Final = re.compile(r"<!--.*?(-->|$)", re.DOTALL)
_TAG: Final = re.compile(r"</?[A-Za-z!][^<>]*(>|$)")
# A picture, a link, the language of a block of code, and the number of an item of a list.
_MARKS: Final = (
    (re.compile(r"!?\[([^\[\]\n]*)\]\([^()\n]*(\)|$)"), r"\1"), (re.compile(r"^[ \t]*(```|~~~)\w*", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*\d{1,9}[.)](\s|$)", re.MULTILINE), ""),
)  # fmt: skip
# Letters and symbols by category that show nothing.
_INVISIBLE: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def is_described(description: str | None) -> bool:
    """Whether a description, as JSON text that may be cut, is of a text that says anything."""
    if description is None or not description.startswith('"'):
        return False
    return _PLAINLY.match(description) is not None or _says_something(_text(description))


def _text(description: str) -> str:
    """The text of a JSON string; of one that is cut as much as is there."""
    try:
        return str(read_json(description, max_bytes=_MAX_BYTES))
    except UnreadableJson:
        pass
    try:
        return str(read_json(_CUT_ESCAPE.sub("", description) + '"', max_bytes=_MAX_BYTES))
    except UnreadableJson:
        # MariaDB has texts with half a character.
        return description


def _says_something(text: str) -> bool:
    # Twice, for there is markup whose markup is escaped.
    for _ in range(2):
        text = unescape(_TAG.sub(" ", _COMMENT.sub(" ", text)))
    for mark, shown in _MARKS:
        text = mark.sub(shown, text)
    return any(_is_seen(character) for character in text)


def _is_seen(character: str) -> bool:
    return (character.isalnum() or unicodedata.category(character) == "So") and character not in _INVISIBLE


async def complete_descriptions(om: OpenMetadata, rows: Iterable[Row]) -> None:
    """Reads more of those descriptions that are cut before they say anything."""
    cut = {
        row["id"]: row for row in rows
        if len(row["description"] or "") >= DESCRIPTION_LENGTH and not is_described(row["description"])
    }  # fmt: skip
    if cut:
        for longer in await om.descriptions(list(cut)):
            cut[longer["id"]]["description"] = longer["description"]
