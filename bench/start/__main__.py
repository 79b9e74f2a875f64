"""`python -m bench.start`: starts of the API. See `docs/performance.md`."""

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.start.process import Figures, StartProblem, compile_all, start_once
from bench.start.servers import prepare
from thirdeye.local.servers import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


def report(rounds: list[dict[str, Figures]]) -> None:
    """The median of each figure and, with two trees, the median of the rounds' own ratios."""
    names = list(rounds[0])
    ratio = " | this / other |" if len(names) > 1 else " |"
    print(f"| | {' | '.join(names)}{ratio}\n|---|{'---:|' * (len(names) + (len(names) > 1))}")
    for figure in rounds[0][names[0]]:
        cells = [f"{statistics.median(found[name][figure] for found in rounds):.2f}" for name in names]
        if len(names) > 1:
            cells.append(f"{statistics.median(found['this'][figure] / found['other'][figure] for found in rounds):.2f}")
        print(f"| {figure} | {' | '.join(cells)} |")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="starts of each; one more warms up and is dropped")
    parser.add_argument("--other", type=Path, help="the root of another working tree, to be started in turn")
    parser.add_argument("--tables", type=int, default=300, help="of the sample estate")
    parser.add_argument("--idle", type=float, default=2.0, help="seconds before the memory is looked at")
    options = parser.parse_args()
    trees = {"this": ROOT} | ({"other": options.other.resolve()} if options.other else {})
    rounds: list[dict[str, Figures]] = []
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="thirdeye-bench-")))
        try:
            environment, question = prepare(closing, folder, options.tables, free_port())
            for tree in trees.values():
                compile_all(tree)
            for number in range(options.rounds + 1):
                # Every other round in the opposite order, so that none always follows the same one.
                names = list(trees) if number % 2 else list(trees)[::-1]
                found = {
                    name: start_once(trees[name], environment, question, folder / "api.log", options.idle)
                    for name in names
                }
                if number:
                    rounds.append({name: found[name] for name in trees})
        except StartProblem as problem:
            print(f"nothing measured: {problem}", file=sys.stderr)
            return 1
    report(rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
