"""Runs a command that never outlives the process that started it, even if that is killed with -9.

A script of its own, run by path with nothing but the standard library: `launcher.py exec|guard PARENT COMMAND...`.
`exec` becomes the command. `guard` stays beside it, for commands that start processes themselves: SIGTERM goes on to
the command, SIGUSR1 kills it with all that it started, and when the parent is gone they are asked to stop and killed
after a grace period.
"""

import ctypes
import os
import signal
import sys
import time

_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 5.0


def _die_with(parent: int, signal_number: int) -> None:
    """Asks the kernel to send `signal_number` to this process when its parent ends; exits when it already has."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def _signal_group(group: int, signal_number: int) -> None:
    try:
        os.killpg(group, signal_number)
    except ProcessLookupError:
        pass  # the group has ended


def _end_group(group: int) -> None:
    _signal_group(group, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and os.waitpid(group, os.WNOHANG) == (0, 0):
        time.sleep(0.02)
    _signal_group(group, signal.SIGKILL)
    os._exit(1)


def _start(command: list[str]) -> int:
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        _die_with(guard, signal.SIGKILL)
        os.execvp(command[0], command)
    try:
        os.setpgid(child, child)
    except OSError:
        pass  # the child was quicker
    return child


def _guard(parent: int, command: list[str]) -> int:
    child = _start(command)

    def stop(signal_number: int, _frame: object) -> None:
        if os.getppid() == parent:
            os.kill(child, signal_number)
        else:
            _end_group(child)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGUSR1, lambda _number, _frame: _signal_group(child, signal.SIGKILL))
    _die_with(parent, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    # Nothing that the command started may remain.
    _signal_group(child, signal.SIGKILL)
    return code if code >= 0 else 128 - code


def main(arguments: list[str]) -> int:
    """Runs the command; see the module's description."""
    mode, parent, command = arguments[0], int(arguments[1]), arguments[2:]
    # A shell lets what it starts in the background ignore SIGINT, and that would be inherited.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if mode == "exec":
        _die_with(parent, signal.SIGKILL)
        os.execvp(command[0], command)
    return _guard(parent, command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
