"""The pictures of the report, as SVG within a page. Pure."""

from collections.abc import Sequence
from html import escape
from typing import Final

_WIDTH, _HEIGHT, _MARGIN = 640, 120, 24
_COLOURS: Final = ("#2a7f62", "#c9a227", "#b5483a", "#9aa5b1")


def score_chart(points: Sequence[tuple[str, int]]) -> str:
    """The score over time, a line from the oldest day to the newest; nothing for fewer than two points."""
    if len(points) < 2:
        return ""
    step = (_WIDTH - 2 * _MARGIN) / (len(points) - 1)
    places = [(_MARGIN + step * number, _y(score)) for number, (_, score) in enumerate(points)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    first, last = points[0], points[-1]
    label = f"Score from {first[1]} on {first[0]} to {last[1]} on {last[0]}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<line x1="{_MARGIN}" y1="{_y(0)}" x2="{_WIDTH - _MARGIN}" y2="{_y(0)}" stroke="#cbd2d9"/>'
        f'<line x1="{_MARGIN}" y1="{_y(100)}" x2="{_WIDTH - _MARGIN}" y2="{_y(100)}" stroke="#cbd2d9"/>'
        f'<polyline points="{line}" fill="none" stroke="{_COLOURS[0]}" stroke-width="2"/>'
        f'<text x="{_MARGIN}" y="{_HEIGHT - 4}">{escape(first[0])}</text>'
        f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - 4}" text-anchor="end">{escape(last[0])}</text></svg>'
    )


def _y(score: int) -> float:
    return _MARGIN / 2 + (_HEIGHT - 2 * _MARGIN) * (100 - score) / 100


def parts_chart(parts: Sequence[tuple[str, float]]) -> str:
    """Parts of a whole as one bar with its legend; nothing for a whole of nothing."""
    whole = sum(amount for _, amount in parts)
    if whole <= 0:
        return ""
    bars, x = list[str](), 0.0
    for colour, (name, amount) in zip(_COLOURS, parts, strict=False):
        width = _WIDTH * amount / whole
        title = f"{name}: {amount:,.2f} USD a month"
        bars.append(
            f'<rect x="{x:.1f}" y="0" width="{width:.1f}" height="28" fill="{colour}"><title>{escape(title)}</title></rect>'
        )
        x += width
    label = ", ".join(f"{name} {amount:,.2f}" for name, amount in parts)
    legend = "".join(
        f'<li><svg class="key" viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" fill="{colour}"/></svg> '
        f"{escape(name)}: {amount:,.2f} USD</li>"
        for colour, (name, amount) in zip(_COLOURS, parts, strict=False)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} 28" role="img" aria-label="{escape(label)}">{"".join(bars)}</svg>'
        f'<ul class="legend">{legend}</ul>'
    )
