"""The report as one HTML file that loads nothing: styles and pictures lie in it, and it runs no script. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from thirdeye.commands.report import figures
from thirdeye.commands.report.charts import parts_chart, score_chart
from thirdeye.commands.report.figures import Data
from thirdeye.text import visible

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2933; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { border-bottom: 1px solid #e4e7eb; padding: .3rem .6rem; text-align: left; vertical-align: top;
  overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: auto; } svg text { font-size: 11px; fill: #52606d; }
svg.key { display: inline-block; width: 10px; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 1rem; }
.warning { color: #8d2b0b; }
@media print { body { margin: 0; } }
"""


def page(data: Data) -> str:
    """The whole file."""
    plan, estate = data["unlockPlan"], data["estate"]
    in_use = Decimal(estate["total"]["monthlyCost"]) - Decimal(plan["monthlyCost"])
    parts = [
        ("can go now", float(plan["released"])),
        ("stays then", float(plan["stays"])),
        ("blocked", float(plan["blocked"])),
        # Sums of floating-point query costs may differ in their last digits.
        ("in use", max(float(in_use), 0.0)),
    ]
    edges = data["healthScoreHistory"]["edges"]
    history = [(edge["node"]["bucketStart"][:10], edge["node"]["score"]) for edge in edges]
    warnings = "".join(f'<p class="warning">{_text(warning)}</p>' for warning in estate["warnings"])
    sections = [
        ("Score", f"<p>{_text(figures.score_line(data))}</p>{score_chart(history)}"),
        ("Cost", f"<p>{_text(figures.cost_line(data))}</p>{parts_chart(parts)}"),
        (
            "Where the money is",
            _table(("service", "type", "#tables", "#USD a month", "#unused"), figures.service_rows(data)),
        ),
        ("What can go now", _table(("verdict", "table", "owner", "#USD a month", "why"), figures.saving_rows(data))),
        (
            "What would release the rest",
            f"<p>{_text(figures.plan_line(data))}</p>"
            + _table(
                ("state", "reason", "where or who", "#tables", "#USD a month", "#at most", "what to do"),
                figures.group_rows(data),
            ),
        ),
        ("What was saved", f"<p>{_text(figures.savings_line(data))}</p>"),
        ("How often advice was wrong", f"<p>{_text(figures.quality_line(data))}</p>"),
    ]
    body = "".join(f"<section><h2>{title}</h2>{content}</section>" for title, content in sections if content)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ThirdEye report</title>'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>{_text(figures.title(data))}</h1>"
        f"{warnings}{body}</body></html>\n"
    )


def _text(text: str) -> str:
    return escape(visible(text))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; headings that begin with # are of figures."""
    if not rows:
        return "<p>Nothing.</p>"
    classes = [' class="number"' if heading.startswith("#") else "" for heading in headings]
    head = "".join(
        f"<th{each}>{escape(heading.removeprefix('#'))}</th>" for each, heading in zip(classes, headings, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f"<td{each}>{escape(cell)}</td>" for each, cell in zip(classes, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
