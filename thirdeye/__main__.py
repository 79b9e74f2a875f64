"""The entrance of a process: `thirdeye`, or `python -m thirdeye`."""

from thirdeye.lasting_imports import lasting_imports
from thirdeye.unused_modules import absent, stood_in_for


def main() -> None:
    """Runs the `thirdeye` command."""
    with lasting_imports():
        # They would colour tracebacks and a command line that are not ours; with what they bring along, 4 MB.
        with absent("rich", "click", "greenlet"):
            import httpx  # noqa: F401
            import structlog  # noqa: F401
        # For Redis in Microsoft's cloud, by tokens of its own.
        with stood_in_for("jwt"):
            import redis  # noqa: F401
        # Notes for documentation, and a library that wraps what they are on.
        with stood_in_for("deprecated"):
            import limits.aio.storage  # noqa: F401

        from thirdeye.cli import main as run_command
    run_command()


if __name__ == "__main__":
    main()
