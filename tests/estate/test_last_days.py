"""The last days of a table out of bits."""

from datetime import date

from thirdeye.estate.last_days import last_days

TODAY = date(2026, 3, 1)


def test_the_lowest_bit_is_the_last_day() -> None:
    days = last_days(used=0b101, watched=0b011, last=TODAY)
    assert [each["day"] for each in days][::29] == [date(2026, 1, 31), TODAY]
    assert days[-4:] == [
        {"day": date(2026, 2, 26), "watched": False, "used": None},
        {"day": date(2026, 2, 27), "watched": False, "used": True},
        {"day": date(2026, 2, 28), "watched": True, "used": False},
        {"day": TODAY, "watched": True, "used": True},
    ]


def test_before_the_only_use_that_is_known_nobody_can_tell() -> None:
    days = last_days(used=0b10, watched=0b1111, last=TODAY, known_from=date(2026, 2, 28))
    assert [(each["watched"], each["used"]) for each in days[-4:]] == [
        (True, None),
        (True, None),
        (True, True),
        (True, False),
    ]
