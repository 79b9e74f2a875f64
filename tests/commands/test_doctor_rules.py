"""What cannot be had here, and what no installation should have to show: the doctor's rules and its way through the checks."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from thirdeye.commands.doctor.catalogue import CATALOGUE
from thirdeye.commands.doctor.examination import NotChecked, Probe, Result, check_all
from thirdeye.commands.doctor.facts import RedisFacts, ServerFacts, ThirdEyeFacts
from thirdeye.commands.doctor.findings import Check, Examination, ExitCode, finding
from thirdeye.commands.doctor.rules.databases import judge_server, parse_version
from thirdeye.commands.doctor.rules.redis import judge_redis
from thirdeye.commands.doctor.rules.schema import judge_migrations, judge_rights
from thirdeye.commands.doctor.rules.settings import judge_settings
from thirdeye.settings import load_settings
from thirdeye.sql_text import privileges

FAULT, WARNING = finding("REDIS_UNREACHABLE", "x"), finding("DEVELOPMENT_ENVIRONMENT", "x")


@pytest.mark.parametrize(
    ("version", "unsupported"),
    [
        ("8.0.20", True), ("8.0.21", False), ("8.4.7", False), ("9.7.0", False), ("5.7.44-log", True), ("8.0.36-28", False),
        ("10.6.22-MariaDB", True), ("10.11.2-MariaDB-1", False), ("11.8.2-MariaDB", False),
        ("unknown", False),
    ],
)  # fmt: skip
def test_the_oldest_servers(version: str, *, unsupported: bool) -> None:
    facts = ServerFacts(version=version, clock_offset=0, max_connections=500, max_packet=2**26, read_only=False)
    assert [each.code for each in judge_server(facts, needed_connections=54)] == ["SERVER_UNSUPPORTED"] * unsupported


@pytest.mark.parametrize(("text", "numbers"), [("1.9.4", (1, 9, 4)), ("1.10.0-SNAPSHOT", (1, 10, 0)), ("?", ())])
def test_versions_are_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert parse_version(text) == numbers


@pytest.mark.parametrize("offset", [-3600.0, -5.1, -4.9, 0.0, 4.9, 5.1, 3600.0])
def test_clocks_may_differ_by_five_seconds(offset: float) -> None:
    facts = ServerFacts(version="8.4.0", clock_offset=offset, max_connections=500, max_packet=2**26, read_only=False)
    assert bool(list(judge_server(facts, needed_connections=54))) == (abs(offset) > 5)


def redis_facts(**more: object) -> RedisFacts:
    values = {"version": "7", "refusal": None, "policy": "noeviction", "memory": 1, "max_memory": 0, "saves": True}
    return RedisFacts(**{**values, "save_failed": False, **more})


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"saves": False}, []),
        ({"save_failed": True}, ["REDIS_SAVE_FAILS"]),
        # Without a limit there is nothing to evict for.
        ({"policy": "allkeys-lru"}, []),
        ({"policy": "volatile-ttl", "max_memory": 100}, ["REDIS_EVICTS"]),
        ({"memory": 91, "max_memory": 100}, ["REDIS_NEARLY_FULL"]),
        ({"memory": 90, "max_memory": 100}, []),
        ({"memory": 101, "max_memory": 100, "refusal": "OOM"}, ["REDIS_REFUSES_WRITES"]),
    ],
)
def test_redis(facts: dict[str, object], codes: list[str]) -> None:
    assert [each.code for each in judge_redis(redis_facts(**facts))] == codes


def thirdeye_facts(*grants: str, **more: object) -> ThirdEyeFacts:
    values: dict[str, object] = {
        "schema": "te_1",
        "account": "'te'@'%'",
        "applied": frozenset("ab"),
        "known": ["a", "b"],
    }
    values |= {"creates": {"a": "one"}, "tables": {"one": 1}, "lock_rows": 0, "migrating": False}
    return ThirdEyeFacts(**{**values, "privileges": list(privileges(grants)), **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("grants", "codes"),
    [
        (["GRANT USAGE ON *.* TO `te`@`%`", r"GRANT ALL PRIVILEGES ON `te\_1`.* TO `te`@`%`"], []),
        (["GRANT ALL PRIVILEGES ON `te_1`.* TO `te`@`%`"], []),
        (
            ["GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, INDEX, ALTER ON `te_1`.* TO `te`@`%`"],
            [],
        ),
        (["GRANT SELECT ON `te_1`.* TO `te`@`%`"], ["THIRDEYE_ACCOUNT_LACKS_RIGHTS"]),
        (["GRANT ALL PRIVILEGES ON `te\\_1`.`one` TO `te`@`%`"], []),
        ([], ["THIRDEYE_ACCOUNT_LACKS_RIGHTS"]),
        (["GRANT ALL PRIVILEGES ON *.* TO `te`@`%` WITH GRANT OPTION"], ["THIRDEYE_ACCOUNT_HAS_MORE"]),
        (["GRANT ALL PRIVILEGES ON `te%`.* TO `te`@`%`"], ["THIRDEYE_ACCOUNT_HAS_MORE"]),
        (
            ["GRANT ALL PRIVILEGES ON `te_1`.* TO `te`@`%`", "GRANT SELECT (`id`, `json`) ON `om`.`t` TO `te`@`%`"],
            ["THIRDEYE_ACCOUNT_HAS_MORE"],
        ),
    ],
)
def test_rights(grants: list[str], codes: list[str]) -> None:
    assert [each.code for each in judge_rights(thirdeye_facts(*grants))] == codes


@pytest.mark.parametrize(
    ("facts", "codes"),
    [
        ({}, []),
        ({"applied": frozenset("a")}, ["MIGRATIONS_PENDING"]),
        ({"applied": frozenset("b")}, ["MIGRATION_HALF_APPLIED"]),
        ({"applied": frozenset("b"), "tables": {}}, ["MIGRATION_HALF_APPLIED"]),
        ({"applied": frozenset(), "tables": {}}, ["MIGRATIONS_PENDING"]),
        ({"lock_rows": 1}, ["MIGRATION_HALF_APPLIED"]),
        # Somebody is at it.
        ({"lock_rows": 1, "migrating": True, "applied": frozenset("a")}, []),
        ({"applied": frozenset("abc")}, ["SCHEMA_NEWER"]),
        ({"tables": {}}, ["SCHEMA_TABLE_MISSING"]),
    ],
)
def test_migrations(facts: dict[str, object], codes: list[str]) -> None:
    assert [each.code for each in judge_migrations(thirdeye_facts(**facts))] == codes


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({}, []),
        ({"max_connections": 10}, ["SETTINGS_CONTRADICT"]),
        ({"om_mysql_user_ro": "thirdeye_rw"}, ["SETTINGS_CONTRADICT"]),
        ({"environment": "development", "max_exports": 1}, ["DEVELOPMENT_ENVIRONMENT", "SETTINGS_CONTRADICT"]),
    ],
)  # fmt: skip
def test_settings(changed: dict[str, object], codes: list[str]) -> None:
    settings = load_settings(_env_file=None, jwt_jwks_url="http://om/keys", **changed)
    assert [each.code for each in judge_settings(settings.model_dump(), passwords={})] == codes


@pytest.mark.parametrize(
    ("secret", "weak"), [("", True), ("Thirdeye", True), ("short", True), ("x" * 31, False), ("x" * 8, False)]
)
def test_passwords(secret: str, *, weak: bool) -> None:
    settings = load_settings(_env_file=None, jwt_jwks_url="http://om/keys").model_dump()
    found = list(judge_settings(settings, passwords={"THIRDEYE_MYSQL_PW": secret}))
    assert [each.code for each in found] == ["WEAK_SECRET"] * weak
    assert not secret or all(secret not in each.seen + each.advice for each in found)
    assert list(judge_settings(settings, passwords={"JWT_SECRET": "x" * 31}))


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ([Check(name="a")], ExitCode.SOUND),
        ([Check(name="a", findings=[WARNING])], ExitCode.WARNINGS),
        ([Check(name="a", findings=[WARNING]), Check(name="b", unknown="why")], ExitCode.NOT_ALL_CHECKED),
        ([Check(name="a", unknown="why"), Check(name="b", findings=[WARNING, FAULT])], ExitCode.FAULTS),
    ],
)
def test_exit_codes(checks: list[Check], code: ExitCode) -> None:
    examination = Examination(checks)
    assert examination.exit_code is code
    assert examination.as_json()["exitCode"] == code
    severities = [each.severity for _, each in examination.findings]
    assert severities == sorted(severities)


def test_a_check_that_fails_or_never_ends_stops_no_other() -> None:
    async def defect() -> Result:
        raise ZeroDivisionError("redis://:password@host")

    async def cannot() -> Result:
        raise NotChecked("why")

    async def never() -> Result:
        await asyncio.Event().wait()
        raise AssertionError

    async def sound() -> Result:
        return "all", [WARNING]

    works: list[Callable[[], Awaitable[Result]]] = [defect, cannot, never, sound]
    checks = asyncio.run(check_all([[Probe(work.__name__, work) for work in works]], 0.01))
    assert [(check.name, check.state, check.unknown) for check in checks] == [
        ("defect", "NOT_CHECKED", "ZeroDivisionError"),
        ("cannot", "NOT_CHECKED", "why"),
        ("never", "NOT_CHECKED", "no answer within 0.01 s"),
        ("sound", "FOUND", None),
    ]


def test_advice_is_one_sentence_that_ends() -> None:
    for code, entry in CATALOGUE.items():
        assert entry.meaning.endswith("."), code
        assert entry.advice.endswith(".") or entry.advice == "{advice}", code
