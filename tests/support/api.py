"""A whole API for a test: the real ASGI app over real databases, asked like a client would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import httpx
from pymysql.cursors import Cursor
from pymysql.err import OperationalError
from starlette.applications import Starlette

from tests.support import PATIENCE
from tests.support.clocks import TODAY, clock_from
from tests.support.database import copy_schema
from thirdeye.app import create_app
from thirdeye.clock import Clock
from thirdeye.deadlines import Deadlines
from thirdeye.local.accounts import Accounts, existing_columns, make_accounts
from thirdeye.local.sample import EstateOptions, generate, load
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings, load_settings

GRAPHQL = "/api/v1/thirdeye/graphql"
ACCOUNTS = Accounts(om_password="om-password@:/%", thirdeye_password="te-password-#?&")
# Nothing is given up only because the machine is slow.
LONG_DEADLINES = Deadlines(**{field.name: PATIENCE for field in fields(Deadlines)})


def settings_for(
    server: MariaDB | MySQL, redis: Redis, *, om_schema: str, schema: str, signer: Signer, **more: Any
) -> Settings:
    """Settings for one pair of schemas on a private server."""
    return load_settings(
        _env_file=None,
        **{
            "om_mysql_host": server.host,
            "om_mysql_port": server.port,
            "om_mysql_db": om_schema,
            "om_mysql_user_ro": ACCOUNTS.om_user,
            "om_mysql_pw_ro": ACCOUNTS.om_password,
            "thirdeye_mysql_schema": schema,
            "thirdeye_mysql_user": ACCOUNTS.thirdeye_user,
            "thirdeye_mysql_pw": ACCOUNTS.thirdeye_password,
            "redis_url": redis.url,
            "jwt_public_key": signer.public_pem,
            **dict.fromkeys(("mysql_acquire_timeout", "mysql_connect_timeout", "mysql_statement_timeout"), 60),
            **more,
        },
    )


# By server: the schemas that the accounts were last made for, and what they were allowed then.
_ACCOUNTS_FOR = dict[MariaDB | MySQL, tuple[str, str, list[Any]]]()


def prepare_accounts(server: MariaDB | MySQL, om_schema: str, schema: str) -> None:
    """Makes the two accounts for a pair of schemas, unless they are as they would be made."""
    with server.connect() as connection, connection.cursor() as cursor:
        if _ACCOUNTS_FOR.get(server) == (om_schema, schema, _rights(cursor, om_schema)):
            return
        make_accounts(connection, ACCOUNTS, om_schema=om_schema, thirdeye_schema=schema)
        _ACCOUNTS_FOR[server] = (om_schema, schema, _rights(cursor, om_schema))


def _rights(cursor: Cursor, om_schema: str) -> list[Any]:
    """What the accounts may do, and the columns that there are to be read."""
    rights: list[Any] = [existing_columns(cursor, om_schema)]
    for user in (ACCOUNTS.om_user, ACCOUNTS.thirdeye_user):
        try:
            cursor.execute(f"SHOW GRANTS FOR '{user}'@'%'")
        except OperationalError:
            return rights  # There is no such account.
        rights.append(cursor.fetchall())
    return rights


def load_sample(server: MariaDB | MySQL, schema: str, *, tables: int = 300, today: date = TODAY) -> None:
    """Loads a sample estate. Each day of usage costs time in every test: 400 are a year and more."""
    with server.connect() as connection:
        load(generate(EstateOptions(today=today, tables=tables, usage_days=400)), connection, schema=schema)


# By server, tables, days and seed: a schema with that sample that is only copied from.
_SAMPLES = dict[tuple[MariaDB | MySQL, int, int, int], str]()


def copy_sample(server: MariaDB | MySQL, schema: str, *, tables: int, usage_days: int, seed: int = 7) -> None:
    """Loads a sample estate that several tests want, each for itself: made once a server, copied from then on."""
    key = (server, tables, usage_days, seed)
    if key not in _SAMPLES:
        _SAMPLES[key] = f"om_sample_{tables}_{usage_days}_{seed}"
        options = EstateOptions(today=TODAY, tables=tables, usage_days=usage_days, seed=seed)
        with server.connect() as connection:
            load(generate(options), connection, schema=_SAMPLES[key])
    copy_schema(server, _SAMPLES[key], schema)


@dataclass
class Api:
    """A running API and a client with a valid token."""

    app: Starlette
    client: httpx.AsyncClient
    settings: Settings

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole GraphQL answer."""
        response = await self.client.post(GRAPHQL, json={"query": query, "variables": variables})
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of an answer without errors."""
        answer = await self.ask(query, **variables)
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def scored(self) -> None:
        """Waits for the first score."""
        assert (await self.data("{ ziScore { status } }"))["ziScore"]["status"] != "PENDING"

    async def error(self, query: str, **variables: Any) -> dict[str, Any]:
        """The only error of an answer."""
        answer = await self.ask(query, **variables)
        (error,) = answer["errors"]
        assert error["extensions"]["requestId"]
        return dict(error)


@asynccontextmanager
async def running(
    settings: Settings, signer: Signer, clock: Clock | None = None, deadlines: Deadlines = LONG_DEADLINES
) -> AsyncIterator[Api]:
    """The app with its lifespan, as uvicorn would run it; its clock goes on from noon."""
    app = create_app(settings, clock=clock or clock_from(), deadlines=deadlines)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {signer.token()}"}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://thirdeye", headers=headers) as client,
    ):
        yield Api(app=app, client=client, settings=settings)
