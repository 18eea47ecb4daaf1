"""Helpers of the stand-in's tests: the server, a webhook receiver, a payment page client."""

from __future__ import annotations

import http.server
import json
import threading
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import stripe

from local.stripe.process import StandInProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

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
    """Return the probe's first truthy answer; fail after WAIT_SECONDS."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.02)
    return answer


@dataclass(frozen=True)
class Received:
    """A webhook request that arrived."""

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
    """An endpoint that stores every webhook and answers with planned statuses."""

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
        """Store a request and return the status of its answer."""
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
        """Wait until `count` such requests arrived, and return them."""
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


class StandIn(StandInProcess):
    """The stand-in with a receiver of its webhooks and the SDK as its client."""

    def __init__(self, state: Path, receiver: Receiver) -> None:
        # Deliveries must ignore this proxy, which does not exist.
        super().__init__(state, receiver.url, {"HTTP_PROXY": "http://127.0.0.1:9"})
        self.receiver = receiver
        self._sdk_http = stripe.RequestsClient(timeout=30)
        self.client = stripe.StripeClient(
            self.secret_key,
            base_addresses={"api": self.url},
            max_network_retries=0,
            http_client=self._sdk_http,
        )

    def close(self) -> None:
        """Close the SDK's connections, and stop the server."""
        self._sdk_http.close()
        super().close()

    def enable_events(self, *kinds: str) -> None:
        """Choose the events that the endpoint is registered for."""
        endpoint = self.client.v1.webhook_endpoints.list().data[0]
        self.client.v1.webhook_endpoints.update(
            endpoint.id, {"enabled_events": cast("Any", list(kinds)), "disabled": False}
        )

    def deliveries(self, **wanted: Any) -> list[dict[str, Any]]:
        """Deliveries so far that have these values."""
        everything = self.http.get("/_sim/deliveries").json()["deliveries"]
        return [
            delivery
            for delivery in everything
            if all(delivery[name] == value for name, value in wanted.items())
        ]

    def be_quiet(self) -> None:
        """Revoke all commands that are in force."""
        self.sim("webhooks", hold=False, lose_next=0, drop_next=0, duplicate=1, delay_seconds=0)
        self.sim("webhooks", shuffle=0)
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

    def pay(self, number: str = "4242 4242 4242 4242") -> str:
        """Pay a new session with a card and return the payment intent's id."""
        session = self.session()
        assert self.page(session).pay(number).status_code == 303
        intent = self.client.v1.checkout.sessions.retrieve(session.id).payment_intent
        assert isinstance(intent, str)
        return intent

    def charge(self, intent: str) -> stripe.Charge:
        """The charge of a payment."""
        return self.client.v1.charges.list({"payment_intent": intent}).data[0]

    def events(self, intent: str) -> list[dict[str, Any]]:
        """All events about a payment, oldest first."""
        found: list[dict[str, Any]] = []
        for event in reversed(self.client.v1.events.list({"limit": 100}).data):
            body: dict[str, Any] = json.loads(str(event))
            subject = body["data"]["object"]
            if intent in (subject["id"], subject.get("payment_intent")):
                found.append(body)
        return found

    def story(self, intent: str) -> list[str]:
        """The types of all events about a payment, oldest first."""
        return [event["type"] for event in self.events(intent)]

    def page(self, session: stripe.checkout.Session) -> Page:
        """The session's payment page."""
        return Page(self.http, f"/c/pay/{session.id}")


class Page:
    """A person on the payment page, without JavaScript."""

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
