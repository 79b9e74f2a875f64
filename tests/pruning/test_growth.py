"""Everything that grows has an end: the list in docs/operations.md names each table of ThirdEye's schema, and no other."""

import re
from pathlib import Path

import pytest

from tests.support.mirror import nothing
from thirdeye.database import thirdeye_database
from thirdeye.migrations import migrate
from thirdeye.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"
# Of the migrations themselves: one row each.
NOT_OURS = re.compile(r"_?yoyo_")


def listed() -> list[tuple[str, list[str]]]:
    """Each table of the list, with the cells of its row."""
    section = DOCUMENT.read_text().split("## What grows, and what ends it")[1].split("\n## ")[0]
    rows = [line.strip("|").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    return [(name, cells[1:]) for cells in rows for name in re.findall(r"`(\w+)`", cells[0])]


@pytest.mark.anyio
async def test_each_table_of_the_schema_is_listed(settings: Settings) -> None:
    database = thirdeye_database(settings, nothing)
    await database.start()
    try:
        await migrate(settings, database)
        rows = await database.fetch_all(
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()"
        )
    finally:
        await database.stop()
    tables = {row["name"] for row in rows}
    assert {name for name, _ in listed()} == {name for name in tables if not NOT_OURS.match(name)}


def test_each_has_its_rows_its_growth_and_its_end() -> None:
    names = [name for name, _ in listed()]
    assert len(names) == len(set(names))
    for name, cells in listed():
        assert len(cells) == 4, name
        assert all(cell.strip() for cell in cells), name
        # `python -m bench.year` compares them with what a year leaves.
        assert re.match(r"[\d,.]+$", cells[1].strip()), name
        assert "nothing yet" not in cells[3], name
