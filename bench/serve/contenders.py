"""Starts what is compared: ThirdEye as in production, canned bytes, and the peer."""

import json
import os
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.serve.load import HOST, NUMBER, VALUE, Target
from bench.serve.mercurius import NodeProblem, node_environment, node_peer
from thirdeye.local.accounts import Accounts, make_accounts
from thirdeye.local.processes import Child
from thirdeye.local.sample import EstateOptions, generate, load
from thirdeye.local.servers import MariaDB, MySQL, Redis, free_port, wait_until
from thirdeye.local.tokens import Signer

ROOT = Path(__file__).resolve().parent.parent.parent
REQUIREMENTS = ROOT / "bench" / "requirements.txt"
_GRAPHQL = "/api/v1/thirdeye/graphql"
_SCORE_TEXT = (ROOT / "operations" / "get_zi_score.graphql").read_text()
_ITEMS_TEXT = """{
  actionItems(first: 50) {
    edges { cursor node { id title status category priority createdAt updatedAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
# Which page is asked for is another one in each request.
_PAGE_TEXT = """query page($after: String) {
  actionItems(first: 50, after: $after) {
    edges { cursor node { id title status category priority createdAt updatedAt } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
_CURSORS_TEXT = "query cursors($after: String) { actionItems(first: 100, after: $after) { edges { cursor } } }"
_READY_SECONDS = 60.0


class ContenderProblem(Exception):
    """A contender does not start, or answers something else than the others."""


@dataclass(frozen=True)
class Contest:
    """One question and who answers it, by the contender's name."""

    name: str
    targets: dict[str, Target]


def start(closing: ExitStack, folder: Path, *, items: int, tables: int, peer_python: str) -> list[Contest]:
    """Starts everything; `closing` ends it. Raises ContenderProblem when one does not start or answers differently."""
    database, redis = _database(folder), Redis(folder / "redis")
    for server in (database, redis):
        closing.callback(server.stop)
        server.start()
    accounts = Accounts(om_password=secrets.token_urlsafe(18), thirdeye_password=secrets.token_urlsafe(18))
    with database.connect() as connection:
        load(generate(EstateOptions(today=datetime.now(UTC).date(), tables=tables)), connection, schema="om")
        make_accounts(connection, accounts, om_schema="om", thirdeye_schema="thirdeye")
    signer = Signer.generate()
    now = int(time.time())
    bearer = {"Authorization": f"Bearer {signer.token(iat=now, exp=now + 3600)}"}

    port = free_port()
    environment = _environment(database, redis, accounts, signer, port)
    thirdeye = [sys.executable, "-m", "thirdeye"]
    subprocess.run([*thirdeye, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
    fill(database, items)
    _start(closing, folder, "thirdeye", [*thirdeye, "serve"], environment, port)
    score = Target(port=port, path=_GRAPHQL, body=b"{}", headers={**bearer, "X-OM-Operation-Id": "get_zi_score"})
    page = Target(port=port, path=_GRAPHQL, body=json.dumps({"query": _ITEMS_TEXT}).encode(), headers=bearer)
    # The first question makes the score: the peers read it when they start, and from then on it is answered as it was stored.
    if not wait_until(lambda: b'"totalTables":0' not in _ask(score), seconds=_READY_SECONDS):
        raise ContenderProblem(f"thirdeye has no score after {_READY_SECONDS:.0f} seconds")
    peers = {
        "strawberry": _strawberry(closing, folder, database, accounts, signer, peer_python),
        "mercurius": _mercurius(closing, folder, database, accounts, signer),
    }
    asked = {name: Target(port=found, path="/graphql", body=b"", headers=bearer) for name, found in peers.items()}
    canned = _canned(closing, folder, {"score": _ask(score), "items": _ask(page)})
    bare = free_port()
    script = [sys.executable, str(ROOT / "bench" / "serve" / "bare.py"), str(bare)]
    _start(closing, folder, "bare", script, environment, bare)
    contests = [
        Contest(
            "hot get_zi_score",
            {"thirdeye": score, "canned": replace(score, port=canned, path="/score"), **_all(asked, _SCORE_TEXT)},
        ),
        Contest(
            "actionItems(first: 50)",
            {"thirdeye": page, "canned": replace(page, port=canned, path="/items"), **_all(asked, _ITEMS_TEXT)},
        ),
        Contest(
            "actionItems(first: 50), each another",
            {
                name: _each_another(target, _cursors(page if name == "bare" else target))
                for name, target in {"thirdeye": page, "bare": replace(page, port=bare), **asked}.items()
            },
        ),
    ]
    for contest in contests:
        _check(contest)
    return contests


def _database(folder: Path) -> MariaDB | MySQL:
    """The database of all contenders: MySQL where its server is named, as in the tests."""
    mysqld = os.environ.get("THIRDEYE_TEST_MYSQLD")
    return MySQL(folder / "mysql", mysqld) if mysqld else MariaDB(folder / "mariadb")


def _canned(closing: ExitStack, folder: Path, answers: dict[str, bytes]) -> int:
    for name, answer in answers.items():
        (folder / f"{name}.json").write_bytes(answer)
    port = free_port()
    script = [sys.executable, str(ROOT / "bench" / "serve" / "canned.py"), str(port)]
    files = [str(folder / "score.json"), str(folder / "items.json")]
    _start(closing, folder, "canned", [*script, *files], dict(os.environ), port)
    return port


def _strawberry(
    closing: ExitStack, folder: Path, database: MariaDB | MySQL, accounts: Accounts, signer: Signer, python: str
) -> int:
    port = free_port()
    environment = {
        **os.environ,
        "PEER_PUBLIC_KEY": signer.public_pem,
        "PEER_DATABASE_URL": f"mysql+aiomysql://{accounts.thirdeye_user}:{accounts.thirdeye_password}"
        f"@{HOST}:{database.port}/thirdeye?charset=utf8mb4",
    }
    script = [python, str(ROOT / "bench" / "serve" / "strawberry_peer.py"), str(port)]
    _start(closing, folder, "strawberry", script, environment, port)
    return port


def _mercurius(closing: ExitStack, folder: Path, database: MariaDB | MySQL, accounts: Accounts, signer: Signer) -> int:
    port = free_port()
    environment = node_environment(
        host=HOST,
        port=database.port,
        user=accounts.thirdeye_user,
        password=accounts.thirdeye_password,
        public_key=signer.public_pem,
    )
    try:
        command = node_peer(ROOT / ".node-bench")
    except NodeProblem as problem:
        raise ContenderProblem(str(problem)) from problem
    _start(closing, folder, "mercurius", [*command, str(port)], environment, port)
    return port


def _all(peers: dict[str, Target], text: str) -> dict[str, Target]:
    return {name: replace(peer, body=json.dumps({"query": text}).encode()) for name, peer in peers.items()}


def _each_another(target: Target, cursors: Sequence[str]) -> Target:
    """Asks for the page after each of these in turn. A variable that nobody declared makes every body another one, too."""
    body = json.dumps({"query": _PAGE_TEXT, "variables": {"after": VALUE, "request": NUMBER}})
    return replace(target, body=body.encode(), values=tuple(cursors))


def _cursors(target: Target) -> list[str]:
    """The cursors of all items that a page of 50 follows."""
    cursors: list[str] = []
    while True:
        variables = {"after": cursors[-1] if cursors else None}
        asked = replace(target, body=json.dumps({"query": _CURSORS_TEXT, "variables": variables}).encode())
        edges = json.loads(_ask(asked))["data"]["actionItems"]["edges"]
        if not edges:
            return cursors[:-51]
        cursors += [edge["cursor"] for edge in edges]


def _check(contest: Contest) -> None:
    """Raises ContenderProblem when one answers something else than ThirdEye: of many questions, the first and the last."""
    for number in (0, -1):
        answers = {name: _comparable(_ask(target.single(number))) for name, target in contest.targets.items()}
        for name, answer in answers.items():
            if answer != answers["thirdeye"]:
                raise ContenderProblem(f"{contest.name}: {name} answers something else than thirdeye")


def _environment(
    database: MariaDB | MySQL, redis: Redis, accounts: Accounts, signer: Signer, port: int
) -> dict[str, str]:
    return {
        **os.environ,
        "ENVIRONMENT": "production",
        "THIRDEYE_HOST": HOST,
        "THIRDEYE_PORT": str(port),
        "OM_MYSQL_HOST": database.host,
        "OM_MYSQL_PORT": str(database.port),
        "OM_MYSQL_DB": "om",
        "OM_MYSQL_USER_RO": accounts.om_user,
        "OM_MYSQL_PW_RO": accounts.om_password,
        "THIRDEYE_MYSQL_SCHEMA": "thirdeye",
        "THIRDEYE_MYSQL_USER": accounts.thirdeye_user,
        "THIRDEYE_MYSQL_PW": accounts.thirdeye_password,
        "REDIS_URL": redis.url,
        # Counted like any other, and never reached.
        "RATE_LIMIT": os.environ.get("THIRDEYE_BENCH_RATE_LIMIT", "900000000/hour"),
        "JWT_PUBLIC_KEY": signer.public_pem,
    }


def fill(database: MariaDB | MySQL, items: int) -> None:
    """Puts so many action items into the schema `thirdeye`."""
    start = datetime(2026, 1, 1)  # noqa: DTZ001  the server's clock is not asked
    rows = [
        (
            f"Look at warehouse.sales.orders_{number:05d}: nobody has read it for months",
            ("OPEN", "IN_PROGRESS", "DONE")[number % 3],
            ("ZOMBIE", "STORAGE", None)[number % 3],
            ("HIGH", "MEDIUM", "LOW")[number % 3],
            start + timedelta(minutes=number),
            start + timedelta(minutes=2 * number),
        )
        for number in range(items)
    ]
    with database.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.executemany(
            "INSERT INTO action_items (title, status, category, priority, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            rows,
        )
        cursor.execute("ANALYZE TABLE action_items")


def _start(
    closing: ExitStack, folder: Path, name: str, command: Sequence[str], environment: dict[str, str], port: int
) -> None:
    child = Child(command, log=folder / f"{name}.log", env=environment)
    closing.callback(child.terminate, 15.0)

    def answers() -> bool:
        try:
            urllib.request.urlopen(f"http://{HOST}:{port}/api/v1/thirdeye/health/live", timeout=2).close()
        except urllib.error.HTTPError:
            return True  # it has no such page, but it is there
        except OSError:
            return False
        return True

    started = wait_until(answers, seconds=_READY_SECONDS, alive=lambda: child.exit_code is None)
    if not started or child.exit_code is not None:
        raise ContenderProblem(f"{name} did not start; its log ends:\n{child.log_end()}")


def _ask(target: Target) -> bytes:
    request = urllib.request.Request(
        f"http://{HOST}:{target.port}{target.path}", target.body, target.all_headers, method="POST"
    )
    try:
        body: bytes = urllib.request.urlopen(request, timeout=10).read()
    except OSError as error:
        raise ContenderProblem(f"port {target.port} does not answer: {error}") from error
    if "errors" in json.loads(body):
        raise ContenderProblem(f"port {target.port} answers with errors: {body[:500]!r}")
    return body


def _comparable(answer: bytes) -> Any:
    """An answer without its cursors, which are everybody's own affair."""
    return json.loads(
        answer, object_hook=lambda found: {name: value for name, value in found.items() if "cursor" not in name.lower()}
    )


def peer_interpreter() -> str:
    """The interpreter of the peer's own environment, made when its requirements changed. Raises ContenderProblem."""
    environment = ROOT / ".venv-bench"
    python, stamp = environment / "bin" / "python", environment / "requirements.txt"
    wanted = REQUIREMENTS.read_text()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    print("Making .venv-bench for the peer ...", flush=True)
    venv.create(environment, with_pip=True, clear=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ContenderProblem(f"the peer's packages cannot be installed:\n{done.stderr[-2000:]}")
    stamp.write_text(wanted)
    return str(python)
