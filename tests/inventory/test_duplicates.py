"""Names of copies, and groups of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thirdeye.inventory import duplicates
from thirdeye.inventory.duplicates import (
    Member,
    agreement_of,
    candidates,
    duplicate_groups,
    is_marked,
    name_key,
    normalised_name,
)


@pytest.mark.parametrize(
    ("name", "normalised"),
    [
        ("orders", "orders"),
        ("ORDERS", "orders"),
        ("orders_backup", "orders"),
        ("orders_bak_2023_11_30", "orders"),
        ("orders_20240131", "orders"),
        ("orders_2024-01", "orders"),
        ("orders_31012024", "orders"),
        ("orders_v2", "orders"),
        ("orders_copy2", "orders"),
        ("ordersBackup", "orders"),
        ("backup_orders", "orders"),
        ("copy_of_orders", "orders"),
        ("orders_1700000000", "orders"),
        ("orders_123456", "orders_123456"),
        ("orders_20241331", "orders_20241331"),
        ("orders_2024", "orders_2024"),
        ("backup", "backup"),
        ("2024_01_01", "2024_01_01"),
        ("...", "..."),
        ("news", "news"),
        ("template", "template"),
    ],
)
def test_names_lose_what_marks_a_copy(name: str, normalised: str) -> None:
    assert normalised_name(name) == normalised


@given(st.text(max_size=30))
def test_a_normalised_name_is_its_own(name: str) -> None:
    assert normalised_name(name) or not name


def member(
    number: int,
    name: str,
    columns: int = 20,
    *,
    missing: int = 0,
    queries: int = 0,
    accessed: int = 0,
    idle: bool = True,
) -> Member:
    names = frozenset(f"c{place}" for place in range(missing, columns))
    return Member(
        number=number, marked=is_marked(name, normalised_name(name)), columns=names, created=0, accessed=accessed,
        queries=queries, idle=idle,
    )  # fmt: skip


def test_copies_agree_to_95_percent_and_the_original_has_the_plain_name() -> None:
    members = [
        member(1, "orders_v2", queries=900),
        member(2, "orders"),
        member(3, "orders_old", missing=1),
        member(4, "orders_tmp", missing=2),
    ]
    (group,) = duplicate_groups(members)
    assert (group.original, sorted(group.members), group.agreement) == (2, [1, 2, 3], 0.95)


def test_what_is_in_use_is_no_copy() -> None:
    members = [member(1, "orders"), member(2, "orders_v2", idle=False), member(3, "orders_v3", missing=1)]
    (group,) = duplicate_groups(members)
    assert (group.original, group.members, group.agreement) == (1, [1, 3], 0.95)
    # Even where it looks more like one than the original does.
    assert list(duplicate_groups([member(1, "orders"), member(2, "orders_v2", queries=9, idle=False)])) == []


def test_without_columns_there_is_no_copy() -> None:
    assert list(duplicate_groups([member(1, "a", 0), member(2, "a_copy", 0)])) == []


def test_few_columns_are_compared_with_many_others(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = list[tuple[int, int]]()

    def counted(some: frozenset[str], others: frozenset[str]) -> float:
        compared.append((len(some), len(others)))
        return agreement_of(some, others)

    monkeypatch.setattr(duplicates, "agreement_of", counted)
    # By twos the same columns; each pair has others than all other pairs, as many or fewer.
    sizes = [20, 40]
    members = [
        replace(member(number, f"orders_v{number}"), columns=frozenset(f"{number // 2}.{n}" for n in range(size)))
        for number, size in ((number, sizes[number // 2 % 2]) for number in range(2_400))
    ]
    groups = list(duplicate_groups(members))
    assert len(groups) == 1_200
    assert all(abs(some - others) <= 2 for some, others in compared)
    assert len(compared) <= 1_200 * 250


@given(st.permutations([member(n, f"orders_v{n}", missing=n % 3, queries=n % 2) for n in range(8)]))
def test_the_order_of_members_makes_no_difference(members: list[Member]) -> None:
    expected = list(duplicate_groups(sorted(members, key=lambda member: member.number)))
    assert list(duplicate_groups(members)) == expected


@given(st.frozensets(st.sampled_from("abcdef"), min_size=1), st.frozensets(st.sampled_from("abcdef"), min_size=1))
def test_agreement_is_a_share(some: frozenset[str], others: frozenset[str]) -> None:
    assert agreement_of(some, others) == agreement_of(others, some) == len(some & others) / len(some | others)


def test_candidates_share_a_key_and_are_there() -> None:
    keys = np.array([name_key("s", name) for name in ("a", "b", "a", "c", "b")], np.uint64)
    numbers = candidates(keys, np.array([True, True, True, True, False])).tolist()
    assert sorted(numbers) == [0, 2]
    assert candidates(keys[:0], np.zeros(0, np.bool_)).tolist() == []
    assert name_key("s", "a") != name_key("t", "a")
