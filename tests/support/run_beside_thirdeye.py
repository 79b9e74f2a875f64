"""`run_beside_thirdeye.py COMMAND ...`: runs a command beside a real ThirdEye over the sample estate.

The command finds its address in THIRDEYE_URL and an administrator's token in THIRDEYE_TOKEN; its exit code is this one's.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.deployment import Deployment
from thirdeye.local.tokens import Signer


def main(command: list[str]) -> int:
    signer = Signer.generate()
    with tempfile.TemporaryDirectory(prefix="thirdeye-beside-") as folder:
        deployment = Deployment(Path(folder), signer, measured=False)
        try:
            deployment.start_worker()
            api = deployment.start_api()
            api.wait_until_ready()
            deployment.wait_for_scores(1)
            found = {"THIRDEYE_URL": f"http://127.0.0.1:{api.port}", "THIRDEYE_TOKEN": signer.token()}
            return subprocess.run(command, env={**os.environ, **found}, check=False).returncode
        finally:
            deployment.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
