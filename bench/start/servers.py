"""Servers with a sample estate and a score, for as many starts of the API as are asked for."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench.request.__main__ import settings_of
from bench.start.process import Question
from tests.support.api import ACCOUNTS
from thirdeye.local.accounts import make_accounts
from thirdeye.local.sample import EstateOptions, generate, load
from thirdeye.local.servers import HOST, MariaDB, Redis
from thirdeye.local.tokens import Signer


def prepare(closing: ExitStack, folder: Path, tables: int, port: int) -> tuple[dict[str, str], Question]:
    """The environment of an API on this port, and the question of the score; `closing` ends the servers."""
    mariadb, redis = MariaDB(folder / "mariadb", fast=True), Redis(folder / "redis")
    for server in (mariadb, redis):
        closing.callback(server.kill)
        server.start()
    with mariadb.connect() as connection:
        load(generate(EstateOptions(today=datetime.now(UTC).date(), tables=tables)), connection, schema="om")
        make_accounts(connection, ACCOUNTS, om_schema="om", thirdeye_schema="thirdeye")
    signer = Signer.generate()
    settings = {name.upper(): str(value) for name, value in settings_of(mariadb, redis, signer).items()}
    environment = {**os.environ, **settings, "THIRDEYE_HOST": HOST, "THIRDEYE_PORT": str(port)}
    for command in ("migrate", "refresh"):
        whole = [sys.executable, "-m", "thirdeye", command]
        subprocess.run(whole, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    now = int(time.time())
    token = signer.token(iat=now, exp=now + 24 * 3600)
    return environment, Question(HOST, port, token)
