"""Where it is going, in a real browser: what is forecast, and budgets against it."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.support.browser import Tab
from tests.support.forecasts import TABLES_THAT_CHANGED, forecast_deployment, put_tables_that_changed
from tests.support.page_estate import PageEstate
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[PageEstate]:
    made = PageEstate(tmp_path_factory.mktemp("forecast"), signer)
    try:
        forecast_deployment(made.deployment)
        put_tables_that_changed(made.deployment)
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_it_fits_the_smallest_screen(open_tab: Callable[..., Tab], theme: str) -> None:
    tab = open_tab(color_scheme=theme)
    tab.open("forecast")
    tab.page.get_by_text("As a table").click()
    tab.page.get_by_role("button", name="Set it", exact=True).click()
    assert tab.findings(theme) == []
    tab.page.set_viewport_size({"width": 320, "height": 800})
    assert tab.fits(320)


def test_a_budget_is_set_in_two_steps_and_stands_against_the_forecast(page: Tab, estate: PageEstate) -> None:
    page.expected = ("Failed to load resource",)
    page.open()
    page.page.get_by_role("navigation", name="Main").get_by_role("link", name="Forecast", exact=True).click()
    page.wait_for_heading("Forecast")
    told = estate.ask("get_budget_forecast")["budgetForecast"]
    months = told["scenarios"][0]["months"]
    figure = page.page.locator(".figure", has_text="Projected for this month")
    expect(figure.locator("strong span")).to_have_attribute("title", f"{months[0]['usd']} USD")
    # The method and what it lacks are said.
    expect(page.page.get_by_text("(NAIVE)")).to_be_visible()
    for warning in told["warnings"]:
        expect(page.page.get_by_text(warning, exact=True)).to_be_visible()
    # The chart says what its table says.
    expect(page.page.locator(".chart canvas")).to_be_visible()
    page.page.get_by_text("As a table").click()
    rows = page.page.get_by_role("region", name="Costs a month, so far and to come").locator("tbody tr")
    expect(rows.last.locator(f"span[title='{months[-1]['usd']} USD']").first).to_be_visible()
    # What is switched off stands in the address.
    page.page.get_by_label("Open items done by their due dates").uncheck()
    page.page.wait_for_function("() => location.search === '?hidden=OPEN_ITEMS_DONE'")
    amount = page.page.get_by_label("USD a month", exact=True)
    set_it = page.page.get_by_role("button", name="Set it", exact=True)
    mean_it = page.page.get_by_role("button", name="Yes, set it")
    amount.fill("-5")
    set_it.click()
    expect(page.page.get_by_text("This is no such amount.")).to_be_visible()
    expect(amount).to_be_focused()
    amount.fill("1")
    first_day = page.page.get_by_label("From (UTC")
    first_day.fill("2199-01-01")
    set_it.click()
    mean_it.click()
    expect(page.page.get_by_role("alert").filter(has_text="five years ahead")).to_be_visible()
    first_day.fill("")
    set_it.click()
    expect(page.page.get_by_text("may cost $1.00 a month")).to_be_visible()
    assert estate.ask("get_budget_history")["budgetHistory"] == []
    mean_it.click()
    expect(page.page.get_by_text("It is set.", exact=True)).to_be_visible()
    expect(page.page.get_by_role("region", name="All budgets that hold today")).to_contain_text("Over")
    [budget] = estate.ask("list_budgets")["budgets"]
    assert (float(budget["monthlyUsd"]), budget["status"]) == (1, "OVER")


def test_the_tables_that_make_the_change_stand_there_with_their_sums(page: Tab) -> None:
    page.open("forecast")
    sums = page.page.get_by_role("region", name="New, changed and gone").locator("tr")
    expect(sums).to_have_text(
        ["New12 tables$300.50", "Was there2 tables-$20.25", "Goneone table-$80.00", "Change of the known cost$200.25"]
    )
    rows = page.page.get_by_role("region", name="Tables that make the change").locator("tbody tr")
    names = [each["fqn"] for each in TABLES_THAT_CHANGED["largest"]]
    assert rows.locator("th").all_text_contents() == names
    assert rows.locator("td:last-child").all_text_contents() == ["$250.00", "-$80.00", "-$20.25"]
    # What is gone has no page of its own.
    assert [row.locator("a").count() for row in rows.all()] == [1, 0, 1]
    assert parse_qs(urlsplit(rows.locator("a").first.get_attribute("href") or "").query)["fqn"] == names[:1]
    expect(page.page.get_by_text("Of 3 tables something was left out")).to_be_visible()


def test_who_is_no_administrator_sees_it_and_sets_nothing(open_tab: Callable[..., Tab], signer: Signer) -> None:
    tab = open_tab(token=signer.token(sub="cyd", roles=["DataConsumer"]))
    tab.open("forecast?months=24&level=95")
    expect(tab.page.get_by_text("Administrators can set budgets.")).to_be_visible()
    assert tab.page.locator("main form").count() == 0
    expect(tab.page.locator(".period select").nth(2)).to_have_value("24")


def test_a_service_that_is_not_there_is_said_and_another_can_be_chosen(page: Tab, estate: PageEstate) -> None:
    page.expected = ("Failed to load resource",)
    page.open("forecast?service=no.such&months=lots")
    expect(page.page.get_by_role("alert").filter(has_text="the estate has no service no.such")).to_be_visible()
    service = estate.ask("get_estate")["estate"]["byService"][0]["name"]
    page.page.locator(".period select").first.select_option(service)
    expect(page.page.locator(".figure").first).to_contain_text(service)


def test_all_of_it_is_there_in_german(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(locale="de-CH")
    tab.open("forecast")
    assert tab.heading == "Prognose"
    expect(tab.page.get_by_role("region", name="Tabellen, die die Änderung ausmachen")).to_contain_text("War schon da")
    assert tab.page.get_by_text("{").count() == 0
