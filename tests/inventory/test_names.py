"""Finding owners and domains by what people call them."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thirdeye.errors import BadInput
from thirdeye.inventory.domain_names import DomainNames, domain_path, lies_in
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.owner_names import OwnerNames, caller_ids

OWNERS = [("1", "user", "ada"), ("2", "user", "finance"), ("3", "team", "finance"), ("4", "team", "Data"), ("5", "user", "ADA"),
          ("6", "user", "user:x"), ("7", "user", "x"), ("8", "user", "ada")]  # fmt: skip
DOMAINS = ["Sales", "Sales.EMEA", "Finance.EMEA", "Finance.EMEA.Paris", '"a.b".c', "Résumé", "Resume", "Sales.Sales"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("ada", {("user", "ada")}), ("ADA", {("user", "ADA")}), ("data", {("team", "Data")}), ("TEAM:DATA", {("team", "Data")}),
        ("team:finance", {("team", "finance")}), ("user:finance", {("user", "finance")}), ("team:ada", set()), ("", set()),
    ],
)  # fmt: skip
def test_owners_by_name(name: str, found: set[tuple[str, str]]) -> None:
    assert OwnerNames(OWNERS).find(name, "owner") == found


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("finance", "team:finance, user:finance"), ("FINANCE", "team:finance, user:finance"), ("Ada", "user:ADA, user:ada"),
        ("user:x", "user:user:x, user:x"),
    ],
)  # fmt: skip
def test_names_that_mean_several_owners(name: str, candidates: str) -> None:
    with pytest.raises(BadInput, match=f"owner: {name} may be {candidates}: say which"):
        OwnerNames(OWNERS).find(name, "owner")
    assert len(OwnerNames(OWNERS).find(name, "owner", strict=False)) == 2


def test_a_caller_that_nobody_knows_owns_nothing() -> None:
    assert caller_ids("", []) == caller_ids("", ["3"]) == set()
    assert caller_ids("2", ["3"]) == {("user", "2"), ("team", "3")}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Sales", ["Sales"]), ("Sales.EMEA", ["Sales.EMEA"]), ('"Sales".EMEA', ["Sales.EMEA"]),
        ("Paris", ["Finance.EMEA.Paris"]),
        ("Finance", ["Finance"]), ("a.b", ['"a.b"']), ("c", ['"a.b".c']), ("Résumé", ["Résumé"]), ("resume", []),
        ("EMEA.Paris", []), ("", []), ("emea", []),
    ],
)  # fmt: skip
def test_domains_by_name(name: str, found: list[str]) -> None:
    assert [join_fqn(path) for path in DomainNames(DOMAINS).find(name, "domain")] == found


def test_names_that_mean_several_domains() -> None:
    with pytest.raises(BadInput, match=r"domain: EMEA may be Finance\.EMEA, Sales\.EMEA: say which"):
        DomainNames(DOMAINS).find("EMEA", "domain")
    many = DomainNames(f"d{number:02}.x" for number in range(30))
    with pytest.raises(BadInput, match=r"d09\.x and 20 more: say which"):
        many.find("x", "domain")
    assert len(many.find("x", "domain", strict=False)) == 30


PATHS = st.lists(
    st.lists(st.sampled_from(["a", "b", "a.b", 'q"', "ä", "A"]), min_size=1, max_size=3).map(tuple), min_size=1
)
ORDERS: list[Callable[[list[str]], list[str]]] = [list, lambda fqns: fqns[::-1], lambda fqns: sorted(fqns) * 2]


@given(PATHS, st.sampled_from(ORDERS))
@settings(max_examples=60, deadline=None)
def test_a_parent_finds_its_children_in_any_order(
    paths: list[tuple[str, ...]], order: Callable[[list[str]], list[str]]
) -> None:
    fqns = [join_fqn(path) for path in paths]
    names = DomainNames(order(fqns))
    for path, fqn in zip(paths, fqns, strict=True):
        assert domain_path(fqn) == path
        for length in range(1, len(path) + 1):
            assert names.find(join_fqn(path[:length]), "domain") == {path[:length]}
            assert lies_in(path, {path[:length]})
        assert not lies_in(path, {(*path, "a"), ("other",), (*path[:-1], "other")})
