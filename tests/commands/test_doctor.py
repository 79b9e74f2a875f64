"""`thirdeye doctor` over a sound installation, and over one in which one thing is wrong: exactly that is found.

Each case breaks one thing of a real installation and takes it back, so that the next one shows that nothing was left.
"""

import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.api import ACCOUNTS
from tests.support.installation import OM, SCHEMA, Installation, installed
from tests.support.stand_in import Reply
from tests.support.tokens import default_modulus, om_modulus
from thirdeye.commands.doctor.catalogue import CATALOGUE, Severity
from thirdeye.commands.doctor.rules import schema as schema_rules
from thirdeye.jobs import queue_name, report_key
from thirdeye.local.accounts import Accounts, make_accounts
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer

JWKS, VERSION, LOGGED_IN = "/api/v1/system/config/jwks", "/api/v1/system/version", "/api/v1/users/loggedInUser"
NOTED = "_yoyo_migration"
RUN = "INSERT INTO refresh_run (id, kind, phase, started_at, finished_at, warnings) VALUES (99999, 'AUTO', "


@dataclass(frozen=True)
class Case:
    """One fault: what is changed, what takes it back, and the code that is expected."""

    code: str
    environment: dict[str, str] = field(default_factory=dict)
    break_: tuple[str, ...] = ()
    mend: tuple[str, ...] = ()
    redis: dict[str, str] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    patched: dict[str, int] = field(default_factory=dict)
    token: dict[str, Any] | None = None


