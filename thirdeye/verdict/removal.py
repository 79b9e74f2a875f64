"""How a table ends: stages with waiting times, and the statements for its warehouse. Pure; nothing here is ever run.

Announced (people are told), restricted (renamed away, so that whoever misses it says so), archived (unloaded, where a
place for it is named), dropped. Each stage but the last can be taken back with the statements beside it.
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from thirdeye.errors import BadInput

MARK: Final = "_thirdeye_"
_MOST_LOCATION: Final = 1024
_ALL_ROWS: Final = "SELECT * FROM {table}"
_LOCATION: Final = re.compile(rf"[A-Za-z0-9@:/._\-=+~*%]{{1,{_MOST_LOCATION}}}")
_MOST_READERS: Final = 100
_LONGEST_READER: Final = 256


class Stage(StrEnum):
    """How far the end of a table is."""

    ANNOUNCED = "ANNOUNCED"
    RESTRICTED = "RESTRICTED"
    ARCHIVED = "ARCHIVED"
    DROPPED = "DROPPED"


# Days to wait in a stage before the next one.
WAITING_DAYS: Final[Mapping[Stage, int]] = {
    Stage.ANNOUNCED: 14,
    Stage.RESTRICTED: 30,
    Stage.ARCHIVED: 14,
    Stage.DROPPED: 0,
}
# From each stage the one after it; back is always to the state before ANNOUNCED.
NEXT: Final[Mapping[Stage | None, Stage | None]] = {
    None: Stage.ANNOUNCED,
    Stage.ANNOUNCED: Stage.RESTRICTED,
    Stage.RESTRICTED: Stage.ARCHIVED,
    Stage.ARCHIVED: Stage.DROPPED,
    Stage.DROPPED: None,
}


@dataclass(frozen=True)
class Step:
    """One stage: what is done, the statements for it and those that undo it, and how long to wait then."""

    stage: Stage
    what: str
    way_back: str
    waiting_days: int
    statements: list[str] = field(default_factory=list)
    undo: list[str] = field(default_factory=list)


def _doubled(quote: str) -> Callable[[str], str]:
    return lambda name: f"{quote}{name.replace(quote, quote * 2)}{quote}"


def _escaped_backticks(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _doubled_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _escaped_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _doubled_and_escaped_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True)
class Dialect:
    """How a kind of warehouse writes names and texts, and what it calls things.

    `parts`: of database, schema and table those that a name has. `renamed_in_full`: whether the new name is written with
    the same parts. Of the statements, `{table}` is the name now, `{renamed}` the new one, `{location}` a text, `{reader}`
    who may read it.
    """

    quote: Callable[[str], str]
    text: Callable[[str], str]
    parts: int
    longest_name: int
    rename: str
    renamed_in_full: bool
    unload: str
    revoke: str
    grant: str
    reader: Callable[[str], str]
    undrop: str | None = None


DIALECTS: Final[Mapping[str, Dialect]] = {
    "snowflake": Dialect(
        quote=_doubled('"'),
        text=_doubled_and_escaped_text,
        parts=3,
        longest_name=255,
        rename="ALTER TABLE {table} RENAME TO {renamed}",
        renamed_in_full=True,
        unload="COPY INTO {location} FROM {table} FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE",
        revoke="REVOKE SELECT ON TABLE {table} FROM ROLE {reader}",
        grant="GRANT SELECT ON TABLE {table} TO ROLE {reader}",
        reader=_doubled('"'),
        undrop="UNDROP TABLE {table}",
    ),
    "bigquery": Dialect(
        quote=_escaped_backticks,
        text=_escaped_text,
        parts=3,
        longest_name=1024,
        rename="ALTER TABLE {table} RENAME TO {renamed}",
        renamed_in_full=False,
        unload="EXPORT DATA OPTIONS (uri = {location}, format = 'PARQUET') AS SELECT * FROM {table}",
        revoke="REVOKE `roles/bigquery.dataViewer` ON TABLE {table} FROM {reader}",
        grant="GRANT `roles/bigquery.dataViewer` ON TABLE {table} TO {reader}",
        reader=_escaped_text,
    ),
    "redshift": Dialect(
        quote=_doubled('"'),
        text=_doubled_and_escaped_text,
        parts=2,
        longest_name=127,
        rename="ALTER TABLE {table} RENAME TO {renamed}",
        renamed_in_full=False,
        unload="UNLOAD ({query}) TO {location} IAM_ROLE default FORMAT AS PARQUET",
        revoke="REVOKE SELECT ON TABLE {table} FROM {reader}",
        grant="GRANT SELECT ON TABLE {table} TO {reader}",
        reader=_doubled('"'),
    ),
    "databricks": Dialect(
        quote=_doubled("`"),
        text=_escaped_text,
        parts=3,
        longest_name=255,
        rename="ALTER TABLE {table} RENAME TO {renamed}",
        renamed_in_full=True,
        unload="INSERT OVERWRITE DIRECTORY {location} USING PARQUET SELECT * FROM {table}",
        revoke="REVOKE SELECT ON TABLE {table} FROM {reader}",
        grant="GRANT SELECT ON TABLE {table} TO {reader}",
        reader=_doubled("`"),
        undrop="UNDROP TABLE {table}",
    ),
    "postgres": Dialect(
        quote=_doubled('"'),
        text=_doubled_text,
        parts=2,
        longest_name=63,
        rename="ALTER TABLE {table} RENAME TO {renamed}",
        renamed_in_full=False,
        unload="COPY {table} TO {location} WITH (FORMAT CSV, HEADER)",
        revoke="REVOKE SELECT ON TABLE {table} FROM {reader}",
        grant="GRANT SELECT ON TABLE {table} TO {reader}",
        reader=_doubled('"'),
    ),
    "mysql": Dialect(
        quote=_doubled("`"),
        text=_doubled_and_escaped_text,
        parts=2,
        longest_name=64,
        rename="ALTER TABLE {table} RENAME TO {renamed}",
        renamed_in_full=True,
        unload="SELECT * FROM {table} INTO OUTFILE {location}",
        revoke="REVOKE SELECT ON TABLE {table} FROM {reader}",
        grant="GRANT SELECT ON TABLE {table} TO {reader}",
        reader=_doubled_and_escaped_text,
    ),
}
# Other names that OpenMetadata has for them, or that speak the same.
_ALIASES: Final = {
    "unitycatalog": "databricks",
    "deltalake": "databricks",
    "mariadb": "mysql",
    "postgresql": "postgres",
}


def dialect_of(service_type: str | None) -> Dialect | None:
    """The dialect of a type of service; None for one that no statements are written for."""
    name = (service_type or "").lower()
    return DIALECTS.get(_ALIASES.get(name, name))


def removal_plan(
    *,
    service_type: str | None,
    database: str | None,
    schema: str | None,
    name: str,
    day: date,
    location: str | None = None,
    readers: Sequence[str] = (),
) -> list[Step]:
    """The stages of a table's end, with statements. Raises BadInput for a type, name or place that has none."""
    dialect = dialect_of(service_type)
    if dialect is None:
        known = ", ".join(sorted(DIALECTS))
        raise BadInput(f"fqn: no statements are written for services of type {service_type}; there are {known}", "fqn")
    path = [database, schema, name][-dialect.parts :]
    if any(part is None or part == "" for part in path):
        raise BadInput("fqn: the table has no database or schema that a statement could name", "fqn")
    parts = [_sound(part or "", "fqn") for part in path]
    if location is not None and not _LOCATION.fullmatch(location):
        raise BadInput(
            f"archiveLocation: must have 1 to {_MOST_LOCATION} letters, digits and any of @ : / . _ - = + ~ * %",
            "archiveLocation",
        )
    where = None if location is None else dialect.text(location)
    if len(readers) > _MOST_READERS or any(not 1 <= len(reader) <= _LONGEST_READER for reader in readers):
        raise BadInput(f"readers: at most {_MOST_READERS} names of 1 to {_LONGEST_READER} characters", "readers")
    sound_readers = [dialect.reader(_sound(reader, "readers")) for reader in readers]
    return _steps(dialect, parts, renamed_name(name, dialect.longest_name, day), where, sound_readers)


