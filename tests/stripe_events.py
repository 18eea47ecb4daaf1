"""Orders as Stripe tells of them: sessions, refunds, disputes, and the events that bring them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

# The ledger and the key of every stack that tests start, so that tests can seal orders themselves.
LEDGER_ID = "5eed0000-0000-4000-8000-000000000001"
OTHER_LEDGER = "5eed0000-0000-4000-8000-000000000002"
SEAL_KEY = bytes(range(32))


def sign(body: bytes, secret: str, *, timestamp: int | None = None) -> str:
    """Return a Stripe-Signature header (https://docs.stripe.com/webhooks#verify-manually)."""
    at = int(time.time()) if timestamp is None else timestamp
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


@dataclass(frozen=True)
class Order:
    """An order as our server would have written it into Stripe's metadata."""

    user_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    order_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    credits: int = 500
    unit_amount: int = 499
    package_id: str = "starter"
    package_name: str = "Starter"
    currency: str = "usd"
    valid_days: int | None = None
    ledger_id: str = LEDGER_ID
    suffix: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def metadata(self) -> dict[str, str]:
        """The order as Stripe metadata."""
        valid = {} if self.valid_days is None else {"purse_valid_days": str(self.valid_days)}
        return {
            **valid,
            "purse_order_id": self.order_id,
            "purse_ledger_id": self.ledger_id,
            "purse_seal": self.seal(),
            "purse_user_id": self.user_id,
            "purse_package_id": self.package_id,
            "purse_package_name": self.package_name,
            "purse_credits": str(self.credits),
            "purse_unit_amount": str(self.unit_amount),
            "purse_currency": self.currency,
        }

    def seal(self, *, livemode: bool = False, key_id: int = 1, purpose: str = "order") -> str:
        """Return the seal that the database makes for this order, under the key of the tests."""
        fields = (
            *(f"v1:{purpose}", str(key_id), self.ledger_id, str(livemode).lower()),
            *(self.order_id, self.user_id, self.package_id, self.package_name),
            *(str(self.credits), str(self.unit_amount), self.currency),
            None if self.valid_days is None else str(self.valid_days),
        )
        message = "".join(
            "-" if field is None else f"{len(field.encode())}:{field}" for field in fields
        )
        digest = hmac.new(SEAL_KEY, message.encode(), hashlib.sha256).hexdigest()
        return f"v1.{key_id}.{digest}"

    @property
    def session_id(self) -> str:
        """The id of its Checkout Session."""
        return f"cs_test_{self.suffix}"

    def facts(self, state: str, *, at: int = 1_700_000_000, **more: Any) -> dict[str, Any]:
        """Return facts as record_facts takes them."""
        return {
            "order_id": self.order_id,
            "ledger_id": self.ledger_id,
            "seal": self.seal(),
            "user_id": self.user_id,
            "package_id": self.package_id,
            "package_name": self.package_name,
            "credits": self.credits,
            "unit_amount": self.unit_amount,
            "currency": self.currency,
            "valid_days": self.valid_days,
            "livemode": False,
            "state": state,
            "checkout_session_id": self.session_id,
            "payment_intent_id": f"pi_{self.suffix}",
            "customer_id": f"cus_{self.suffix}",
            "invoiced": False,
            "invoice_id": None,
            "amount_subtotal": self.unit_amount if state == "paid" else None,
            "amount_paid": self.unit_amount if state == "paid" else None,
            "amount_tax": 0 if state == "paid" else None,
            "amount_discount": 0 if state == "paid" else None,
            "currency_paid": self.currency if state == "paid" else None,
            "decline_code": None,
            "occurred_at": at,
            **more,
        }

    def session(self, status: str = "complete", payment_status: str = "paid") -> dict[str, Any]:
        """Return the fields of a Checkout Session that matter here."""
        return {
            "id": self.session_id,
            "object": "checkout.session",
            "mode": "payment",
            "status": status,
            "payment_status": payment_status,
            "livemode": False,
            "amount_subtotal": self.unit_amount,
            "amount_total": self.unit_amount,
            "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            "currency": self.currency,
            "customer": f"cus_{self.suffix}",
            "payment_intent": f"pi_{self.suffix}" if status == "complete" else None,
            "client_reference_id": self.order_id,
            "invoice": None,
            "invoice_creation": {"enabled": False},
            "metadata": self.metadata,
        }

    def declined_intent(self, code: str = "insufficient_funds") -> dict[str, Any]:
        """Return a PaymentIntent whose latest attempt was declined."""
        return {
            "id": f"pi_{self.suffix}",
            "object": "payment_intent",
            "livemode": False,
            "customer": f"cus_{self.suffix}",
            "metadata": self.metadata,
            "last_payment_error": {"code": "card_declined", "decline_code": code},
        }


@dataclass(frozen=True)
class Reversal:
    """A refund or dispute of an order's payment, as facts."""

    order: Order
    suffix: str = field(default_factory=lambda: secrets.token_hex(12))

    def refund(self, amount: int, status: str = "succeeded") -> dict[str, Any]:
        """Return a refund of so many minor units."""
        rank = {"pending": 1, "succeeded": 2, "failed": 3, "canceled": 3}[status]
        return self._facts("refund", f"re_{self.suffix}", amount, status, rank, rank < 3)

    def dispute(self, amount: int, *, moves: int) -> dict[str, Any]:
        """Return a dispute for which money has moved so many times: out, back, out."""
        status, stage = (
            ("warning_needs_response", 0),
            ("under_review", 2),
            ("won", 3),
            ("lost", 3),
        )[moves]
        facts = self._facts(
            "dispute", f"du_{self.suffix}", amount, status, 10 * moves + stage, moves % 2 == 1
        )
        settled = {"settled_amount": amount, "settled_currency": self.order.currency}
        return {**facts, **(settled if moves else {}), "due_at": 1_700_604_800}

    def refund_object(self, amount: int, status: str = "succeeded") -> dict[str, Any]:
        """Return the fields of a Refund that matter here."""
        return {
            "id": f"re_{self.suffix}",
            "object": "refund",
            "payment_intent": f"pi_{self.order.suffix}",
            "amount": amount,
            "currency": self.order.currency,
            "status": status,
            "created": 1_700_000_000,
        }

    def dispute_object(self, amount: int, status: str, *, moves: int) -> dict[str, Any]:
        """Return the fields of a Dispute that matter here; its money moves out, back, out."""
        moved = [
            {
                "amount": amount if move % 2 else -amount,
                "currency": self.order.currency,
                "created": 1_700_000_000 + move,
            }
            for move in range(moves)
        ]
        return {
            "id": f"du_{self.suffix}",
            "object": "dispute",
            "payment_intent": f"pi_{self.order.suffix}",
            "amount": amount,
            "currency": self.order.currency,
            "status": status,
            "livemode": False,
            "created": 1_700_000_000,
            "balance_transactions": moved,
            "evidence_details": {"due_by": 1_700_604_800},
        }

    def _facts(  # noqa: PLR0913, PLR0917 - one argument a fact
        self, kind: str, id_: str, amount: int, status: str, rank: int, in_effect: bool
    ) -> dict[str, Any]:
        return {
            "reversal_id": id_,
            "kind": kind,
            "payment_intent_id": f"pi_{self.order.suffix}",
            "amount": amount,
            "currency": self.order.currency,
            "status": status,
            "rank": rank,
            "in_effect": in_effect,
            "livemode": False,
            "occurred_at": 1_700_000_000,
            "settled_amount": None,
            "settled_currency": None,
            "due_at": None,
            "refund_request_id": None,
        }


def event(type_: str, stripe_object: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a snapshot event about an object."""
    return {
        "id": f"evt_{secrets.token_hex(12)}",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": type_,
        "data": {"object": stripe_object},
        **more,
    }
