"""CSV that no spreadsheet takes for formulas."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

# A cell that begins so is a formula to a spreadsheet, also behind blanks; some take the wide forms for the same.
_FORMULA: Final = frozenset("=+-@\t\r\n|%＝＋－＠")


def csv_rows(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows of values as CSV in UTF-8."""
    text = io.StringIO()
    csv.writer(text).writerows(map(cell, row) for row in rows)
    return text.getvalue().encode()


def csv_header(columns: Sequence[str]) -> bytes:
    """The first row."""
    return (",".join(columns) + "\r\n").encode()


def cell(value: object) -> str:
    """The text of one cell."""
    return _TEXTS.get(type(value), str)(value)


def safe_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: one that would be is given an apostrophe to begin with."""
    return f"'{text}" if text[:1] in _FORMULA or text.lstrip()[:1] in _FORMULA else text


def _joined(items: list[str | dict[str, str]]) -> str:
    return safe_cell("; ".join(item["name"] if isinstance(item, dict) else item for item in items))


# By the type of the value. Only texts can be taken for formulas: no number of ours is below 0.
_TEXTS: Final[Mapping[type, Callable[[Any], str]]] = {
    type(None): lambda _none: "",
    bool: lambda value: "true" if value else "false",
    Decimal: "{:f}".format,
    date: date.isoformat,
    list: _joined,
    str: safe_cell,
}
