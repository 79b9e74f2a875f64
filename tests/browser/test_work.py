"""What people do in the view of work: each change done, undone, refused, met by another one, and sent again after a failure."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser import Tab
from tests.support.clocks import NOON, TODAY
from tests.support.page_estate import PageEstate
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
NO_ANSWER = "Failed to load resource"
DUE, NEXT_WEEK, TOO_LATE = (str(TODAY + timedelta(days=days)) for days in (30, 7, 4000))


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, signer: Signer) -> Iterator[PageEstate]:
    # The clock is moved below.
    made = PageEstate(tmp_path_factory.mktemp("work"), signer)
    yield made
    made.stop()


@pytest.fixture
def make_item(estate: PageEstate) -> Callable[..., int]:
    def make(title: str, **more: Any) -> int:
        return int(estate.ask("create_action_item", title=title, **more)["createActionItem"]["id"])

    return make


def item(estate: PageEstate, id_: int) -> dict[str, Any]:
    found: dict[str, Any] = estate.ask("get_action_item", id=id_)["actionItem"]
    return found


def status_of(estate: PageEstate, id_: int) -> tuple[str, str | None]:
    found = item(estate, id_)
    return found["status"], found["resolution"]


def panel(tab: Tab) -> Locator:
    return tab.page.locator(".panel")


def said(tab: Tab) -> Locator:
    """What the page says aloud of the last change."""
    return tab.page.locator(".done-bar [role=status]")


def press(inside: Locator, name: str) -> None:
    inside.get_by_role("button", name=name, exact=True).click()


# ---- what is done, and undone


def test_a_finding_is_dismissed_with_a_reason_in_three_steps_and_undone(
    page: Tab, estate: PageEstate, make_item: Callable[..., int]
) -> None:
    id_ = make_item("dismiss <b>me</b>", priority="LOW")
    page.open()
    page.page.get_by_role("navigation", name="Main").get_by_role("link", name="Work").click()
    page.page.get_by_role("button", name="Dismiss “dismiss <b>me</b>”").click()
    reason = panel(page).get_by_label("Why")
    expect(reason).to_be_focused()
    # Without a reason, and with far too long a one, the sentence stands at the field and the text stays.
    press(panel(page), "Dismiss it")
    expect(reason).to_have_attribute("aria-invalid", "true")
    reason.evaluate(
        "field => { field.value = 'x'.repeat(1e5); field.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    press(panel(page), "Dismiss it")
    expect(panel(page).get_by_text("1 to 1,000 characters.")).to_have_class("wrong small")
    assert reason.evaluate("field => field.value.length") == 100_000
    reason.fill("is <i>needed</i>")
    press(panel(page), "Dismiss it")
    expect(said(page)).to_have_text("It is dismissed.")
    assert status_of(estate, id_) == ("DONE", "DISMISSED")
    press(page.page.locator(".done-bar"), "Undo")
    expect(said(page)).to_have_text("It is as it was.")
    assert status_of(estate, id_) == ("OPEN", None)


def test_a_tables_end_is_taken_over_in_three_steps_and_waits(
    page: Tab, estate: PageEstate, make_item: Callable[..., int]
) -> None:
    (fqn,) = estate.names(1)
    found = estate.ask("list_action_items", filter={"table": [fqn], "category": ["PURGE", "ARCHIVE"]}, first=1)
    edges = found["actionItems"]["edges"]
    id_ = edges[0]["node"]["id"] if edges else make_item("its end", table=fqn, category="PURGE")
    # Tests before this one may have made more items than a page shows.
    page.open(f"work?{urlencode({'search': item(estate, id_)['title']})}")
    page.page.locator(f"[data-item='{id_}']").click()
    press(panel(page), "Take it over")
    expect(said(page)).to_have_text("It is yours and in progress.")
    assert (item(estate, id_)["status"], item(estate, id_)["assignee"]) == ("IN_PROGRESS", "admin")
    press(panel(page), "Announce its end")
    press(panel(page), "Yes, begin this stage")
    expect(said(page)).to_have_text("Its stage is now “Announced”.")
    # The next one cannot begin before its day, and what cannot be taken back says so first.
    expect(panel(page).get_by_role("button", name="It is restricted")).to_be_disabled()
    expect(panel(page).locator(".stages")).to_contain_text("waits for 14 more days")
    press(panel(page), "Take it back")
    expect(panel(page)).to_contain_text("All stages begin again")
    press(panel(page), "Yes, take it back")
    expect(said(page)).to_have_text("The table's end is taken back.")
    assert item(estate, id_)["stage"] is None


def test_an_item_is_assigned_due_snoozed_renamed_commented_and_deleted(
    page: Tab, estate: PageEstate, make_item: Callable[..., int]
) -> None:
    id_ = make_item("change me")
    # One without a priority cannot be given that back.
    estate.ask("update_action_item", id=id_, priority="LOW")
    page.open(f"work?item={id_}")
    edit = panel(page).locator(".edit")
    edit.get_by_label("Assigned to").fill("Nobody Known")
    edit.get_by_label("Due (UTC)").fill("2020-01-01")
    press(edit, "Save")
    # A day that has passed is refused at its field, and what else was typed stays.
    expect(edit.get_by_text("This day has passed.")).to_be_visible()
    expect(edit.get_by_label("Due (UTC)")).to_be_focused()
    expect(edit.get_by_label("Assigned to")).to_have_value("Nobody Known")
    edit.get_by_label("Due (UTC)").fill(TOO_LATE)
    press(edit, "Save")
    expect(edit.get_by_role("alert").get_by_text("ten years ahead")).to_be_visible()
    edit.get_by_label("Due (UTC)").fill(DUE)
    edit.get_by_label("Snoozed until").fill(NEXT_WEEK)
    edit.get_by_label("Priority").select_option("URGENT")
    edit.get_by_label("Title").fill("<img src=x onerror=hacked()>")
    press(edit, "Save")
    expect(said(page)).to_have_text("It is changed.")
    expect(panel(page)).to_contain_text("has no user or team nobody known")
    found = item(estate, id_)
    assert [found[name] for name in ("assignee", "dueDate", "snoozed", "priority", "title")] == [
        "nobody known", DUE, True, "URGENT", "<img src=x onerror=hacked()>",
    ]  # fmt: skip
    press(page.page.locator(".done-bar"), "Undo")
    expect(said(page)).to_have_text("It is as it was.")
    undone = item(estate, id_)
    assert (undone["title"], undone["assignee"], undone["priority"]) == ("change me", None, "LOW")
    panel(page).get_by_label("Comment on it").fill("first\nsecond")
    press(panel(page), "Send the comment")
    expect(panel(page).locator("blockquote")).to_contain_text("second")
    press(panel(page), "Delete the item")
    expect(panel(page)).to_contain_text("cannot be undone")
    press(panel(page), "Delete it for good")
    expect(said(page)).to_have_text("The item is deleted.")
    expect(panel(page)).to_have_count(0)


def test_a_tables_end_goes_through_all_its_stages_day_by_day(
    page: Tab, estate: PageEstate, make_item: Callable[..., int]
) -> None:
    """The waiting times are those of the API; the page says how long each still is, and offers what may follow."""
    (fqn,) = estate.names(1)
    id_ = make_item("all stages", table=fqn, category="DEDUPLICATE")
    moment = NOON
    try:
        for stage, button in (
            ("ANNOUNCED", "Announce its end"),
            ("RESTRICTED", "It is restricted"),
            ("ARCHIVED", "It is archived"),
            ("DROPPED", "It is dropped"),
        ):
            page.open(f"work?item={id_}")
            press(panel(page), button)
            press(panel(page), "Yes, begin this stage")
            expect(panel(page).locator(".stages [aria-current=step]")).to_contain_text(stage.title())
            found = item(estate, id_)
            assert found["stage"] == stage
            days = (date.fromisoformat(found["stageUntil"]) - moment.date()).days
            if days > 0:
                expect(panel(page).locator(".stages")).to_contain_text(f"waits for {days} more days")
                moment += timedelta(days=days)
                estate.deployment.move_clock(moment)
                page.page.clock.set_fixed_time(moment)
    finally:
        estate.deployment.move_clock(NOON)


# ---- the board


def test_the_board_is_moved_by_mouse_by_menu_and_by_keys(
    page: Tab, estate: PageEstate, make_item: Callable[..., int]
) -> None:
    id_ = make_item("on the board")
    page.open("work?shape=board&search=on+the+board")
    card = page.page.locator(f"[data-card='{id_}']")
    card.drag_to(page.page.get_by_role("region", name="In progress"), source_position={"x": 4, "y": 4})
    expect(said(page)).to_have_text("“on the board” was moved to “In progress”.")
    assert status_of(estate, id_) == ("IN_PROGRESS", None)
    # By keys alone, from the search to the card, and back.
    card.focus()
    page.page.keyboard.press("Shift+ArrowRight")
    expect(said(page)).to_have_text("“on the board” was moved to “Done”.")
    expect(card).to_be_focused()
    assert status_of(estate, id_) == ("DONE", "COMPLETED")
    page.page.keyboard.press("Shift+ArrowLeft")
    expect(said(page)).to_have_text("“on the board” was moved to “In progress”.")
    expect(page.page.get_by_role("region", name="In progress").locator(f"[data-card='{id_}']")).to_be_focused()
    card.get_by_label("Status of “on the board”").select_option("OPEN")
    expect(said(page)).to_have_text("“on the board” was moved to “Open”.")
    assert status_of(estate, id_) == ("OPEN", None)


# ---- many at once


def test_many_are_looked_at_first_and_then_changed(
    page: Tab, estate: PageEstate, make_item: Callable[..., int]
) -> None:
    ids = [make_item(f"many {number}") for number in range(55)]
    page.open("work?search=many")
    page.page.get_by_label("All of this page that you may change").check()
    press(page.page.locator(".bulk"), "Choose all 55 that match")
    bulk = page.page.locator(".bulk-change")
    bulk.get_by_label("Change of all that are chosen:").select_option("priority")
    bulk.get_by_label("Priority", exact=True).select_option("HIGH")
    press(bulk, "Look what it would change")
    expect(bulk).to_contain_text("55 items are meant; 55 would change.")
    assert item(estate, ids[0])["priority"] is None
    # Somebody ends one of them meanwhile: nothing is changed, and it says so.
    estate.ask("update_action_item", id=ids[0], resolution="COMPLETED")
    page.expected = (NO_ANSWER,)
    press(bulk, "Change 55 items")
    expect(bulk.get_by_role("alert")).to_contain_text("there are 54 items by now")
    assert item(estate, ids[1])["priority"] is None
    press(bulk, "Look again")
    press(bulk, "Change 54 items")
    expect(said(page)).to_have_text("54 items were changed.")
    assert {item(estate, id_)["priority"] for id_ in (ids[1], ids[54])} == {"HIGH"}


# ---- what is refused, and what meets another change


def test_what_a_caller_may_not_do_is_not_offered_and_refused_when_forced(
    open_tab: Callable[..., Tab], estate: PageEstate, signer: Signer, make_item: Callable[..., int]
) -> None:
    id_ = make_item("not yours", assignee="somebody")
    mine = make_item("not yours, but this is", assignee="cyd", assigneeKind="USER")
    tab = open_tab(token=signer.token(sub="cyd", roles=["DataConsumer"]), expected=(NO_ANSWER,))
    tab.open(f"work?search=not+yours&item={id_}")
    expect(panel(tab)).to_contain_text("You may read this item.")
    assert panel(tab).get_by_role("button").all_inner_texts() == ["Close"]
    assert tab.page.locator(".work-rows input").count() == 1
    tab.open("work?shape=board&search=not+yours")
    assert tab.page.locator(f"[data-card='{id_}'][draggable=true]").count() == 0
    assert tab.page.locator(f"[data-card='{mine}'][draggable=true]").count() == 1
    # Forced: the right was there when the page was drawn, and is gone when it is used.
    estate.ask("update_action_item", id=mine, assignee="somebody")
    tab.page.locator(f"[data-card='{mine}'] select").select_option("DONE")
    tab.page.get_by_role("button", name="Send what is chosen of mine").or_(
        tab.page.get_by_role("alert")
    ).first.wait_for()
    expect(tab.page.get_by_role("alert")).to_contain_text("You are not allowed to do this.")
    assert status_of(estate, mine) == ("OPEN", None)


def test_two_people_on_one_item_see_both_versions(
    open_tab: Callable[..., Tab], estate: PageEstate, make_item: Callable[..., int]
) -> None:
    id_ = make_item("two of us")
    one, other = open_tab(), open_tab(expected=(NO_ANSWER,))
    for tab in (one, other):
        tab.open(f"work?item={id_}")
    one.page.get_by_label("Priority").last.select_option("HIGH")
    one.page.locator(".edit").get_by_label("Title").fill("by one")
    press(one.page.locator(".edit"), "Save")
    expect(said(one)).to_have_text("It is changed.")
    edit = other.page.locator(".edit")
    edit.get_by_label("Title").fill("by the other")
    edit.get_by_label("Due (UTC)").fill(DUE)
    press(edit, "Save")
    rows = edit.locator("table tbody tr")
    expect(rows.filter(has_text="Title")).to_contain_text("two of us")
    expect(rows.filter(has_text="Title")).to_contain_text("by one")
    expect(rows.filter(has_text="Priority")).to_contain_text("High")
    assert other.findings() == []
    # Theirs of what both changed, mine of the rest: nothing is lost.
    rows.filter(has_text="Title").get_by_role("checkbox").uncheck()
    press(edit, "Send what is chosen of mine")
    expect(said(other)).to_have_text("It is changed.")
    found = item(estate, id_)
    assert (found["title"], found["priority"], found["dueDate"]) == ("by one", "HIGH", DUE)
    one.page.reload()
    one.settle()
    edit = one.page.locator(".edit")
    expect(edit.get_by_label("Due (UTC)")).to_have_value(DUE)
    # It ends meanwhile: that is said beside what was typed, which stays.
    one.expected = (NO_ANSWER,)
    estate.ask("update_action_item", id=id_, resolution="COMPLETED")
    edit.get_by_label("Title").fill("too late")
    press(edit, "Save")
    expect(edit.locator("table tbody tr").filter(has_text="Status")).to_contain_text("Done")
    expect(edit.get_by_label("Title")).to_have_value("too late")
    assert item(estate, id_)["title"] == "by one"


def test_an_answer_that_was_lost_is_sent_again_and_done_once(
    open_tab: Callable[..., Tab], estate: PageEstate, make_item: Callable[..., int]
) -> None:
    id_ = make_item("once")
    tab = open_tab(expected=(NO_ANSWER,))
    tab.open(f"work?item={id_}")
    keys = []

    def lose(route: Any) -> None:
        if "comment_action_item" not in (route.request.post_data or ""):
            route.continue_()
            return
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            # It arrives, and its answer does not.
            route.fetch()
            route.abort()
        else:
            route.continue_()

    tab.page.route("**/graphql", lose)
    panel(tab).get_by_label("Comment on it").fill("said once")
    press(panel(tab), "Send the comment")
    expect(panel(tab).get_by_role("alert").filter(has_text="It may have been done")).to_be_visible()
    assert panel(tab).get_by_label("Comment on it").input_value() == "said once"
    press(panel(tab), "Send the comment")
    expect(said(tab)).to_have_text("The comment is there.")
    assert keys[0] == keys[1]
    assert [each["text"] for each in item(estate, id_)["comments"]] == ["said once"]


def test_who_is_offline_or_signed_out_loses_nothing_that_was_typed(
    open_tab: Callable[..., Tab], estate: PageEstate, signer: Signer, make_item: Callable[..., int]
) -> None:
    id_ = make_item("typed")
    tab = open_tab(expected=(NO_ANSWER,))
    tab.open(f"work?item={id_}&do=dismiss")
    reason = panel(tab).get_by_label("Why")
    reason.fill("a long thought")
    tab.page.context.set_offline(True)
    press(panel(tab), "Dismiss it")
    expect(panel(tab).get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
    tab.page.context.set_offline(False)
    refuse = "**/graphql"
    tab.page.route(refuse, lambda route: route.fulfill(status=401, content_type="application/json", body="{}"))
    press(panel(tab), "Dismiss it")
    expect(tab.page.locator(".sign-in")).to_be_visible()
    expect(reason).to_have_value("a long thought")
    tab.page.unroute(refuse)
    tab.page.get_by_label("Token", exact=True).fill(signer.token())
    tab.page.get_by_label("Token", exact=True).press("Enter")
    expect(tab.page.locator(".sign-in")).to_have_count(0)
    expect(reason).to_have_value("a long thought")
    # Who asks too much waits, and may send it again.
    tab.page.route(refuse, lambda route: route.fulfill(status=429, headers={"retry-after": "60"}, body="{}"))
    press(panel(tab), "Dismiss it")
    expect(panel(tab).get_by_role("alert").filter(has_text="Wait a moment")).to_be_visible()
    tab.page.unroute(refuse)
    press(panel(tab), "Dismiss it")
    expect(said(tab)).to_have_text("It is dismissed.")
    assert status_of(estate, id_) == ("DONE", "DISMISSED")


# ---- my week


def test_an_engineer_who_is_no_lead_sees_their_week_first(
    open_tab: Callable[..., Tab], signer: Signer, make_item: Callable[..., int]
) -> None:
    id_ = make_item("for cyd", assignee="cyd", assigneeKind="USER", dueDate=NEXT_WEEK)
    make_item("for somebody else", assignee="somebody", dueDate=NEXT_WEEK)
    tab = open_tab(token=signer.token(sub="cyd", roles=["DataConsumer"]))
    tab.open()
    tab.wait_for_heading("My week")
    due = tab.page.locator("section", has=tab.page.get_by_role("heading", name="Due within seven days"))
    expect(due).to_contain_text("for cyd")
    assert "somebody else" not in tab.page.locator("main").inner_text()
    assert tab.findings() == []
    # Whoever goes to the overview means it.
    tab.page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
    tab.wait_for_heading("Overview")
    tab.page.go_back()
    tab.wait_for_heading("My week")
    due.get_by_role("link", name="for cyd").click()
    tab.wait_for_heading("Work")
    press(panel(tab), "Take it over")
    expect(said(tab)).to_have_text("It is yours and in progress.")
    assert f"item={id_}" in tab.address
