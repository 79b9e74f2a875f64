"""The report in a terminal."""

from collections.abc import Sequence
from typing import IO

from rich.console import Console
from rich.table import Table

from thirdeye.commands.report import figures
from thirdeye.commands.report.figures import Data
from thirdeye.text import visible

# Of what is not a terminal: wide enough for a sentence beside its figures.
_WIDTH = 140


def show(data: Data, stream: IO[str]) -> None:
    """Prints the report; what names hold is text, never a style."""
    is_terminal = stream.isatty()
    console = Console(file=stream, markup=False, emoji=False, highlight=False, width=None if is_terminal else _WIDTH)
    console.print(figures.title(data), style="bold")
    for title, line in (
        ("Score", figures.score_line(data)),
        ("Cost", figures.cost_line(data)),
        ("Unused", figures.plan_line(data)),
        ("Saved", figures.savings_line(data)),
        ("Advice", figures.quality_line(data)),
    ):
        console.print(f"{title:<8}{line}")
    _table(console, "Where the money is", ("service", "type", "#tables", "#USD", "#unused"), figures.service_rows(data))
    _table(console, "What can go now", ("verdict", "table", "owner", "#USD", "why"), figures.saving_rows(data))
    headings = ("state", "reason", "where or who", "#tables", "#USD", "#at most", "what to do")
    _table(console, "What would release the rest", headings, figures.group_rows(data))
    for warning in data["estate"]["warnings"]:
        console.print(f"! {visible(warning)}")


def _table(console: Console, title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table; headings that begin with # are of figures."""
    if not rows:
        return
    table = Table(title=title, title_justify="left", title_style="bold", expand=False, box=None, pad_edge=False)
    for heading in headings:
        is_figure = heading.startswith("#")
        table.add_column(
            heading.removeprefix("#"), justify="right" if is_figure else "left", no_wrap=is_figure, overflow="fold"
        )
    for row in rows:
        table.add_row(*row)
    console.print()
    console.print(table)
