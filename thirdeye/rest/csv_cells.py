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


def csv_columns(columns: Sequence[Sequence[object]]) -> bytes:
    """The same of columns of equal length, each of which holds values of one type or None: a type is looked up once."""
    text = io.StringIO()
    csv.writer(text).writerows(zip(*map(_column, columns), strict=True))
    return text.getvalue().encode()


def _column(values: Sequence[object]) -> Sequence[object]:
    types = set(map(type, values)) - {type(None)}
    if len(types) > 1:
        return list(map(cell, values))
    convert = _TEXTS.get(next(iter(types), int))
    # The writer has a text of its own for None, numbers and days.
    return (
        values if convert is None or types == {date} else ["" if value is None else convert(value) for value in values]
    )


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
