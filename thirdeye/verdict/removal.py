"""How a table is removed: stages with waiting times, and the statements for its warehouse. Pure; nothing is executed.

Announced (people are told), restricted (renamed, so that whoever misses it says so), archived (unloaded, if a location
is named), dropped. Each stage but the last can be undone by the statements beside it.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from thirdeye.errors import BadInput
from thirdeye.inventory.rules import TYPES_WITHOUT_STORAGE
from thirdeye.inventory.warehouses import has_plan, warehouse_of
from thirdeye.verdict.dropped_tables import kept_after_drop
from thirdeye.verdict.validation import validate_identifier, validate_location, validate_readers

RENAME_MARK: Final = "_thirdeye_"
_TOLD, _TOLD_BACK = "Its owners and those who read it are told.", "They are told that it stays."
_ALL_ROWS: Final = "SELECT * FROM {table}"


class Stage(StrEnum):
    """How far the removal of a table has come."""

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
# The stage after each one. Undoing always leads back to None, the state before ANNOUNCED.
NEXT_STAGE: Final[Mapping[Stage | None, Stage | None]] = {
    None: Stage.ANNOUNCED,
    Stage.ANNOUNCED: Stage.RESTRICTED,
    Stage.RESTRICTED: Stage.ARCHIVED,
    Stage.ARCHIVED: Stage.DROPPED,
    Stage.DROPPED: None,
}


@dataclass(frozen=True)
class RemovalStep:
    """One stage: what is done, the statements for it and those that undo it, and the days to wait afterwards."""

    stage: Stage
    what: str
    way_back: str
    statements: Sequence[str] = ()
    undo: Sequence[str] = ()

    @property
    def waiting_days(self) -> int:
        return WAITING_DAYS[self.stage]


def step_answer(step: RemovalStep) -> dict[str, object]:
    """As the API has it."""
    return {
        "stage": step.stage.value,
        "what": step.what,
        "wayBack": step.way_back,
        "waitingDays": step.waiting_days,
        "statements": step.statements,
        "undo": step.undo,
    }


def _quoted(quote: str, escapes: Mapping[str, str]) -> Callable[[str], str]:
    table = str.maketrans(dict(escapes))
    return lambda text: f"{quote}{text.translate(table)}{quote}"


_doubled_quotes, _doubled_backticks = _quoted('"', {'"': '""'}), _quoted("`", {"`": "``"})
_escaped_backticks = _quoted("`", {"`": "\\`", "\\": "\\\\"})
_doubled_text, _escaped_text = _quoted("'", {"'": "''"}), _quoted("'", {"'": "\\'", "\\": "\\\\"})
_doubled_and_escaped_text = _quoted("'", {"'": "''", "\\": "\\\\"})


@dataclass(frozen=True)
class Dialect:
    """How a kind of warehouse writes names, texts and statements.

    `parts`: how many of database, schema and table a name has. `renamed_in_full`: whether RENAME takes the new name with
    all its parts. In statements, `{table}` is the name that the table has then, `{location}` a text, `{query}` one that
    selects all rows, `{reader}` a role or user who may read the table, and `{kind}` what the warehouse calls its type.
    """

    quote: Callable[[str], str]
    text: Callable[[str], str]
    reader: Callable[[str], str]
    parts: int
    max_name_bytes: int
    unload: str
    renamed_in_full: bool = False
    revoke: str = "REVOKE SELECT ON TABLE {table} FROM {reader}"
    grant: str = "GRANT SELECT ON TABLE {table} TO {reader}"
    # The types of tables whose dropped ones come back.
    undrops: frozenset[str] = frozenset()


DIALECTS: Final[Mapping[str, Dialect]] = {
    "snowflake": Dialect(
        quote=_doubled_quotes, text=_doubled_and_escaped_text, reader=_doubled_quotes, parts=3, max_name_bytes=255,
        renamed_in_full=True,
        unload="COPY INTO {location} FROM (SELECT * FROM {table}) FILE_FORMAT = (TYPE = PARQUET) HEADER = TRUE",
        revoke="REVOKE SELECT ON {kind} {table} FROM ROLE {reader}",
        grant="GRANT SELECT ON {kind} {table} TO ROLE {reader}",
        undrops=frozenset({"TABLE", "DYNAMIC TABLE"}),
    ),
    "bigquery": Dialect(
        quote=_escaped_backticks, text=_escaped_text, reader=_escaped_text, parts=3, max_name_bytes=1024,
        unload="EXPORT DATA OPTIONS (uri = {location}, format = 'PARQUET') AS SELECT * FROM {table}",
        revoke="REVOKE `roles/bigquery.dataViewer` ON TABLE {table} FROM {reader}",
        grant="GRANT `roles/bigquery.dataViewer` ON TABLE {table} TO {reader}",
    ),
    "redshift": Dialect(
        quote=_doubled_quotes, text=_doubled_and_escaped_text, reader=_doubled_quotes, parts=2, max_name_bytes=127,
        unload="UNLOAD ({query}) TO {location} IAM_ROLE default FORMAT AS PARQUET",
    ),
    "databricks": Dialect(
        quote=_doubled_backticks, text=_escaped_text, reader=_doubled_backticks, parts=3, max_name_bytes=255,
        renamed_in_full=True,
        unload="INSERT OVERWRITE DIRECTORY {location} USING PARQUET SELECT * FROM {table}",
        undrops=frozenset({"TABLE"}),
    ),
    "postgres": Dialect(
        quote=_doubled_quotes, text=_doubled_text, reader=_doubled_quotes, parts=2, max_name_bytes=63,
        unload="COPY (SELECT * FROM {table}) TO {location} WITH (FORMAT CSV, HEADER)",
    ),
    "mysql": Dialect(
        quote=_doubled_backticks, text=_doubled_and_escaped_text, reader=_doubled_and_escaped_text, parts=2,
        max_name_bytes=64, renamed_in_full=True,
        unload="SELECT * FROM {table} INTO OUTFILE {location}",
    ),
}  # fmt: skip
# What statements call a type of tables.
_KINDS: Final = {"MaterializedView": "MATERIALIZED VIEW", "Dynamic": "DYNAMIC TABLE"}


def refusal(service_type: str | None, table_type: str | None) -> str | None:
    """Why no statements are written for a type of tables; None if they are, as far as the type goes."""
    if table_type in TYPES_WITHOUT_STORAGE:
        return f"no statements are written for a {table_type}"
    if not has_plan(service_type, table_type):
        kind, warehouse = _KINDS[table_type or ""].lower(), service_type or "an unknown warehouse"
        problem = f"no statements are written for a {kind} of {warehouse}"
        cannot_rename = warehouse_of(service_type) in DIALECTS
        return f"{problem}: it cannot be renamed there and renamed back" if cannot_rename else problem
    return None


def removal_plan(
    *,
    service_type: str | None,
    table_type: str | None = None,
    database: str | None,
    schema: str | None,
    name: str,
    day: date,
    location: str | None = None,
    readers: Sequence[str] = (),
) -> list[RemovalStep]:
    """The stages with statements. Raises BadInput for an unsupported type, and for names that cannot be written."""
    if (problem := refusal(service_type, table_type)) is not None:
        raise BadInput(f"fqn: {problem}", "fqn")
    dialect = DIALECTS.get(warehouse_of(service_type))
    if dialect is None:
        supported = ", ".join(sorted(DIALECTS))
        raise BadInput(
            f"fqn: no statements are written for services of type {service_type}; there are {supported}", "fqn"
        )
    path = [database, schema, name][-dialect.parts :]
    if any(part is None or part == "" for part in path):
        raise BadInput("fqn: the table has no database or schema that a statement could name", "fqn")
    parts = [validate_identifier(part or "", "fqn") for part in path]
    location_text = None if location is None else dialect.text(validate_location(location))
    reader_names = [dialect.reader(reader) for reader in validate_readers(readers)]
    kind, kept = _KINDS.get(table_type or "", "TABLE"), kept_after_drop(service_type, table_type)
    new_name = renamed_name(name, dialect.max_name_bytes, day)
    return _steps(dialect, kind, kept, parts, new_name, location_text, reader_names)


def _steps(
    dialect: Dialect,
    kind: str,
    kept: str | None,
    parts: list[str],
    new_name: str,
    location: str | None,
    readers: list[str],
) -> list[RemovalStep]:
    table = ".".join(map(dialect.quote, parts))
    renamed = ".".join(map(dialect.quote, [*parts[:-1], new_name]))

    def rename(source: str, target: str, name: str) -> str:
        return f"ALTER {kind} {source} RENAME TO {target if dialect.renamed_in_full else dialect.quote(name)}"

    unload = list[str]()
    if location is not None:
        query = dialect.text(_ALL_ROWS.format(table=renamed))
        unload.append(dialect.unload.format(table=renamed, location=location, query=query))
    rename_back = rename(renamed, table, parts[-1])
    undrop = [f"UNDROP {kind} {renamed}", rename_back] if kind in dialect.undrops else []
    revokes = [dialect.revoke.format(kind=kind, table=table, reader=reader) for reader in readers]
    grants = [dialect.grant.format(kind=kind, table=table, reader=reader) for reader in readers]
    return [
        RemovalStep(Stage.ANNOUNCED, _TOLD, _TOLD_BACK),
        RemovalStep(
            Stage.RESTRICTED,
            "Those named lose the right to read it, and it is renamed: whoever still needs it says so, and nothing is lost.",
            "It gets its name back, and they their right.",
            [*revokes, rename(table, renamed, new_name)],
            [rename_back, *grants],
        ),
        RemovalStep(
            Stage.ARCHIVED,
            "It is unloaded." if unload else "Nothing is unloaded: no archiveLocation was given.",
            "The table is still there: it gets its name back.",
            unload,
            [rename_back, *grants],
        ),
        RemovalStep(
            Stage.DROPPED,
            "It is dropped." if kept is None else f"It is dropped. {kept}",
            _way_back(kind, can_undrop=bool(undrop)),
            [f"DROP {kind} {renamed}"],
            [*undrop, *grants] if undrop else [],
        ),
    ]


def trial_steps(
    *, service_type: str | None, table_type: str | None, database: str | None, schema: str | None, name: str, day: date
) -> list[RemovalStep]:
    """The stages that can be undone for a table that is only tried; without statements where none can be written."""
    try:
        steps = removal_plan(
            service_type=service_type, table_type=table_type, database=database, schema=schema, name=name, day=day
        )
    except BadInput:
        return [RemovalStep(stage, *_WITHOUT_STATEMENTS[stage]) for stage in (Stage.ANNOUNCED, Stage.RESTRICTED)]
    return steps[:2]


_WITHOUT_STATEMENTS: Final[Mapping[Stage, tuple[str, str]]] = {
    Stage.ANNOUNCED: (_TOLD, _TOLD_BACK),
    Stage.RESTRICTED: (
        "Nobody can read it under its name any more: whoever still needs it says so, and nothing is lost.",
        "It is given back as it was.",
    ),
}


def _way_back(kind: str, *, can_undrop: bool) -> str:
    if can_undrop:
        return "As long as the warehouse keeps what was dropped, it comes back."
    if kind == "TABLE":
        return "Only what was unloaded is left: create it anew and load that."
    return "Create it anew from its definition, which makes its rows again as long as there is what it was made from."


def renamed_name(name: str, max_bytes: int, day: date) -> str:
    """The name of a table from RESTRICTED on; no longer than its warehouse allows."""
    ending = f"{RENAME_MARK}{name_digest(name)}_{day:%Y%m%d}"
    return name.encode()[: max_bytes - len(ending)].decode(errors="ignore") + ending


def name_digest(name: str) -> str:
    """Identifies the original name within the one that `renamed_name` gives."""
    return hashlib.sha256(name.encode()).hexdigest()[:8]
