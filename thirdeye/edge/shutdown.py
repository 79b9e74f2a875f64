"""Knowing at once that the process was told to stop: uvicorn tells the application only when the last request is done."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ShutdownSignal:
    """True from the first SIGTERM or SIGINT on; what handled these before is called as well."""

    def __init__(self) -> None:
        self._stopping = False

    def __call__(self) -> bool:
        return self._stopping

    def begin(self) -> None:
        """From now on."""
        self._stopping = True

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches the signals that somebody handles in this, the main thread; elsewhere it does nothing."""
        before: dict[signal.Signals, Any] = {}
        try:
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                # Python's own handler of Ctrl-C is left alone: nobody serves under it.
                if callable(handler) and handler is not signal.default_int_handler:
                    signal.signal(number, self._before(handler))
                    before[number] = handler
        except ValueError:
            pass  # not the main thread
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _before(self, handler: Callable[[int, FrameType | None], Any]) -> Callable[[int, FrameType | None], Any]:
        def handle(number: int, frame: FrameType | None) -> Any:
            self.begin()
            return handler(number, frame)

        return handle
