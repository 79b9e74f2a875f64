"""OpenMetadata's own proxy resource in a real Dropwizard, as `scripts/test_proxy` has built it."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.fronts import Front, ask
from tests.support.waiting import wait_for
from thirdeye.local.processes import Child
from thirdeye.local.servers import free_port

_CONFIGURATION = """
server:
  rootPath: /api/*
  applicationConnectors: [{{type: http, port: {port}, bindHost: 127.0.0.1}}]
  adminConnectors: [{{type: http, port: {admin_port}, bindHost: 127.0.0.1}}]
thirdEye: {{baseUrl: "http://{thirdeye}", readTimeoutMs: 60000, connectTimeoutMs: 60000}}
logging: {{level: WARN}}
"""


def classpath() -> str:
    """Where its classes are; skips the test where nobody has built them."""
    file = os.environ.get("THIRDEYE_TEST_PROXY")
    if not file:
        pytest.skip("OpenMetadata's own proxy resource is not built: `make test-proxy` runs this with Maven and Java")
    return Path(file).read_text("utf-8")


class ProxyResource(Front):
    """Before the ThirdEye at this address. It waits as long as a busy machine needs: nothing here hangs."""

    def __init__(self, folder: Path, thirdeye: str) -> None:
        classes = classpath()
        folder.mkdir(exist_ok=True)
        self.port, self._admin_port = free_port(), free_port()
        configuration = folder / "openmetadata.yaml"
        configuration.write_text(
            _CONFIGURATION.format(port=self.port, admin_port=self._admin_port, thirdeye=thirdeye), "utf-8"
        )
        java = shutil.which("java")
        assert java is not None
        # Half compiled is started in half of the time.
        options = ["-XX:TieredStopAtLevel=1", "-Xmx256m", "-cp", classes]
        main = ["io.thirdeye.openmetadata.ProxyApplication", "server", str(configuration)]
        self._child = Child([java, *options, *main], log=folder / "log", guarded=True)
        wait_for(self._listens, saying=self._child.log_end)

    def _listens(self) -> bool:
        try:
            return ask(self._admin_port, "GET", "/ping").status == 200
        except OSError:
            return False

    def has_repeated(self) -> bool:
        meters = ask(self._admin_port, "GET", "/metrics").json["meters"]
        return bool(meters.get("thirdeye.proxy.retries", {"count": 0})["count"])

    def stop(self) -> None:
        self._child.kill()
