"""What the texts of views read from.

The reading of SQL is sqlglot's, which has tests of its own; `read_text` is a simple reader beside it, which a test
compares with it over the texts of the sample.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from thirdeye.mirror.views.sql_dialects import DIALECTS
from thirdeye.mirror.views.sql_references import UnreadableText, paths_in

VIEWS = {"View", "SecureView", "MaterializedView", "SemanticView"}
MOST_BYTES = 1_000_000
DEFAULT_SCHEMAS: Mapping[str, str] = {"postgres": "public", "redshift": "public", "snowflake": "public", "tsql": "dbo"}
_NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|\[[^\]]+\]|[^\W\d][\w$]*)'
_PATH = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(r"'(?:[^']|'')*'")
_READ = re.compile(rf"\b(?:FROM|JOIN)\s+(?:ONLY\s+)?({_PATH})(?!\s*\()", re.IGNORECASE)
_ONE_MORE = re.compile(
    rf"\s*(?:(?:AS\s+)?(?!\w*JOIN\b|WHERE\b|ON\b|GROUP\b){_NAME})?\s*,\s*({_PATH})(?!\s*[(.])", re.IGNORECASE
)
_COMMON = re.compile(
    rf"(?:\bWITH\s+(RECURSIVE\s+)?|,\s*)({_NAME})\s*(?:\([^()]*\))?\s+AS\s+(?:(?:NOT\s+)?MATERIALIZED\s+)?\(",
    re.IGNORECASE,
)  # fmt: skip


@dataclass
class ReadText:
    """The names that a text reads from, each as its parts; none of them when it cannot be read."""

    readable: bool
    names: set[tuple[str, ...]] = field(default_factory=set)


def read_text(text: str) -> ReadText:
    """Reads one text.

    >>> sorted(read_text('CREATE VIEW v AS SELECT * FROM a.b x JOIN "C d" ON 1 = 1, e -- FROM f').names)
    [('C d',), ('a', 'b')]
    >>> sorted(read_text("WITH c AS (SELECT * FROM t, u AS w) SELECT * FROM c JOIN `p.q.r` USING (id)").names)
    [('p', 'q', 'r'), ('t',), ('u',)]
    >>> sorted(read_text("WITH t AS (SELECT 'FROM z' FROM t) SELECT * FROM t").names)  # the table, then what was made of it
    [('t',)]
    >>> sorted(read_text("WITH RECURSIVE t AS (SELECT 1 UNION SELECT * FROM t) SELECT * FROM (SELECT * FROM s) q").names)
    [('s',)]
    >>> [read_text(text).readable for text in ("SELECT ((1 FROM t", "not a query", "SELECT 'x FROM t", "SELECT 1)")]
    [False, False, False, False]
    """
    code = _STRING.sub("''", _NO_CODE.sub(" ", text))
    if not _is_readable(code):
        return ReadText(readable=False)
    common = [(found[2], bool(found[1]), _closing(code, found.end())) for found in _COMMON.finditer(code)]
    names = set[tuple[str, ...]]()
    for found in _READ.finditer(code):
        place: re.Match[str] | None = found
        while place is not None:
            path = _parts(place[1])
            if not any(_refers(path, place.start(1), *each) for each in common):
                names.add(path)
            place = _ONE_MORE.match(code, place.end())
    return ReadText(readable=True, names=names)


def _is_readable(code: str) -> bool:
    depth = 0
    for character in code:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    quotes = code.replace("''", "").count("'") + code.count('"') + code.count("`")
    return depth == 0 and quotes % 2 == 0 and re.search(r"\bSELECT\b", code, re.IGNORECASE) is not None


def _closing(code: str, start: int) -> int:
    """Where the bracket closes that was opened before `start`."""
    depth = 1
    for place in range(start, len(code)):
        depth += (code[place] == "(") - (code[place] == ")")
        if depth == 0:
            return place
    return len(code)


def _refers(path: tuple[str, ...], place: int, name: str, recursive: bool, end: int) -> bool:
    """Whether a name means a common table expression: one that is complete by then, or may name itself."""
    same = len(path) == 1 and path[0].casefold() == _parts(name)[0].casefold()
    return same and (recursive or place > end)


def _parts(path: str) -> tuple[str, ...]:
    found = list[str]()
    for name in re.findall(_NAME, path):
        if name[0] == "`":
            found += name[1:-1].split(".")
        else:
            found.append(name[1:-1].replace('""', '"') if name[0] in '"[' else name)
    return tuple(found)


def dialect_of(service_type: str | None) -> str:
    """What a service speaks, in sqlglot's words."""
    return DIALECTS.get(service_type or "", "")


def paths_read(text: str, dialect: str) -> list[tuple[str, ...]] | None:
    """The names that a text reads from, None if it cannot be read."""
    try:
        return paths_in(text, dialect)
    except UnreadableText:
        return None


def first_word(name: str) -> str:
    """A name as it is looked for in a text: by its first word."""
    found = re.search(r"\w+", name)
    return (found[0] if found else name).casefold()


def words(text: str) -> set[str]:
    """All words of a text, without case."""
    return set(re.findall(r"\w+", text.casefold()))
