"""`python -m bench.page [TABLES]`: the page at scale. Exits with 1 if a figure misses its aim; see `docs/performance.md`."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from bench.page.browsing import budget, use
from bench.page.estate import prepared
from bench.page.figures import Figures
from bench.page.measuring import ask_all
from bench.page.serving import Api
from bench.page.work import fill
from bench.refresh.estates import HOME, server
from thirdeye.local.servers import Redis
from thirdeye.local.tokens import Signer
from thirdeye.observability.logging import configure_logging


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("tables", nargs="?", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20, help="of all questions")
    parser.add_argument(
        "--minutes", type=float, default=1.0, help="of use of the page, for its memory; the aim is for 10"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what is done in these minutes")
    parser.add_argument("--items", type=int, default=0, help="fill up to so many action items")
    parser.add_argument("--only", nargs="+", metavar="VIEW", help="ask only the questions of these views, and no more")
    parser.add_argument("--as-it-is", action="store_true", help="without refreshing the estate once more")
    options = parser.parse_args()
    configure_logging("ERROR")
    figures, signer = Figures(), Signer.generate()
    with server() as at, tempfile.TemporaryDirectory(prefix="thirdeye-bench-") as name:
        redis = Redis(HOME.absolute() / "redis")
        redis.start()
        try:
            estate = prepared(at, options.tables, redis.url, as_it_is=options.as_it_is)
            fill(estate, options.items)
            items, load = max(estate.items, options.items), os.getloadavg()[0]
            figures.say(f"{estate.tables:,} tables, {items:,} action items, on {at.version}, load {load:.1f}")
            if options.rounds:
                ask_all(estate, Path(name), signer, options.rounds, figures, options.only)
            if options.only:
                return _told(figures)
            with Api(estate, Path(name), signer) as api:
                budget(api, estate, figures)
                if options.minutes:
                    use(api, options.minutes, options.seed, figures)
        finally:
            redis.stop()
    return _told(figures)


def _told(figures: Figures) -> int:
    figures.say("\nmissed:" if figures.missed else "\nno figure misses its aim")
    for text in figures.missed:
        figures.say(f"  {text}")
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
