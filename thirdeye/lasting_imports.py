"""Imports without the garbage collector, which finds nothing in what modules are made of."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def lasting_imports() -> Iterator[None]:
    """For the entrances of a process: what is imported within lives as long as it does.

    The collector would look through hundreds of thousands of new functions and classes again and again while they are
    made, a quarter of the time until a process answers, and through all of them at each full collection afterwards.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
