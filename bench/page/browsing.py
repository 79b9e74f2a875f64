"""The page in a real chromium: what its first view costs, whether lists are fetched ahead, and the memory of long use."""

import gzip
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

from bench.page import unwatched
from bench.page.estate import PageEstate
from bench.page.figures import Figures
from bench.page.serving import Api
from bench.page.walk import Walk
from tests.support.browser import UI, chromium, find_chromium

KILOBYTES, REQUESTS, DRAWN, MEGABYTES = 150.0, 6.0, 300.0, 200.0
_LOADS = 5
_LOOKS_FOR = 1_500
_SAMPLED_EVERY = 15.0
_SIZE = {"width": 1280, "height": 800}
VIEWS = ("", "waste", "unlock", "table", "work", "week", "savings", "forecast", "trust", "admin", "report")
# When the view's own frame stood, when it first had all of its answers, and when the browser first painted anything.
_WATCH = """
globalThis.drawn = globalThis.framed = null;
const isDrawn = () => document.querySelector("main h1") && !document.querySelector("[aria-busy=true]");
const look = () => {
  if (globalThis.framed === null && document.querySelector("main h1")) {
    requestAnimationFrame(() => { globalThis.framed ??= performance.now(); });
  }
  if (globalThis.drawn === null && isDrawn()) requestAnimationFrame(() => { globalThis.drawn ??= performance.now(); });
};
new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true });
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) if (each.name === "first-contentful-paint") globalThis.painted = each.startTime;
}).observe({ type: "paint", buffered: true });
"""
_TIMES = """() => {
  const document = performance.getEntriesByType("navigation")[0].responseEnd;
  return { painted: globalThis.painted - document, framed: globalThis.framed - document, drawn: globalThis.drawn - document };
}"""
_SETTLED = "() => globalThis.drawn !== null && globalThis.painted !== undefined"


def budget(api: Api, estate: PageEstate, figures: Figures) -> None:
    """Prints the bundle, and of each view its requests, the times until something and all of it is drawn, and the work."""
    figures.say("\nthe page")
    static = Path(__file__).resolve().parents[2] / "thirdeye" / "ui" / "static"
    sizes = {
        each.name: len(gzip.compress(each.read_bytes())) for each in static.iterdir() if each.suffix in (".js", ".css")
    }
    figures.figure("bundle, gzipped", sum(sizes.values()) / 1000, "kB", KILOBYTES)
    with chromium() as browser:
        for view in VIEWS:
            address = f"table?{urlencode({'fqn': estate.with_items})}" if view == "table" else view
            _view(browser, api, view or "overview", address, figures)
        _ahead(browser, api, figures)


@contextmanager
def _tab(browser: Browser, api: Api) -> Iterator[Page]:
    """A tab of a new person, signed in."""
    context: BrowserContext = browser.new_context(locale="en-US", timezone_id="Europe/Berlin", viewport=_SIZE)  # type: ignore[arg-type]
    context.add_init_script(_WATCH)
    try:
        yield context.new_page()
    finally:
        context.close()


def _address(api: Api, address: str) -> str:
    return f"{api.base}{UI}{address}#token={api.token}"


def _view(browser: Browser, api: Api, name: str, address: str, figures: Figures) -> None:
    times, requests = list[dict[str, float]](), list[str]()
    for _ in range(_LOADS):
        with _tab(browser, api) as page:
            requests.clear()
            page.on("request", lambda request: requests.append(request.url))
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.goto(_address(api, address))
            page.wait_for_function(_SETTLED)
            times.append({**page.evaluate(_TIMES), "worked": _metrics(session)["TaskDuration"] * 1000})
            page.wait_for_load_state("networkidle")
    asked = [url for url in requests if not url.startswith("data:")]
    ahead = 1 if name == "waste" else 0
    figures.figure(f"{name}: requests until it is drawn", len(asked) - ahead, "", REQUESTS)
    for kind, text in (("painted", "the first content"), ("framed", "the view's own frame"), ("drawn", "all of it")):
        middle = statistics.median(each[kind] for each in times)
        figures.figure(f"{name}: from the document to {text}", middle, "ms", DRAWN)
    # Other work on the machine makes the times above longer, and hardly this one.
    worked = statistics.median(each["worked"] for each in times)
    figures.figure(f"{name}: processor of the main thread until then", worked, "ms", DRAWN)


def _metrics(session: CDPSession) -> dict[str, float]:
    return {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}


