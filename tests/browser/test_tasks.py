"""What people do with the page: find waste, see why, decide, take it with them."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from playwright.sync_api import Download, Route, expect

from tests.support.browser import Tab
from tests.support.clocks import TODAY
from tests.support.page_estate import PageEstate

pytestmark = [pytest.mark.unmeasured, pytest.mark.starts_first]


@pytest.fixture(scope="module")
def estate(plain_estate: PageEstate) -> PageEstate:
    return plain_estate


def text_of(download: Download) -> str:
    return download.path().read_text("utf-8")


def test_a_table_is_kept_released_and_its_removal_approved(page: Tab, estate: PageEstate) -> None:
    """Through the page, and each time as the API has it afterwards."""
    fqn = estate.names()[0]
    stored = lambda: estate.ask("get_table_verdict", fqn=fqn)["table"]["verdict"]  # noqa: E731
    before = stored()["recommendation"]
    assert before in {"DELETE", "ARCHIVE"}
    page.open(f"table?fqn={quote(fqn)}")
    keep = page.page.locator("section.card", has=page.page.get_by_role("heading", name="Keep this table"))
    approve = page.page.locator("section.card", has=page.page.get_by_role("heading", name="Approve its removal"))
    verdict = page.page.locator("section.card .verdict").first

    # Without a reason nothing is sent, and the field says what it takes.
    keep.get_by_role("button", name="Keep this table").click()
    expect(keep.get_by_label("Why")).to_be_focused()
    expect(keep.get_by_label("Why")).to_have_attribute("aria-invalid", "true")
    assert stored()["keep"] is None

    keep.get_by_label("Why").fill("The auditors read it in spring")
    keep.get_by_label("Last day (UTC)").fill(str(TODAY + timedelta(days=30)))
    keep.get_by_role("button", name="Keep this table").click()
    expect(keep.locator("blockquote")).to_contain_text("The auditors read it in spring")
    expect(verdict).to_have_text("Keep")
    expect(page.page.locator(".blockers")).to_contain_text("Somebody said that it must stay")
    kept = stored()
    assert (kept["recommendation"], kept["keep"]["reason"], kept["keep"]["until"]) == (
        "KEEP", "The auditors read it in spring", str(TODAY + timedelta(days=30)),
    )  # fmt: skip

    keep.get_by_role("button", name="Release it").click()
    expect(keep.locator("blockquote")).to_have_count(0)
    expect(verdict).to_have_attribute("class", f"verdict {before}")
    assert (stored()["recommendation"], stored()["keep"]) == (before, None)

    approve.get_by_label("Why").fill("Its project has ended")
    approve.get_by_role("button", name="Approve its removal").click()
    expect(approve.locator("blockquote")).to_contain_text("Its project has ended")
    assert stored()["approval"]["reason"] == "Its project has ended"
    approve.get_by_role("button", name="Withdraw the approval").click()
    expect(approve.locator("blockquote")).to_have_count(0)
    assert stored()["approval"] is None


# Clicks of a person; what a label or a key makes of one is none.
_COUNT_CLICKS = """globalThis.clicks = 0;
addEventListener("click", (event) => { if (event.isTrusted && event.detail > 0) globalThis.clicks += 1; }, true);"""


def test_a_new_persons_tasks_take_a_click_or_two_from_the_overview(
    open_tab: Callable[..., Tab], estate: PageEstate
) -> None:
    tab = open_tab()
    tab.page.add_init_script(_COUNT_CLICKS)
    best = estate.ask("get_overview")["verdicts"]["bestSavings"]
    main = tab.page.locator("main")
    taken = {}

    def task(name: str) -> None:
        taken[name] = tab.page.evaluate("clicks")

    tab.open()
    main.locator(".figure", has_text="Can go now").get_by_role("link").click()
    tab.wait_for_heading("Waste")
    expect(main.locator(".tables tbody th").first).to_have_text(best[0]["fqn"])
    task("find the biggest waste")

    tab.open()
    main.get_by_role("link", name=best[0]["fqn"]).click()
    *reasons, advice = best[0]["verdict"]["reasons"]
    for reason in reasons:
        expect(main.get_by_text(reason, exact=True)).to_have_count(1)
    # What the verdict advises stands there once, in the page's own words, which for DELETE are the same.
    expect(main.get_by_text(advice, exact=True)).to_have_count(1 if advice == "It can go." else 0)
    task("see why a table may go")

    tab.open()
    tab.page.get_by_role("navigation", name="Main").get_by_role("link", name="Unlock").click()
    groups = estate.ask("get_unlock_plan", first=1000)["unlockPlan"]["groups"]
    settable = [group for group in groups if group["actor"] in {"OM_ADMINISTRATOR", "ADMINISTRATOR"}]
    most = max(settable, key=lambda group: Decimal(group["releasesAtMost"] or 0))
    lever = main.locator("section.card", has_text="One thing to set that may release the most")
    expect(lever).to_contain_text(most["action"])
    task("find out what to set in OpenMetadata to unlock most money")

    tab.open()
    with tab.page.expect_download() as download:
        main.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(text_of(download.value))))
    assert [row["fqn"] for row in rows] == [each["fqn"] for each in best]
    assert [row["fqn"] for row in rows] == main.locator(".scrolls tbody th").all_inner_texts()[: len(rows)]
    # A refresh may have come while another test had approved one: then the file tells the verdict of that refresh.
    alike = [(row, each["verdict"]) for row, each in zip(rows, best, strict=True)
             if row["recommendation"] == each["verdict"]["recommendation"]]  # fmt: skip
    assert len(alike) >= len(best) - 1
    assert [row["saving"] for row, _ in alike] == [verdict["saving"] for _, verdict in alike]
    task("export what is on the screen")
    assert taken == {
        "find the biggest waste": 1,
        "see why a table may go": 1,
        "find out what to set in OpenMetadata to unlock most money": 1,
        "export what is on the screen": 1,
    }


def test_the_csv_has_the_columns_the_filters_and_the_order_of_the_list(page: Tab) -> None:
    page.open("waste?verdict=DELETE,ARCHIVE&sort=size&dir=asc&columns=size,owners,blockers,type&search=a")
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.reader(io.StringIO(text_of(download.value))))
    assert rows[0] == ["fqn", "sizeBytes", "owners", "blockerCodes", "tableType"]
    assert len(rows) > 2
    # Of the pages of the list the first one is on the screen; a table that is absent says so beside its name.
    shown = page.page.locator(".tables tbody th .name").all_text_contents()
    assert [row[0] for row in rows[1 : len(shown) + 1]] == shown


def test_a_table_is_found_from_anywhere_while_its_name_is_typed(page: Tab, estate: PageEstate) -> None:
    page.open("unlock")
    field = page.page.get_by_role("combobox", name="Find a table")
    options = page.page.get_by_role("listbox", name="Tables").get_by_role("option")
    held: list[Route] = []
    is_first = lambda request: '"or"' in str(request.post_data)  # noqa: E731
    page.page.route("**/graphql", lambda route: held.append(route) if is_first(route.request) else route.continue_())
    with page.page.expect_request(is_first):
        field.fill("or")
    field.fill("inv")
    expect(options.first).to_be_visible()
    expected = [edge["node"]["fqn"] for edge in estate.ask("suggest_tables", search="inv")["tables"]["edges"]]
    expect(options).to_have_text(expected)
    # The answer to what was typed before comes last, and is dropped: the tab no longer waits for it.
    assert len(held) == 1
    assert held[0].request.failure is not None
    held[0].abort()
    page.page.unroute_all()
    assert page.findings() == []
    # Arrows lead through the list and back to the field, which keeps the focus all the while.
    for name in (*expected, None, expected[0]):
        field.press("ArrowDown")
        chosen = page.page.locator("[role=option][aria-selected=true]")
        if name is None:
            expect(chosen).to_have_count(0)
            expect(field).not_to_have_attribute("aria-activedescendant", re.compile("."))
        else:
            expect(chosen).to_have_text(name)
            assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
        expect(field).to_be_focused()
    field.press("Enter")
    # Not its heading: until the answer is there that is the last part of its name, then what people call it.
    expect(page.page).to_have_url(re.compile(r"/table\?fqn="))
    expect(page.page.locator("main")).to_contain_text(expected[0].rpartition(".")[2])
    expect(field).to_have_value("")
    field.fill("inv")
    expect(options.first).to_be_visible()
    field.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_have_value("inv")
    # Before there are suggestions, or with none chosen, Enter looks for it among all tables.
    field.fill("invoices")
    field.press("Enter")
    page.wait_for_heading("Waste")
    assert page.address == "waste?search=invoices"
    expect(field).to_have_value("")
    field.fill("inv")
    options.nth(1).click()
    expect(page.page.locator("main")).to_contain_text(expected[1].rpartition(".")[2])
    assert page.address.startswith("table?fqn=")
    field.fill("no such name")
    expect(page.page.locator(".finder-none")).to_be_visible()


def test_what_depends_on_a_table_is_drawn_with_the_edges_between_what_is_shown(page: Tab, estate: PageEstate) -> None:
    tables = [edge["node"]["fqn"] for edge in estate.ask("list_tables", first=60)["tables"]["edges"]]
    impacts = {fqn: estate.ask("get_table_impact", fqn=fqn)["table"] for fqn in tables}
    fqn, table = max(impacts.items(), key=lambda each: len(each[1]["downstream"]["edges"]))
    page.open(f"table?fqn={quote(fqn)}")
    graph = page.page.locator(".distances")

    def check_edges() -> int:
        """As many lines as there are edges between assets on the screen."""
        shown = set(graph.locator("[data-asset]").evaluate_all("all => all.map(each => each.dataset.asset)"))
        between = [edge for edge in table["downstream"]["edges"] if {edge["from"], edge["to"]} <= shown]
        expect(graph.locator("path")).to_have_count(len(between))
        return len(between)

    before = check_edges()
    assert before > 2
    for more in graph.get_by_role("button", name="Show").all():
        more.click()
    assert check_edges() >= before
    # The same without eyes: what each is reached through, in the table.
    card = page.page.locator("section.card", has=page.page.get_by_role("heading", name="What depends on it"))
    card.get_by_text("As a table").click()
    near, far = next((edge["from"], edge["to"]) for edge in table["downstream"]["edges"] if edge["from"] != table["id"])
    names = {node["asset"]["id"]: node["asset"] for node in table["downstream"]["nodes"]}
    row = card.get_by_role("row", name=names[far]["fqn"] or names[far]["name"]).first
    expect(row).to_contain_text(names[near]["fqn"] or names[near]["name"])


def test_five_thousand_dependents_are_a_picture_and_numbers(page: Tab, estate: PageEstate) -> None:
    """The real answer, grown: no estate of a test is so large."""
    boards = [
        {"id": f"a{n}", "kind": "dashboard", "name": f"board {n}", "fqn": None, "inUse": n % 9 == 0, "removed": False}
        for n in range(200)
    ]
    nodes = [{"distance": 1, "asset": board} for board in boards]
    grown = {
        "nodes": nodes, "countsByDistance": [4_000, 1_000], "totalCount": 5_000, "totalCountIsCapped": False,
    }  # fmt: skip

    def grow(route: Route) -> None:
        if "get_table_page" not in str(route.request.post_data):
            return route.continue_()
        answer = route.fetch().json()
        table = answer["data"]["table"]
        edges = [{"from": table["id"], "to": board["id"]} for board in boards]
        grown_table = {**table, "downstream": {**grown, "edges": edges}}
        return route.fulfill(json={"data": {**answer["data"], "table": grown_table}})

    page.page.route("**/graphql", grow)
    page.open(f"table?fqn={quote(estate.names()[0])}")
    graph = page.page.locator(".distances")
    assert graph.locator("h3").all_inner_texts() == ["Here", "one step away (4,000)", "2 steps away (1,000)"]
    expect(graph).to_contain_text("and 3,800 more")
    expect(graph).to_contain_text("and 1,000 more")
    expect(graph.locator("path")).to_have_count(graph.locator("li").count())
    assert graph.evaluate("each => each.offsetHeight") < 400
    graph.get_by_role("button", name="Show 194 more").click()
    expect(graph.locator("path")).to_have_count(200)
    assert page.findings() == []


def test_a_table_series_has_one_row_if_wanted(page: Tab, estate: PageEstate) -> None:
    page.open("waste?sort=name")
    page.page.get_by_label("One row for each table series").check()
    expect(page.page.locator(".rows.old")).to_have_count(0)
    assert page.address == "waste?sort=name&collapse=true"
    listed = estate.ask("list_table_rows", sortBy="name", sortDir="asc", first=50, collapseSeries=True)["tables"][
        "edges"
    ]
    series = [edge["node"] for edge in listed if edge["node"]["series"]]
    expect(page.page.locator(".tables tbody th .name")).to_have_text([edge["node"]["fqn"] for edge in listed])
    for node in series:
        row = page.page.get_by_role("row", name=node["fqn"])
        expect(row).to_contain_text(f"stands for a series of {node['series']['tables']} tables")
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(text_of(download.value))))
    assert [row["fqn"] for row in rows][: len(listed)] == [edge["node"]["fqn"] for edge in listed]
    tables = {row["fqn"]: row["seriesTables"] for row in rows}
    assert all(tables[node["fqn"]] == str(node["series"]["tables"]) for node in series)
