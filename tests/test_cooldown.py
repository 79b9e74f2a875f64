"""A cool-down lasts as long as it says, and begins anew with each failure."""

from thirdeye.cooldown import Cooldown


def test_it_lasts_for_its_seconds_and_begins_anew() -> None:
    now = [100.0]
    cooldown = Cooldown(5.0, lambda: now[0])
    assert not cooldown.active
    cooldown.start()
    assert cooldown.active
    now[0] = 104.9
    assert cooldown.active
    cooldown.start()
    now[0] = 109.8
    assert cooldown.active
    now[0] = 109.9
    assert not cooldown.active