def _ahead(browser: Browser, api: Api, figures: Figures) -> None:
    """Whether the next page of the list is there before it is asked for, and how soon it is shown."""
    with _tab(browser, api) as page:
        asked = list[str]()
        page.on("request", lambda request: asked.append(request.post_data or ""))
        page.goto(_address(api, "waste"))
        page.wait_for_function(_SETTLED)
        page.wait_for_load_state("networkidle")
        lists = [each for each in asked if "list_table_rows" in each]
        figures.told("list: the next page is fetched ahead", holds=any('"after":"' in each for each in lists))
        waits = list[float]()
        for _ in range(10):
            # As long as somebody looks at a page at the least.
            page.wait_for_timeout(_LOOKS_FOR)
            waits.append(page.evaluate(_NEXT))
        figures.figure("list: from a click to the rows of the next page", statistics.median(waits), "ms")


_NEXT = """() => new Promise((resolve) => {
  const first = () => document.querySelector("table.tables tbody th")?.textContent;
  const before = first(), began = performance.now();
  const look = () => {
    const isNext = first() !== before && !document.querySelector(".rows.old");
    isNext ? resolve(performance.now() - began) : requestAnimationFrame(look);
  };
  [...document.querySelectorAll("nav.pages a")].at(-1).click();
  look();
})"""


class Memory:
    """What a tab takes: its heap, its nodes, and what its process has of the machine."""

    def __init__(self, browser: Browser, page: Page) -> None:
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Performance.enable")
        self._browser = browser.new_browser_cdp_session()

    def sample(self, *, collected: bool = False) -> dict[str, float]:
        """Megabytes of heap and of the largest renderer, and nodes; `collected`: after the garbage is gone.

        `footprint` is what the browser's own task manager shows of a tab: memory of its own that is not a file's. `process`
        is that, and its share of what it has in common with other processes, which is mostly the browser's program.
        """
        if collected:
            self._session.send("HeapProfiler.collectGarbage")
        metrics = _metrics(self._session)
        found = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        renderers = [int(each["id"]) for each in found if each["type"] == "renderer"]
        largest = max(renderers, key=_proportional)
        return {
            "heap": metrics["JSHeapUsedSize"] / 1e6,
            "process": _proportional(largest) / 1e6,
            "footprint": _footprint(largest) / 1e6,
            "nodes": metrics["Nodes"],
            "listeners": metrics["JSEventListeners"],
        }


def _proportional(process: int) -> int:
    """The bytes of a process, of shared ones its share; 0 for one that is gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _footprint(process: int) -> int:
    """The bytes of a process that are neither shared nor of a file, in memory or swapped out."""
    lines = Path(f"/proc/{process}/status").read_text()
    return sum(int(each) * 1024 for each in re.findall(r"^(?:RssAnon|VmSwap):\s+(\d+) kB$", lines, re.MULTILINE))


def use(api: Api, minutes: float, seed: int, figures: Figures) -> None:
    """Uses the page for so many minutes as a person would, and prints what the tab takes meanwhile."""
    figures.say(
        f"\n{minutes:g} minutes of use, seed {seed}: MB of heap, MB of the tab's process, MB of its own, nodes, listeners"
    )
    with (
        tempfile.TemporaryDirectory(prefix="thirdeye-bench-") as folder,
        chromium(unwatched.script(Path(folder), find_chromium())) as browser,
        _tab(browser, api) as page,
    ):
        page.goto(_address(api, ""))
        page.wait_for_function(_SETTLED)
        memory, walk, began = Memory(browser, page), Walk(page, seed), time.monotonic()
        samples = [memory.sample()]
        while (elapsed := time.monotonic() - began) < minutes * 60:
            walk.step()
            if elapsed >= len(samples) * _SAMPLED_EVERY:
                samples.append(memory.sample())
                if len(samples) % 4 == 1:
                    figures.say(f"{elapsed / 60:6.1f} min {_line(samples[-1])}")
        last, collected = memory.sample(), memory.sample(collected=True)
    figures.say(f"at last    {_line(last)}\ncollected  {_line(collected)}")
    figures.say(f"{walk.steps} steps: {', '.join(f'{name} {count}' for name, count in walk.done.most_common())}")
    figures.say(f"{len(walk.problems)} errors in the console {walk.problems[:3]}")
    for name, kind in (("heap", "heap"), ("the tab's process", "process"), ("of its own", "footprint")):
        figures.figure(f"{name}, at last", last[kind], "MB", MEGABYTES)
        figures.figure(f"{name}, the most", max(each[kind] for each in samples), "MB")


def _line(sample: dict[str, float]) -> str:
    megabytes = " ".join(f"{sample[kind]:8.1f}" for kind in ("heap", "process", "footprint"))
    return f"{megabytes} {sample['nodes']:10,.0f} {sample['listeners']:8,.0f}"
