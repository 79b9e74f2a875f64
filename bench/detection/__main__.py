"""`python -m bench.detection [TABLES [FINDINGS]]`: seconds and memory of detection, in a process of its own.

Over a private MariaDB: the first run opens the items, the second changes nothing, the third follows tables of which a
tenth changed. Prints Markdown.
"""

import sys
import tempfile
from pathlib import Path

from bench.detection.measurement import measured
from thirdeye.local.servers import MariaDB, Redis


def main(tables: int = 1_000_000, findings: int = 50_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server, redis = MariaDB(Path(folder) / "mariadb"), Redis(Path(folder) / "redis")
        server.start()
        redis.start()
        try:
            print(f"{tables:,} tables, {findings:,} findings\n")
            print("| run | opened | changed | seconds | peak MB |\n|---|---|---|---|---|")
            for run in measured(server, redis, tables, findings):
                counts = f"{run['opened']:,} | {run['changed']:,}"
                print(f"| {run['run']} | {counts} | {run['seconds']:.1f} | {run['megabytes']:.0f} |")
        finally:
            server.kill()
            redis.kill()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
