"""Prints figures beside their aims, and remembers those that miss them."""

import statistics
from collections.abc import Sequence


class Figures:
    """`missed`: the figures that miss their aim, as they were printed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def say(self, text: str) -> None:
        print(text, flush=True)

    def figure(self, name: str, value: float, unit: str, aim: float | None = None) -> None:
        """A figure that is to be at most its aim."""
        text = f"{name:<58} {value:10,.1f} {unit:<8}"
        self._judge(text if aim is None else f"{text} aim {aim:,.0f}", aim is not None and value > aim)

    def times(
        self, name: str, times: Sequence[float], processor: Sequence[float], first: float | None, aim: float
    ) -> None:
        """Milliseconds, of which the 95th percentile is to be at most the aim, and the processor's share."""
        high, load = at_share(times, 0.95), statistics.median(processor)
        text = f"{name:<58} {statistics.median(times):8.1f} {high:8.1f} {load:8.1f}"
        self._judge(text if first is None else f"{text} {first:9.1f}", high > aim)

    def told(self, name: str, *, holds: bool) -> None:
        """Something that is to hold."""
        self._judge(f"{name:<58} {'yes' if holds else 'no':>10}", not holds)

    def _judge(self, text: str, is_missed: bool) -> None:
        if is_missed:
            self.missed.append(text)
        self.say(f"{text}   MISSED" if is_missed else text)


def at_share(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]
