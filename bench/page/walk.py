"""A seeded walk through the page by real clicks, keys and wheels, that changes nothing in ThirdEye."""

import random
from collections import Counter
from collections.abc import Callable

from playwright.sync_api import ConsoleMessage, Error, Locator, Page

# What a person waits for at most, in milliseconds.
_PATIENCE = 5_000
_BUSY = "() => document.querySelector('[aria-busy=true]') === null"
_WORDS = ("orders", "events daily", "raw", "x", "customer", "tmp", "no such table anywhere")


class Walk:
    """`step` does something that can be done where the page is. `done`: what, and how often."""

    def __init__(self, page: Page, seed: int) -> None:
        self._page = page
        self._random = random.Random(seed)
        self.steps = 0
        self.done: Counter[str] = Counter()
        self.problems: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        # By name: how often it is chosen, what is done, and where that can be.
        self._ways: dict[str, tuple[int, Callable[[], None]]] = {
            "menu": (2, lambda: self._click("header nav a")),
            "back": (3, self._page.go_back),
            "forward": (1, self._page.go_forward),
            "wheel": (5, self._wheel),
            "open a table": (4, lambda: self._click("main table th a[href*='table?fqn']")),
            "page of a list": (5, lambda: self._click("nav.pages a")),
            "sort": (2, lambda: self._click("table.tables thead a")),
            "tile": (3, lambda: self._click("ul.tiles a.tile")),
            "path": (1, lambda: self._click("nav ol.path a")),
            "choice": (2, self._choose),
            "drop a filter": (3, lambda: self._click("ul.marks a")),
            "search": (2, self._search),
            "fold": (2, lambda: self._click("main summary")),
            "select": (1, self._select),
            "more": (1, lambda: self._click(".unlock-list + button")),
            "theme": (1, lambda: self._click(".who button[aria-pressed]")),
        }

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def step(self) -> None:
        """One thing that a person does, until its answer is there, and a moment to look at it."""
        names = list(self._ways)
        (name,) = self._random.choices(names, [self._ways[each][0] for each in names])
        self.steps += 1
        try:
            self._ways[name][1]()
            self._page.wait_for_function(_BUSY, timeout=_PATIENCE)
            self.done[name] += 1
        except (Error, LookupError):
            # There is no such thing here, or it went away meanwhile.
            self.done["nothing"] += 1
            return
        if "/ui/" not in self._page.url:
            self._page.go_forward()
        self._page.wait_for_timeout(self._random.uniform(100, 900))

    def _one(self, selector: str) -> Locator:
        """One of the visible elements. Raises LookupError where there is none."""
        found = self._page.locator(f"{selector}:visible")
        return found.nth(self._random.randrange(found.count() or _none(selector)))

    def _click(self, selector: str) -> None:
        self._one(selector).click(timeout=1_000)

    def _wheel(self) -> None:
        self._page.mouse.move(640, 500)
        for _ in range(self._random.randint(1, 8)):
            self._page.mouse.wheel(0, self._random.choice((400, 400, 400, -600)))
            self._page.wait_for_timeout(60)

    def _choose(self) -> None:
        self._click("details.choices > summary")
        self._click("details.choices[open] input")

    def _search(self) -> None:
        field = self._one("input#search")
        field.fill("")
        field.press_sequentially(self._random.choice(_WORDS), delay=40)
        self._page.wait_for_timeout(400)

    def _select(self) -> None:
        box = self._one("main select")
        count = box.locator("option").count()
        box.select_option(index=self._random.randrange(count or _none("options")))


def _none(selector: str) -> int:
    raise LookupError(selector)
