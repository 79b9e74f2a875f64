import gc

import pytest

from thirdeye.lasting_imports import lasting_imports


def test_the_collector_waits_for_imports_and_never_looks_at_what_they_made() -> None:
    frozen = gc.get_freeze_count()
    try:
        with lasting_imports():
            assert not gc.isenabled()
        assert gc.isenabled()
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()


def test_it_is_back_when_an_import_fails() -> None:
    try:
        with pytest.raises(ImportError), lasting_imports():
            raise ImportError
        assert gc.isenabled()
    finally:
        gc.unfreeze()
