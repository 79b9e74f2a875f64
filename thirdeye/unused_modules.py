"""Leaves out, while a library is imported, what it would import and ThirdEye never uses of it."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TypeVar

Decorated = TypeVar("Decorated")


@contextmanager
def absent(*names: str) -> Iterator[None]:
    """Within, these modules cannot be imported, as if they were not installed: for what a library takes only if it is there.

    Does nothing about those that are imported already.
    """
    blocked = [name for name in names if name not in sys.modules]
    # Python's own sign of a module that cannot be imported.
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in blocked:
            sys.modules.pop(name, None)


class _Nothing:
    def __init__(self, *_: object, **__: object) -> None:
        """Takes whatever the real one would."""

    def __call__(self, decorated: Decorated) -> Decorated:
        """As a decorator it changes nothing."""
        return decorated


class _StandIn(ModuleType):
    """A module in which every name is a class of that name that does nothing."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (_Nothing,), {"__module__": self.__name__})


class _StandIns(MetaPathFinder, Loader):
    def __init__(self, package: str) -> None:
        self._package = package

    def covers(self, name: str) -> bool:
        return name == self._package or name.startswith(f"{self._package}.")

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002  as finders are called
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if self.covers(fullname) else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandIn(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is in it."""


@contextmanager
def stood_in_for(package: str) -> Iterator[None]:
    """Within, names can be imported from this package that nobody will use, or that decorate what is used: for what a library
    imports in any case.

    Afterwards the package can be imported as it is. Does nothing if it has been.
    """
    if package in sys.modules:
        yield
        return
    stand_ins = _StandIns(package)
    sys.meta_path.insert(0, stand_ins)
    try:
        yield
    finally:
        sys.meta_path.remove(stand_ins)
        for name in [*filter(stand_ins.covers, sys.modules)]:
            del sys.modules[name]
