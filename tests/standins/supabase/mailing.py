"""The mailbox as a process, and people who get mails of a gateway."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import httpx
from supabase.lib.client_options import SyncClientOptions

from supabase import Client, create_client
from tests.standins.supabase.services import PUBLISHABLE_KEY, ROOT, free_port, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.standins.supabase.services import Gateway

PATIENCE_SECONDS = 30
SITE = "https://shop.example.com"
PASSWORD = "correct horse"
KEY = {"apikey": PUBLISHABLE_KEY}
# A verifier of the PKCE flow, of the least length, and what is sent first to be compared with it.
VERIFIER = "c" * 43
CHALLENGE = {"code_challenge": VERIFIER, "code_challenge_method": "plain"}


@dataclass(frozen=True)
class Mailbox:
    """A running mailbox."""

    smtp_port: int
    http: httpx.Client

    @property
    def settings(self) -> dict[str, str]:
        """The settings with which a gateway sends its mails here, as fast as tests ask for them."""
        return {
            "GOTRUE_SMTP_HOST": "127.0.0.1",
            "GOTRUE_SMTP_PORT": str(self.smtp_port),
            "GOTRUE_SMTP_MAX_FREQUENCY": "1ms",
            "GOTRUE_RATE_LIMIT_EMAIL_SENT": "100000",
            "GOTRUE_SITE_URL": SITE,
            "GOTRUE_URI_ALLOW_LIST": "https://*.preview.example.com/**,purse://signed-in",
        }

    def mails(self, to: str) -> list[dict[str, Any]]:
        """Return the mails to an address, newest first."""
        mails: list[dict[str, Any]] = self.http.get("/api/mails", params={"to": to}).json()["mails"]
        return mails

    def code(self, to: str) -> str:
        """Return the code of the last mail to an address."""
        code: str = self.mails(to)[0]["codes"][0]
        return code

    def link(self, to: str) -> str:
        """Return the link of the last mail to an address."""
        link: str = self.mails(to)[0]["links"][0]
        return link


@contextmanager
def running_mailbox(state: str | None = None) -> Iterator[Mailbox]:
    """Run the mailbox as the local stack does, with its own folder unless one is given."""
    with tempfile.TemporaryDirectory() as folder:
        port, smtp_port = free_port(), free_port()
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "local.mail:create_app()"),
                *("--bind", f"127.0.0.1:{port}", "--log-level", "warning"),
                *("--worker-class", "gthread", "--threads", "8", "--no-control-socket"),
            ],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "PURSE_LOCAL_STATE": state or folder,
                "PURSE_LOCAL_SMTP_PORT": str(smtp_port),
            },
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                _wait_until_ready(http, process)
                yield Mailbox(smtp_port, http)
        finally:
            stop(process)


def _wait_until_ready(http: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):
            http.get("/health").raise_for_status()
            return
        time.sleep(0.05)
    raise RuntimeError("The mailbox did not start")


def new_address() -> str:
    """Return an address nobody has used."""
    return f"{secrets.token_hex(6)}@example.com"


@contextmanager
def client_of(
    gateway: Gateway, key: str = PUBLISHABLE_KEY, *, pkce: bool = False
) -> Iterator[Client]:
    """Yield the client library of a browser or a server."""
    with httpx.Client() as http:
        flow = "pkce" if pkce else "implicit"
        yield create_client(gateway.url, key, SyncClientOptions(httpx_client=http, flow_type=flow))


def post(gateway: Gateway, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    """Send JSON; return status and JSON."""
    response = gateway.http.post(f"/auth/v1{path}", json=body, headers={**KEY, **headers})
    return response.status_code, response.json()


def put_user(gateway: Gateway, session: dict[str, Any], **body: Any) -> tuple[int, dict[str, Any]]:
    """Change a user; return status and JSON."""
    response = gateway.http.put("/auth/v1/user", json=body, headers=bearer(session))
    return response.status_code, response.json()


def user_status(gateway: Gateway, session: dict[str, Any]) -> int:
    """Return whether an access token is still good."""
    return gateway.http.get("/auth/v1/user", headers=bearer(session)).status_code


def bearer(session: dict[str, Any]) -> dict[str, str]:
    """Return the headers of somebody who is signed in."""
    return {**KEY, "Authorization": f"Bearer {session['access_token']}"}


def sign_up(gateway: Gateway, email: str) -> dict[str, Any]:
    """Sign up where no confirmation is needed; return the session."""
    status, session = post(gateway, "/signup", {"email": email, "password": PASSWORD})
    assert status == 200, session
    return session


def sign_in(gateway: Gateway, email: str, password: str = PASSWORD) -> dict[str, Any]:
    """Sign in by password; return the session."""
    body = {"email": email, "password": password}
    status, session = post(gateway, "/token?grant_type=password", body)
    assert status == 200, session
    return session


@dataclass(frozen=True)
class Landing:
    """Where a link leads.

    Attributes:
        status: Of the redirect.
        page: The address without query and fragment.
        query: The query's members.
        fragment: The fragment's members.
    """

    status: int
    page: str
    query: dict[str, str]
    fragment: dict[str, str]


def follow(link: str) -> Landing:
    """Open a link as a browser does, up to the redirect: without an API key."""
    response = httpx.get(link)
    parts = urlsplit(response.headers["location"])
    return Landing(
        response.status_code,
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        dict(parse_qsl(parts.query, keep_blank_values=True)),
        dict(parse_qsl(parts.fragment, keep_blank_values=True)),
    )
