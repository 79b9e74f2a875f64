"""Names of places, as administrators write them."""

from typing import cast

import pytest

from thirdeye.errors import BadInput
from thirdeye.estate.validation import validate_place, validate_reason, validate_service
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.fqn import join_fqn, split_fqn

DIRECTORY = cast(
    Directory,
    {
        "services": [{"name": "snow"}, {"name": "my.sql"}],
        "places": [[0, "shop", "core"], [0, "shop", "raw"], [0, 'a "b".c', None], [1, None, None]],
    },
)


@pytest.mark.parametrize(
    ("fqn", "place"),
    [
        ("snow", ("snow", None, None)),
        ("snow.shop", ("snow", "shop", None)),
        ("snow.shop.raw", ("snow", "shop", "raw")),
        ('snow."a ""b"".c"', ("snow", 'a "b".c', None)),
        ('"my.sql"', ("my.sql", None, None)),
    ],
)
def test_a_place_of_the_estate_is_found(fqn: str, place: tuple[str, str | None, str | None]) -> None:
    assert validate_place(fqn, DIRECTORY) == place


@pytest.mark.parametrize(
    ("fqn", "message"),
    [
        ("snow.shoop", "fqn: the estate has no service, database or schema snow.shoop; there is snow.shop"),
        (
            "snow.shop.Raw",
            "fqn: the estate has no service, database or schema snow.shop.Raw; there is snow.shop.raw, snow.shop.core",
        ),
        ("my.sq", "fqn: the estate has no service, database or schema my.sq"),
        ("snow.shop.raw.orders", "fqn: the estate has no service, database or schema snow.shop.raw.orders"),
        ("nothing-like-it", "fqn: the estate has no service, database or schema nothing-like-it"),
        ("...", "fqn: the estate has no service, database or schema ..."),
        ("", "fqn: must have 1 to 3072 characters"),
        ("x" * 3073, "fqn: must have 1 to 3072 characters"),
    ],
)
def test_another_name_is_refused_and_near_ones_are_named(fqn: str, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        validate_place(fqn, DIRECTORY)
    assert refused.value.message == message


def test_a_service_goes_by_its_plain_name() -> None:
    assert validate_service("my.sql", DIRECTORY) == "my.sql"
    with pytest.raises(BadInput, match="service: the estate has no service snw; there is snow"):
        validate_service("snw", DIRECTORY)


def test_a_reason_is_trimmed_and_has_limits() -> None:
    assert validate_reason("  why ", 3) == "why"
    assert validate_reason("x") == "x"
    for reason in ("  ", " xy ", "x" * 1001):
        with pytest.raises(BadInput, match="reason: must have 3 to 1000 characters"):
            validate_reason(reason, 3)


@pytest.mark.parametrize("names", [["a"], ["a", "b.c"], ['a"b', "c"], ['"', "d"]])
def test_a_joined_name_splits_into_its_parts(names: list[str]) -> None:
    assert split_fqn(join_fqn(names)) == names
