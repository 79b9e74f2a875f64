"""Learns of a signal to stop at once: uvicorn tells the application only after the last request is answered."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_Handler = Callable[[int, FrameType | None], object]


class ShutdownSignal:
    """True from the first SIGTERM or SIGINT on; their former handlers are still called."""

    def __init__(self) -> None:
        self._stopping = False

    def __call__(self) -> bool:
        return self._stopping

    def begin(self) -> None:
        """Makes it true."""
        self._stopping = True

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watches those of the signals that have a handler. Does nothing outside the main thread."""
        former: dict[signal.Signals, _Handler] = {}
        try:
            for number in _SIGNALS:
                handler = signal.getsignal(number)
                # Python's own handler of Ctrl-C is left alone: no server runs with it.
                if callable(handler) and handler is not signal.default_int_handler:
                    signal.signal(number, self._begin_and_call(handler))
                    former[number] = handler
        except ValueError:
            pass  # not the main thread
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def _begin_and_call(self, handler: _Handler) -> _Handler:
        def handle(number: int, frame: FrameType | None) -> object:
            self.begin()
            return handler(number, frame)

        return handle
