"""One chromium for each file of tests, and tabs of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.browser import AXE, BrowserUnavailable, Tab, chromium, tab
from tests.support.page_estate import PageEstate
from thirdeye.local.tokens import Signer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert AXE.exists(), "axe-core is missing: run `make setup`"
    with ExitStack() as closing:
        try:
            made = closing.enter_context(chromium())
        except BrowserUnavailable as reason:
            pytest.skip(str(reason))
        # Ended with the file: while playwright runs, its event loop is in the way of other tests'.
        yield made


@pytest.fixture(scope="package")
def plain_estate(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[PageEstate]:
    """The sample estate as it is, for all files whose tests leave it so."""
    made = PageEstate(tmp_path_factory.mktemp("plain"), signer)
    yield made
    made.stop()


@pytest.fixture(scope="package")
def written_estate(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[PageEstate]:
    """A sample estate that tests write to."""
    made = PageEstate(tmp_path_factory.mktemp("written"), signer)
    yield made
    made.stop()


@pytest.fixture
def open_tab(browser: Browser, estate: PageEstate, signer: Signer) -> Iterator[Callable[..., Tab]]:
    """Makes tabs, signed in as an administrator unless told otherwise; each fails the test if anything broke in it."""
    with ExitStack() as closing:

        def make(*, base: str | None = None, token: str | None = signer.token(), **more: Any) -> Tab:
            return closing.enter_context(tab(browser, base or estate.base, token, **more))

        yield make


@pytest.fixture
def page(open_tab: Callable[..., Tab]) -> Tab:
    return open_tab()
