"""How long a request waits for what it needs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Deadlines:
    """In seconds. OpenMetadata's proxy gives up after five without a byte, so every answer must come before."""

    answer: float = 4.5
    # The turn of an expensive request, and then its answer: both together never take longer than for any other. The slowest
    # that is allowed takes about a second by itself.
    turn: float = 2.5
    expensive_answer: float = 3.0
    # The very first score; until it is computed, the answer is PENDING.
    first_score: float = 4.0
    # A score that is stored but not cached; after that, the last one known is given as stale.
    stored_score: float = 2.0
    # Whether what is kept is still the newest.
    data_version: float = 0.5
    # A request under the same Idempotency-Key.
    same_request: float = 3.0
    # A client, to take 64 KB of its answer: a line of 52 kbit/s will do.
    piece: float = 10.0
    # The server of a database, before it counts as unavailable.
    ping: float = 2.0
    cache: float = 0.5
    rate_limit: float = 0.3
    job_queue: float = 2.0
    key_set: float = 3.0
    revocation: float = 1.0


DEADLINES = Deadlines()
