"""Runs a command that does not outlive the process which asked for it, not even when that one is killed with -9.

A script of its own, run by path with nothing but the standard library: `launcher.py exec|guard PARENT COMMAND...`.
`exec` becomes the command. `guard` stays beside it, for commands that start processes themselves: when the parent
is gone it asks them to stop, and after a grace period kills the process group that they all share with it.
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


def _end_group(child: int) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while time.monotonic() < deadline and os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.02)
    os.killpg(0, signal.SIGKILL)


def _fork(command: list[str]) -> int:
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        _die_with(guard, signal.SIGKILL)
        os.execvp(command[0], command)
    return child


def _guard(parent: int, command: list[str]) -> None:
    child = _fork(command)

    def on_signal(signal_number: int, _frame: object) -> None:
        if os.getppid() == parent:
            os.kill(child, signal_number)
        else:
            _end_group(child)

    signal.signal(signal.SIGTERM, on_signal)
    _die_with(parent, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    _leave(code if code >= 0 else 128 - code)


def _leave(code: int) -> None:
    """Ends with the command's exit code, and with it whatever the command left behind."""
    guard = os.getpid()
    if os.fork():
        os._exit(code)
    # The group is the guard's own: first its exit code must be out.
    while os.getppid() == guard:
        time.sleep(0.001)
    os.killpg(0, signal.SIGKILL)


def main(arguments: list[str]) -> None:
    mode, parent, command = arguments[0], int(arguments[1]), arguments[2:]
    if mode == "guard":
        _guard(parent, command)
        return
    _die_with(parent, signal.SIGKILL)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
