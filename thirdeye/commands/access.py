"""Tokens and refusals: `thirdeye token check | deny | allow | denied`, `thirdeye audit`."""

import json
import re
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import typer

from thirdeye.auth import store as denylist_store
from thirdeye.auth.authenticator import Authenticator, build_authenticator, claim_rules_of
from thirdeye.auth.denylist import Denylist
from thirdeye.auth.diagnosis import TokenCheck, diagnose
from thirdeye.auth.principal import principal_of
from thirdeye.auth.tokens import claims_of, denial_of
from thirdeye.clock import utc_now
from thirdeye.commands.runner import no_observer, run, settings_or_exit, with_database
from thirdeye.database import MySQL, thirdeye_database
from thirdeye.edge import store as audit_store
from thirdeye.errors import ThirdEyeError
from thirdeye.inventory.callers import Callers
from thirdeye.inventory.reader import EstateReader
from thirdeye.settings import Settings
from thirdeye.text import clean_text, visible

Result = TypeVar("Result")
token = typer.Typer(no_args_is_help=True, help="Looks at tokens, and denies them.")
_TOKEN = typer.Argument(help="The token, or - to read it from standard input, which no list of processes shows.")
_MARKS = {True: "ok  ", False: "NO  ", None: "?   "}


def _read(given: str) -> str:
    text = sys.stdin.read() if given == "-" else given
    return re.sub(r"(?i)^bearer\s+", "", text.strip())


def _over_thirdeye(settings: Settings, work: Callable[[MySQL], Coroutine[Any, Any, Result]]) -> Result:
    database = thirdeye_database(settings, no_observer)
    return run(with_database(database, work(database)))


@token.command()
def check(given: Annotated[str, _TOKEN] = "-") -> None:
    """Explains, check by check, why a token is or is not accepted; exit code 1 when it is not."""
    settings = settings_or_exit()
    text = _read(given)

    async def look() -> list[TokenCheck]:
        database = thirdeye_database(settings, no_observer)
        denied = Denylist(database)
        await database.start()
        authenticator = build_authenticator(settings, utc_now, denied=denied)
        try:
            if not isinstance(authenticator, Authenticator):
                return [TokenCheck("accepted", True, "JWT_ENABLED=false: everybody is an administrator")]
            await denied.start()
            people = await Callers(EstateReader(database)).people()
            return await diagnose(authenticator, text, utc_now().timestamp(), people)
        finally:
            await denied.stop()
            await authenticator.stop()
            await database.stop()

    steps = run(look())
    for step in steps:
        typer.echo(f"{_MARKS[step.passed]}{step.name:<10} {step.detail}")
    sys.exit(0 if all(step.passed for step in steps) else 1)


@token.command()
def deny(
    given: Annotated[str, _TOKEN] = "-",
    reason: Annotated[str, typer.Option("--reason", help="Why, for those who come after.")] = "",
) -> None:
    """Denies a token: all processes refuse it within seconds. Only the SHA-256 of its header and payload is kept."""
    settings = settings_or_exit()
    text = _read(given)
    try:
        claims = claims_of(text)
        issuer = claims.get("iss")
        provider = next((each for each in settings.jwt_providers if issuer in each.issuers), None)
        name = principal_of(claims, claim_rules_of(settings, provider) if provider else None).name
        reason = clean_text(reason, "reason", longest=1000, shortest=0)
    except ThirdEyeError as error:
        sys.exit(f"{error}; nothing was denied")
    expiry = claims.get("exp")
    expires = None
    if isinstance(expiry, int | float) and 0 < expiry < 4e9:
        expires = datetime.fromtimestamp(expiry, UTC)
    values = {"digest": denial_of(text), "name": name, "reason": reason, "expires": expires}

    async def work(thirdeye: MySQL) -> None:
        await denylist_store.deny_token(thirdeye, values, utc_now())
        await denylist_store.forget_expired(thirdeye, utc_now() - timedelta(days=1))

    _over_thirdeye(settings, work)
    typer.echo(f"denied: a token of {name}, sha256 {denial_of(text).hex()[:16]}...")


@token.command()
def allow(
    digest: Annotated[str, typer.Argument(help="How its SHA-256 begins, at least 8 digits; see `denied`.")],
) -> None:
    """Takes a denial back."""
    settings = settings_or_exit()
    prefix = digest.strip().rstrip(".").lower()
    if not re.fullmatch(r"[0-9a-f]{8,64}", prefix):
        sys.exit("give 8 to 64 hexadecimal digits, as `thirdeye token denied` shows them")
    allowed = _over_thirdeye(settings, lambda thirdeye: denylist_store.allow_token(thirdeye, prefix))
    typer.echo(f"taken back: {allowed}")
    sys.exit(0 if allowed else 1)


@token.command()
def denied() -> None:
    """Lists the tokens that are denied."""
    for row in _over_thirdeye(settings_or_exit(), denylist_store.denied_tokens):
        expires = f"expires {row['expires_at']:%Y-%m-%d %H:%M}" if row["expires_at"] else "never expires"
        digest = bytes(row["digest"]).hex()[:16]
        typer.echo(
            f"{digest}...  {row['denied_at']:%Y-%m-%d %H:%M} UTC  {row['name']}  {expires}  {visible(row['reason'])}"
        )


def audit(
    hours: Annotated[int, typer.Option("--hours", min=1, max=720, help="How far to look back.")] = 24,
    most: Annotated[int, typer.Option("--most", min=1, max=10_000, help="How many lines at most.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Shows what was refused: when last, how often, to whom, what and why."""
    settings = settings_or_exit()
    since = utc_now() - timedelta(hours=hours)
    rows = _over_thirdeye(settings, lambda thirdeye: audit_store.recent_refusals(thirdeye, since, most))
    for row in rows:
        if as_json:
            typer.echo(json.dumps(row, default=datetime.isoformat))
        else:
            times = f"{row['last_at']:%Y-%m-%d %H:%M:%S}  {row['refusals']:>8,}x"
            typer.echo(visible(f"{times}  {row['who']}  {row['what']}  {row['why']}"))
    if not rows and not as_json:
        typer.echo(f"nothing was refused in the last {hours} hours")
