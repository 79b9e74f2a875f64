"""Debian's chromium, driven by playwright: tabs that note whatever a person, or a browser's console, would call broken."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright
from playwright.sync_api import TimeoutError as WaitedTooLong

from tests.support import PATIENCE, ROOT
from tests.support.clocks import NOON

UI = "/api/v1/thirdeye/ui/"
MILLISECONDS = PATIENCE * 1000
AXE = ROOT / "tests" / "audits" / "node_modules" / "axe-core" / "axe.min.js"
# All that axe can tell of WCAG 2.2 AA, and its good practice.
_FIND = """async (rules) => {
  const runOnly = rules.length > 0 ? rules : undefined;
  const found = await axe.run(document, { resultTypes: ["violations"], runOnly });
  const said = (id, { target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`;
  return found.violations.flatMap(({ id, nodes }) => nodes.map((node) => said(id, node)));
}"""
# What axe tells of colours; all else is the same in each theme.
COLOURS = ("color-contrast", "link-in-text-block")
# Whatever is being asked has been answered: nothing stands for what is to come.
_SETTLED = """() => document.querySelector("h1") !== null && document.querySelector("[aria-busy=true]") === null"""


class BrowserUnavailable(Exception):
    """There is no chromium; the message says what to do."""


def find_chromium() -> str:
    """The path of a chromium: named by THIRDEYE_TEST_CHROMIUM, or of the system's. Never one that playwright fetches."""
    # The shell is the same engine without windows and menus, and takes less than half the processor time.
    names = ("chromium-headless-shell", "chromium", "chromium-browser")
    found = os.environ.get("THIRDEYE_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise BrowserUnavailable(
            "chromium is missing: run `scripts/setup browser`, or set THIRDEYE_TEST_CHROMIUM to its path"
        )
    return found


@contextmanager
def chromium(path: str | None = None) -> Iterator[Browser]:
    """A running chromium, that of `find_chromium` or the program at `path`. Raises BrowserUnavailable."""
    path = path or find_chromium()
    expect.set_options(timeout=MILLISECONDS)
    # In containers there is no sandbox for root, and little shared memory.
    options = ["--disable-dev-shm-usage", "--disable-gpu", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options, timeout=MILLISECONDS)
        yield browser
        browser.close()


@dataclass
class Tab:
    """A tab of a person of their own; `base` is what stands before the page's path in its addresses."""

    page: Page
    base: str
    token: str | None
    # Parts of messages that belong to what a test does.
    expected: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.set_default_timeout(MILLISECONDS)
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self._note(f"error: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("dialog", lambda dialog: self._note(f"dialog: {dialog.message}"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._note(f"console: {message.text} at {message.location.get('url')}")

    def _on_request(self, request: Request) -> None:
        if request.url.startswith("data:"):
            return
        self.requests.append(request.url)
        if not request.url.startswith(f"{self.base}{UI[: -len('ui/')]}"):
            self._note(f"request to elsewhere: {request.url}")

    def _note(self, problem: str) -> None:
        if not any(part in problem for part in self.expected):
            self.problems.append(problem)

    def open(self, address: str = "") -> None:
        """Opens an address below the page's own, signed in, as from a link; returns when all of it is there."""
        # The token goes the way of the link that `make run` prints, once.
        sign_in = f"#token={self.token}" if self.token else ""
        self.token = None
        self.page.goto(f"{self.base}{UI}{address}{sign_in}")
        self.settle()

    def settle(self) -> None:
        # Asked at each frame, as is the default, it has frames drawn for nothing else.
        self.page.wait_for_function(_SETTLED, polling=50)

    def fits(self, width: int) -> bool:
        """Whether nothing is wider than the screen, once charts have taken its width."""
        try:
            self.page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width, polling=50)
        except WaitedTooLong:
            return False
        return True

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    @property
    def address(self) -> str:
        """What stands behind the page's own address."""
        return self.page.url.removeprefix(f"{self.base}{UI}")

    def wait_for_heading(self, text: str) -> None:
        expect(self.page.locator("h1")).to_have_text(text)
        self.settle()

    def findings(self, theme: str = "light") -> list[str]:
        """What axe finds in what is on the screen; in the dark theme what it finds of colours, for light has all."""
        self.page.evaluate(_axe())
        found: list[str] = self.page.evaluate(_FIND, COLOURS if theme == "dark" else ())
        return found

    def show(self, theme: str) -> None:
        self.page.evaluate("theme => localStorage.setItem('ui-theme', theme)", theme)


@cache
def _axe() -> str:
    return AXE.read_text("utf-8")


@contextmanager
def tab(
    browser: Browser, base: str, token: str | None, *, expected: tuple[str, ...] = (), **options: Any
) -> Iterator[Tab]:
    """A tab by the clock of the tests; fails where something was broken in it that the test does not expect."""
    settings = {"locale": "en-US", "timezone_id": "Europe/Berlin", "viewport": {"width": 1280, "height": 800}}
    context = browser.new_context(**{**settings, **options})
    context.clock.set_fixed_time(NOON)
    made = Tab(context.new_page(), base, token, expected)
    made.watch()
    try:
        yield made
    finally:
        context.close()
    assert made.problems == []
