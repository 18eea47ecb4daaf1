"""The receivers in examples/: they believe what the shop signed, and nothing else."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from api._lib.outbox.sending import body_of
from api._lib.outbox.signing import signed_headers
from local.stack import ROOT
from tests.standins.supabase.services import free_port, stop
from tests.support import cannot_run, until
from tests.tools.npm import FOLDER, MissingToolError, tool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = b"an example's key" * 2
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
RECEIVERS = ROOT / "examples/receiver"
DELIVERY = {
    "type": "credits.low",
    "timestamp": "2026-11-28T20:15:00.000Z",
    "data": {"user_id": "é", "balance": 15},
}


@pytest.fixture(scope="module", params=["receiver.py", "receiver.mjs"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running receiver of each language."""
    port = free_port()
    environ = {**os.environ, "EVENTS_SECRET": SECRET, "PORT": str(port)}
    folder = tmp_path_factory.mktemp("receiver")
    if request.param == "receiver.py":
        command = [sys.executable, "-m", "flask", "--app", str(RECEIVERS / request.param)]
        command += ["run", "--port", str(port)]
    else:
        command = ["node", str(_beside_packages(folder, request.param))]
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            until(lambda: _answers(f"http://127.0.0.1:{port}/"), "the receiver")
            yield f"http://127.0.0.1:{port}/events"
        finally:
            stop(process)


def _beside_packages(folder: Path, name: str) -> Path:
    """Copy a module to where its import finds the package."""
    try:
        tool("tsc")
    except MissingToolError as error:
        cannot_run(f"the JavaScript receiver was not run: {error}")
    (folder / "node_modules").symlink_to(FOLDER / "node_modules")
    copy = folder / name
    copy.write_bytes((RECEIVERS / name).read_bytes())
    return copy


def _answers(url: str) -> bool:
    try:
        return bool(httpx.get(url).status_code)
    except httpx.HTTPError:
        return False


def post(url: str, key: bytes = KEY, body: bytes | None = None, **changed: Any) -> int:
    """Post an event as the shop does; return the status."""
    sent = body_of({**DELIVERY, **changed})
    headers = signed_headers("evt_1", int(time.time()), sent, [key])
    answer = httpx.post(url, content=sent if body is None else body, headers=headers)
    return answer.status_code


def test_an_event_is_taken_also_the_second_time(url: str) -> None:
    assert post(url) == 204
    assert post(url) == 204


def test_another_key_or_body_is_refused(url: str) -> None:
    assert post(url, b"another's key here" * 2) == 401
    assert post(url, body=json.dumps({**DELIVERY, "data": {"balance": 10**6}}).encode()) == 401
    assert post(url, body=b"") == 401


def test_an_event_is_taken_while_the_secret_is_rotated(url: str) -> None:
    sent = body_of(DELIVERY)
    headers = signed_headers("evt_2", int(time.time()), sent, [b"the new one here" * 2, KEY])
    assert httpx.post(url, content=sent, headers=headers).status_code == 204


def test_an_old_event_is_refused(url: str) -> None:
    sent = body_of(DELIVERY)
    headers = signed_headers("evt_3", int(time.time()) - 600, sent, [KEY])
    assert httpx.post(url, content=sent, headers=headers).status_code == 401
