"""Entries of series in blobs: small enough for a packet, and the same again one by one."""

import pytest

from thirdeye.inventory.series import SeriesEntry
from thirdeye.inventory.series_entries import SeriesBlobs, SeriesEntries


def entry(number: int, old: int = 0) -> SeriesEntry:
    """One of a series whose name has a line end and quotes in it."""
    return {
        "name": f'events\n"{number}"', "place": 0, "table": number, "last": number + 2, "tables": 3, "whole": False,
        "inUse": True, "throughLineage": False, "accessed": 20_500, "known": 19_000, "bytes": 10**12, "cost": "0.069000",
        "advised": True, "old": list(range(10**6, 10**6 + old)), "oldCost": "0.000000",
    }  # fmt: skip


def packed(entries: list[SeriesEntry]) -> list[bytes]:
    blobs = SeriesBlobs()
    return [*blobs.add(entries), *blobs.rest()]


def test_many_are_in_blobs_that_fit_into_a_packet_and_read_one_at_a_time() -> None:
    entries = [entry(number) for number in range(50_000)]
    blobs = packed(entries)
    assert len(blobs) > 2
    assert max(map(len, blobs)) <= 4_000_000
    read = SeriesEntries(blobs)
    assert list(read) == entries
    assert (read[0], read[49_999], read[-1], read[10:12]) == (entries[0], entries[-1], entries[-1], entries[10:12])
    for beyond in (50_000, -50_001):
        with pytest.raises(IndexError):
            read[beyond]


def test_one_with_very_many_old_parts_has_a_blob_of_its_own() -> None:
    entries = [entry(1), entry(2, old=600_000), entry(3)]
    blobs = packed(entries)
    assert len(blobs) == 3
    assert list(SeriesEntries(blobs)) == entries
    assert (packed([]), len(SeriesEntries())) == ([], 0)
