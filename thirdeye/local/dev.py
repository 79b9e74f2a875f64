"""`thirdeye dev`: everything on this machine in one folder, gone when it ends."""

import fcntl
import os
import secrets
import signal
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from dotenv import dotenv_values

from thirdeye.local.accounts import Accounts, make_accounts
from thirdeye.local.processes import Child, log_end
from thirdeye.local.sample import EstateOptions, generate, load, loaded_options
from thirdeye.local.servers import MariaDB, PrivateServer, Redis, ServerProblem, port_is_free, wait_until
from thirdeye.local.sign_in_link import SignInLink
from thirdeye.local.tokens import Signer

_OM_SCHEMA = "openmetadata_db"
_TOKEN_SECONDS = 30 * 24 * 3600
_READY_SECONDS = 180.0
Environment = dict[str, str]


class DevelopmentProblem(Exception):
    """Why nothing can be run; the message says what to do."""


class _Stopped(BaseException):
    """SIGTERM or Ctrl-C came."""


def run(*, reload: bool, tables: int) -> int:
    """Runs until stopped; the exit code. See `README.md`."""
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    with ExitStack() as closing:
        try:
            _run(closing, reload=reload, tables=tables)
        except (DevelopmentProblem, ServerProblem) as problem:
            print(f"\nThirdEye cannot run: {problem}", file=sys.stderr, flush=True)
            return 1
        except _Stopped:
            print("\nStopping ...", flush=True)
            # A second signal must not cut the orderly end short.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            return 0
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise _Stopped


def _run(closing: ExitStack, *, reload: bool, tables: int) -> None:
    given = {name: value for name, value in {**dotenv_values(".env"), **os.environ}.items() if value}
    home = Path(given.get("THIRDEYE_HOME", ".thirdeye")).absolute()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    closing.enter_context(_alone(home))
    port = _port(given.get("THIRDEYE_PORT", "8586"))
    if not port_is_free(port):
        raise DevelopmentProblem(f"port {port} is taken; set THIRDEYE_PORT to another one")
    servers: list[PrivateServer] = []
    environment: Environment = dict(os.environ)
    token: str | None = None
    if "OM_MYSQL_HOST" not in given:
        mariadb, redis = MariaDB(home / "mariadb"), Redis(home / "redis")
        servers = [mariadb, redis]
        environment, token = _private_servers(closing, home, mariadb, redis, tables)
    if "JWT_JWKS_URL" in given:
        # It comes before the key that signed our token.
        token = None
    environment["THIRDEYE_PORT"] = str(port)
    children = _start(closing, home, environment, reload=reload)
    _wait_until_ready(port, children)
    page = f"http://127.0.0.1:{port}/api/v1/thirdeye/ui/"
    if token:
        link = SignInLink(f"{page}#token={token}")
        closing.callback(link.close)
        page = link.url
    print(_welcome(port, token, home, page), flush=True)
    while True:
        time.sleep(0.3)
        _check(children, servers)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535:
        return int(text)
    raise DevelopmentProblem(f"THIRDEYE_PORT: must be 1 to 65535, not {text!r}")


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DevelopmentProblem(f"another `thirdeye dev` is running in {home}; stop it first") from None
        yield


def _private_servers(
    closing: ExitStack, home: Path, mariadb: MariaDB, redis: Redis, tables: int
) -> tuple[Environment, str]:
    print("Starting a private MariaDB and Redis ...", flush=True)
    for server in (mariadb, redis):
        closing.callback(server.stop)
        server.start()
    accounts = Accounts(om_password=secrets.token_urlsafe(18), thirdeye_password=secrets.token_urlsafe(18))
    _load_estate(mariadb, tables)
    with mariadb.connect() as connection:
        make_accounts(connection, accounts, om_schema=_OM_SCHEMA, thirdeye_schema="thirdeye")
    signer = Signer.kept_in(home / "token-key.pem")
    own = {
        "ENVIRONMENT": "development",
        "GRAPHQL_PLAYGROUND": "true",
        "THIRDEYE_HOST": "127.0.0.1",
        "OM_MYSQL_HOST": mariadb.host,
        "OM_MYSQL_PORT": str(mariadb.port),
        "OM_MYSQL_DB": _OM_SCHEMA,
        "OM_MYSQL_USER_RO": accounts.om_user,
        "OM_MYSQL_PW_RO": accounts.om_password,
        "THIRDEYE_MYSQL_SCHEMA": "thirdeye",
        "THIRDEYE_MYSQL_USER": accounts.thirdeye_user,
        "THIRDEYE_MYSQL_PW": accounts.thirdeye_password,
        "REDIS_URL": redis.url,
        # What the printed token needs, whatever the shell or `.env` say.
        "JWT_PUBLIC_KEY": signer.public_pem,
        "JWT_ALGORITHM": "RS256",
        "JWT_ISSUERS": "open-metadata.org",
    }
    token = signer.token(iat=int(time.time()), exp=int(time.time()) + _TOKEN_SECONDS)
    return {**os.environ, **own}, token


