"""The client that browsers use plays the same flows against the gateway."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.standins.supabase.mailing import SITE, Mailbox, new_address
from tests.standins.supabase.services import PUBLISHABLE_KEY, SECRET_KEY, running_gateway
from tests.support import cannot_run
from tests.tools.npm import FOLDER, MissingToolError, tool

if TYPE_CHECKING:
    from local.postgres import Postgres

SCRIPT = Path(__file__).with_name("auth_client.mjs")
TIMEOUT_SECONDS = 60


@pytest.mark.npm
def test_the_browsers_client_plays_every_flow(
    database: Postgres, mailbox: Mailbox, tmp_path: Path
) -> None:
    try:
        # Installs the packages, should no other test have done so yet.
        tool("supabase")
    except MissingToolError as error:
        cannot_run(f"the gateway was not tried with auth-js: {error}")
    # Node looks for packages beside the script.
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    script = tmp_path / SCRIPT.name
    script.write_bytes(SCRIPT.read_bytes())
    settings = {**mailbox.settings, "GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED": "true"}
    with running_gateway(database, **settings) as gateway:
        ran = subprocess.run(
            ["node", str(script)],
            env={
                "PATH": os.environ["PATH"],
                "AUTH_URL": f"{gateway.url}/auth/v1",
                "KEY": PUBLISHABLE_KEY,
                "SECRET_KEY": SECRET_KEY,
                "MAILBOX_URL": str(mailbox.http.base_url),
                "EMAIL": new_address(),
                "NEW_EMAIL": new_address(),
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    api = {"name": "AuthApiError"}
    assert json.loads(ran.stdout) == {
        "signedUp": True,
        "landing": f"{SITE}/reset",
        "recoveredSameUser": True,
        "samePassword": {**api, "status": 422, "code": "same_password"},
        "weakPassword": {
            "name": "AuthWeakPasswordError",
            "status": 422,
            "code": "weak_password",
            "reasons": ["length"],
        },
        "otherSession": {
            "name": "AuthSessionMissingError",
            "status": 400,
        },
        "usedTwice": {**api, "status": 403, "code": "otp_expired"},
        "unknown": {**api, "status": 422, "code": "otp_disabled"},
        "upgraded": [True, False, True],
        "listed": [1, 2, True],
        "byHash": True,
        "deleted": {**api, "status": 404, "code": "user_not_found"},
    }
