"""A dump of ThirdEye's schema, its loss, the dump restored, a refresh: everything answers as it did.

The dump is made and restored by the commands of `docs/backup.md`, as the account that owns the schema.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support import ROOT
from tests.support.api import GRAPHQL, Api, copy_sample, prepare_accounts, running, settings_for
from tests.support.clocks import NOON
from tests.support.mysql import find_mysqld
from thirdeye.local.servers import MariaDB, MySQL, Redis, find_program
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate
from thirdeye.services import open_services
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio
# Persisted operations that need no variable: what the page asks, of each domain.
OPERATIONS = (
    "get_zi_score_details", "get_health_history", "get_estate", "list_tables", "list_verdicts", "list_services", "list_changes",
    "list_action_items", "list_campaigns", "list_storage_prices", "list_budgets", "get_savings", "get_unlock_plan",
)  # fmt: skip


@pytest.fixture
def settings(
    sql_server: MariaDB | MySQL, redis_server: Redis, schema_name: Callable[[str], str], signer: Signer
) -> Settings:
    om, schema = schema_name("om"), schema_name("thirdeye")
    copy_sample(sql_server, om, tables=60, usage_days=40)
    prepare_accounts(sql_server, om, schema)
    return settings_for(sql_server, redis_server, om_schema=om, schema=schema, signer=signer)


def commands() -> list[list[str]]:
    """The words of the commands of the page, without what follows them: the dump, and the restoring of it."""
    text = (ROOT / "docs/backup.md").read_text(encoding="utf-8")
    lines = [
        line
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.replace("\\\n", "").splitlines()
    ]
    return [shlex.split(re.split(r"[<>]", line)[0]) for line in lines if re.match(r"mysql.*[<>] thirdeye\.sql", line)]


def client(words: list[str], settings: Settings, server: MariaDB | MySQL, folder: Path) -> list[str]:
    """The same command for this server and account, by the server's own client: MariaDB's dump is not one for MySQL."""
    file = folder / "client.cnf"
    file.write_text(f"[client]\nhost={settings.om_mysql_host}\nport={settings.om_mysql_port}\nprotocol=tcp\n"
                    f"user={settings.thirdeye_mysql_user}\n")  # fmt: skip
    if isinstance(server, MariaDB):
        program = find_program({"mysqldump": "mariadb-dump", "mysql": "mariadb"}[words[0]], "mariadb-client")
    else:
        program = str(Path(find_mysqld()).with_name(words[0]))
        if not Path(program).exists():
            pytest.skip(f"there is no {words[0]} beside mysqld, as scripts/mysql puts there")
    assert words[-1] == "thirdeye"
    # In place of what names server and account.
    options = [word for word in words[1:-1] if not re.match(r"--(host|port|user|password)=", word)]
    return [program, f"--defaults-extra-file={file}", *options, settings.thirdeye_mysql_schema]


async def refresh(settings: Settings) -> None:
    async with open_services(settings, clock=lambda: NOON, watches=False) as services:
        await services.refresh.run("AUTO")
        await services.score.compute()
        await services.detection.run()


async def answers(api: Api) -> dict[str, Any]:
    found = {}
    for operation in OPERATIONS:
        answer = (await api.client.post(GRAPHQL, json={}, headers={"x-om-operation-id": operation})).json()
        assert "errors" not in answer, answer
        found[operation] = answer["data"]
    return found


async def test_a_restored_dump_answers_as_before(
    settings: Settings, sql_server: MariaDB | MySQL, redis_server: Redis, signer: Signer, tmp_path: Path
) -> None:
    dump, restore = (client(words, settings, sql_server, tmp_path) for words in commands())
    async with open_services(settings, clock=lambda: NOON, watches=False) as services:
        await migrate(settings, services.thirdeye)
    await refresh(settings)
    async with running(settings, signer, clock=lambda: NOON) as api:
        fqn = (await api.data("{ tables(first: 1) { edges { node { fqn } } } }"))["tables"]["edges"][0]["node"]["fqn"]
        variables = {
            "fqn": fqn,
            "reason": "\\ \u00e9 \U0001f389 'quoted'",
            "until": str(NOON.date() + timedelta(days=9)),
        }
        kept = await api.client.post(
            GRAPHQL, json={"variables": variables}, headers={"x-om-operation-id": "keep_table"}
        )
        assert "errors" not in kept.json(), kept.text
        await api.data('mutation { createActionItem(title: "Ours; -- \U0001f389") { id } }')
    await refresh(settings)
    async with running(settings, signer, clock=lambda: NOON) as api:
        before = await answers(api)
    assert before["list_tables"]["tables"]["totalCount"] > 50
    assert before["list_action_items"]["actionItems"]["totalCount"] > 1

    # Not in the file: what quotes and backslashes mean there is another matter.
    environment = {**os.environ, "MYSQL_PWD": settings.thirdeye_mysql_pw.get_secret_value()}
    dumped = subprocess.run(dump, env=environment, capture_output=True, check=False)
    assert dumped.returncode == 0, dumped.stderr
    schema = settings.thirdeye_mysql_schema
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE `{schema}`")
        cursor.execute(f"CREATE DATABASE `{schema}` CHARACTER SET utf8mb4")
    with redis.Redis.from_url(redis_server.url) as queue:
        queue.flushall()
    restored = subprocess.run(restore, env=environment, input=dumped.stdout, capture_output=True, check=False)
    assert restored.returncode == 0, restored.stderr

    async with running(settings, signer, clock=lambda: NOON) as api:
        assert await answers(api) == before
    await refresh(settings)
    async with running(settings, signer, clock=lambda: NOON) as api:
        assert await answers(api) == before
