"""What people do with action items, through the real app on both servers."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.support.action_estate import A_DAY, Estate

pytestmark = pytest.mark.anyio
UPDATE = """mutation (
  $id: Int!, $title: String, $status: String, $version: Int, $priority: ActionPriority, $assignee: String, $dueDate: Date,
  $snoozedUntil: DateTime, $resolution: ActionResolution, $resolutionReason: String
) {
  updateActionItem(
    id: $id, title: $title, status: $status, version: $version, priority: $priority, assignee: $assignee, dueDate: $dueDate,
    snoozedUntil: $snoozedUntil, resolution: $resolution, resolutionReason: $resolutionReason
  ) { version title status priority assignee assigneeWarning dueDate overdue snoozed snoozedUntil resolution resolutionReason }
}"""
CREATE = """mutation (
  $title: String!, $table: String, $category: ActionCategory, $dueDate: Date, $estimatedSavingsUsd: Decimal, $assignee: String
) {
  createActionItem(
    title: $title, table: $table, category: $category, dueDate: $dueDate, estimatedSavingsUsd: $estimatedSavingsUsd,
    assignee: $assignee
  ) {
    id version status detected createdBy category projectedSavingUsd table { fqn } history { kind by changes { field after } }
  }
}"""
STAGE = """mutation ($id: Int!, $stage: RemovalStage, $waitingDays: Int) {
  stageActionItem(id: $id, stage: $stage, waitingDays: $waitingDays) { status stage stageUntil alert }
}"""
BULK = """mutation ($filter: ActionItemFilterInput!, $changes: ActionItemChangesInput!, $expectedCount: Int) {
  updateActionItems(filter: $filter, changes: $changes, expectedCount: $expectedCount) { matched changed done }
}"""
HISTORY = """query ($id: Int!) {
  actionItem(id: $id) { version history { kind by changes { field before after } } comments { by text } }
}"""


async def id_of(estate: Estate, category: str) -> int:
    (item,) = await estate.items(category=[category])
    return int(item["id"])


async def refused(
    estate: Estate, query: str, code: str, argument: str | None = None, **variables: Any
) -> dict[str, Any]:
    error = await estate.api.error(query, **variables)
    assert error["extensions"]["code"] == code, error
    if argument is not None:
        assert error["extensions"].get("argument") == argument, error
        assert error["message"].split(",")[0].split(":")[0] == argument, error
    return error


async def test_an_item_is_changed_and_every_change_is_told(estate: Estate) -> None:
    id_ = await id_of(estate, "PURGE")
    first = (await estate.api.data(UPDATE, id=id_, assignee=" Ann ", dueDate="2026-03-05", version=1))[
        "updateActionItem"
    ]
    assert (first["version"], first["assignee"], first["assigneeWarning"], first["overdue"]) == (2, "ann", None, False)
    unknown = (await estate.api.data(UPDATE, id=id_, assignee="Zoe"))["updateActionItem"]
    assert "no user or team zoe" in unknown["assigneeWarning"]
    estate.now += 5 * A_DAY
    assert (await estate.items("overdue", overdue=True)) == [{"overdue": True}]
    cleared = (await estate.api.data(UPDATE, id=id_, assignee=None, dueDate=None))["updateActionItem"]
    assert (cleared["version"], cleared["assignee"], cleared["dueDate"]) == (4, None, None)
    # What changes nothing leaves no trace.
    assert (await estate.api.data(UPDATE, id=id_, priority="HIGH"))["updateActionItem"]["version"] == 4
    await estate.api.data('mutation ($id: Int!) { commentActionItem(id: $id, text: " so\\nit is ") { id } }', id=id_)
    told = (await estate.api.data(HISTORY, id=id_))["actionItem"]
    assert told["comments"] == [{"by": "admin", "text": "so\nit is"}]
    assert [(event["kind"], event["by"]) for event in told["history"]] == [
        ("COMMENTED", "admin"), ("UPDATED", "admin"), ("UPDATED", "admin"), ("UPDATED", "admin"), ("DETECTED", "thirdeye"),
    ]  # fmt: skip
    assert told["history"][3]["changes"] == [
        {"field": "assignee", "before": None, "after": "ann"},
        {"field": "assigneeKind", "before": None, "after": "USER"},
        {"field": "dueDate", "before": None, "after": "2026-03-05"},
    ]
    # A comment is a part of the item.
    assert told["version"] == 5


async def test_it_is_put_off_and_comes_back_by_itself(estate: Estate) -> None:
    id_ = await id_of(estate, "PURGE")
    until = (estate.now + 3 * A_DAY).isoformat()
    assert (await estate.api.data(UPDATE, id=id_, snoozedUntil=until))["updateActionItem"]["snoozed"] is True
    assert [item["id"] for item in await estate.items(snoozed=True)] == [id_]
    await estate.refresh()
    estate.now += 3 * A_DAY
    assert await estate.items(snoozed=True) == []
    assert id_ in [item["id"] for item in await estate.items(snoozed=False)]


async def test_whoever_was_slower_is_shown_what_is_there(estate: Estate) -> None:
    id_ = await id_of(estate, "PURGE")
    await estate.api.data(UPDATE, id=id_, title="mine", version=1)
    error = await refused(estate, UPDATE, "CONFLICT", "version", id=id_, title="yours", version=1)
    assert error["extensions"]["current"]["title"] == "mine"
    assert (error["extensions"]["current"]["id"], error["extensions"]["current"]["version"]) == (id_, 2)
    await refused(estate, UPDATE, "BAD_USER_INPUT", "version", id=id_, title="yours", version=3)
    await refused(estate, UPDATE, "BAD_USER_INPUT", "version", id=id_, title="yours", version=0)
    assert (await estate.api.data(HISTORY, id=id_))["actionItem"]["version"] == 2


# All but one of those who write at once have to look again: fifty take six times as long as twenty.
@pytest.mark.parametrize("writers", [20, pytest.param(50, marks=pytest.mark.soak)])
async def test_many_at_once_lose_nothing(estate: Estate, writers: int) -> None:
    id_ = await id_of(estate, "PURGE")

    async def write(number: int) -> int:
        tries = 0
        while True:
            tries += 1
            version = (await estate.api.data("query ($id: Int!) { actionItem(id: $id) { version } }", id=id_))[
                "actionItem"
            ]["version"]
            answer = await estate.api.ask(UPDATE, id=id_, title=f"writer {number}", version=version)
            if "errors" not in answer:
                return int(answer["data"]["updateActionItem"]["version"])
            assert answer["errors"][0]["extensions"]["code"] in {"CONFLICT", "UNAVAILABLE"}, answer

    versions = await asyncio.gather(*(write(number) for number in range(writers)))
    assert sorted(versions) == list(range(2, writers + 2))
    rows = await estate.thirdeye.fetch_all(
        "SELECT state_after FROM action_event WHERE item = %(id)s AND kind = 'UPDATED' ORDER BY id", {"id": id_}
    )
    assert len(rows) == writers
    assert len({str(row["state_after"]) for row in rows}) == writers
    # Without a version everybody succeeds, one after the other.
    await asyncio.gather(*(estate.api.data(UPDATE, id=id_, title=f"again {number}") for number in range(writers)))
    row = await estate.thirdeye.fetch_one("SELECT version FROM action_items WHERE id = %(id)s", {"id": id_})
    assert row == {"version": 2 * writers + 1}


@pytest.mark.parametrize(
    ("changes", "argument"),
    [
        ({"dueDate": "2026-02-28"}, "dueDate"), ({"dueDate": "2999-01-01"}, "dueDate"),
        ({"snoozedUntil": "2026-03-01T08:59:59Z"}, "snoozedUntil"), ({"resolution": "OBSOLETE"}, "resolution"),
        ({"resolution": "DISMISSED"}, "resolutionReason"), ({"resolutionReason": "x"}, "resolutionReason"),
        ({"status": "OPEN", "resolution": "COMPLETED"}, "resolution"), ({"status": "CLOSED"}, "status"),
        ({"title": " "}, "title"), ({"assignee": ""}, "assignee"), ({}, "title"),
        ({"resolution": "DISMISSED", "resolutionReason": "x" * 1001}, "resolutionReason"),
        ({"status": "DONE", "snoozedUntil": "2027-01-01T00:00:00Z"}, "snoozedUntil"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_and_changes_nothing(
    estate: Estate, changes: dict[str, Any], argument: str
) -> None:
    id_ = await id_of(estate, "PURGE")
    await refused(estate, UPDATE, "BAD_USER_INPUT", argument, id=id_, **changes)
    told = (await estate.api.data(HISTORY, id=id_))["actionItem"]
    assert (told["version"], len(told["history"])) == (1, 1)


async def test_people_write_items_of_their_own(estate: Estate) -> None:
    made = (await estate.api.data(CREATE, title="Look", table="shop.main.core.kept", category="PURGE"))[
        "createActionItem"
    ]
    assert (made["version"], made["detected"], made["createdBy"], made["projectedSavingUsd"]) == (
        1,
        False,
        "admin",
        "0.000000",
    )
    assert made["history"] == [
        {
            "kind": "CREATED",
            "by": "admin",
            "changes": [
                {"field": "category", "after": "PURGE"},
                {"field": "estimatedSavingsUsd", "after": "0.000000"},
                {"field": "status", "after": "OPEN"},
                {"field": "title", "after": "Look"},
            ],
        }
    ]
    error = await refused(
        estate, CREATE, "CONFLICT", "category", title="Again", table="shop.main.core.kept", category="PURGE"
    )
    assert f"item {made['id']} " in error["message"]
    for bad, argument in (
        ({"table": "shop.main.core.none"}, "table"), ({"dueDate": "2020-01-01"}, "dueDate"),
        ({"estimatedSavingsUsd": "-1"}, "estimatedSavingsUsd"), ({"assignee": "a\nb"}, "assignee"),
    ):  # fmt: skip
        await refused(estate, CREATE, "BAD_USER_INPUT", argument, title="x", **bad)
    assert "ActionCategory" in (await estate.api.ask(CREATE, title="x", category="NOTHING"))["errors"][0]["message"]
    # Detection leaves alone what people wrote.
    estate.tables["kept"].verdict = estate.tables["going"].verdict
    await estate.refresh()
    assert [item["id"] for item in await estate.items(table=["shop.main.core.kept"])] == [made["id"]]


async def test_what_was_dismissed_comes_back_when_its_facts_change(estate: Estate) -> None:
    id_ = await id_of(estate, "PURGE")
    await estate.api.data(UPDATE, id=id_, resolution="DISMISSED", resolutionReason="the audit needs it")
    await estate.refresh()
    assert await estate.items(category=["PURGE"], status=["OPEN"]) == []
    estate.tables["going"].size = 2 * 10**13
    await estate.refresh()
    (again,) = await estate.items(category=["PURGE"], status=["OPEN"])
    assert again["id"] != id_
    # Once it is open it stays, whatever was decided of the one before.
    estate.tables["going"].size = 10**13
    await estate.refresh()
    assert [item["id"] for item in await estate.items(category=["PURGE"], status=["OPEN"])] == [again["id"]]
    # Deleting what was found is as good as dismissing it.
    assert (await estate.api.data("mutation ($id: Int!) { deleteActionItem(id: $id) }", id=again["id"]))[
        "deleteActionItem"
    ]
    await estate.refresh()
    assert await estate.items(category=["PURGE"], status=["OPEN"]) == []
    estate.now += timedelta(days=180)
    await estate.refresh()
    assert len(await estate.items(category=["PURGE"], status=["OPEN"])) == 1


async def test_the_end_of_a_table_goes_by_stages_and_a_use_calls_it_off(estate: Estate) -> None:
    id_ = await id_of(estate, "PURGE")
    await refused(estate, STAGE, "BAD_USER_INPUT", "stage", id=id_, stage="DROPPED")
    staged = (await estate.api.data(STAGE, id=id_, stage="ANNOUNCED"))["stageActionItem"]
    assert staged == {"status": "IN_PROGRESS", "stage": "ANNOUNCED", "stageUntil": "2026-03-15", "alert": None}
    error = await refused(estate, STAGE, "BAD_USER_INPUT", "stage", id=id_, stage="RESTRICTED")
    assert "2026-03-15" in error["message"]
    estate.now += 14 * A_DAY
    await estate.api.data(STAGE, id=id_, stage="RESTRICTED", waitingDays=5)
    await estate.api.data(UPDATE, id=id_, snoozedUntil=(estate.now + 30 * A_DAY).isoformat())
    # Nobody can tell whether a use of that very day came before it.
    estate.tables["going"].accessed = estate.now.date()
    assert (await estate.refresh()).changed == 0
    estate.now += 2 * A_DAY
    estate.tables["going"].accessed = estate.now.date() - A_DAY
    await estate.refresh()
    (alarm,) = await estate.items("id status stage alert priority snoozed", alerted=True)
    assert (alarm["id"], alarm["status"], alarm["stage"], alarm["priority"]) == (id_, "OPEN", None, "URGENT")
    assert alarm["snoozed"] is False
    assert (
        "It was read on 16 March 2026, while its end was under way (RESTRICTED since 15 March 2026)" in alarm["alert"]
    )
    # It stays until somebody has looked at it, whatever the verdict.
    estate.tables["going"].verdict = estate.tables["kept"].verdict
    assert (await estate.refresh()).changed == 0
    await estate.api.data(UPDATE, id=id_, resolution="COMPLETED")
    assert await estate.items(alerted=True) == []
    review = (await estate.items(category=["REVIEW_EXPENSIVE"]))[0]["id"]
    await refused(estate, STAGE, "BAD_USER_INPUT", "id", id=review, stage="ANNOUNCED")
    await refused(
        estate,
        STAGE,
        "BAD_USER_INPUT",
        "waitingDays",
        id=await id_of(estate, "ARCHIVE"),
        stage="ANNOUNCED",
        waitingDays=366,
    )


async def test_many_are_changed_together_or_not_at_all(estate: Estate) -> None:
    all_open = {"status": ["OPEN"]}
    preview = (await estate.api.data(BULK, filter=all_open, changes={"priority": "MEDIUM"}))["updateActionItems"]
    assert preview == {"matched": 5, "changed": 2, "done": False}
    assert {item["version"] for item in await estate.items("version")} == {1}
    await refused(
        estate, BULK, "CONFLICT", "expectedCount", filter=all_open, changes={"priority": "LOW"}, expectedCount=4
    )
    done = (await estate.api.data(BULK, filter=all_open, changes={"priority": "MEDIUM"}, expectedCount=5))[
        "updateActionItems"
    ]
    assert done == {"matched": 5, "changed": 2, "done": True}
    assert sorted(item["version"] for item in await estate.items("version")) == [1, 1, 1, 2, 2]
    for bad, argument in (
        ({"filter": {"status": ["DONE"]}}, "filter"), ({"filter": {}}, "filter"), ({"changes": {}}, "changes"),
        ({"filter": {"table": ["no.such.table"]}}, "table"), ({"filter": {"campaign": 77}}, "campaign"),
        ({"filter": {"service": ["nobody"]}}, "service"), ({"filter": {"ids": list(range(1001))}}, "ids"),
        ({"changes": {"resolution": "DISMISSED"}}, "resolutionReason"),
    ):  # fmt: skip
        variables = {"filter": all_open, "changes": {"status": "DONE"}, "expectedCount": 5, **bad}
        await refused(estate, BULK, "BAD_USER_INPUT", argument, **variables)
    # One of them cannot be opened again, so none is.
    id_ = await id_of(estate, "PURGE")
    await estate.api.data(UPDATE, id=id_, resolution="COMPLETED")
    estate.now += 30 * A_DAY
    await estate.refresh()
    other = await id_of(estate, "ARCHIVE")
    await estate.api.data(UPDATE, id=other, resolution="COMPLETED")
    both = {"filter": {"ids": [id_, other]}, "changes": {"status": "OPEN"}, "expectedCount": 2}
    await refused(estate, BULK, "CONFLICT", "filter", **both)
    assert {item["status"] for item in await estate.items(ids=[id_, other])} == {"DONE"}


async def test_what_a_person_set_stays_and_what_is_opened_again_is_no_longer_decided(estate: Estate) -> None:
    id_ = await id_of(estate, "PURGE")
    await estate.api.data(UPDATE, id=id_, priority="LOW", title="mine")
    estate.tables["going"].size = 2 * 10**13
    await estate.refresh()
    (item,) = await estate.items("priority title projectedSavingUsd", ids=[id_])
    assert item == {"priority": "LOW", "title": "mine", "projectedSavingUsd": "460.000000"}
    await estate.api.data(UPDATE, id=id_, resolution="DISMISSED", resolutionReason="no")
    reopened = (await estate.api.data(UPDATE, id=id_, status="OPEN"))["updateActionItem"]
    assert (reopened["resolution"], reopened["resolutionReason"]) == (None, None)
    assert (await estate.refresh()).changed == 0
    # It becomes obsolete, and later is found again: nobody has decided anything of it.
    verdict = estate.tables["going"].verdict
    estate.tables["going"].verdict = estate.tables["kept"].verdict
    await estate.refresh()
    assert (await estate.items("resolution", ids=[id_])) == [{"resolution": "OBSOLETE"}]
    estate.tables["going"].verdict = verdict
    assert (await estate.refresh()).opened == 1
