"""Which statements only write a table, a second time: by words, of texts as simple as the tests make them."""

import re
from collections.abc import Iterator

NAME = r"([\w.\"`]+)"
WRITES = re.compile(
    rf"\s*(?:insert into|insert overwrite table|merge into|update|delete from|truncate table|create table) {NAME}",
    re.IGNORECASE,
)
READS = re.compile(rf"\b(?:from|join|using) {NAME}", re.IGNORECASE)
UNSEEN = re.compile(r"\breturning\b|\{\{|\bcall\b|dblink|\bfrom where\b", re.IGNORECASE)


def only_writes(text: object, fqn: list[str]) -> bool:
    """Whether a statement writes a table and does not name it otherwise, as far as anybody can tell."""
    if not isinstance(text, str) or UNSEEN.search(text) or len(text.encode()) > 65_000:
        return False
    fqn = [part.casefold() for part in fqn]
    writes = WRITES.match(text)
    if writes is None:
        return False
    target = path(writes[1])
    if not is_of(target, fqn):
        return False
    for other in (path(found) for found in READS.findall(text[writes.end() :])):
        named_apart = len(other) > 1 and other[-2] != fqn[-2] and len(target) > 1
        if other[-1] == fqn[-1] and not named_apart:
            return False
    return True


def path(text: str) -> list[str]:
    return [part.strip('"`').casefold() for part in text.split(".")]


def is_of(named: list[str], fqn: list[str]) -> bool:
    """Whether this can be the name of a table."""
    wanted = [part.casefold() for part in fqn]
    return named[-1] == wanted[-1] and (len(named) < 2 or named[-2] == wanted[-2])


# Made of the name of a table and that of another one, and whether the first is only written.
STATEMENTS: dict[str, bool] = {
    "SELECT * FROM {name} WHERE a = ?": False,
    "INSERT INTO {schema}.{name} SELECT * FROM {other}": True,
    "INSERT INTO {name} (a) VALUES (?)": True,
    "UPDATE {name} SET a = ? WHERE b = ?": True,
    "DELETE FROM {schema}.{name} WHERE a < ?": True,
    "MERGE INTO {name} USING {other} ON {name}.a = {other}.a WHEN MATCHED THEN DELETE": True,
    "TRUNCATE TABLE {schema}.{name}": True,
    "CREATE TABLE {schema}.{name} AS SELECT * FROM {other}": True,
    "INSERT INTO {schema}.{name} SELECT * FROM elsewhere.{name}": True,
    "INSERT INTO {name} SELECT * FROM elsewhere.{name}": False,
    "INSERT INTO {other} SELECT * FROM {name}": False,
    "INSERT INTO {name} SELECT * FROM {other} JOIN {name} USING (a)": False,
    "INSERT INTO {name} VALUES (?) RETURNING a": False,
    "INSERT INTO {name} SELECT FROM WHERE": False,
    "INSERT INTO {name} SELECT * FROM {{ ref('x') }}": False,
    "CALL load_{name}()": False,
}


def statements(schema: str, name: str, other: str) -> Iterator[str]:
    """One of each kind."""
    return (text_of(each, schema, name, other) for each in STATEMENTS)


def text_of(template: str, schema: str, name: str, other: str) -> str:
    """A statement of these names; the braces of templates stay."""
    for key, value in (("{schema}", schema), ("{name}", name), ("{other}", other)):
        template = template.replace(key, value)
    return template


def counts(document: dict[str, object], related: set[str | None], said: dict[str, list[str]]) -> bool:
    """Whether a statement counts as use: `related` are the names of users that OM relates to it, None for unknown ones."""
    text = document.get("query")
    if isinstance(text, str) and len(text.encode()) <= 65_000:
        plain = re.sub(r"\s+", " ", text)
        if any(re.search(glob(each), plain, re.IGNORECASE | re.DOTALL) for each in said.get("statements", ())):
            return False
    used_by = document.get("usedBy")
    runners = used_by if isinstance(used_by, list) else []
    names: set[str | None] = {*related, *(name if isinstance(name, str) else None for name in runners)}
    return not names or not all(name is not None and is_uncounted(name, said) for name in names)


def is_uncounted(name: str, said: dict[str, list[str]]) -> bool:
    def is_among(patterns: list[str]) -> bool:
        return any(re.fullmatch(glob(each), name, re.IGNORECASE | re.DOTALL) for each in patterns)

    return is_among(said.get("users", [])) and not is_among(said.get("except_users", []))


def glob(pattern: str) -> str:
    return ".*".join(map(re.escape, pattern.split("*")))
