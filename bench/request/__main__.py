"""`python -m bench.request`: the budget of a request, by stage. See `docs/performance.md`.

The real application, and the server's own protocol over a connection in memory, so that nothing of the kernel is in the
figures: RS256 token, rates counted, log and metrics on.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from bench.request.callgrind import available
from bench.request.instructions import count
from bench.request.questions import Question, answering, questions
from bench.request.stages import STAGES, StageClock, timing
from bench.serve.contenders import fill
from tests.support.api import ACCOUNTS
from thirdeye.local.accounts import make_accounts
from thirdeye.local.sample import EstateOptions, generate, load
from thirdeye.local.servers import MariaDB, Redis
from thirdeye.local.tokens import Signer

Figures = dict[str, dict[str, float]]


async def whole(settings: dict[str, Any], asked: list[Question]) -> dict[str, float]:
    """Microseconds of processor time of a request, by question."""
    found = {}
    async with answering(settings, asked) as connection:
        for question in asked:
            started = time.process_time()
            for _ in range(question.requests):
                await connection.ask(question.another())
            found[question.name] = (time.process_time() - started) / question.requests * 1e6
    return found


async def by_stage(settings: dict[str, Any], asked: list[Question]) -> Figures:
    """Microseconds of each stage, the median of all requests, by question."""
    clock, found = StageClock(), {}
    cost = clock.cost_of_call()
    with timing(clock):
        async with answering(settings, asked) as connection:
            for question in asked:
                clock.take()
                each = []
                for _ in range(question.requests):
                    await connection.ask(question.another())
                    each.append(clock.take(cost))
                found[question.name] = {stage: statistics.median(one[stage] for one in each) for stage in STAGES}
    return found


def report(stages: Figures, totals: dict[str, float], instructions: dict[str, int]) -> None:
    """Prints a table as in `docs/performance.md`."""
    names = list(totals)
    print(f"| stage | {' | '.join(names)} |\n|---|{'---:|' * len(names)}")
    for stage in STAGES:
        print(f"| {stage} | {' | '.join(f'{stages[name][stage]:.1f}' for name in names)} |")
    print(f"| processor time of all, untimed | {' | '.join(f'{totals[name]:.0f}' for name in names)} |")
    if instructions:
        print(f"| instructions, thousands | {' | '.join(f'{instructions[name] / 1000:.1f}' for name in names)} |")


def settings_of(mariadb: MariaDB, redis: Redis, signer: Signer) -> dict[str, Any]:
    """Settings as of production, over these servers."""
    return {
        "om_mysql_host": mariadb.host, "om_mysql_port": mariadb.port, "om_mysql_db": "om",
        "om_mysql_user_ro": ACCOUNTS.om_user, "om_mysql_pw_ro": ACCOUNTS.om_password,
        "thirdeye_mysql_schema": "thirdeye",
        "thirdeye_mysql_user": ACCOUNTS.thirdeye_user, "thirdeye_mysql_pw": ACCOUNTS.thirdeye_password,
        "redis_url": redis.url, "jwt_public_key": signer.public_pem, "rate_limit": "900000000/hour",
        **dict.fromkeys(("mysql_acquire_timeout", "mysql_connect_timeout", "mysql_statement_timeout"), 60),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.request", description=__doc__)
    parser.add_argument("--requests", type=int, default=5000, help="of the hot question; a tenth of the others")
    parser.add_argument("--items", type=int, default=5000)
    parser.add_argument("--instructions", action="store_true", help="count them as well, by Valgrind: some minutes")
    options = parser.parse_args()
    if options.instructions and not available():
        parser.error("instructions are counted by valgrind, on x86-64")
    with tempfile.TemporaryDirectory(prefix="thirdeye-bench-") as name:
        folder = Path(name)
        mariadb, redis = MariaDB(folder / "mariadb", fast=True), Redis(folder / "redis")
        try:
            mariadb.start()
            redis.start()
            with mariadb.connect() as connection:
                load(generate(EstateOptions(today=datetime.now(UTC).date(), tables=60)), connection, schema="om")
                make_accounts(connection, ACCOUNTS, om_schema="om", thirdeye_schema="thirdeye")
            signer = Signer.generate()
            now = int(time.time())
            settings, token = settings_of(mariadb, redis, signer), signer.token(iat=now, exp=now + 3600)
            asked = questions(token, options.requests)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                # The first application migrates, so that there is something to be filled.
                runner.run(whole(settings, questions(token, 10)))
                fill(mariadb, options.items)
                totals = runner.run(whole(settings, asked))
                stages = runner.run(by_stage(settings, asked))
            instructions = count(folder, settings, token) if options.instructions else {}
        finally:
            redis.kill()
            mariadb.kill()
    report(stages, totals, instructions)


if __name__ == "__main__":
    main()
