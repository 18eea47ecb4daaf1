"""Other customers of the demo's shop, and what its staff do, so that the desk has much to show.

They come and go between the days of the demo user's own history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from local.demo.customer import TIMEOUT_SECONDS, Customer

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.environment import Stack

AUDIO, TEXT, WORD, EXPORT = "audio_upload", "txt_upload", "docx_processing", "premium_export"
PASSWORD = "purse-demo"  # noqa: S105 - of the local stack alone, as the demo user's


class Neighbours:
    """The other customers by name, each signed up at their first act; and an admin at the desk."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._http = httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS)
        self._customers: dict[str, Customer] = {}
        self._ids: dict[str, str] = {}
        self._actions = 0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
        for customer in self._customers.values():
            customer.close()

    def customer(self, name: str) -> Customer:
        """Return a customer, who signs up if they are new."""
        if name not in self._customers:
            session = self._auth(
                "signup",
                f"{name.lower()}@example.com",
                PASSWORD,
                data={"full_name": f"{name} Demo"},
            )
            self._ids[name] = session["user"]["id"]
            self._customers[name] = Customer(self._stack, session)
        return self._customers[name]

    def act(self, action: str, name: str, reason: str, **more: Any) -> None:
        """Have the admin do something about a customer at the desk."""
        self._post("act", action=action, user_id=self._ids[name], reason=reason, **more)

    def price(self, package: str, reason: str, **prices: int) -> None:
        """Have the admin set the first prices of a pack in further currencies."""
        values, shown = {"prices": prices}, {"id": package, "prices": {}}
        self._post(
            "prices", action="set_prices", id=package, values=values, shown=shown, reason=reason
        )

    def _post(self, page: str, **body: Any) -> None:
        self._actions += 1
        session = self._auth(
            "token?grant_type=password", self._stack.admin_email, self._stack.admin_password
        )
        self._http.post(
            f"{self._stack.site_url}/api/admin/{page}",
            json=body,
            headers={
                "Authorization": f"Bearer {session['access_token']}",
                "Idempotency-Key": f"demo-action-{self._actions}",
            },
        ).raise_for_status()

    def reconcile(self) -> None:
        """Run the daily reconciliation, as the scheduler does."""
        self._http.get(
            f"{self._stack.site_url}/api/reconcile",
            headers={"Authorization": f"Bearer {self._stack.cron_secret}"},
        ).raise_for_status()

    def pay_out(self) -> None:
        """Have Stripe pay out what is available, as by its schedule."""
        self._http.post(
            f"{self._stack.stripe_api_base}/_sim/payouts", json={"currency": "usd"}
        ).raise_for_status()

    def _auth(self, path: str, email: str, password: str, **more: Any) -> dict[str, Any]:
        answer = self._http.post(
            f"{self._stack.supabase_url}/auth/v1/{path}",
            headers={"apikey": self._stack.publishable_key},
            json={"email": email, "password": password, **more},
        )
        session: dict[str, Any] = answer.raise_for_status().json()
        return session


def _euros_are_taken(people: Neighbours) -> None:
    for package, amount in (("starter", 449), ("creator", 1349), ("professional", 2699)):
        people.price(package, "Many visitors come from the euro area", eur=amount)


def _sam_comes_back(people: Neighbours) -> None:
    people.customer("Sam").buy("creator")
    people.customer("Sam").spend(EXPORT, 3)


def _ines_waits(people: Neighbours) -> None:
    people.customer("Ines").buy("starter", declined_first=True)
    people.act("note", "Ines", "Wrote that the first card was declined. Paid with another one.")
    people.act(
        "grant", "Ines", "For your patience with the declined card", credits=25, valid_days=90
    )


def _look(*names: str) -> Callable[[Neighbours], None]:
    def act(people: Neighbours) -> None:
        for name in names:
            people.customer(name).open_store()

    return act


# How many days before today something happened, oldest first.
STORY: tuple[tuple[float, Callable[[Neighbours], object]], ...] = (
    (31.5, lambda people: people.customer("Sam").buy("professional")),
    (26.1, _look("Lou", "Noa", "Robin")),
    (23.4, lambda people: people.customer("Sam").spend(WORD, 40)),
    (18.3, _look("Kim", "Robin", "Ines", "Lou")),
    (13.6, _sam_comes_back),
    (11.6, lambda people: people.customer("Lou").leave_checkout("starter")),
    (11.4, _euros_are_taken),
    (9.4, _look("Ines", "Kim", "Noa")),
    (7.2, lambda people: people.customer("Noa").leave_checkout("creator", declined=True)),
    (5.7, lambda people: people.customer("Kim").buy("starter", currency="eur")),
    (5.2, lambda people: people.customer("Kim").spend(AUDIO, 30)),
    (4.4, Neighbours.pay_out),
    (2.9, lambda people: people.customer("Sam").dispute_last()),
    (1.8, lambda people: people.customer("Kim").buy_by_bank("creator")),
    (1.4, _look("Ines", "Lou", "Robin")),
    (0.9, Neighbours.reconcile),
    (0.005, _ines_waits),
)
