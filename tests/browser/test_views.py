"""Every view in a real browser: it opens, everybody can use it, and nothing breaks or asks elsewhere on the way."""

import gzip
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.support import ROOT
from tests.support.browser import UI, Tab
from tests.support.page_estate import PageEstate

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
# Below the page's address; `{fqn}` stands for the table where most can be saved.
VIEWS = ("", "waste", "waste?verdict=DELETE", "unlock", "table?fqn={fqn}")
MENU = {"Overview": "", "Waste": "waste", "Unlock": "unlock"}
GERMAN = {"Überblick": "", "Verschwendung": "waste", "Freigeben": "unlock"}
# The smallest screen, one of 4K, and one in between.
WIDTHS = (320, 768, 3840)


@pytest.fixture(scope="module")
def estate(plain_estate: PageEstate) -> PageEstate:
    return plain_estate


@pytest.fixture(scope="module")
def views(estate: PageEstate) -> list[str]:
    return [address.format(fqn=quote(estate.names()[0])) for address in VIEWS]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_view_opens_and_axe_finds_nothing(open_tab: Callable[..., Tab], views: list[str], theme: str) -> None:
    page = open_tab(color_scheme=theme)
    findings = {}
    for address in views:
        page.open(address)
        assert (page.page.locator("html.dark-mode").count() == 1) == (theme == "dark")
        assert page.page.locator("[role=alert]").count() == 0, page.page.locator("main").inner_text()
        findings[address] = page.findings(theme)
    assert {address: found for address, found in findings.items() if found} == {}


def test_no_view_is_wider_than_the_screen(page: Tab, views: list[str]) -> None:
    too_wide = {}
    for address in views:
        page.open(address)
        for width in WIDTHS:
            page.page.set_viewport_size({"width": width, "height": 800})
            needed = page.page.evaluate("document.documentElement.scrollWidth")
            if needed > width:
                too_wide[(address, width)] = needed
            # Lists use a wide screen; lines to read stay as long as they are read well.
            used = page.page.evaluate("document.querySelector('main').offsetWidth")
            assert used == min(width, 2560 if address.startswith("waste") else 1440)
    assert too_wide == {}


def test_with_reduced_motion_nothing_moves(open_tab: Callable[..., Tab], views: list[str]) -> None:
    page = open_tab(reduced_motion="reduce")
    for address in views:
        page.open(address)
        running = "document.getAnimations().filter(each => each.effect.getComputedTiming().duration > 1).length"
        assert page.page.evaluate(running) == 0, address


def test_an_unknown_address_says_so_and_leads_back(page: Tab) -> None:
    for address in (
        "nothing",
        "nothing/here",
        "Waste",
        "waste/x",
        "nothing/here/at/all/",
        "%F0%9F%A7%9F",
        "a%2fb",
        "page.js/x",
    ):
        page.open(address)
        assert page.heading == "There is no such page", address
    page.page.get_by_role("link", name="To the overview").click()
    page.wait_for_heading("Overview")
    assert page.address == ""


def test_where_nothing_is_forecast_yet_it_says_when_there_will_be(page: Tab) -> None:
    # The worker of this estate never looks whether a forecast is due.
    page.expected = ("Failed to load resource",)
    page.open("forecast")
    expect(page.page.get_by_text("There is no forecast of this yet")).to_be_visible()
    assert page.page.get_by_role("alert").filter(visible=True, has_text="reached").count() == 0


def test_addresses_that_do_not_parse_give_a_sentence_and_a_way_on(page: Tab, views: list[str]) -> None:
    page.expected = ("Failed to load resource",)
    odd = (
        "verdict=NONSENSE&sort=up&dir=sideways&after=x&before=%00&search=%FF&minimumCost=lots&fqn=%22&from=yesterday&="
    )
    for view in ("", "waste", "unlock", "table"):
        for query in (odd, "fqn=no.such.table.here", "x" * 3000):
            page.open(f"{view}?{query}")
            assert page.heading
            page.page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
            page.wait_for_heading("Overview")


