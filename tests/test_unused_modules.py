import importlib
import sys
from pathlib import Path

import pytest

from thirdeye.unused_modules import absent, stood_in_for


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `strange`, and a module `user_of_it` that wants names of it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "__init__.py").write_text("TRUE = True")
    (tmp_path / "strange" / "deep.py").write_text("from strange import TRUE as DEEP")
    (tmp_path / "user_of_it.py").write_text(
        "try:\n    from strange.deep import DEEP, Nothing\nexcept ImportError:\n    Nothing = None\n"
    )
    importlib.invalidate_caches()
    for name in ("strange", "strange.deep", "user_of_it"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


@pytest.mark.usefixtures("library")
def test_what_is_absent_can_be_imported_afterwards() -> None:
    with absent("strange"):
        assert importlib.import_module("user_of_it").Nothing is None
    assert "strange" not in sys.modules
    assert importlib.import_module("strange.deep").DEEP is True


@pytest.mark.usefixtures("library")
def test_what_was_imported_before_stays() -> None:
    strange = importlib.import_module("strange")
    with absent("strange"), stood_in_for("strange"):
        assert importlib.import_module("strange") is strange
    assert sys.modules["strange"] is strange


@pytest.mark.usefixtures("library")
def test_a_package_that_is_stood_in_for_has_every_name_and_is_real_afterwards() -> None:
    with stood_in_for("strange"):
        user = importlib.import_module("user_of_it")
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("stranger")
    assert (user.Nothing.__name__, user.Nothing.__module__) == ("Nothing", "strange.deep")
    assert isinstance(user.DEEP, type)
    # As what is taken for a decorator.
    assert user.Nothing(1, since="2")(len) is len
    assert importlib.import_module("strange.deep").DEEP is True


@pytest.mark.usefixtures("library")
def test_nothing_is_left_of_it_when_an_import_fails() -> None:
    finders = list(sys.meta_path)
    with pytest.raises(ZeroDivisionError), stood_in_for("strange"):
        importlib.import_module("strange.deep")
        raise ZeroDivisionError
    assert sys.meta_path == finders
    assert "strange" not in sys.modules
    assert "strange.deep" not in sys.modules
