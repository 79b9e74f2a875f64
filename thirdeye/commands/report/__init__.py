"""`thirdeye report`: the one page that a platform lead takes to a meeting; in the terminal, as HTML or as JSON."""

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from thirdeye.commands.runner import run, settings_or_exit


def report(
    html: Annotated[Path | None, typer.Option("--html", help="Write one self-contained HTML file instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer of the operation get_report.")] = False,
) -> None:
    """Score and trend, what the estate costs, what can go now, what is blocked and by what, what was saved."""
    # Half of the time that other commands take to start.
    from thirdeye.commands.report.data import load_report

    if html is not None and as_json:
        raise typer.BadParameter("give --html or --json, not both", param_hint="--html")
    data = run(load_report(settings_or_exit()))
    if as_json:
        typer.echo(orjson.dumps(data, option=orjson.OPT_INDENT_2).decode())
    elif html is not None:
        from thirdeye.commands.report.page import page

        _replace(html, page(data))
        typer.echo(f"written to {html}", err=True)
    else:
        from thirdeye.commands.report.terminal import show

        show(data, sys.stdout)


def _replace(file: Path, text: str) -> None:
    """In one step: nobody sees half a page, and the one before stays if this one cannot be written."""
    draft = file.with_name(f".{file.name}.new")
    try:
        draft.write_text(text, "utf-8")
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
