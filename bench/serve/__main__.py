"""`python -m bench.serve`: see `docs/performance.md`."""

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.serve.contenders import ContenderProblem, Contest, peer_interpreter, start
from bench.serve.load import LoadProblem, generator_name, measure

# Contest, peer, and the least that ThirdEye's rate may be of the peer's.
TARGETS = (
    ("hot get_zi_score", "canned", 0.7),
    ("hot get_zi_score", "mercurius", 1.0),
    ("hot get_zi_score", "strawberry", 5.0),
    ("actionItems(first: 50)", "mercurius", 2.0),
    ("actionItems(first: 50)", "strawberry", 5.0),
    ("actionItems(first: 50), each another", "mercurius", 1.0),
    ("actionItems(first: 50), each another", "strawberry", 5.0),
)
Rates = dict[str, list[float]]


def run_contest(contest: Contest, *, rounds: int, seconds: float, connections: int, folder: Path) -> Rates:
    """Requests per second of each contender, round by round; the first, shorter round warms up and is dropped."""
    rates: Rates = {name: [] for name in contest.targets}
    for number in range(rounds + 1):
        # Every other round in the opposite order, so that none always follows the same one.
        names = list(contest.targets) if number % 2 else list(contest.targets)[::-1]
        for name in names:
            so_long = seconds if number else min(seconds, 1.0)
            rate = measure(contest.targets[name], seconds=so_long, connections=connections, folder=folder)
            if number:
                rates[name].append(rate)
    return rates


def ratio(rates: Rates, peer: str) -> float:
    """The median of the rounds' own ratios: what disturbs a round disturbs both."""
    return statistics.median(ours / theirs for ours, theirs in zip(rates["thirdeye"], rates[peer], strict=True))


def report(contest: Contest, rates: Rates) -> None:
    print(f"\n{contest.name}: requests per second, median (lowest to highest)")
    for name, found in rates.items():
        line = f"  {name:<12}{statistics.median(found):>9.0f}  ({min(found):.0f} to {max(found):.0f})"
        print(line if name == "thirdeye" else f"{line:<48}thirdeye / {name} = {ratio(rates, name):.2f}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.serve", description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each contender in each round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--tables", type=int, default=300, help="of the sample estate")
    parser.add_argument("--peer-python", help="an interpreter that has the peer's packages; else .venv-bench is made")
    options = parser.parse_args()
    if options.rounds < 1 or not 1 <= options.seconds <= 60 or not 1 <= options.connections <= 256:
        parser.error("--rounds from 1, --seconds 1 to 60, --connections 1 to 256")
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="thirdeye-bench-")))
        try:
            peer = options.peer_python or peer_interpreter()
            contests = start(closing, folder, items=options.items, tables=options.tables, peer_python=peer)
            rounds, seconds, connections = options.rounds, options.seconds, options.connections
            load = f"{connections} connections, load by {generator_name()}"
            print(f"{rounds} rounds of {seconds:g} s, {load}", flush=True)
            results = {}
            for contest in contests:
                results[contest.name] = run_contest(
                    contest, rounds=rounds, seconds=seconds, connections=connections, folder=folder
                )
                report(contest, results[contest.name])
        except (ContenderProblem, LoadProblem) as problem:
            print(f"nothing measured: {problem}", file=sys.stderr)
            return 1
    print("\ntargets")
    missed = 0
    for name, peer, least in TARGETS:
        found = ratio(results[name], peer)
        missed += found < least
        print(f"  {name} / {peer}: {found:.2f}, wanted {least:g}: {'reached' if found >= least else 'MISSED'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