def _load_estate(mariadb: MariaDB, tables: int) -> None:
    """Loads the sample, again once a day: its live feeds would look silent after a while."""
    wanted = EstateOptions(today=datetime.now(UTC).date(), tables=tables)
    with mariadb.connect() as connection:
        if loaded_options(connection, _OM_SCHEMA) == wanted:
            return
        print(f"Loading a sample estate of {tables} tables ...", flush=True)
        load(generate(wanted), connection, schema=_OM_SCHEMA)


def _start(closing: ExitStack, home: Path, environment: Environment, *, reload: bool) -> dict[str, Child]:
    thirdeye = [sys.executable, "-m", "thirdeye"]
    migrating = Child([*thirdeye, "migrate"], log=_fresh(home / "migrate.log"), env=environment)
    if not wait_until(lambda: migrating.exit_code is not None, seconds=_READY_SECONDS) or migrating.exit_code:
        raise DevelopmentProblem(f"the migrations failed:\n{migrating.log_end()}")
    children = {}
    for name, arguments in (("worker", ["worker"]), ("api", ["serve", *(["--reload"] if reload else [])])):
        log = _fresh(home / f"{name}.log")
        children[name] = Child([*thirdeye, *arguments], log=log, env=environment, guarded=True)
        closing.callback(children[name].terminate, 20.0)
    return children


def _fresh(log: Path) -> Path:
    log.unlink(missing_ok=True)
    return log


def _check(children: dict[str, Child], servers: Sequence[PrivateServer] = ()) -> None:
    for server in servers:
        if not server.running:
            raise DevelopmentProblem(f"{server.name} ended by itself; its log ends:\n{log_end(server.log)}")
    for name, child in children.items():
        if child.exit_code is not None:
            raise DevelopmentProblem(f"the {name} ended with {child.exit_code}; its log ends:\n{child.log_end()}")


def _wait_until_ready(port: int, children: dict[str, Child]) -> None:
    url = f"http://127.0.0.1:{port}/api/v1/thirdeye/health/ready"

    def ready() -> bool:
        time.sleep(0.05)
        _check(children)
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    if not wait_until(ready, seconds=_READY_SECONDS):
        raise DevelopmentProblem(f"the API does not get ready; its log ends:\n{children['api'].log_end()}")


def _welcome(port: int, token: str | None, home: Path, page: str) -> str:
    base = f"http://127.0.0.1:{port}"
    graphql = f"{base}/api/v1/thirdeye/graphql"
    once = f"signs you in, once; later {base}/api/v1/thirdeye/ui/" if token else "asks for a token of OpenMetadata"
    playground = f"  GraphiQL    {graphql}\n" if token else ""
    origin = "valid for 30 days" if token else "issued by your OpenMetadata"
    curl = f"""curl -s {graphql} -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'"""
    return f"""
ThirdEye is running.
  Page        {page}
              ({once})
{playground}  Health      {base}/api/v1/thirdeye/health/ready
  Metrics     {base}/metrics
  Logs        {home}/api.log, {home}/worker.log

Paste the token first ({origin}):
export TOKEN={token or "..."}

The score, PENDING until the first refresh is done:
{curl} -H 'X-OM-Operation-Id: get_zi_score' -d '{{}}'

The most expensive tables that nobody uses:
{curl} -d '{{"query": "{{ tables(filter: {{zombie: true}}, first: 5) {{ edges {{ node {{ fqn monthlyCost }} }} }} }}"}}'

A new action item:
{curl} -d '{{"query": "mutation {{ createActionItem(title: \\"Look at the zombies\\") {{ id title status }} }}"}}'

Ctrl-C stops everything."""
