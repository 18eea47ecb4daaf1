"""The demo user at work: buys on the payment page, spends by the API, as any user does.

What an operator does for them goes the operator's way: credits are given and returned by the
functions of the database, refunds are made in the stand-in's control room.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from local.environment import Stack

OPERATOR = "demo"
CARD = "4242 4242 4242 4242"
DECLINED_CARD = "4000 0000 0000 9995"
BANK_ACCOUNT = "000123456789"
TIMEOUT_SECONDS = 30
WEBHOOK_WAIT_SECONDS = 10
ASK_AGAIN_SECONDS = 0.01


class Customer:
    """The demo user, signed in.

    Args:
        stack: The running local stack.
        session: What Supabase Auth answered when they signed up.

    Every method raises httpx.HTTPError if a service does not do what it was asked.
    """

    def __init__(self, stack: Stack, session: dict[str, Any]) -> None:
        self._stack = stack
        self._http = httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS)
        self._user_id: str = session["user"]["id"]
        self._auth = {"Authorization": f"Bearer {session['access_token']}"}
        self._uses = 0
        self._gifts = 0
        self._paid: list[str] = []
        self._spent: list[str] = []

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def buy(
        self, package: str, *, currency: str | None = None, declined_first: bool = False
    ) -> None:
        """Buy a pack by card, in a currency beside its own or after a declined card if so told."""
        session_id = self._begin(package, currency)
        for number in (*([DECLINED_CARD] if declined_first else []), CARD):
            self._pay_by_card(session_id, number)
        self._paid.append(session_id)

    def open_store(self) -> None:
        """Look at the packs."""
        self._http.post(
            f"{self._stack.site_url}/api/packages", headers=self._auth
        ).raise_for_status()

    def leave_checkout(self, package: str, *, declined: bool = False) -> None:
        """Begin to buy a pack, and leave the payment page; after a declined card if so told."""
        session_id = self._begin(package)
        if declined:
            self._pay_by_card(session_id, DECLINED_CARD)

    def buy_by_bank(self, package: str) -> str:
        """Order a pack by bank debit, which the bank has not confirmed yet; return the session."""
        session_id = self._begin(package)
        self._submit(session_id, method="us_bank_account", account=BANK_ACCOUNT)
        return session_id

    def buy_by_bank_in_vain(self, package: str) -> None:
        """Order a pack by bank debit; the bank refuses the debit."""
        self._simulate(f"sessions/{self.buy_by_bank(package)}/settle", outcome="failed")

    def refund_last(self) -> None:
        """Get the money of the last purchase back."""
        self._simulate("refunds", payment_intent=self._last_payment())

    def dispute_last(self) -> None:
        """Have the bank take the money of the last purchase back."""
        self._simulate("disputes", payment_intent=self._last_payment())

    def _last_payment(self) -> str:
        session: dict[str, Any] = (
            self._http.get(
                f"{self._stack.stripe_api_base}/v1/checkout/sessions/{self._paid[-1]}",
                headers={"Authorization": f"Bearer {self._stack.stripe_secret_key}"},
            )
            .raise_for_status()
            .json()
        )
        payment: str = session["payment_intent"]
        return payment

    def spend(self, feature: str, quantity: int = 1) -> None:
        """Use a feature."""
        self._uses += 1
        answer = self._http.post(
            f"{self._stack.site_url}/api/credits",
            json={"feature": feature, "quantity": quantity},
            headers={**self._auth, "Idempotency-Key": f"demo-use-{self._uses}"},
        )
        self._spent.append(answer.raise_for_status().json()["transaction_id"])

    def undo_last_spend(self, reason: str) -> None:
        """Get the credits of the last use back."""
        self._rpc(
            "reverse_spend",
            p_transaction_id=int(self._spent[-1]),
            p_actor=OPERATOR,
            p_reason=reason,
        )

    def receive(self, credits_: int, reason: str, valid_days: int) -> None:
        """Receive credits as a gift, which expire."""
        self._gifts += 1
        self._rpc(
            "grant_credits",
            p_user_id=self._user_id,
            p_credits=credits_,
            p_kind="bonus",
            p_actor=OPERATOR,
            p_reason=reason,
            p_idempotency_key=f"demo-gift-{self._gifts}",
            p_valid_days=valid_days,
        )

    def let_time_pass_at_stripe(self, seconds: int) -> None:
        """Move the stand-in's objects into the past, as soon as no webhook is under way."""
        deadline = time.monotonic() + WEBHOOK_WAIT_SECONDS
        while True:
            answer = self._http.post(
                f"{self._stack.stripe_api_base}/_sim/age", json={"seconds": seconds}
            )
            if answer.status_code != httpx.codes.CONFLICT or time.monotonic() > deadline:
                answer.raise_for_status()
                return
            time.sleep(ASK_AGAIN_SECONDS)

    def _begin(self, package: str, currency: str | None = None) -> str:
        answer = self._http.post(
            f"{self._stack.site_url}/api/create-checkout-session",
            json={"package_type": package, "currency": currency},
            headers=self._auth,
        )
        session_id: str = answer.raise_for_status().json()["id"]
        return session_id

    def _pay_by_card(self, session_id: str, number: str) -> None:
        self._submit(session_id, method="card", number=number, expiry="12 / 34", cvc="123")

    def _submit(self, session_id: str, **fields: str) -> None:
        """Send the payment page's form; the page answers 402 where a card is declined."""
        page = self._http.post(
            f"{self._stack.stripe_api_base}/c/pay/{session_id}",
            data={"name": "Ada Demo", "terms": "accepted", **fields},
        )
        if page.status_code not in {httpx.codes.SEE_OTHER, httpx.codes.PAYMENT_REQUIRED}:
            page.raise_for_status()

    def _simulate(self, path: str, **fields: Any) -> None:
        self._http.post(
            f"{self._stack.stripe_api_base}/_sim/{path}", json=fields
        ).raise_for_status()

    def _rpc(self, name: str, **arguments: Any) -> None:
        self._http.post(
            f"{self._stack.supabase_url}/rest/v1/rpc/{name}",
            json=arguments,
            headers={"apikey": self._stack.secret_key},
        ).raise_for_status()
