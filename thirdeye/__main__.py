"""The entrance of a process: `thirdeye`, or `python -m thirdeye`."""

from thirdeye.lasting_imports import lasting_imports


def main() -> None:
    """Runs the `thirdeye` command."""
    with lasting_imports():
        from thirdeye.cli import main as run_command
    run_command()


if __name__ == "__main__":
    main()
