"""The peer on Node: its packages, from npm when the benchmark runs, in an untracked folder of their own."""

import os
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent / "node"
_SCRIPT = "mercurius_peer.js"


class NodeProblem(Exception):
    """Node, npm or the peer's packages are not there."""


def node_peer(folder: Path) -> list[str]:
    """The command of the peer, but for its port; its packages are installed when what it wants has changed.

    Raises NodeProblem.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise NodeProblem("node and npm must be installed for the peer on Node")
    wanted, stamp = (SOURCES / "package.json").read_text(), folder / "installed.json"
    folder.mkdir(exist_ok=True)
    shutil.copy(SOURCES / _SCRIPT, folder)
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"Installing the peer on Node into {folder.name} ...", flush=True)
        shutil.copy(SOURCES / "package.json", folder)
        command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NodeProblem(f"the packages of the peer on Node cannot be installed:\n{done.stderr[-2000:]}")
        stamp.write_text(wanted)
    return [node, str(folder / _SCRIPT)]


def node_environment(*, host: str, port: int, user: str, password: str, public_key: str) -> dict[str, str]:
    """What the peer reads."""
    return {
        **os.environ,
        "NODE_ENV": "production",
        "PEER_DATABASE_HOST": host,
        "PEER_DATABASE_PORT": str(port),
        "PEER_DATABASE_USER": user,
        "PEER_DATABASE_PASSWORD": password,
        "PEER_PUBLIC_KEY": public_key,
    }
