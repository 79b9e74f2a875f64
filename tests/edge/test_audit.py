"""The audit of refusals: counted, bounded, kept while the database is away; and the commands that look after tokens."""

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support import PATIENCE
from tests.support.api import GRAPHQL, running
from tests.support.clocks import FixedClock
from tests.support.database import open_thirdeye
from thirdeye.cli import cli
from thirdeye.commands import access, configuration
from thirdeye.edge import store
from thirdeye.edge.audit import Audit
from thirdeye.errors import DatabaseUnavailable
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@pytest.mark.anyio
async def test_counted_by_hour_and_bounded(settings: Settings, sql_server: MariaDB | MySQL) -> None:
    clock = FixedClock(NOW)
    async with open_thirdeye(settings) as thirdeye:
        first, second = Audit(thirdeye, clock), Audit(thirdeye, clock)
        for audit in (first, second):
            for _ in range(3):
                audit.note("ann", "POST /graphql adhoc", "limit: depth")
            audit.note(None, "GET other", "HTTP 404")
            await audit.write()
        clock.now += timedelta(hours=1)
        first.note("ann", "POST /graphql adhoc", "limit: depth")
        await first.write()
        await first.write()
        rows = await store.recent_refusals(thirdeye, NOW - timedelta(hours=1), 100)
        assert [(row["who"], row["what"], row["why"], row["refusals"]) for row in rows] == [
            ("ann", "POST /graphql adhoc", "limit: depth", 1),
            *sorted(
                [("ann", "POST /graphql adhoc", "limit: depth", 6), ("(unverified)", "GET other", "HTTP 404", 2)],
                key=lambda each: rows.index(next(row for row in rows[1:] if row["who"] == each[0])),
            ),
        ]
        # What is made up by whoever is refused cannot grow without end.
        for number in range(2000):
            first.note(f"user{number}", "POST /graphql adhoc", "rate")
        await first.write()
        rows = await store.recent_refusals(thirdeye, clock.now - timedelta(minutes=1), 10_000)
        assert len(rows) == 502
        assert sum(row["refusals"] for row in rows) == 2001
        await store.drop_refusals(thirdeye, clock.now - timedelta(days=30), 100)
        assert len(await store.recent_refusals(thirdeye, NOW - timedelta(days=1), 10_000)) <= 500
        await store.drop_refusals(thirdeye, clock.now + timedelta(days=1), 100)
        assert await store.recent_refusals(thirdeye, NOW - timedelta(days=1), 10_000) == []


@pytest.mark.anyio
async def test_what_cannot_be_written_stays_counted(settings: Settings) -> None:
    async with open_thirdeye(settings) as thirdeye:
        audit = Audit(thirdeye, FixedClock(NOW))
        audit.note("ann", "x", "y")
        thirdeye.refusing = True
        with pytest.raises(DatabaseUnavailable):
            await audit.write()
        audit.note("ann", "x", "y")
        await audit.stop()
        thirdeye.refusing = False
        await audit.stop()
        (row,) = await store.recent_refusals(thirdeye, NOW, 10)
        assert row["refusals"] == 2


@pytest.fixture(scope="module")
def migrated(make_settings: Callable[..., Settings]) -> None:
    async def prepare() -> None:
        async with open_thirdeye(make_settings()):
            pass

    asyncio.run(prepare())


