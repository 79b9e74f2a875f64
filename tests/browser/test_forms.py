"""What people write anew: items, campaigns, rules, and what administrators say; bad input is told at its field and stays."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser import Tab
from tests.support.clocks import TODAY
from tests.support.page_estate import PageEstate

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
NO_ANSWER = "Failed to load resource"
DUE = str(TODAY + timedelta(days=30))
TITLE = "<b>look</b> at it"


@pytest.fixture(scope="module")
def estate(written_estate: PageEstate) -> PageEstate:
    return written_estate


@pytest.fixture
def tab(open_tab: Callable[..., Tab]) -> Iterator[Tab]:
    """A tab in which the server may refuse what is asked."""
    return open_tab(expected=(NO_ANSWER,))


def press(inside: Locator, name: str) -> None:
    inside.get_by_role("button", name=name, exact=True).click()


def wrong(field: Locator) -> Locator:
    """The field, once it is marked as wrong."""
    expect(field).to_have_attribute("aria-invalid", "true")
    return field


def test_an_item_is_written_and_what_is_wrong_is_said_at_its_field(tab: Tab, estate: PageEstate) -> None:
    (fqn,) = estate.names(1)
    tab.open("work")
    press(tab.page.locator("main"), "New action item")
    form = tab.page.locator("form.form")
    title, due, saves = (form.get_by_label(name, exact=True) for name in ("Title", "Due (UTC)", "Saves (USD a month)"))
    due.fill("2020-01-01")
    saves.fill("a lot")
    press(form, "Create it")
    # All that is wrong is said at once, the first of it has the focus, and nothing was sent.
    expect(wrong(title)).to_be_focused()
    expect(form.get_by_text("1 to 255 characters.")).to_be_visible()
    expect(form.get_by_text("This day has passed.")).to_be_visible()
    expect(form.get_by_text("with up to six decimals.")).to_be_visible()
    title.fill(TITLE)
    due.fill(DUE)
    saves.fill("12,50")
    table = form.get_by_label("Table", exact=True)
    table.fill("no.such.table.here")
    press(form, "Create it")
    # What only the server knows is said at its field as well.
    expect(form.get_by_role("alert").filter(has_text="table:")).to_be_visible()
    wrong(table)
    assert (title.input_value(), saves.input_value()) == (TITLE, "12,50")
    assert tab.findings() == []
    # Names are suggested while one types.
    table.fill(fqn[:-1])
    expect(form.locator(f"datalist option[value='{fqn}']")).to_have_count(1)
    table.fill(fqn)
    form.get_by_label("Kind of work").select_option("SET_RETENTION")
    press(form, "Me")
    press(form, "Create it")
    expect(tab.page.locator(".done-bar [role=status]")).to_have_text("The item is there.")
    panel = tab.page.locator(".panel")
    expect(panel.locator("h2")).to_have_text(TITLE)
    made = estate.ask("list_action_items", filter={"search": "look"}, first=1)["actionItems"]["edges"][0]["node"]
    assert [made[name] for name in ("title", "category", "assignee", "dueDate")] == [
        TITLE, "SET_RETENTION", "admin", DUE,
    ]  # fmt: skip
    assert (made["table"]["fqn"], float(made["estimatedSavingsUsd"])) == (fqn, 12.5)
    press(tab.page.locator(".done-bar"), "Undo")
    expect(tab.page.locator(".done-bar [role=status]")).to_have_text("It is as it was.")
    assert estate.ask("list_action_items", filter={"search": "look"}, first=1)["actionItems"]["totalCount"] == 0


def test_a_campaign_is_started_led_filled_and_deleted(tab: Tab, estate: PageEstate) -> None:
    tab.open("savings")
    press(tab.page.locator("main"), "New campaign")
    form = tab.page.locator("form.form")
    form.get_by_label("Name").fill("Spring <i>clean</i>")
    form.get_by_label("Goal").fill("100")
    filter_ = form.get_by_role("group", name="Tables that match", exact=True)
    press(filter_, "As text")
    text = form.get_by_label("Tables that match (")
    text.fill("{zombies")
    press(form, "Start it")
    expect(wrong(text)).to_be_focused()
    text.fill('{"zombies": true}')
    press(form, "Start it")
    expect(form.get_by_role("alert").filter(has_text="zombies")).to_be_visible()
    # What the fields cannot show stays text; what they can is chosen there and taken back.
    expect(form.get_by_text("The fields cannot show all of this filter")).to_be_visible()
    text.fill('{"zombie": true, "service": ["no such"]}')
    press(form, "As text")
    expect(filter_.get_by_label("Zombie", exact=True)).to_have_value("true")
    press(filter_, "Drop Zombie: yes")
    press(filter_, "Drop Service: no such")
    expect(filter_).to_contain_text("No filter is chosen yet.")
    press(form, "Start it")
    expect(tab.page.get_by_text("The campaign is started.")).to_be_visible()
    (campaign,) = estate.ask("list_campaigns")["campaigns"]
    assert campaign["filter"] is None
    assert (campaign["name"], campaign["owner"], float(campaign["goalUsd"])) == ("Spring <i>clean</i>", "admin", 100)
    # A name that is taken is said at its field.
    press(tab.page.locator("main"), "New campaign")
    form.get_by_label("Name").fill("Spring <i>clean</i>")
    press(form, "Start it")
    expect(form.get_by_role("alert").filter(has_text="another campaign has this name")).to_be_visible()
    wrong(form.get_by_label("Name"))
    press(form, "Cancel")
    # Somebody else sets the goal meanwhile: what was typed stays, and theirs is not overwritten.
    mine = tab.page.locator(".campaigns li", has_text="Spring")
    press(mine, "Change “Spring <i>clean</i>”")
    form.get_by_label("Due (UTC)").fill(DUE)
    estate.ask("update_campaign", id=campaign["id"], input={"goalUsd": "250"})
    press(form, "Save")
    expect(form.get_by_role("alert").filter(has_text="Somebody else changed this meanwhile.")).to_be_visible()
    press(form, "Show what they made of it")
    expect(form.get_by_label("Goal")).to_have_value("250")
    press(form, "Save")
    expect(tab.page.get_by_text("The campaign is changed.")).to_be_visible()
    (campaign,) = estate.ask("list_campaigns")["campaigns"]
    assert (campaign["dueDate"], float(campaign["goalUsd"])) == (DUE, 250)
    put_in_and_taken_out(tab, estate, campaign["id"])
    press(mine, "Close it")
    expect(tab.page.get_by_text("The campaign is closed.")).to_be_visible()
    press(mine, "Open it again")
    expect(tab.page.get_by_text("The campaign is open again.")).to_be_visible()
    press(mine, "Delete the campaign")
    expect(mine).to_contain_text("Its items stay.")
    assert tab.findings() == []
    press(mine, "Delete it for good")
    expect(tab.page.get_by_text("The campaign is deleted.")).to_be_visible()
    assert estate.ask("list_campaigns")["campaigns"] == []


def put_in_and_taken_out(tab: Tab, estate: PageEstate, campaign: int) -> None:
    item = estate.ask("create_action_item", title="for spring")["createActionItem"]["id"]

    def items() -> int:
        return int(estate.ask("get_campaign", id=campaign)["campaign"]["progress"]["items"])

    tab.open(f"work?item={item}")
    panel, said = tab.page.locator(".panel"), tab.page.locator(".done-bar [role=status]")
    panel.get_by_text("Put it into a campaign").click()
    box = panel.get_by_role("checkbox", name="Spring <i>clean</i>")
    box.click()
    expect(said).to_have_text("It is in the campaign “Spring <i>clean</i>”.")
    expect(panel.get_by_role("link", name="Spring <i>clean</i>")).to_be_visible()
    assert items() == 1
    press(tab.page.locator(".done-bar"), "Undo")
    expect(said).to_have_text("It is as it was.")
    expect(box).not_to_be_checked()
    assert items() == 0
    tab.page.go_back()
    tab.wait_for_heading("Savings")


def test_a_rule_is_written_looked_at_set_and_deleted(tab: Tab, estate: PageEstate) -> None:
    before = estate.ask("list_action_rules")["actionRules"]
    tab.open("admin")
    press(tab.page.locator("main"), "New rule")
    form = tab.page.locator("form.confirm", has=tab.page.get_by_label("Open items at most"))
    form.get_by_label("Open items at most").fill("0")
    press(form, "Look what it would do")
    expect(wrong(form.get_by_label("Name", exact=True))).to_be_focused()
    wrong(form.get_by_label("Open items at most"))
    form.get_by_label("Name", exact=True).fill("Everything <i>big</i>")
    form.get_by_label("Open items at most").fill("3")
    form.get_by_label("Position").fill("9999")
    form.get_by_label("Kind of work").select_option("REVIEW_EXPENSIVE")
    press(form, "Look what it would do")
    filter_ = form.get_by_role("group", name="Tables that match", exact=True)
    expect(filter_).to_contain_text("Say which tables")
    expect(filter_).to_be_focused()
    least = filter_.get_by_label("Costs at least")
    least.fill("1")
    # It means the field, not the form.
    least.press("Enter")
    expect(filter_.get_by_role("list", name="Filters that are set")).to_contain_text("$1.00")
    press(form, "Look what it would do")
    expect(form).to_contain_text("tables match.")
    assert estate.ask("list_action_rules")["actionRules"] == before
    # Another filter is another rule: it is looked at anew.
    filter_.get_by_label("Zombie", exact=True).select_option("true")
    expect(form.get_by_role("button", name="Set it", exact=True)).to_have_count(0)
    press(form, "Look what it would do")
    press(form, "Set it")
    expect(tab.page.get_by_text("It is set, from the next refresh on.")).to_be_visible()
    made = estate.ask("list_action_rules")["actionRules"][-1]
    assert [made[name] for name in ("name", "category", "maximumItems", "position")] == [
        "Everything <i>big</i>", "REVIEW_EXPENSIVE", 3, 9999,
    ]  # fmt: skip
    assert json.loads(made["filter"]) == {"minimumMonthlyCost": "1", "zombie": True}
    rule = tab.page.locator(".rules li", has_text="Everything")
    press(rule, "Change “Everything <i>big</i>”")
    press(rule, "Delete the rule")
    expect(rule).to_contain_text("This cannot be undone.")
    press(rule, "Delete it for good")
    expect(tab.page.get_by_text("The rule is deleted.")).to_be_visible()
    assert estate.ask("list_action_rules")["actionRules"] == before


def test_what_is_no_use_and_which_lineage_is_whole_is_said_by_administrators(tab: Tab, estate: PageEstate) -> None:
    tab.open("admin")
    form = tab.page.locator("form", has=tab.page.get_by_label("Users whose statements do not count"))
    users = form.get_by_label("Users whose statements do not count")
    users.fill("\n".join(f"user {number}" for number in range(51)))
    press(form, "Set what does not count")
    expect(wrong(users)).to_be_focused()
    expect(form.get_by_text("At most 50 patterns")).to_be_visible()
    users.fill(" backup_* \n\nscanner")
    form.get_by_label("Users whose statements count all the same").fill("backup_*")
    press(form, "Set what does not count")
    expect(form.get_by_role("alert").filter(has_text="exceptUsers")).to_be_visible()
    form.get_by_label("Users whose statements count all the same").fill("")
    press(form, "Set what does not count")
    expect(form.get_by_text("It is set, from the next refresh on.")).to_be_visible()
    assert estate.ask("get_uncounted_use")["uncountedUse"]["users"] == ["backup_*", "scanner"]
    service = estate.ask("get_estate")["estate"]["byService"][0]["name"]
    tab.page.locator("summary", has_text=service).first.click()
    press(tab.page.locator("main"), f"Confirm that the lineage of {service} is complete")
    confirm = tab.page.locator("form.confirm")
    expect(confirm).to_contain_text("without dependents has none")
    confirm.get_by_label("Why").fill("all of it is declared")
    press(confirm, "Confirm that it is complete")
    expect(tab.page.locator("blockquote", has_text="all of it is declared")).to_be_visible()
    found = lineage_confirmed(estate)
    assert found == ["all of it is declared"]
    press(tab.page.locator("main"), f"Withdraw the confirmation of the lineage of {service}")
    confirm.get_by_label("Why").fill("it was not")
    press(confirm, "Withdraw the confirmation")
    expect(tab.page.locator("blockquote", has_text="all of it is declared")).to_have_count(0)
    assert lineage_confirmed(estate) == []


def lineage_confirmed(estate: PageEstate) -> list[Any]:
    services = estate.ask("list_services")["services"]
    return [each["lineageConfirmed"]["reason"] for each in services if each["lineageConfirmed"]]


def test_pages_of_the_list_lead_back_as_well(page: Tab, estate: PageEstate) -> None:
    estate.insert_items(f"paged {number:03}" for number in range(110))
    page.open("work?search=paged&sort=title&dir=asc")
    first = page.page.locator(".work-rows tbody th").first
    pages = page.page.get_by_role("navigation", name="Pages")
    expect(first).to_contain_text("paged 000")
    press(pages, "Next page")
    expect(first).to_contain_text("paged 050")
    press(pages, "Next page")
    expect(first).to_contain_text("paged 100")
    assert pages.get_by_role("button").all_inner_texts() == ["First page", "Previous page"]
    press(pages, "Previous page")
    expect(first).to_contain_text("paged 050")
    press(pages, "Previous page")
    expect(first).to_contain_text("paged 000")
    expect(pages.get_by_role("button", name="Previous page")).to_have_count(0)
    page.page.go_back()
    expect(first).to_contain_text("paged 050")
