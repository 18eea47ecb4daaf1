"""The site as a deploy builds it, and a server for a tree's pages."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from local.services import ROOT
from tests import plain_http
from tests.support import until
from tests.tools.npm import install, node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

BUILD_TIMEOUT_SECONDS = 120
LOOPBACK = "127.0.0.1"


def build_site(target: Path, *, source: Path = ROOT / "public", **settings: str) -> None:
    """Build the site into a folder, at a deploy with these settings.

    Raises:
        MissingToolError: Node.js or npm is missing, or the bundler cannot be installed.
    """
    install(ROOT / "bundle")
    subprocess.run(
        [node(), "bundle/build.mjs", str(source), str(target)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        check=True,
        timeout=BUILD_TIMEOUT_SECONDS,
    )


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def served(
    tree: Path, port: int, settings: Mapping[str, str], log: Path, *, public: Path | None = None
) -> Iterator[str]:
    """Run a tree's own server; yield its address.

    Args:
        tree: A checkout.
        port: Where it listens.
        settings: Of the deployment.
        log: The file for its output.
        public: Its static files; else those of the tree.
    """
    arguments = f"public={str(public)!r}" if public else ""
    command = [
        *(sys.executable, "-m", "gunicorn", "-c", "server/gunicorn.conf.py"),
        *("--bind", f"{LOOPBACK}:{port}", f"server.app:create_app({arguments})"),
    ]
    environment = {"PATH": os.environ["PATH"], "NO_PROXY": LOOPBACK, **settings}
    with log.open("w") as output:
        server = subprocess.Popen(
            command, cwd=tree, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    address = f"http://{LOOPBACK}:{port}"
    try:
        until(lambda: server.poll() is not None or _answers(address), "the site answers")
        assert server.poll() is None, log.read_text()
        yield address
    finally:
        server.terminate()
        server.wait(timeout=40)


def _answers(address: str) -> bool:
    try:
        return plain_http.get(f"{address}/health").is_success
    except httpx.TransportError:
        return False
