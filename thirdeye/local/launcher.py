"""Runs a command that does not outlive the process which asked for it, not even when that one is killed with -9.

A script of its own, run by path with nothing but the standard library: `launcher.py exec|guard PARENT COMMAND...`.
`exec` becomes the command. `guard` stays beside it, for commands that start processes themselves: when the parent
is gone it asks the command's whole process group to stop and kills what is left after a grace period.
"""

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 5.0


def die_with(parent: int, signal_number: int) -> None:
    """Asks the kernel to send `signal_number` to this process when its parent ends; exits when it already has."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def _signal_group(group: int, signal_number: int) -> bool:
    try:
        os.killpg(group, signal_number)
    except ProcessLookupError:
        return False
    return True


def _end_group(group: int) -> None:
    deadline = time.monotonic() + _GRACE_SECONDS
    _signal_group(group, signal.SIGTERM)
    while time.monotonic() < deadline:
        _reap(group)
        if not _signal_group(group, 0):
            return
        time.sleep(0.02)
    _signal_group(group, signal.SIGKILL)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass


def _wait(pid: int) -> int:
    """Waits for the command; the exit code as a shell gives it."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def _guard(parent: int, command: list[str]) -> int:
    own_pid = os.getpid()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        die_with(own_pid, signal.SIGKILL)
        os.execvp(command[0], command)
    try:
        os.setpgid(child, child)
    except OSError:
        pass  # the child was quicker

    def on_signal(signal_number: int, _frame: object) -> None:
        if os.getppid() == parent:
            _signal_group(child, signal_number)
            return
        _end_group(child)
        os._exit(1)

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    die_with(parent, signal.SIGTERM)
    code = _wait(child)
    # What the command started and left behind has no owner any more.
    _signal_group(child, signal.SIGKILL)
    return code


def main(arguments: list[str]) -> int:
    mode, parent, command = arguments[0], int(arguments[1]), arguments[2:]
    if mode == "guard":
        return _guard(parent, command)
    die_with(parent, signal.SIGKILL)
    os.execvp(command[0], command)
    raise AssertionError("exec does not return")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
