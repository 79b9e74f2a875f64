"""A real MySQL for tests and benchmarks."""

import os
import subprocess

from tests.support import ROOT


class MySQLUnavailable(Exception):
    """There is none on this machine; the message says why."""


def find_mysqld() -> str:
    """The path of a mysqld: THIRDEYE_TEST_MYSQLD, else what `scripts/mysql` unpacks. Raises MySQLUnavailable."""
    if path := os.environ.get("THIRDEYE_TEST_MYSQLD"):
        return path
    done = subprocess.run([ROOT / "scripts" / "mysql"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise MySQLUnavailable((done.stderr.strip() or "scripts/mysql failed").splitlines()[-1])
    return done.stdout.strip()