def test_back_and_forward_lead_where_one_was(page: Tab) -> None:
    page.open()
    menu = page.page.get_by_role("navigation", name="Main")
    been = ["Overview", "Waste", "Unlock", "Overview", "Unlock"]
    for name in been[1:]:
        menu.get_by_role("link", name=name).click()
        page.wait_for_heading(name)
        assert page.address == MENU[name]
        expect(menu.locator("[aria-current=page]")).to_have_text(name)
    for name in reversed(been[:-1]):
        page.page.go_back()
        page.wait_for_heading(name)
        assert page.address == MENU[name]
    for name in been[1:]:
        page.page.go_forward()
        page.wait_for_heading(name)
    assert page.page.title().startswith("Unlock")
    # And as somebody gets it who was sent the address.
    page.page.reload()
    page.wait_for_heading("Unlock")


def test_the_filters_of_the_address_survive_everything(page: Tab) -> None:
    page.open("waste?verdict=DELETE")
    heading = page.heading
    page.page.get_by_role("navigation", name="Main").get_by_role("link", name="Unlock").click()
    page.wait_for_heading("Unlock")
    page.page.go_back()
    page.wait_for_heading(heading)
    assert page.address == "waste?verdict=DELETE"
    page.page.reload()
    page.settle()
    assert page.address == "waste?verdict=DELETE"


def test_german_is_a_choice_that_holds(page: Tab, estate: PageEstate, views: list[str]) -> None:
    page.open()
    page.page.get_by_label("Language").select_option("de")
    page.wait_for_heading("Überblick")
    menu = page.page.get_by_role("navigation", name="Hauptmenü")
    for name, address in GERMAN.items():
        menu.get_by_role("link", name=name).click()
        page.wait_for_heading(name)
        assert page.address == address
    for address in views:
        page.open(address)
        assert page.page.evaluate("document.documentElement.lang") == "de"
        assert page.page.locator("[role=alert]").count() == 0
        # What has no text says its key, or leaves the place of a value open.
        assert page.page.get_by_text(r"{").count() == 0
    # What the API says is English, and told as such to a screen reader.
    for sentence in estate.ask("get_table_verdict", fqn=estate.names()[0])["table"]["verdict"]["reasons"][:-1]:
        said = page.page.get_by_text(sentence, exact=True).first
        assert said.evaluate("each => each.closest('[lang]').lang") == "en", sentence


def test_who_reads_german_gets_it_at_once(open_tab: Callable[..., Tab]) -> None:
    page = open_tab(locale="de-CH")
    page.open()
    assert page.heading == "Überblick"


def test_the_keyboard_leads_past_the_menu_and_to_everything_in_it(page: Tab) -> None:
    page.open()
    skip = page.page.get_by_role("link", name="Skip to the content")
    skip.focus()
    expect(skip).to_be_in_viewport()
    for name in ("ThirdEye", "Overview", "Waste"):
        page.page.keyboard.press("Tab")
        expect(page.page.locator(":focus")).to_have_text(name)
        assert page.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    page.page.keyboard.press("Enter")
    page.wait_for_heading("Waste")
    # A screen reader is told of the new view: its heading has the focus.
    assert page.page.evaluate("document.activeElement.tagName") == "H1"
    skip.focus()
    page.page.keyboard.press("Enter")
    assert page.page.evaluate("document.activeElement.id") == "content"


def test_the_theme_is_a_choice_that_openmetadata_shares(page: Tab) -> None:
    page.open()
    page.page.get_by_role("button", name="Dark").click()
    expect(page.page.locator("html")).to_have_class("dark-mode")
    assert page.page.evaluate("localStorage.getItem('ui-theme')") == "dark"
    page.page.reload()
    page.settle()
    expect(page.page.locator("html")).to_have_class("dark-mode")


