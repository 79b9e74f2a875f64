"""`python -m thirdeye` is the `thirdeye` command."""

from thirdeye.cli import main

main()
