"""What a refresh stores of the state beside its columns is what the next one continues."""

import orjson

from thirdeye.mirror.state import State


def test_days_that_are_restored_equal_those_that_were_stored() -> None:
    """Else every incremental refresh would add up all days a second time, to find what has changed of them."""
    state, restored = State(), State()
    state.row_places = {"2026-01-31": ("80", "c0"), "2026-02-01": ("", "")}
    state.usage_sums = {"2026-01-31": (3, 17), "2026-02-01": (0, 0)}
    restored.restore(orjson.loads(orjson.dumps(state.document())))
    assert restored.row_places == state.row_places
    assert restored.usage_sums == state.usage_sums