def test_the_first_view_is_light(open_tab: Callable[..., Tab], views: list[str]) -> None:
    files = {"page.js", "page.css", "inter.woff2"}
    for view in (*views, "week", "work", "savings", "forecast", "trust", "admin", "report"):
        page = open_tab(expected=("Failed to load resource",))
        page.open(view)
        page.page.wait_for_load_state("networkidle")
        assert len(page.requests) <= 6, page.requests
        asked = [url.partition("#")[0].rpartition("/")[2].partition("?")[0] for url in page.requests[1:]]
        assert set(asked) == {*files, "graphql"}
    page = open_tab()
    page.open()
    static = ROOT / "thirdeye" / "ui" / "static"
    assert sum(len(gzip.compress((static / name).read_bytes(), 9)) for name in ("page.js", "page.css")) < 200_000
    # A view that was opened once needs no file again.
    asked = len(page.requests)
    page.page.get_by_role("navigation", name="Main").get_by_role("link", name="Waste").click()
    page.wait_for_heading("Waste")
    assert {url.rpartition("/")[2] for url in page.requests[asked:]} <= {"graphql"}


def test_on_paper_it_is_light_and_whole_without_what_only_a_screen_can_do(
    open_tab: Callable[..., Tab], estate: PageEstate, views: list[str]
) -> None:
    page = open_tab(color_scheme="dark")
    page.page.emulate_media(media="print")
    for address in views:
        page.open(address)
        assert page.page.locator("h1").is_visible()
        shown = page.page.locator("nav, button, form, .finder, .filters").filter(visible=True)
        assert shown.count() == 0, shown.first.evaluate("each => each.outerHTML")
        colours = page.page.evaluate(
            "[document.body, document.querySelector('.card')].map(e => getComputedStyle(e).backgroundColor)"
        )
        assert set(colours) == {"rgb(255, 255, 255)"}, address
        clipped = (
            "[...document.querySelectorAll('.scrolls')].some(each => getComputedStyle(each).overflowY !== 'visible')"
        )
        assert not page.page.evaluate(clipped), address
    # Warnings are folded on the screen, and whole on paper.
    said = {"": estate.ask("get_overview")["estate"]["warnings"]}
    assert said[""]
    verdict = estate.ask("get_table_verdict", fqn=estate.names()[0])["table"]["verdict"]
    said[views[-1]] = verdict["reasons"][:-1]
    for address, sentences in said.items():
        page.open(address)
        for sentence in sentences:
            assert page.page.get_by_text(sentence, exact=True).first.evaluate("each => each.checkVisibility()"), (
                sentence
            )


# What the tab key can stop at, in the order of the document. A field of a date has several stops within itself.
_STOPS = """(() => {
  const all = document.querySelectorAll("a[href], button:not(:disabled), input, select, textarea, summary, [tabindex]");
  return [...all].filter((each) => each.tabIndex >= 0 && each.checkVisibility());
})()"""


def test_the_tab_key_goes_through_each_view_in_the_order_of_the_document(page: Tab, views: list[str]) -> None:
    for address in (view for view in views if view != "waste?verdict=DELETE"):
        page.open(address)
        page.page.evaluate(f"{_STOPS}[0].focus()")
        reached = [0]
        # Counted each time: a newer answer may have drawn a part of the view again.
        while reached[-1] < page.page.evaluate(f"{_STOPS}.length"):
            page.page.keyboard.press("Tab")
            at = page.page.evaluate(f"{_STOPS}.indexOf(document.activeElement)")
            if at <= 0:
                break  # Out of the page, or round.
            if at != reached[-1]:
                reached.append(at)
        count = page.page.evaluate(f"{_STOPS}.length")
        assert reached == list(range(count)), (address, reached, count)


# Somebody quick, who is at the first link as soon as the heading has been stood on.
_QUICK = """addEventListener("focusin", (event) => {
  if (event.target.tagName === "H1") document.querySelector("a[href]").focus();
}, { once: true });"""


def test_whoever_goes_on_by_keyboard_before_the_answers_come_stays_there(page: Tab) -> None:
    page.page.add_init_script(_QUICK)
    page.open()
    expect(page.page.locator(".figures")).to_be_visible()
    assert page.page.evaluate(f"{_STOPS}.indexOf(document.activeElement)") == 0


def test_without_scripts_it_says_what_it_needs(open_tab: Callable[..., Tab]) -> None:
    page = open_tab(java_script_enabled=False, token=None)
    page.page.goto(f"{page.base}{UI}")
    assert "needs JavaScript" in page.page.locator("body").inner_text()
