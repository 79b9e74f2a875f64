"""`thirdeye doctor`: an installation checked from inside. It writes nothing to either database."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from thirdeye.commands.runner import run, settings_or_exit
from thirdeye.settings import SettingsInvalid

if TYPE_CHECKING:
    from thirdeye.commands.doctor.findings import Examination


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    url: Annotated[
        str, typer.Option("--url", help="Where people open OpenMetadata: also ask ThirdEye through its proxy.")
    ] = "",
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="A file with a token to ask with; - for standard input.")
    ] = None,
    stand_in: Annotated[
        bool,
        typer.Option("--stand-in", help="With --url, while no API runs: stand in for it, to see what the proxy does."),
    ] = False,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, max=600, help="At most so long for each check.")] = 10,
) -> None:
    """Checks the whole installation and says of each finding what to do.

    Exit code 0: nothing is wrong. 1: warnings. 2: faults. 3: not everything could be checked.
    """
    # Half of the time that other commands take to start.
    from structlog.testing import capture_logs

    from thirdeye.commands.doctor.findings import Check, Examination, finding

    if url and not url.startswith(("http://", "https://")):
        raise typer.BadParameter("must start with http:// or https://", param_hint="--url")
    if stand_in and not url:
        raise typer.BadParameter("needs --url", param_hint="--stand-in")
    token = _read_token(token_file) if token_file is not None else None
    try:
        settings = settings_or_exit()
    except SettingsInvalid as error:
        findings = [finding("SETTINGS_INVALID", line) for line in str(error).splitlines()]
        _finish(Examination([Check(name="settings", findings=findings)]), as_json=as_json)
        return
    from thirdeye.commands.doctor.installation import examine

    # What is logged on the way would stand among the findings.
    with capture_logs():
        examination = run(examine(settings, url=url, token=token, stand_in=stand_in, seconds=seconds))
    _finish(examination, as_json=as_json)


def _read_token(file: Path) -> str:
    text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    return text.strip().removeprefix("Bearer ").strip()


def _finish(examination: "Examination", *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(examination.as_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        from thirdeye.commands.doctor.terminal import show

        show(examination, sys.stdout)
    sys.exit(int(examination.exit_code))