def stashed(table: str, where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Statements that take rows away, and those that bring them back."""
    take = (f"CREATE TABLE stash AS SELECT * FROM {table} WHERE {where}", f"DELETE FROM {table} WHERE {where}")
    return take, (f"INSERT INTO {table} SELECT * FROM stash", "DROP TABLE stash")


def run_of(
    code: str, *, phase: str = "'DONE'", minutes: int = 0, finished: bool = True, warnings: str = "NULL"
) -> Case:
    """A run that was the last one."""
    end = "UTC_TIMESTAMP(3)" if finished else "NULL"
    row = f"{phase}, UTC_TIMESTAMP(3) - INTERVAL {minutes} MINUTE, {end}, {warnings})"
    return Case(code, break_=(RUN + row,), mend=("DELETE FROM refresh_run WHERE id = 99999",))


def feed_of(problem: str) -> Case:
    """The only feed has a problem."""
    before, after = '"problems":[]', f'"problems":["{problem}"]'
    change = "UPDATE estate_blob SET data = REPLACE(data, '{}', '{}') WHERE name = 'directory'"
    return Case(f"FEED_{problem}", break_=(change.format(before, after),), mend=(change.format(after, before),))


def note(id_: str) -> str:
    return (
        f"INSERT INTO {NOTED} (migration_hash, migration_id, applied_at_utc) VALUES ('{id_}', '{id_}', UTC_TIMESTAMP())"
    )


def keys(*entries: Any, **headers: str) -> dict[str, Reply]:
    return {JWKS: Reply(200, json.dumps({"keys": entries}).encode(), headers)}


AN_HOUR_AGO = format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True)
SHORT_KEY = {"kty": "oct", "k": "AAAA"}
NEWEST, A_TABLE = stashed(NOTED, "migration_id LIKE '0081.%'"), stashed(NOTED, "migration_id LIKE '0061.%'")
NO_STATE = stashed("estate_state", "id = 1")
OM_USER, TE_USER = f"'{ACCOUNTS.om_user}'@'%'", f"'{ACCOUNTS.thirdeye_user}'@'%'"
WHOLE = "`" + SCHEMA.replace("_", r"\_") + "`.*"
ALL = f"GRANT ALL PRIVILEGES ON {WHOLE} TO {TE_USER}"
PROBLEMS = ("NEVER_SEEN", "STOPPED", "SILENT", "FADED", "PARTIAL", "CEILING")
CASES: dict[str, Case] = {
    "a number out of range": Case("SETTINGS_INVALID", {"REFRESH_MINUTES": "0"}),
    "one schema for both": Case("SETTINGS_INVALID", {"THIRDEYE_MYSQL_SCHEMA": OM}),
    "a key that is not looked at": Case("SETTING_IGNORED", {"JWT_PUBLIC_KEY": "$PEM"}),
    "an algorithm for secrets": Case("SETTING_IGNORED", {"JWT_ALGORITHM": "RS256,HS256"}),
    "more for one than for all": Case("SETTINGS_INVALID", {"MAX_EXPORTS": "1", "MAX_EXPORTS_BY_CALLER": "2"}),
    "one port for two": Case("SETTINGS_CONTRADICT", {"WORKER_METRICS_PORT": "8586"}),
    "development": Case("DEVELOPMENT_ENVIRONMENT", {"ENVIRONMENT": "development"}),
    "no tokens": Case("TOKENS_NOT_CHECKED", {"ENVIRONMENT": "development", "JWT_ENABLED": "false"}),
    "a password of an example": Case(
        "WEAK_SECRET", {"OM_MYSQL_PW_RO": "password"}, (f"ALTER USER {OM_USER} IDENTIFIED BY 'password'",),
        (f"ALTER USER {OM_USER} IDENTIFIED BY '{ACCOUNTS.om_password}'",)),
    "no audience": Case("AUDIENCES_EMPTY", {"JWT_AUDIENCES": "[]"}),
    "OpenMetadata is elsewhere": Case(
        "OPENMETADATA_NOT_ANSWERING", {"OM_BASE_URL": "http://127.0.0.1:1", "JWT_REVOCATION": "off"}),
    "an old OpenMetadata": Case("OPENMETADATA_UNSUPPORTED", replies={VERSION: Reply(200, b'{"version": "1.2.5"}')}),
    "no such host": Case("SERVER_HOST_UNKNOWN", {"OM_MYSQL_HOST": "nowhere.invalid"}),
    "no server": Case("SERVER_UNREACHABLE", {"OM_MYSQL_PORT": "1"}),
    "a replica": Case("SERVER_READ_ONLY", break_=("SET GLOBAL read_only = 1",), mend=("SET GLOBAL read_only = 0",)),
    "large pools": Case("SERVER_CONNECTIONS_TOO_FEW", {"THIRDEYE_MYSQL_POOL_SIZE": "60"}),
    "small packets": Case(
        "SERVER_PACKET_TOO_SMALL", break_=("SET GLOBAL max_allowed_packet = 4194304",),
        mend=("SET GLOBAL max_allowed_packet = 67108864",)),
    "a server in the past": Case(
        "SERVER_CLOCK_OFF", break_=("SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP() - 60'",),
        mend=("SET GLOBAL init_connect = ''",)),
    "a wrong password of OM": Case("OM_PASSWORD_WRONG", {"OM_MYSQL_PW_RO": "another-password"}),
    "an unknown user of OM": Case("OM_PASSWORD_WRONG", {"OM_MYSQL_USER_RO": "nobody"}),
    "no right in OM": Case(
        "OM_SCHEMA_MISSING", break_=(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {OM_USER}",), mend=("$ACCOUNTS",)),
    "another schema of OM": Case("OM_SCHEMA_MOVED", {"OM_MYSQL_DB": "openmetadata_db"}),
    "OM may be written": Case(
        "OM_ACCOUNT_MAY_WRITE", break_=(f"GRANT INSERT, DELETE ON {OM}.* TO {OM_USER}",),
        mend=(f"REVOKE INSERT, DELETE ON {OM}.* FROM {OM_USER}",)),
    "OM's secrets": Case(
        "OM_ACCOUNT_READS_SECRETS", break_=(f"GRANT SELECT (json) ON {OM}.dbservice_entity TO {OM_USER}",),
        mend=(f"REVOKE SELECT (json) ON {OM}.dbservice_entity FROM {OM_USER}",)),
    "no tables": Case(
        "OM_TABLES_UNREADABLE", break_=(f"REVOKE SELECT (json) ON {OM}.table_entity FROM {OM_USER}",),
        mend=(f"GRANT SELECT (json) ON {OM}.table_entity TO {OM_USER}",)),
    "no usage": Case(
        "OM_EVIDENCE_UNREADABLE", break_=(f"REVOKE SELECT (count1) ON {OM}.entity_usage FROM {OM_USER}",),
        mend=(f"GRANT SELECT (count1) ON {OM}.entity_usage TO {OM_USER}",)),
    "no addresses of users": Case(
        "OM_PART_UNREADABLE", break_=(f"REVOKE SELECT (email) ON {OM}.user_entity FROM {OM_USER}",),
        mend=(f"GRANT SELECT (email) ON {OM}.user_entity TO {OM_USER}",)),
    "a wrong password": Case("THIRDEYE_PASSWORD_WRONG", {"THIRDEYE_MYSQL_PW": "another-password"}),
    "no right in the schema": Case(
        "THIRDEYE_SCHEMA_MISSING", break_=(f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {TE_USER}",), mend=(ALL,)),
    "it may not alter": Case(
        "THIRDEYE_ACCOUNT_LACKS_RIGHTS", break_=(f"REVOKE ALTER ON {WHOLE} FROM {TE_USER}",), mend=(ALL,)),
    "it reads OM": Case(
        "THIRDEYE_ACCOUNT_HAS_MORE", break_=(f"GRANT SELECT ON {OM}.* TO {TE_USER}",),
        mend=(f"REVOKE SELECT ON {OM}.* FROM {TE_USER}",)),
    # Pending as a whole: with the table that it makes it would be half applied.
    "a pending migration": Case(
        "MIGRATIONS_PENDING", break_=(*NEWEST[0], "RENAME TABLE data_version TO gone"),
        mend=(*NEWEST[1], "RENAME TABLE gone TO data_version")),
    "a migration that is not noted": Case("MIGRATION_HALF_APPLIED", break_=A_TABLE[0], mend=A_TABLE[1]),
    "a run that was killed": Case(
        "MIGRATION_HALF_APPLIED", break_=("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, UTC_TIMESTAMP(), 1)",),
        mend=("DELETE FROM yoyo_lock",)),
    "a newer version": Case(
        "SCHEMA_NEWER", break_=(note("9001.later"),), mend=(f"DELETE FROM {NOTED} WHERE migration_id = '9001.later'",)),
    "a table that was dropped": Case(
        "SCHEMA_TABLE_MISSING", break_=("RENAME TABLE campaign_item TO gone",), mend=("RENAME TABLE gone TO campaign_item",)),
    "a large schema": Case("SCHEMA_LARGE", patched={"_BYTES": 0, "_BYTES_PER_TABLE": 0}),
    "a schema that grows": Case("SCHEMA_GROWS", patched={"_GROWTH": 0}),
    "no Redis": Case("REDIS_UNREACHABLE", {"REDIS_URL": "redis://127.0.0.1:1/0"}),
    "a wrong password of Redis": Case("REDIS_PASSWORD_WRONG", {"REDIS_URL": "$OTHER_REDIS"}),
    "Redis takes no writes": Case("REDIS_REFUSES_WRITES", redis={"min-replicas-to-write": "1"}),
    "Redis evicts": Case("REDIS_EVICTS", redis={"maxmemory": "1gb", "maxmemory-policy": "allkeys-lru"}),
    "Redis is nearly full": Case("REDIS_NEARLY_FULL", redis={"maxmemory": "$NEARLY"}),
    "no key set": Case("KEY_SET_UNREACHABLE", {"JWT_JWKS_URL": "http://127.0.0.1:1/keys"}),
    "the key set moved": Case("KEY_SET_REDIRECTS", replies={JWKS: Reply(302, headers={"Location": "https://om/keys"})}),
    "a key set that is none": Case("KEY_SET_INVALID", replies={JWKS: Reply(200, b"<html>")}),
    "a path without key set": Case("KEY_SET_INVALID", replies={JWKS: Reply(404)}),
    "no usable key": Case("KEY_SET_WITHOUT_KEY", replies=keys(SHORT_KEY)),
    "another kind of key": Case("KEY_ALGORITHM_MISMATCH", {"JWT_ALGORITHM": "ES256"}),
    "a key that is none": Case("PUBLIC_KEY_UNUSABLE", {"JWT_JWKS_URL": "", "JWT_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----"}),
    "the key of everybody": Case("DEFAULT_KEY", replies=keys({"kty": "RSA", "e": "AQAB", "n": om_modulus(default_modulus())})),
    "a provider in the past": Case("ISSUER_CLOCK_OFF", replies={"$DATE": Reply(0, headers={"Date": AN_HOUR_AGO})}),
    "nobody to ask of revocation": Case("REVOCATION_UNREACHABLE", {"JWT_REVOCATION_URL": "http://127.0.0.1:1/me"}),
    "revocation is elsewhere": Case("REVOCATION_ADDRESS_WRONG", replies={LOGGED_IN: Reply(404)}),
    "another audience": Case(
        "AUDIENCE_REFUSED",
        break_=("INSERT INTO refusal (digest, who, what, why, refusals, first_at, last_at) VALUES (REPEAT('x', 16), 'ann', "
                "'POST', 'the token is meant for somebody else', 7, UTC_TIMESTAMP(), UTC_TIMESTAMP())",),
        mend=("DELETE FROM refusal",)),
    "a token that expired": Case("TOKEN_REFUSED", token={"exp": 1}),
    "no worker": Case("WORKER_NOT_SEEN", redis={"$REPORT": ""}),
    "a worker that does nothing": Case("JOBS_WAIT", redis={"$JOB": "1"}),
    "no refresh": Case("NEVER_REFRESHED", break_=NO_STATE[0], mend=NO_STATE[1]),
    "a refresh that failed": run_of("REFRESH_FAILED", phase="'FAILED'"),
    "no refresh for long": Case(
        "REFRESH_LATE", break_=("UPDATE estate_state SET refreshed_at = refreshed_at - INTERVAL 3 HOUR",),
        mend=("UPDATE estate_state SET refreshed_at = refreshed_at + INTERVAL 3 HOUR",)),
    "a refresh that was killed": run_of("REFRESH_LEFT", phase="'READING'", finished=False),
    "a slow refresh": run_of("REFRESH_SLOW", minutes=90),
    "a refresh that could not read all": run_of("EVIDENCE_INCOMPLETE", warnings="'[{\"code\": \"EVIDENCE_INCOMPLETE\"}]'"),
    **{f"a feed: {problem}": feed_of(problem) for problem in PROBLEMS},
}  # fmt: skip
# Shown elsewhere: of the public address, of servers that cannot be had here, and of a disk that is full.
SHOWN_ELSEWHERE = {code for code in CATALOGUE if code.startswith("ADDRESS_")} | {
    "SERVER_UNSUPPORTED",
    "REDIS_SAVE_FAILS",
}


@pytest.fixture(scope="module")
def installation(sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer) -> Iterator[Installation]:
    with installed(sql_server, redis_server, signer) as made:
        yield made


@pytest.fixture(autouse=True)
def _as_installed(installation: Installation) -> None:
    # Other tests empty Redis.
    installation.report()


def test_a_sound_installation_has_nothing(installation: Installation, tmp_path: Path) -> None:
    findings, answer, code = installation.examine()
    assert (findings, code) == ([], 0)
    assert [each for each in answer["checks"] if each["state"] != "SOUND"] == []
    assert len(answer["checks"]) == 13
    file = tmp_path / "token"
    file.write_text(installation.signer.token())
    # OpenMetadata, as it stands in here, takes no token.
    result = installation.run("--token-file", str(file), JWT_REVOCATION="off")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "Nothing is wrong.")
    assert "accepted" in result.stdout


def test_nothing_is_written(installation: Installation) -> None:
    """An account that may only read will do for all checks."""
    only_reads = (f"REVOKE ALL PRIVILEGES ON {WHOLE} FROM {TE_USER}", f"GRANT SELECT ON {WHOLE} TO {TE_USER}")
    case = Case("THIRDEYE_ACCOUNT_LACKS_RIGHTS", break_=only_reads, mend=(ALL,))
    with broken(installation, case):
        findings, answer, _ = installation.examine()
    assert [each["code"] for each in findings] == [case.code]
    assert "INSERT" in findings[0]["advice"]
    assert [each["name"] for each in answer["checks"] if each["state"] != "SOUND"] == ["ThirdEye's schema"]


def test_what_cannot_be_asked_stops_nothing_else(installation: Installation) -> None:
    """Servers that take a connection and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        urls = {"JWT_JWKS_URL": f"http://{address}/keys", "REDIS_URL": f"redis://{address}/0"}
        result = installation.run("--json", "--seconds", "8", **urls)
    answer = json.loads(result.stdout)
    states = {each["name"]: each["state"] for each in answer["checks"]}
    assert {name for name, state in states.items() if state != "SOUND"} == {"Redis", "worker", "keys of tokens"}
    assert states["worker"] == "NOT_CHECKED"
    assert result.exit_code == 2


@pytest.mark.parametrize("name", CASES)
def test_a_fault_is_found_and_nothing_else(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    for constant, value in case.patched.items():
        monkeypatch.setattr(schema_rules, constant, value)
    arguments = []
    if case.token is not None:
        (tmp_path / "token").write_text(installation.signer.token(**case.token))
        arguments = ["--token-file", str(tmp_path / "token")]
    with broken(installation, case):
        findings, answer, code = installation.examine(*arguments, **variables(installation, case))
    assert {each["code"] for each in findings} == {case.code}, answer
    unknown = any(each["state"] == "NOT_CHECKED" for each in answer["checks"])
    assert code == (2 if CATALOGUE[case.code].severity is Severity.FAULT else 3 if unknown else 1)
    for each in findings:
        assert each["seen"]
        assert not re.search(r"[{}]", each["meaning"] + each["advice"])
    text = json.dumps(answer)
    for secret in (
        ACCOUNTS.om_password,
        ACCOUNTS.thirdeye_password,
        installation.redis.root_password,
        "another-password",
    ):
        assert secret not in text


def variables(installation: Installation, case: Case) -> dict[str, str]:
    stand_ins = {
        "$PEM": installation.signer.public_pem,
        "$OTHER_REDIS": installation.redis.url.replace(installation.redis.root_password, "another-password"),
    }
    return {name: stand_ins.get(value, value) for name, value in case.environment.items()}


class broken:
    """The installation with one fault."""

    def __init__(self, installation: Installation, case: Case) -> None:
        self.installation, self.case, self.replies = installation, case, dict(installation.replies)
        self.client = redis.Redis.from_url(installation.redis.url, decode_responses=True)
        self.configured = dict[str, str]()

    def __enter__(self) -> None:
        self.installation.sql(self.case.break_)
        for path, reply in self.case.replies.items():
            if path == "$DATE":
                kept = self.replies[JWKS]
                self.installation.replies[JWKS] = Reply(kept.status, kept.body, reply.headers)
            else:
                self.installation.replies[path] = reply
        for name, value in self.case.redis.items():
            if name == "$REPORT":
                self.client.delete(report_key(SCHEMA))
            elif name == "$JOB":
                self.client.zadd(queue_name(SCHEMA), {"job": (datetime.now(UTC).timestamp() - 1200) * 1000})
            else:
                self.configured |= self.client.config_get(name)
                nearly = str(int(self.client.info()["used_memory"] * 1.05))
                self.client.config_set(name, nearly if value == "$NEARLY" else value)

    def __exit__(self, *_: object) -> None:
        for name, value in self.configured.items():
            self.client.config_set(name, value)
        self.client.delete(queue_name(SCHEMA))
        self.client.close()
        self.installation.replies.clear()
        self.installation.replies.update(self.replies)
        if self.case.mend == ("$ACCOUNTS",):
            with self.installation.server.connect() as connection:
                make_accounts(connection, accounts(), om_schema=OM, thirdeye_schema=SCHEMA)
        else:
            self.installation.sql(self.case.mend)


def accounts() -> Accounts:
    return ACCOUNTS


def test_every_finding_is_shown() -> None:
    assert {case.code for case in CASES.values()} | SHOWN_ELSEWHERE == set(CATALOGUE)
