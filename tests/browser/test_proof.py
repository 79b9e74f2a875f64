"""What was saved, whether advice can be trusted, and how it is run: in few steps, and nothing set before it was tried."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.support.browser import Tab
from tests.support.clocks import TODAY
from tests.support.page_estate import PageEstate
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
VIEWS = ("savings", "trust", "week", "admin", "report", "work?shape=board", "work?item={item}&do=dismiss")
GERMAN = {
    "savings": "Ersparnis",
    "trust": "Vertrauen",
    "week": "Meine Woche",
    "work": "Arbeit",
    "admin": "Verwaltung",
    "report": "Bericht",
}


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[PageEstate]:
    made = PageEstate(tmp_path_factory.mktemp("proof"), signer, works=True)
    yield made
    made.stop()


def menu(page: Tab, name: str) -> None:
    page.page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    page.wait_for_heading(name)


def test_what_was_saved_last_month_is_one_step_away(page: Tab, estate: PageEstate) -> None:
    ids = [
        estate.ask("create_action_item", title=title, estimatedSavingsUsd="1234.5")["createActionItem"]["id"]
        for title in ("one", "two")
    ]
    campaign = estate.ask("create_campaign", input={"name": "spring <i>cleaning</i>", "goalUsd": "5000"})
    campaign_id = campaign["createCampaign"]["id"]
    estate.ask("pick_campaign_items", id=campaign_id, add=ids)
    estate.ask("update_action_item", id=ids[0], resolution="COMPLETED")
    page.open()
    with page.page.expect_request(lambda request: "get_savings_page" in (request.post_data or "")) as asked:
        menu(page, "Savings")
    first_of_month = TODAY.replace(day=1)
    last = first_of_month - timedelta(days=1)
    variables = json.loads(asked.value.post_data or "{}")["variables"]
    assert (variables["lastFrom"], variables["lastTo"]) == (str(last.replace(day=1)), str(last))
    saved = estate.ask("get_savings", **{"from": str(last.replace(day=1)), "to": str(last)})["savings"]
    figure = page.page.locator(".figure", has_text="Saved last month")
    expect(figure.locator("strong span")).to_have_attribute("title", f"{saved['realizedUsd']} USD")
    # The chart says what its table says.
    expect(page.page.locator(".chart canvas")).to_be_visible()
    row = page.page.get_by_role("region", name="By month").locator("tbody tr", has_text=str(first_of_month)[:7])
    expect(row).to_contain_text("$1,234.50")
    listed = page.page.locator(".campaigns li")
    expect(listed).to_contain_text("spring <i>cleaning</i>")
    expect(listed).to_contain_text("1 of 2 items done")
    expect(listed).to_contain_text("goal $5,000.00 (0%)")
    listed.get_by_text("Whose tables saved most").click()
    expect(listed.locator("ol, details p").first).to_be_visible()
    # Another period is another address.
    page.page.get_by_label("From").fill("2020-01-01")
    page.settle()
    assert page.address.startswith("savings?from=2020-01-01")


def test_a_stricter_policy_is_tried_in_two_steps_and_set_only_when_meant(page: Tab, estate: PageEstate) -> None:
    before = estate.ask("get_policy")["policy"]
    page.open()
    menu(page, "Trust")
    slider = page.page.get_by_label("Idle for at least")
    slider.press("End")
    expect(page.page.locator("output").nth(2)).to_contain_text("730 days")
    expect(page.page.get_by_text("would be deleted or archived")).to_contain_text("0 tables")
    expect(page.page.get_by_role("heading", name="What it would have cost in regrets")).to_be_visible()
    tried = estate.ask("simulate_policy", input={"minimumIdleDays": 730})["simulatePolicy"]
    for kind, words in (("delete", "have deleted"), ("archive", "have archived")):
        count = tried["backTest"][kind]["verdicts"]
        if tried["backTest"]["days"]:
            expect(page.page.locator("li", has_text=words)).to_contain_text("one" if count == 1 else f"{count:,}")
    # It stands in the address, and nothing is set.
    page.page.wait_for_function("() => location.search.includes('minimumIdleDays=730')")
    assert estate.ask("get_policy")["policy"] == before
    # Neither nothing nor everything is too much to ask.
    for name, key in (("be deleted", "Home"), ("be archived", "End"), ("be deleted", "End")):
        page.page.get_by_label(f"may {name}").press(key)
    page.page.wait_for_function("() => location.search.includes('deleteRisk=1')")
    page.settle()
    assert page.page.get_by_role("alert").count() == 0
    page.page.get_by_role("button", name="As it is now").click()
    slider.press("End")
    page.page.get_by_role("button", name="Set this policy").click()
    expect(page.page.get_by_text("All verdicts follow it")).to_be_visible()
    page.page.get_by_role("button", name="Yes, set it for everybody").click()
    expect(page.page.get_by_text("It is set, from the next refresh on.")).to_be_visible()
    assert estate.ask("get_policy")["policy"]["minimumIdleDays"] == 730
    page.page.get_by_role("button", name="Set it back").click()
    expect(page.page.locator("output").nth(2)).to_contain_text(f"now {before['minimumIdleDays']} days")
    after = estate.ask("get_policy")["policy"]
    assert {**after, "setBy": None, "setAt": None} == {**before, "setBy": None, "setAt": None}


def test_who_may_not_set_a_policy_may_try_one(open_tab: Callable[..., Tab], signer: Signer, estate: PageEstate) -> None:
    tab = open_tab(token=signer.token(sub="cyd", roles=["DataConsumer"]))
    tab.open("trust?minimumIdleDays=700&deleteRisk=lots")
    expect(tab.page.locator("output").nth(2)).to_contain_text("700 days")
    assert tab.page.get_by_role("button", name="Set this policy").count() == 0
    assert "set_policy" not in json.dumps(tab.requests)
    # How risks came true is of a moment, too.
    made = estate.ask("get_trust")["verdictQuality"]["calibratedAt"]
    expect(tab.page.locator(f'.card-head time[datetime="{made}"]')).to_be_visible()


def test_the_report_is_the_one_of_the_command_and_can_be_printed(page: Tab, estate: PageEstate) -> None:
    page.open("savings")
    page.page.get_by_role("link", name="Report to print").click()
    page.wait_for_heading("Report")
    told = estate.ask("get_report")
    expect(page.page.locator(".report-sums span[title]").nth(1)).to_have_attribute(
        "title", f"{told['unlockPlan']['released']} USD"
    )
    page.page.emulate_media(media="print")
    assert not page.page.get_by_role("navigation", name="Main").is_visible()
    assert not page.page.get_by_text("Print it").is_visible()
    assert page.page.get_by_text(told["verdicts"]["bestSavings"][0]["fqn"]).is_visible()


# ---- administration


def test_why_last_nights_refresh_warned_is_two_steps_away_and_another_shows_how_far_it_is(
    page: Tab, estate: PageEstate
) -> None:
    page.open()
    menu(page, "Administration")
    newest = estate.ask("list_refresh_runs", first=1)["refreshRuns"]["edges"][0]["node"]
    for warning in newest["warnings"]:
        expect(page.page.locator(".runs li").first.locator("dt", has_text=warning["code"])).to_be_visible()
        assert warning["example"] in page.page.locator(".runs li").first.inner_text()
    page.page.get_by_role("button", name="Refresh now").click()
    expect(page.page.locator(".runs li")).not_to_have_count(1)
    # It asks by itself until the refresh has ended.
    expect(page.page.locator(".runs li").first).to_contain_text("done")
    expect(page.page.locator(".runs li").first).to_contain_text("admin")
    expect(page.page.get_by_role("button", name="Refresh now")).to_be_enabled()


def test_a_rule_is_looked_at_before_it_is_set(page: Tab, estate: PageEstate) -> None:
    page.expected = ("Failed to load resource",)
    rule = estate.ask("list_action_rules")["actionRules"][0]
    page.open("admin")
    page.page.get_by_role("button", name=f"Change “{rule['name']}”").click()
    form = page.page.locator(".rules form")
    form.get_by_role("button", name="As text").click()
    text = form.get_by_label("Tables that match (")
    text.fill("{not json")
    form.get_by_role("button", name="Look what it would do").click()
    expect(text).to_be_focused()
    text.fill('{"nothing": 1}')
    form.get_by_role("button", name="Look what it would do").click()
    expect(form.get_by_role("alert").filter(has_text="nothing")).to_be_visible()
    text.fill(rule["filter"])
    form.get_by_label("Detection uses it").uncheck()
    form.get_by_role("button", name="Look what it would do").click()
    expect(form).to_contain_text("tables match.")
    assert estate.ask("list_action_rules")["actionRules"][0] == rule
    form.get_by_role("button", name="Set it").click()
    expect(page.page.locator(".rules li").first).to_contain_text("off")
    assert estate.ask("list_action_rules")["actionRules"][0]["enabled"] is False


def test_a_price_and_a_feed_are_set_by_administrators(page: Tab, estate: PageEstate) -> None:
    page.expected = ("Failed to load resource",)
    page.open("admin")
    page.page.get_by_text("Set a price").click()
    form = page.page.locator("form", has=page.page.get_by_label("Type of service"))
    form.get_by_label("Type of service").fill("Snowflake")
    form.get_by_label("USD per GB and month").fill("-1")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert").filter(has_text="usdPerGbMonth")).to_be_visible()
    form.get_by_label("USD per GB and month").fill("0.5")
    form.get_by_role("button").click()
    expect(form.get_by_text("It is set, from the next refresh on.")).to_be_visible()
    prices = estate.ask("list_storage_prices")["storagePrices"]
    assert "Snowflake" in {price["serviceType"] for price in prices if price["basis"] == "OWN"}
    heading = page.page.get_by_role("heading", name="Usage feeds and coverage")
    feed = page.page.locator("section.card", has=heading).locator("details").first
    feed.locator("summary").click()
    confirm = feed.locator(".feeds li").first
    confirm.get_by_role("button", name="Confirm that").click()
    confirm.get_by_label("Why").fill("all of it is there")
    confirm.get_by_role("button", name="Confirm that it is complete").click()
    expect(confirm.locator("blockquote")).to_contain_text("all of it is there")
    assert [each["reason"] for each in estate.ask("list_confirmations")["confirmations"]] == ["all of it is there"]


def test_who_is_no_administrator_is_not_offered_any_of_it(open_tab: Callable[..., Tab], signer: Signer) -> None:
    tab = open_tab(token=signer.token(sub="cyd", roles=["DataConsumer"]))
    tab.open("admin")
    assert "This is for administrators." in tab.page.locator("main").inner_text()
    menu_of = tab.page.get_by_role("navigation", name="Main")
    assert menu_of.get_by_role("link", name="Administration").count() == 0
    assert tab.page.locator("main button").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(open_tab: Callable[..., Tab], estate: PageEstate, theme: str) -> None:
    tab = open_tab(color_scheme=theme)
    found = estate.ask("list_action_items", filter={"detected": True}, first=1)["actionItems"]["edges"]
    findings = {}
    for view in VIEWS:
        address = view.format(item=found[0]["node"]["id"])
        tab.open(address)
        if "item=" in address:
            tab.page.get_by_label("All of this page that you may change").check()
        findings[address] = tab.findings(theme)
        tab.page.set_viewport_size({"width": 320, "height": 800})
        if not tab.fits(320):
            findings[address].append("wider than the screen")
        tab.page.set_viewport_size({"width": 1280, "height": 800})
    assert {address: found for address, found in findings.items() if found} == {}


def test_all_of_it_is_there_in_german(open_tab: Callable[..., Tab]) -> None:
    tab = open_tab(locale="de-CH")
    for address, heading in GERMAN.items():
        tab.open(address)
        assert tab.heading == heading
        assert tab.page.get_by_text("{").count() == 0
