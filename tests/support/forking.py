"""ThirdEye's processes without the two seconds of processor time that importing it takes: forked from one that has.

`forking.py serve SOCKET` imports what `run_process.py` does and forks whenever it is asked to. `forking.py ask SOCKET
ARGUMENTS` stands for the forked process where it was asked for: what it prints goes to the same log, signals go on to it, it
ends with the same exit code, and it is killed when this one is. Environment and folder are the asking one's.
"""

import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def ask(path: str, arguments: list[str]) -> int:
    """The exit code of the process that was forked; that of a killed one as a shell would give it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        body = json.dumps([arguments, dict(os.environ), str(Path.cwd())]).encode()
        socket.send_fds(connection, [len(body).to_bytes(8, "big")], [1, 2])
        connection.sendall(body)
        for number in _SIGNALS:
            signal.signal(number, lambda number, _frame: connection.sendall(bytes([number])))
        answer = connection.recv(1)
    return answer[0] if answer else 1


def serve(path: str, run: Callable[..., None]) -> None:
    """Forks until it is ended."""
    children: dict[int, socket.socket] = {}
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno())
    listening = socket.socket(socket.AF_UNIX)
    with selectors.DefaultSelector() as selector:
        listening.bind(f"{path}.new")
        listening.listen()
        Path(f"{path}.new").rename(path)  # whoever sees it may connect
        selector.register(listening, selectors.EVENT_READ)
        selector.register(wake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listening:
                    connection, _ = listening.accept()
                    own = [selector, listening, wake, waker, connection, *children.values()]
                    children[_fork(connection, run, own)] = connection
                    selector.register(connection, selectors.EVENT_READ)
                elif key.fileobj is wake:
                    wake.recv(4096)
                else:
                    (pid,) = [pid for pid, connection in children.items() if connection is key.fileobj]
                    numbers = children[pid].recv(16) or [signal.SIGKILL]
                    for number in numbers:
                        os.kill(pid, number)
            for pid, code in _ended(children):
                connection = children.pop(pid)
                selector.unregister(connection)
                with connection:
                    _tell(connection, code)


def _ended(children: dict[int, socket.socket]) -> list[tuple[int, int]]:
    found = [(pid, *os.waitpid(pid, os.WNOHANG)) for pid in children]
    return [(pid, os.waitstatus_to_exitcode(status)) for pid, ended, status in found if ended]


def _tell(connection: socket.socket, code: int) -> None:
    try:
        connection.sendall(bytes([code if code >= 0 else 128 - code]))
    except OSError:
        pass  # whoever asked was killed


def _fork(connection: socket.socket, run: Callable[..., None], own: list[Any]) -> int:
    """The process id of the new process, which does what the connection asks for."""
    size, outputs, *_ = socket.recv_fds(connection, 8, 2)
    body = connection.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
    parent, pid = os.getpid(), os.fork()
    if pid == 0:
        code = 1
        try:
            for each in own:
                each.close()
            _become(parent, *json.loads(body), outputs)
            run(*sys.argv[1:])
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1 if end.code else 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    for output in outputs:
        os.close(output)
    return pid


def _become(parent: int, arguments: list[str], environment: dict[str, str], folder: str, outputs: list[int]) -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    launcher._die_with(parent, signal.SIGKILL)
    for number, output in enumerate(outputs, 1):
        os.dup2(output, number)
        os.close(output)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["run_process.py", *arguments]


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        os._exit(ask(sys.argv[2], sys.argv[3:]))
    import gc

    import httptools  # noqa: F401
    import uvloop  # noqa: F401

    # Only what is forked imports the worker, which reads its settings as it is imported.
    from tests.support.run_process import main
    from thirdeye.local import launcher

    gc.freeze()
    serve(sys.argv[2], main)
