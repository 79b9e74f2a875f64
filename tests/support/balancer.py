"""A balancer of connections, as Kubernetes' services and HAProxy are: it knows nothing of HTTP."""

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle

from tests.support import PATIENCE


class Balancer:
    """Gives each connection to the next instance that takes it; runs until `stop`, after its clients have ended."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._count, self._ports = len(ports), cycle(ports)
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        # Until the port is closed.
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                self._threads.append(threading.Thread(target=self._join, args=(client, self._connect())))
                self._threads[-1].start()

    def _connect(self) -> socket.socket | None:
        for _ in range(self._count):
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", next(self._ports)))
        return None

    def _join(self, client: socket.socket, instance: socket.socket | None) -> None:
        with client:
            if instance is None:
                return
            with instance:
                back = threading.Thread(target=_pass_on, args=(instance, client))
                back.start()
                _pass_on(client, instance)
                back.join()

    def stop(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join(PATIENCE)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Until one of them ends; then the other hears of it."""
    with suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
