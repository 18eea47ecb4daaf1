"""The application runs without Vercel, by the commands that the docs name."""

from __future__ import annotations

import re
import shlex
import socket
import subprocess
from importlib.metadata import version
from typing import TYPE_CHECKING

import httpx
from packaging.requirements import Requirement

from local.environment import functions_settings
from local.stack import ROOT
from tests.docs.pages import blocks
from tests.stripe_events import Order, event, sign
from tests.support import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import RunningStack


def line_starting(command: str) -> str:
    """Return the one line of the docs that runs a command."""
    lines = {line for block in blocks("sh") for line in block.lines}
    (line,) = (line for line in lines if line.startswith(command))
    return line


def test_what_pip_installs_is_what_these_tests_run_with() -> None:
    path = ROOT / line_starting("pip install -r ").split()[-1]
    lines = re.findall(r"^(\S+==.*?) \\$", path.read_text("utf-8"), re.MULTILINE)
    pins = [Requirement(line) for line in lines]
    pinned = {pin.name: pin for pin in pins if not pin.marker or pin.marker.evaluate()}
    assert "gunicorn" in pinned
    assert [name for name, pin in pinned.items() if version(name) not in pin.specifier] == []


def test_the_gunicorn_line_serves_the_whole_site(
    stack: RunningStack, shell: dict[str, str], tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environ = {
        **shell,
        **functions_settings(stack),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "PORT": str(port),
    }
    with (tmp_path / "gunicorn.log").open("w") as log:
        server = subprocess.Popen(
            shlex.split(line_starting("gunicorn ")), cwd=ROOT, env=environ, stdout=log, stderr=log
        )
    try:
        until(lambda: server.poll() is not None or _answers(port), "gunicorn answers")
        assert server.poll() is None, (tmp_path / "gunicorn.log").read_text("utf-8")
        user = stack.sign_up()
        body = httpx.Request(
            "POST",
            "http://x",
            json=event("checkout.session.completed", Order(user_id=user.id).session()),
        ).content
        delivered = httpx.post(
            f"http://127.0.0.1:{port}/api/webhook",
            content=body,
            headers={"Stripe-Signature": sign(body, stack.stripe_webhook_secret)},
        )
        assert delivered.json() == {"received": True, "outcome": "applied"}
        shown = httpx.get(f"http://127.0.0.1:{port}/api/credits", headers=user.auth).json()
        assert shown["balance"] == 500
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
    finally:
        server.terminate()
        server.wait(20)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/health").status_code == 200
    except httpx.HTTPError:
        return False
