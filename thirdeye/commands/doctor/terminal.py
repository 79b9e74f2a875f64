"""The examination in a terminal."""

from typing import IO, Final

from rich.console import Console
from rich.table import Table

from thirdeye.commands.doctor.catalogue import Severity
from thirdeye.commands.doctor.findings import Examination, ExitCode
from thirdeye.text import visible

# Of what is not a terminal: wide enough for a statement of SQL.
_WIDTH: Final = 160
_STYLES: Final = {Severity.FAULT: "bold red", Severity.WARNING: "yellow"}
_MARKS: Final = {"SOUND": "ok", "FOUND": "NO", "NOT_CHECKED": "?"}
_ENDS: Final = {
    ExitCode.SOUND: "Nothing is wrong.",
    ExitCode.WARNINGS: "It works; see the warnings.",
    ExitCode.FAULTS: "It does not work, or is not safe; see the faults.",
    ExitCode.NOT_ALL_CHECKED: "Not everything could be checked.",
}


def show(examination: Examination, stream: IO[str]) -> None:
    """Prints it; what was seen is text, never a style."""
    width = None if stream.isatty() else _WIDTH
    console = Console(file=stream, markup=False, emoji=False, highlight=False, width=width)
    table = Table(box=None, pad_edge=False, show_header=False)
    for wraps in (False, False, True):
        table.add_column(no_wrap=not wraps, overflow="fold")
    for check in examination.checks:
        unknown = None if check.unknown is None else f"not checked, because: {check.unknown}"
        table.add_row(_MARKS[check.state], check.name, visible(unknown or check.seen))
    console.print(table)
    for check, each in examination.findings:
        console.print()
        console.print(f"{each.severity} {each.code} ({check.name})", style=_STYLES[each.severity])
        for label, text in (("", each.meaning), ("seen: ", each.seen), ("do:   ", each.advice)):
            console.print(f"  {label}{visible(text)}", soft_wrap=True)
    console.print()
    console.print(_ENDS[examination.exit_code], style="bold")
