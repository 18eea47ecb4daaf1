"""What the tests of the stand-in share: the server, a webhook receiver, a person at the page."""

from __future__ import annotations

import http.server
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
import stripe

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAIT_SECONDS = 20
STARTER = {
    "quantity": 1,
    "price_data": {
        "currency": "usd",
        "unit_amount": 499,
        "product_data": {"name": "Starter", "description": "500 credits"},
    },
}
T = TypeVar("T")

stripe.enable_telemetry = False


def eventually(probe: Callable[[], T], what: str) -> T:
    """Return the probe's first truthy answer, or fail when the time is over."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.02)
    return answer


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Received:
    """One webhook request as it arrived."""

    headers: dict[str, str]
    body: bytes

    @cached_property
    def event(self) -> dict[str, Any]:
        """The event it carries."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def subject(self) -> dict[str, Any]:
        """The object the event is about."""
        subject: dict[str, Any] = self.event["data"]["object"]
        return subject


class Receiver:
    """An endpoint that notes every webhook and answers what it is told to."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._received: list[Received] = []
        self._answers: dict[str, list[int]] = {}
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.note(Received(dict(self.headers), body)))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/webhook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def note(self, received: Received) -> int:
        """Keep a request and choose its answer."""
        with self._changed:
            self._received.append(received)
            self._changed.notify_all()
            planned = self._answers.get(received.event["type"])
            return planned.pop(0) if planned else 200

    def answer(self, kind: str, *statuses: int) -> None:
        """Answer the next events of a type with these statuses, then with 200 again."""
        with self._changed:
            self._answers[kind] = list(statuses)

    def about(self, **wanted: str) -> list[Received]:
        """Requests so far whose event or its object has these values."""
        with self._changed:
            return [
                received
                for received in self._received
                if all(
                    value in (received.event.get(name), received.subject.get(name))
                    for name, value in wanted.items()
                )
            ]

    def wait_for(self, count: int = 1, **wanted: str) -> list[Received]:
        """Wait until that many such requests arrived."""
        with self._changed:
            arrived = self._changed.wait_for(
                lambda: len(self.about(**wanted)) >= count, WAIT_SECONDS
            )
        assert arrived, f"{count} x {wanted} never arrived"
        return self.about(**wanted)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


class StandIn:
    """The stand-in under gunicorn, as the local stack runs it, on state of its own."""

    def __init__(self, state: Path, receiver: Receiver) -> None:
        self.receiver = receiver
        self.secret_key = "sk_test_" + secrets.token_hex(8)
        self.webhook_secret = "whsec_" + secrets.token_hex(8)
        self.url = f"http://127.0.0.1:{free_port()}"
        inherited = {name: text for name, text in os.environ.items() if "proxy" not in name.lower()}
        self._environment = {
            **inherited,
            "PURSE_LOCAL_STATE": str(state),
            "STRIPE_API_BASE": self.url,
            "STRIPE_SECRET_KEY": self.secret_key,
            "STRIPE_WEBHOOK_SECRET": self.webhook_secret,
            "STRIPE_WEBHOOK_URL": receiver.url,
            # Deliveries must pass by a proxy that would never bring them home.
            "HTTP_PROXY": "http://127.0.0.1:9",
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._log = state / "stand-in.log"
        self.http = httpx.Client(base_url=self.url, trust_env=False, timeout=30)
        self._sdk_http = stripe.RequestsClient(timeout=30)
        self.client = stripe.StripeClient(
            self.secret_key,
            base_addresses={"api": self.url},
            max_network_retries=0,
            http_client=self._sdk_http,
        )

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread"]
        command += ["--threads", "32", "--no-control-socket"]
        command += ["--bind", self.url.removeprefix("http://")]
        command += ["local.stripe:create_app()"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._healthy, "the stand-in is up")

    def kill(self) -> None:
        """End the server without warning, its children with it."""
        self._stop(signal.SIGKILL)

    def close(self) -> None:
        """End the connections to the server, which it would wait for, and the server."""
        self.http.close()
        self._sdk_http.close()  # type: ignore[no-untyped-call] # the SDK leaves it untyped
        self._stop(signal.SIGTERM)

    def _stop(self, how: signal.Signals) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, how)
        self._process.wait(WAIT_SECONDS)

    def _healthy(self) -> bool:
        with suppress(httpx.HTTPError):
            return self.http.get("/health").is_success
        return False

    def sim(self, path: str, /, **order: Any) -> dict[str, Any]:
        """Give the control surface an order."""
        response = self.http.post(f"/_sim/{path}", json=order)
        assert response.is_success, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def deliveries(self, **wanted: Any) -> list[dict[str, Any]]:
        """Deliveries so far that have these values."""
        everything = self.http.get("/_sim/deliveries").json()["deliveries"]
        return [
            delivery
            for delivery in everything
            if all(delivery[name] == value for name, value in wanted.items())
        ]

    def be_quiet(self) -> None:
        """Undo every order, so that the next test starts from plain behaviour."""
        self.sim("webhooks", hold=False, lose_next=0, duplicate=1)
        self.sim("api", fail_next=0, delay_seconds=0)

    def session(self, **changes: Any) -> stripe.checkout.Session:
        """A new session for the Starter pack."""
        params: dict[str, Any] = {
            "mode": "payment",
            "success_url": "https://shop.example/done?session_id={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://shop.example/cancelled",
            "customer_email": "ada@example.com",
            "line_items": [STARTER],
            **changes,
        }
        wanted: Any = {name: value for name, value in params.items() if value is not None}
        return self.client.v1.checkout.sessions.create(wanted)

    def page(self, session: stripe.checkout.Session) -> Page:
        """The session's payment page."""
        return Page(self.http, f"/c/pay/{session.id}")


class Page:
    """A person at the payment page, without script."""

    def __init__(self, browser: httpx.Client, path: str) -> None:
        self._browser = browser
        self._path = path

    def look(self) -> httpx.Response:
        """Open the page."""
        return self._browser.get(self._path)

    def pay(self, number: str = "4242 4242 4242 4242", **fields: str) -> httpx.Response:
        """Submit a card."""
        card = {"number": number, "expiry": "12 / 34", "cvc": "123", "name": "Ada Test"}
        return self._browser.post(self._path, data={"method": "card", **card, **fields})

    def pay_by_bank(self, account: str = "000123456789") -> httpx.Response:
        """Submit a bank account."""
        return self._browser.post(
            self._path, data={"method": "us_bank_account", "account": account}
        )

    def promote(self, **fields: str) -> httpx.Response:
        """Submit the form for promotion codes."""
        return self._browser.post(f"{self._path}/promotion", data=fields)

    def authenticate(self, outcome: str) -> httpx.Response:
        """Answer on the bank's page."""
        return self._browser.post(f"{self._path}/3ds", data={"outcome": outcome})
