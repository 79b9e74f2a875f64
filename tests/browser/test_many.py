"""Two thousand items changed at once, and two people who change one item again and again: nothing is lost on the way."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.browser import Tab
from tests.support.clocks import TODAY
from tests.support.page_estate import PageEstate
from thirdeye.local.tokens import Signer

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]
NO_ANSWER = "Failed to load resource"


@pytest.fixture(scope="module")
def estate(written_estate: PageEstate) -> PageEstate:
    return written_estate


@pytest.fixture
def tab(open_tab: Callable[..., Tab]) -> Iterator[Tab]:
    """A tab in which the server may refuse what is asked."""
    return open_tab(expected=(NO_ANSWER,))


def press(inside: Locator, name: str) -> None:
    inside.get_by_role("button", name=name, exact=True).click()


# ---- two thousand at once


def count(estate: PageEstate, **more: Any) -> int:
    found = estate.ask("list_action_items", filter={"search": "thousands", **more}, first=1)
    return int(found["actionItems"]["totalCount"])


def test_two_thousand_are_looked_at_changed_in_parts_and_none_twice(tab: Tab, estate: PageEstate) -> None:
    estate.insert_items(f"thousands {number:04}" for number in range(2000))
    tab.open("work?search=thousands")
    tab.page.get_by_label("All of this page that you may change").check()
    press(tab.page.locator(".bulk"), "Choose all 2,000 that match")
    bulk = tab.page.locator(".bulk-change")
    bulk.get_by_label("Change of all that are chosen:").select_option("priority")
    bulk.get_by_label("Priority", exact=True).select_option("HIGH")
    press(bulk, "Look what it would change")
    expect(bulk).to_contain_text("2,000 items are meant; 2,000 would change.")
    assert count(estate, priority=["HIGH"]) == 0
    # Somebody ends one of the second thousand: the first is changed by then, and the page says how far it came.
    last = estate.ask("list_action_items", filter={"search": "thousands 1999"}, first=1)["actionItems"]["edges"][0]
    estate.ask("update_action_item", id=last["node"]["id"], resolution="COMPLETED")
    press(bulk, "Change 2,000 items")
    expect(bulk.get_by_role("alert")).to_contain_text("there are 999 items by now")
    expect(bulk).to_contain_text("1 of 2 parts are done.")
    assert count(estate, priority=["HIGH"]) == 1000
    press(bulk, "Look again")
    expect(bulk).to_contain_text("1,999 items are meant; 999 would change.")
    press(bulk, "Change 999 items")
    expect(tab.page.locator(".done-bar [role=status]")).to_have_text("999 items were changed.")
    assert count(estate, priority=["HIGH"]) == 1999
    take_all_back_but_what_was_changed_since(tab, estate)
    lose_the_answer_of_the_second_part(tab, estate)


def take_all_back_but_what_was_changed_since(tab: Tab, estate: PageEstate) -> None:
    """Those of both looks at once; what somebody else has changed meanwhile is theirs."""
    other = estate.ask("list_action_items", filter={"search": "thousands 0007"}, first=1)["actionItems"]["edges"][0]
    estate.ask("update_action_item", id=other["node"]["id"], assignee="ann")
    bar = tab.page.locator(".done-bar")
    press(bar, "Look how to undo it")
    expect(bar).to_contain_text("1,998 items would get back what they had. One was changed since and stays as it is.")
    assert count(estate, priority=["HIGH"]) == 1999
    press(bar, "Undo it for 1,998 items")
    expect(bar).to_contain_text("1,998 items are as they were.")
    assert count(estate, priority=["HIGH"]) == 1


def lose_the_answer_of_the_second_part(tab: Tab, estate: PageEstate) -> None:
    """It is sent again under its key, and what was done before it is not."""
    keys = losing_the_second_answer(tab)
    tab.page.get_by_label("All of this page that you may change").check()
    press(tab.page.locator(".bulk"), "Choose all 1,999 that match")
    bulk = tab.page.locator(".bulk-change")
    bulk.get_by_label("Change of all that are chosen:").select_option("priority")
    bulk.get_by_label("Priority", exact=True).select_option("LOW")
    press(bulk, "Look what it would change")
    press(bulk, "Change 1,999 items")
    expect(bulk.get_by_role("alert")).to_contain_text("It may have been done all the same.")
    expect(bulk).to_contain_text("1 of 2 parts are done.")
    press(bulk, "Change 1,999 items")
    expect(tab.page.locator(".done-bar [role=status]")).to_have_text("1,999 items were changed.")
    assert len(keys) == 3
    assert keys[0] != keys[1] == keys[2]
    assert count(estate, priority=["LOW"]) == 1999
    with estate.deployment.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), COUNT(DISTINCT item) FROM action_event JOIN action_items ON action_items.id = item"
            " WHERE title LIKE 'thousands%' AND kind = 'UPDATED' AND state_after LIKE '%LOW%'"
        )
        assert cursor.fetchone() == (1999, 1999)


def losing_the_second_answer(tab: Tab) -> list[str]:
    """The keys under which parts are sent; of the second one the answer is lost on the way."""
    keys: list[str] = []

    def lose(route: Any) -> None:
        asked = json.loads(route.request.post_data)
        if asked["documentId"] != "update_action_items" or "expectedCount" not in asked["variables"]:
            route.continue_()
            return
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 2:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    tab.page.route("**/graphql", lose)
    return keys


@pytest.mark.soak
def test_a_part_whose_answer_was_lost_is_taken_back_with_the_others(tab: Tab, estate: PageEstate) -> None:
    estate.insert_items(f"hundreds {number:04}" for number in range(1100))
    losing_the_second_answer(tab)
    tab.open("work?search=hundreds")
    tab.page.get_by_label("All of this page that you may change").check()
    press(tab.page.locator(".bulk"), "Choose all 1,100 that match")
    bulk = tab.page.locator(".bulk-change")
    bulk.get_by_label("Change of all that are chosen:").select_option("assignee")
    bulk.get_by_label("Assigned to", exact=True).fill("ann")
    press(bulk, "Look what it would change")
    press(bulk, "Change 1,100 items")
    expect(bulk.get_by_role("alert")).to_contain_text("It may have been done all the same.")
    # Whoever looks again meets the items of that part as they were left, but one.
    one = estate.ask("list_action_items", filter={"search": "hundreds 0000"}, first=1)["actionItems"]["edges"][0]
    estate.ask("update_action_item", id=one["node"]["id"], assignee="bob")
    press(bulk, "Cancel")
    press(bulk, "Look what it would change")
    expect(bulk).to_contain_text("1,100 items are meant; 1 would change.")
    press(bulk, "Change one item")
    bar = tab.page.locator(".done-bar")
    press(bar, "Look how to undo it")
    expect(bar).to_contain_text("1,099 items would get back what they had. One was changed since and stays as it is.")
    press(bar, "Undo it for 1,099 items")
    expect(bar).to_contain_text("1,099 items are as they were.")
    found = estate.ask("list_action_items", filter={"search": "hundreds", "unassigned": True}, first=1)
    assert found["actionItems"]["totalCount"] == 1099


# ---- two people on one item


@pytest.mark.parametrize("changes", [4, pytest.param(50, marks=pytest.mark.soak)])
def test_two_people_change_one_item_again_and_again_and_nothing_is_lost(
    open_tab: Callable[..., Tab], estate: PageEstate, signer: Signer, changes: int
) -> None:
    """Both send at once, every time; whoever meets the other's change sends theirs on top of it."""
    id_ = estate.ask("create_action_item", title="of both")["createActionItem"]["id"]
    names = ("one", "other")
    people = {name: open_tab(token=signer.token(sub=name), expected=(NO_ANSWER,)) for name in names}
    for tab in people.values():
        tab.open(f"work?item={id_}")
    due = ""
    for number in range(changes):
        for name, tab in people.items():
            edit = tab.page.locator(".edit")
            if number % 2 and name == "other":
                due = str(TODAY + timedelta(days=number + 1))
                edit.get_by_label("Due (UTC)").fill(due)
            else:
                edit.get_by_label("Title").fill(f"{name} {number}")
        for tab in people.values():
            press(tab.page.locator(".edit"), "Save")
        for tab in people.values():
            settle_conflicts(tab)
    with estate.deployment.mariadb.connect("thirdeye") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT actor, state_after FROM action_event WHERE item = %s AND kind = 'UPDATED'", (id_,))
        changed = [(actor, json.loads(after)) for actor, after in cursor.fetchall()]
    assert len(changed) == 2 * changes
    for name in names:
        titles = {after.get("title") for actor, after in changed if actor == name}
        mine = {f"{name} {number}" for number in range(changes) if name == "one" or number % 2 == 0}
        assert mine <= titles
    found = estate.ask("get_action_item", id=id_)["actionItem"]
    assert (found["dueDate"], found["title"].split()[0] in names) == (due, True)
    for tab in people.values():
        tab.page.reload()
        tab.settle()
        edit = tab.page.locator(".edit")
        expect(edit.get_by_label("Title")).to_have_value(found["title"])
        expect(edit.get_by_label("Due (UTC)")).to_have_value(due)


def settle_conflicts(tab: Tab) -> None:
    """Until the page has sent what was typed in it, on top of whatever was there by then."""
    edit = tab.page.locator(".edit")
    sent = edit.get_by_role("button", name="Save", exact=True, disabled=True)
    conflict = edit.get_by_role("button", name="Send what is chosen of mine")
    while True:
        expect(sent.or_(conflict).first).to_be_visible()
        if not conflict.is_visible():
            return
        # The other one may have been faster again: then there is another conflict, on top of a newer version.
        with tab.page.expect_response(lambda response: "update_action_item" in (response.request.post_data or "")):
            conflict.click()
