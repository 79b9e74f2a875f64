"""JSON from outside: the one reader of it, bounded in bytes and in depth. What it gives can be walked by recursion.

Python gives up at about a thousand levels with a RecursionError that no caller expects, and orjson writes no more than
254: whatever is deeper than any honest document is no JSON here.
"""

from typing import Any, Final

import orjson

MAX_DEPTH: Final = 64


class UnreadableJson(ValueError):
    """Text that is no JSON, too large, or too deep."""


def read_json(text: bytes | str, *, max_bytes: int, max_depth: int = MAX_DEPTH) -> Any:  # noqa: ANN401  whatever JSON holds
    """The value in a text. Raises UnreadableJson."""
    if len(text) > max_bytes:
        raise UnreadableJson("too large")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise UnreadableJson(str(error)) from None
    # So many brackets are needed to be too deep, and counting them costs next to nothing.
    if _opening_brackets(text) > max_depth and _is_deeper(value, max_depth):
        raise UnreadableJson("too deep")
    return value


def _opening_brackets(text: bytes | str) -> int:
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    return text.count(b"[") + text.count(b"{")


def _is_deeper(value: object, most: int) -> bool:
    """Whether lists and objects are nested deeper than this. Level by level: nothing here can recurse."""
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            child
            for each in level
            for child in (each.values() if type(each) is dict else each)
            if type(child) is dict or type(child) is list
        ]
    return bool(level)
