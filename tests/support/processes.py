"""What Linux knows of processes."""

from pathlib import Path


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has asked for its exit code yet has."""
    fields = _stat(pid)
    return not fields or fields[0] == "Z"


def children_of(pid: int) -> list[int]:
    """The processes that a process started."""
    everybody = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [each for each in everybody if _stat(each)[1:2] == [str(pid)]]


def _stat(pid: int) -> list[str]:
    """State, parent and so on; nothing when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
