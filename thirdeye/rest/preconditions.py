"""`If-Match` of RFC 9110: which versions of an item a change is meant for."""

import re
from collections.abc import Sequence
from typing import Final

from thirdeye.errors import BadInput

_TAG: Final = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS: Final = re.compile(rf"\s*{_TAG}(?:\s*,\s*(?:{_TAG})?)*\s*\Z")
# Tags are compared letter by letter, and weak ones match nothing here: "03" is not "3".
_STRONG: Final = re.compile(r'(W/)?"([^"]*)"')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,8}")
# No item is ever at this version.
NO_VERSION: Final = 0


def entity_tag(version: int) -> str:
    """The ETag of a version."""
    return f'"{version}"'


def parse_if_match(headers: Sequence[str]) -> frozenset[int] | None:
    """The versions that the values of the header allow; None for any, none of them for tags that no item ever had.

    Raises BadInput for what is no list of tags.
    """
    header = ",".join(headers).strip()
    if not headers or header == "*":
        return None
    if not _TAGS.match(header):
        raise BadInput('If-Match: must be *, or ETags as answers had them, such as "3"')
    tags = [text for weak, text in _STRONG.findall(header) if not weak]
    return frozenset(int(text) for text in tags if _VERSION.fullmatch(text))
