"""The stand-in as a process, for the tests of this project and of others."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 20
POLL_SECONDS = 0.02
REQUEST_TIMEOUT_SECONDS = 30
# Longer than clients keep idle connections: a request on one that is being closed would fail.
KEEP_ALIVE_SECONDS = 75
GRACEFUL_TIMEOUT_SECONDS = 1


class StandInProcess:
    """A stand-in under gunicorn with its own state, keys and port.

    Args:
        state: An existing folder; `stripe.db` stays in it when the process ends.
        webhook_url: Receives the events, signed with `webhook_secret`.
        environ: Additional environment variables.
    """

    def __init__(
        self, state: Path, webhook_url: str, environ: dict[str, str] | None = None
    ) -> None:
        self.state = state
        self.secret_key = f"sk_test_{secrets.token_hex(8)}"
        self.webhook_secret = f"whsec_{secrets.token_hex(8)}"
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.http = httpx.Client(
            base_url=self.url, trust_env=False, timeout=REQUEST_TIMEOUT_SECONDS
        )
        # The stand-in must not use a proxy to reach the webhook on 127.0.0.1.
        inherited = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}
        self._environ = {
            **inherited,
            "PURSE_LOCAL_STATE": str(state),
            "STRIPE_API_BASE": self.url,
            "STRIPE_SECRET_KEY": self.secret_key,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
            "STRIPE_WEBHOOK_URL": webhook_url,
            **(environ or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            TimeoutError: It does not answer within PATIENCE_SECONDS.
        """
        command = [
            *(sys.executable, "-m", "gunicorn", "local.stripe:create_app()"),
            *("--bind", self.url.removeprefix("http://")),
            *("--worker-class", "gthread", "--threads", "32", "--no-control-socket"),
            *("--keep-alive", str(KEEP_ALIVE_SECONDS)),
            *("--graceful-timeout", str(GRACEFUL_TIMEOUT_SECONDS)),
        ]
        with (self.state / "stand-in.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                cwd=ROOT,
                env=self._environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._healthy():
            if time.monotonic() > deadline:
                raise TimeoutError(f"The stand-in did not start. See {self.state}/stand-in.log")
            time.sleep(POLL_SECONDS)

    def sim(self, path: str, /, **fields: Any) -> dict[str, Any]:
        """Send a command to the control room, such as `sim("webhooks", duplicate=2)`.

        Raises:
            ValueError: The command was refused; the message is the JSON answer.
        """
        response = self.http.post(f"/_sim/{path}", json=fields)
        if not response.is_success:
            raise ValueError(response.text)
        answer: dict[str, Any] = response.json()
        return answer

    def kill(self) -> None:
        """Kill the server and its workers at once."""
        self._stop(signal.SIGKILL)

    def close(self) -> None:
        """Close our connections, and stop the server."""
        self.http.close()
        self._stop(signal.SIGTERM)

    def _stop(self, how: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            self._process.wait(PATIENCE_SECONDS)

    def _healthy(self) -> bool:
        with suppress(httpx.HTTPError):
            return self.http.get("/health").is_success
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