def _steps(dialect: Dialect, parts: list[str], new_name: str, location: str | None, readers: list[str]) -> list[Step]:
    table = ".".join(map(dialect.quote, parts))
    moved = ".".join(map(dialect.quote, [*parts[:-1], new_name]))

    def rename(source: str, target: str, name: str) -> str:
        return dialect.rename.format(table=source, renamed=target if dialect.renamed_in_full else dialect.quote(name))

    unload = (
        []
        if location is None
        else [dialect.unload.format(table=moved, location=location, query=dialect.text(_ALL_ROWS.format(table=moved)))]
    )
    undrop = [] if dialect.undrop is None else [dialect.undrop.format(table=moved), rename(moved, table, parts[-1])]
    back = [rename(moved, table, parts[-1])]
    revoked = [dialect.revoke.format(table=table, reader=reader) for reader in readers]
    granted = [dialect.grant.format(table=table, reader=reader) for reader in readers]
    return [
        _step(Stage.ANNOUNCED, "Its owners and those who read it are told.", "They are told that it stays."),
        _step(
            Stage.RESTRICTED,
            "Those named lose the right to read it, and it is renamed: whoever still needs it says so, and nothing is lost.",
            "It gets its name back, and they their right.",
            [*revoked, rename(table, moved, new_name)],
            [*back, *granted],
        ),
        _step(
            Stage.ARCHIVED,
            "It is unloaded." if unload else "Nothing is unloaded: no archiveLocation was given.",
            "The table is still there: it gets its name back.",
            unload,
            [*back, *granted],
        ),
        _step(
            Stage.DROPPED,
            "It is dropped.",
            "As long as the warehouse keeps what was dropped, it comes back."
            if undrop
            else "Only what was unloaded is left: create it anew and load that.",
            [f"DROP TABLE {moved}"],
            [*undrop, *granted] if undrop else [],
        ),
    ]


def _step(
    stage: Stage, what: str, back: str, statements: list[str] | None = None, undo: list[str] | None = None
) -> Step:
    return Step(stage, what, back, WAITING_DAYS[stage], statements or [], undo or [])


def renamed_name(name: str, longest: int, day: date) -> str:
    """The name that a table gets while it is missed by nobody; no longer, in bytes, than its warehouse takes."""
    ending = f"{MARK}{name_mark(name)}_{day:%Y%m%d}"
    kept = name.encode()[: longest - len(ending)].decode(errors="ignore")
    return kept + ending


def name_mark(name: str) -> str:
    """What the name of a table is told by in the one that it gets."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def _sound(text: str, argument: str) -> str:
    # No warehouse takes these in a name; what a client makes of them nobody knows.
    if any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in text):
        raise BadInput(f"{argument}: control characters cannot be written into a statement", argument)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"{argument}: is no valid Unicode", argument) from None
    return text
