"""What the README tells people to type works, and no list of settings forgets one."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import socket
import subprocess
from typing import TYPE_CHECKING

import httpx

from api._lib.errors import NotConfiguredError
from api._lib.payments.facts import EVENTS
from api._lib.settings import load
from local.stack import ROOT
from tests.support import Order, event, sign, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support import RunningStack

README = (ROOT / "README.md").read_text("utf-8")
MADE_BY_VERCEL = {"VERCEL_PROJECT_PRODUCTION_URL"}


def settings_read() -> set[str]:
    """Return every variable that load() looks at."""

    class Recording(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            self[name] = default
            return default

    asked = Recording()
    with contextlib.suppress(NotConfiguredError):
        load(asked)
    return set(asked) - MADE_BY_VERCEL


def test_the_readme_explains_every_setting_there_is() -> None:
    assert settings_read() <= set(re.findall(r"`([A-Z][A-Z0-9_]{5,})`", README))


def test_the_example_environment_is_complete() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    named = set(re.findall(r"[A-Z]{3,}(?:_[A-Z0-9]+)+", example))
    assert settings_read() == named


def test_the_readmes_events_are_the_ones_we_handle() -> None:
    to_enable = set(re.findall(r"^ {7}([a-z_]+\.[a-z_.]+)$", README, re.MULTILINE))
    table = "\n".join(re.findall(r"^\| (`[a-z_.]+`.*?) \|", README, re.MULTILINE))
    explained = set(re.findall(r"`([a-z_.]+)`", table))
    assert to_enable == set(EVENTS) == explained


def test_the_gunicorn_line_serves_the_whole_site(stack: RunningStack, tmp_path: Path) -> None:
    (line,) = re.findall(r"^ {4}(gunicorn .*)$", README, re.MULTILINE)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = shlex.split(line.replace("127.0.0.1:8000", f"127.0.0.1:{port}"))
    environ = {
        "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
        "PORT": str(port),
        "SITE_URL": f"http://127.0.0.1:{port}",
        "SUPABASE_URL": stack.supabase_url,
        "SUPABASE_SECRET_KEY": stack.secret_key,
        "SUPABASE_PUBLISHABLE_KEY": stack.publishable_key,
        "STRIPE_SECRET_KEY": stack.stripe_secret_key,
        "STRIPE_WEBHOOK_SECRET": stack.stripe_webhook_secret,
        "STRIPE_API_BASE": stack.stripe_api_base,
    }
    with (tmp_path / "gunicorn.log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
    try:
        until(lambda: _answers(port), "gunicorn answers")
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
