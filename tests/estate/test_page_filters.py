"""The page has a control for every filter of tables, and offers what there is to choose."""

import re
from pathlib import Path

import pytest

from thirdeye.inventory.filters import FIELDS, NONE, TIERS
from thirdeye.inventory.query import SORT_KEYS
from thirdeye.inventory.rules import ACTIVITIES, EVIDENCES, UnknownReason
from thirdeye.inventory.verdicts import BLOCKERS, VERDICTS

FOLDER = Path(__file__).parents[2] / "ui/src/components/waste"
FILTERS = (FOLDER / "filters.ts").read_text(encoding="utf-8")


def choices(name: str, text: str = FILTERS) -> list[str]:
    found = re.search(rf"export const {name} = \[(.*?)\] as const;", text, re.DOTALL)
    assert found is not None
    return re.findall(r'"(\w+)"', found[1])


def test_every_filter_is_described_once() -> None:
    assert sorted(re.findall(r'{ name: "(\w+)", kind:', FILTERS)) == sorted(FIELDS)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("VERDICTS", VERDICTS),
        ("ACTIVITIES", ACTIVITIES),
        ("EVIDENCES", EVIDENCES),
        ("UNKNOWN_REASONS", tuple(UnknownReason)),
        ("BLOCKERS", BLOCKERS),
        ("TIERS", (*filter(None, TIERS), NONE)),
    ],
)  # fmt: skip
def test_all_that_can_be_chosen_is_offered(name: str, expected: tuple[str, ...]) -> None:
    assert sorted(choices(name)) == sorted(map(str, expected))


def test_every_order_can_be_in_the_address() -> None:
    assert sorted(choices("SORTS", (FOLDER / "address.ts").read_text(encoding="utf-8"))) == sorted(SORT_KEYS)