@pytest.fixture
def as_command(
    migrated: None, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Runs a command; its output and exit code."""
    settings = make_settings()

    def run(*command: str, standard_input: str = "") -> Any:
        for module in (access, configuration):
            monkeypatch.setattr(module, "settings_or_exit", lambda: settings)
        return CliRunner().invoke(cli, command, input=standard_input)

    run.settings = settings  # type: ignore[attr-defined]
    return run


def test_a_denied_token_is_refused_and_taken_back(as_command: Any, signer: Signer) -> None:
    settings, token, other = as_command.settings, signer.token(sub="leaky"), signer.token(sub="other")

    async def serve(steps: Callable[[Any], Any]) -> None:
        async with running(settings, signer) as api:
            await steps(api)

    async def status(api: Any, text: str) -> int:
        response = await api.client.post(
            GRAPHQL, json={"query": "{ __typename }"}, headers={"authorization": f"Bearer {text}"}
        )
        return int(response.status_code)

    async def before(api: Any) -> None:
        assert await status(api, token) == 200
        denied = await asyncio.to_thread(as_command, "token", "deny", "-", "--reason", "leaked", standard_input=token)
        assert denied.exit_code == 0, denied.output
        assert token not in denied.output
        # Within seconds, although this process had verified and remembered it.
        async with asyncio.timeout(PATIENCE):
            while await status(api, token) != 401:
                await asyncio.sleep(0.05)
        assert await status(api, other) == 200

    asyncio.run(serve(before))
    listed = as_command("token", "denied").output
    assert "leaky" in listed
    assert "leaked" in listed
    checked = as_command("token", "check", "-", standard_input=f"Bearer {token}\n")
    assert checked.exit_code == 1
    assert "denied by an administrator" in checked.output
    refusals = [json.loads(line) for line in as_command("audit", "--json").output.splitlines()]
    assert any("denied" in row["why"] and row["refusals"] >= 1 for row in refusals)
    assert "denied" in as_command("audit").output
    assert as_command("token", "allow", "xyz").exit_code == 1
    assert as_command("token", "allow", "00000000").exit_code == 1
    assert as_command("token", "allow", listed.split("...")[0]).exit_code == 0
    assert as_command("token", "check", token).exit_code == 0


@pytest.mark.parametrize(
    ("claims", "failed", "word"),
    [
        ({}, None, "admin, a person, roles: Admin"),
        ({"exp": 1000}, "exp", "1970-01-01 00:16:40"),
        ({"nbf": 32503680000}, "nbf", "not valid yet"),
        ({"aud": "grafana"}, "aud", "grafana"),
        ({"iss": "evil"}, "issuer", "not trusted"),
        ({"sub": ""}, "caller", "nobody"),
    ],
)
def test_a_token_is_explained(as_command: Any, signer: Signer, claims: dict[str, Any], failed: str, word: str) -> None:
    token = signer.token(**claims)
    result = as_command("token", "check", "-", standard_input=token)
    assert result.exit_code == (0 if failed is None else 1), result.output
    assert word in result.output
    refused = [line.split()[1] for line in result.output.splitlines() if line.startswith("NO")]
    assert refused[:1] == ([] if failed is None else [failed])
    assert token.split(".")[2] not in result.output


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_said_to_be_none(as_command: Any, token: str) -> None:
    assert as_command("token", "check", "-", standard_input=token).exit_code == 1
    assert as_command("token", "deny", "-", standard_input=token).exit_code == 1
    assert as_command("token", "denied").output == ""


def test_no_secret_is_shown(as_command: Any) -> None:
    output = as_command("config", "show").output
    settings = as_command.settings
    for secret in (settings.thirdeye_mysql_pw, settings.om_mysql_pw_ro):
        assert secret.get_secret_value() not in output
    assert "THIRDEYE_MYSQL_PW=********" in output
    assert len(output.splitlines()) == len(Settings.model_fields)
    hidden = settings.model_copy(
        update={"redis_url": "rediss://user:hunter2@redis:6379/1", "jwt_jwks_url": "https://u:hunter3@om/jwks"}
    )
    shown = configuration.shown(hidden)
    assert (shown["REDIS_URL"], shown["JWT_JWKS_URL"]) == ("rediss://********@redis:6379/1", "https://********@om/jwks")
    for text in (repr(hidden), repr(shown)):
        assert "hunter" not in text


def test_the_manifest_is_printed(as_command: Any) -> None:
    assert json.loads(as_command("operations", "manifest").output)["version"] == 1
    assert sys.modules["thirdeye.commands.configuration"]
