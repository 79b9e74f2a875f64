"""SQL as text: rows and moments as literals, and what lines of SHOW GRANTS allow. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": "\\0"})
_STATEMENT_CHARACTERS = 1_000_000
_QUOTES = ("'", '"', "`")
_STRING = r"""'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*\""""
_QUOTED = rf"{_STRING}|`(?:[^`]|``)*`"
# As in SQL, or without quotes, as SELECT CURRENT_USER() and people write it.
_ACCOUNT = re.compile(rf"(?P<user>{_QUOTED}|[^'\"`]*?)(?:@(?P<host>{_QUOTED}|[^'\"`@]*))?")
_TABLE = re.compile(r"(?<!KEY )(?<!FOR )\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+([A-Za-z_`][\w.`]*)", re.IGNORECASE)
_MAX_TABLES = 3
_FAMILY_CHARACTERS = 8000
_WITH_ROWS = frozenset({"INSERT ", "REPLACE"})
_READING = frozenset({"SELECT", "USAGE", "SHOW VIEW", "SHOW DATABASES"})


def literal_rows(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Rows as SQL text, about a megabyte at a time. Ours, for the driver's own escaping costs seven times as much."""
    texts, size = list[str](), 0
    for row in rows:
        text = "(" + ",".join(map(_literal, row)) + ")"
        texts.append(text)
        size += len(text)
        if size > _STATEMENT_CHARACTERS:
            yield ",".join(texts)
            texts, size = [], 0
    if texts:
        yield ",".join(texts)


def _literal(value: Any) -> str:
    kind = type(value)
    if kind is str:
        # The session's SQL mode is ours: backslashes escape.
        return f"'{value.translate(_ESCAPES)}'"
    if kind is int or kind is float:
        return repr(value)
    if kind is bytes:
        return f"x'{value.hex()}'"
    if value is None:
        return "NULL"
    if kind is datetime:
        return encode_datetime(value)
    raise TypeError(f"no literal for {kind.__name__}")


def encode_datetime(moment: datetime, _mapping: object = None) -> str:
    """A moment in UTC as a literal. Raises ValueError for any other, and for one that does not say."""
    if moment.utcoffset() != timedelta(0):
        raise ValueError(f"{moment} is not in UTC")
    return f"'{moment.isoformat(sep=' ')[:-6]}'"


def encode_bytes(data: bytes) -> str:
    """Bytes as a literal of about their length. The driver's own takes a tenth of a second for a megabyte."""
    # The session's SQL mode is ours: backslashes escape. The driver sends surrogates as the bytes that they stand for.
    escaped = data.replace(b"\\", b"\\\\").replace(b"'", b"\\'")
    return f"_binary'{escaped.decode('ascii', 'surrogateescape')}'"


def decode_datetime(text: str) -> datetime:
    """A stored moment: what the session's time zone, UTC, makes of it."""
    return datetime.fromisoformat(f"{text}+00:00")


def parse_account(text: str) -> str:
    """An account as SQL has it, exactly the one that a text names: user@host, each part maybe quoted; without a host, of any.

    Of a part without quotes every letter counts; the host begins after the last @. Raises ValueError for what names none.
    """
    match = _ACCOUNT.fullmatch(text.strip())
    if match is None or not text.isprintable():
        raise ValueError("must be an account such as om_ro, om_ro@10.%, or 'om_ro'@'10.%'")
    user, host = match["user"], match["host"]
    return quote_account(_unquoted(user), "%" if host is None else _unquoted(host))


def quote_account(user: str, host: str) -> str:
    """An account as SQL has it."""
    return "@".join("'" + part.replace("\\", "\\\\").replace("'", "''") + "'" for part in (user, host))


def _unquoted(part: str) -> str:
    if part[:1] not in _QUOTES:
        return part
    if part[0] == "`":
        return part[1:-1].replace("``", "`")
    return re.sub(r"\\(.)|(['\"])\2", lambda match: match[1] or match[2], part[1:-1])


def privileges(grants: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What lines of SHOW GRANTS allow: each privilege with its object as the server writes it; of a role, no object."""
    for line in grants:
        match = re.match(r"GRANT (?P<privileges>.+?) ON (?P<object>\S+) TO ", line)
        if match is None:
            role = re.match(r"GRANT (?P<role>\S+) TO ", line)
            yield from [(f"role {role['role']}", "")] if role else []
            continue
        for privilege in re.split(r",\s*(?![^(]*\))", match["privileges"]):
            yield re.sub(r"\s*\(.*\)", "", privilege).strip().upper(), match["object"]
        if "WITH GRANT OPTION" in line:
            yield "GRANT OPTION", match["object"]


def excess_privileges(grants: Iterable[str]) -> list[str]:
    """What lines of SHOW GRANTS allow beyond reading, as `PRIVILEGE on OBJECT`; roles are named, not followed."""
    return [f"{name} on {where}" if where else name for name, where in privileges(grants) if name not in _READING]


def statement_family(sql: str) -> str:
    """What kind of statement it is: its verb and its first three tables, such as `SELECT table_inventory`.

    Nothing else of its text: rows may stand in it as literals.
    """
    # Where rows begin, literals do.
    head = sql[:_FAMILY_CHARACTERS]
    return _family(re.split(r"\bVALUES\b", head, maxsplit=1)[0] if head.lstrip()[:7].upper() in _WITH_ROWS else head)


@lru_cache(maxsize=1000)
def _family(sql: str) -> str:
    text = re.sub(_STRING, " ", sql)
    verb = re.match(r"\W*(\w+)", text)
    tables = dict.fromkeys(table.replace("`", "") for table in _TABLE.findall(text))
    return " ".join([verb[1].upper() if verb else "SQL", *list(tables)[:_MAX_TABLES]])
