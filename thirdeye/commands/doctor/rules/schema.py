"""ThirdEye's own schema: the rights of its account, its migrations, its size. Pure."""

import re
from collections.abc import Iterator
from typing import Final

from thirdeye.commands.doctor.facts import GrowthFacts, ThirdEyeFacts
from thirdeye.commands.doctor.findings import Finding, finding, listed

# What migrations and refreshes do; TRUNCATE needs DROP.
_NEEDED: Final = ("SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX")
_HARMLESS: Final = frozenset({"USAGE"})
_BYTES: Final = 2 * 2**30
_BYTES_PER_TABLE: Final = 20 * 2**10
_GROWTH: Final = 2**30


def judge_rights(facts: ThirdEyeFacts) -> Iterator[Finding]:
    """What the account may do too little in its schema, and what it may do outside."""
    if facts.privileges is None:
        return
    inside = {name for name, where in facts.privileges if _covers(where, facts.schema)}
    missing = [] if "ALL PRIVILEGES" in inside else [name for name in _NEEDED if name not in inside]
    if missing:
        seen, values = f"it lacks {', '.join(missing)}", {"schema": facts.schema, "account": facts.account}
        yield finding("THIRDEYE_ACCOUNT_LACKS_RIGHTS", seen, privileges=", ".join(missing), **values)
    outside = [(name, where) for name, where in facts.privileges
               if name not in _HARMLESS and not _is_only(where, facts.schema)]  # fmt: skip
    if outside:
        first = outside[0][1]
        names = ", ".join(name for name, where in outside if where == first)
        seen = listed(f"{name} on {where}" for name, where in outside)
        yield finding("THIRDEYE_ACCOUNT_HAS_MORE", seen, privileges=f"{names} ON {first}", account=facts.account)


def _covers(where: str, schema: str) -> bool:
    """Whether a grant on this object is one on the whole schema."""
    return where == "*.*" or _is_only(where, schema) or _matches(where, schema)


def _schema_of(where: str) -> str:
    return where.rpartition(".")[0].strip("`").replace("``", "`")


def _is_only(where: str, schema: str) -> bool:
    """Whether an object lies in the schema. `_` of a pattern counts as itself: nobody names schemas by it on purpose."""
    return _schema_of(where).replace("\\", "") == schema


def _matches(where: str, schema: str) -> bool:
    """Whether the pattern of a grant on schemas takes this one in."""
    name, _, table = where.rpartition(".")
    if table != "*":
        return False
    parts = re.findall(r"\\.|.", name.strip("`"), re.DOTALL)
    pattern = "".join({"%": ".*", "_": "."}.get(part, re.escape(part[-1])) for part in parts)
    return re.fullmatch(pattern, schema) is not None


def judge_migrations(facts: ThirdEyeFacts) -> Iterator[Finding]:
    """Whether all of this version, and no others, were applied, each to its end."""
    pending = [id_ for id_ in facts.known if id_ not in facts.applied]
    unknown = sorted(facts.applied.difference(facts.known))
    if facts.migrating:
        return
    half = _half_applied(facts, pending)
    if half:
        yield finding("MIGRATION_HALF_APPLIED", half)
    elif pending:
        yield finding("MIGRATIONS_PENDING", f"{len(pending)} pending: {listed(pending, 3)}")
    if unknown:
        seen = f"{len(unknown)} applied that this version does not know: {listed(unknown, 3)}"
        yield finding("SCHEMA_NEWER", seen, count=len(unknown))
    missing = [table for id_, table in facts.creates.items() if id_ in facts.applied and table not in facts.tables]
    if missing:
        yield finding("SCHEMA_TABLE_MISSING", f"there is no {listed(missing)}", tables=listed(missing))


def _half_applied(facts: ThirdEyeFacts, pending: list[str]) -> str | None:
    if facts.lock_rows:
        return "yoyo's lock is held, and no process is migrating"
    done = [id_ for id_ in pending if facts.creates.get(id_) in facts.tables]
    if done:
        return f"{facts.creates[done[0]]} is there, but {done[0]} is not noted as applied"
    newest = max((id_ for id_ in facts.known if id_ in facts.applied), default="")
    gaps = [id_ for id_ in pending if id_ < newest]
    return f"{listed(gaps, 3)} is missing before {newest}" if gaps else None


def judge_growth(facts: GrowthFacts) -> Iterator[Finding]:
    """Whether the schema is as large as its estate explains, and how fast it grows."""
    total, new = sum(facts.bytes.values()), sum(facts.new_bytes.values())
    if total > _BYTES + _BYTES_PER_TABLE * facts.estate_tables:
        largest = sorted(facts.bytes.items(), key=lambda item: -item[1])[:3]
        tables = ", ".join(f"{name} {megabytes(size)}" for name, size in largest)
        yield finding("SCHEMA_LARGE", f"{megabytes(total)} for {facts.estate_tables:,} tables", tables=tables)
    if new > _GROWTH:
        fastest = max(facts.new_bytes, key=lambda name: facts.new_bytes[name])
        yield finding("SCHEMA_GROWS", f"{megabytes(new)} in 30 days", table=fastest)


def megabytes(size: int) -> str:
    """A size as people read it."""
    return f"{size / 2**20:,.0f} MB" if size >= 2**20 else f"{size / 2**10:,.0f} KB"
