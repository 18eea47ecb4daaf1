"""What happened to each order of one person, and what to do: for the desk and `make doctor`.

Imports Stripe's SDK, so the desk imports this module only where it is asked for a verdict.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import stripe

from api._lib.desk.findings import Finding
from api._lib.money import money
from api._lib.payments.session_facts import EXPAND_SESSIONS, facts_of_retrieved_session
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from api._lib.payments.stripe_fields import InvalidStripeObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.payments.order_facts import OrderFacts
    from api._lib.settings import Settings

MOST_SESSIONS = 100


@dataclass(frozen=True)
class OrderAtStripe:
    """An order at Stripe: its facts, and when its session was created (Unix time)."""

    facts: OrderFacts
    created: int


def check_person(config: Settings, person: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield a finding about the balance, and one about each order."""
    if person["balance"] == person["ledger"]:
        yield Finding(
            "ok",
            f"Balance: {person['balance']:,} credits, user {person['user_id']}.",
            cases=[_lot(lot) for lot in person["lots"] if lot["remaining"] or lot["lapsed"]],
        )
    else:
        yield Finding(
            "WRONG",
            f"The balance is {person['balance']:,}, but the transactions add up to"
            f" {person['ledger']:,}.",
            "make doctor prints the statement that corrects it.",
        )
    if person["balance"] < 0:
        yield Finding(
            "note", "Refunded credits were already spent. The next purchase pays off the debt."
        )
    at_stripe = _at_stripe(config, person)
    for order in person["orders"]:
        yield explain(order, at_stripe.pop(order["order_id"], None))
    for order_id, found_at_stripe in at_stripe.items():
        if found_at_stripe.facts["state"] == "paid":
            yield Finding(
                "WRONG",
                f"Order {order_id} is paid at Stripe, but missing in the database.",
                f"make reconcile SINCE={_day(found_at_stripe.created)}",
            )
    if not person["orders"] and not at_stripe:
        yield Finding(
            "note",
            "This person has no order, neither in the database nor at Stripe. They may have signed"
            " up or paid with another address. In Stripe's dashboard, the session's metadata has"
            " the user's id (purse_user_id).",
        )


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _lot(lot: Mapping[str, Any]) -> str:
    """Return a line about what is left of a lot. Pure."""
    words = [f"{lot['name']} of {lot['created_at'][:10]}: {lot['remaining']:,} of"]
    words.append(f"{lot['granted']:,} left")
    if lot["held"]:
        words.append(f"({lot['held']:,} held for running work)")
    if lot["lapsed"]:
        words.append(f"({lot['lapsed']:,} expired)")
    if lot["expires_at"] and lot["remaining"] > 0:
        words.append(f"until {lot['expires_at'][:10]}")
    return " ".join(words)


def explain(order: Mapping[str, Any], found_at_stripe: OrderAtStripe | None) -> Finding:
    """Return what happened to an order, and what to do. Pure."""
    began_at = order["created_at"][:16].replace("T", " ")
    title = f"{began_at}  {order['package_name']}, order {order['order_id']}:"
    if (
        found_at_stripe
        and found_at_stripe.facts["state"] != order["status"]
        and order["status"] in {"open", "processing"}
    ):
        return _behind(title, found_at_stripe)
    if order["status"] == "paid":
        return _paid(title, order)
    if order["status"] == "mismatch":
        return _mismatch(title, order)
    declined = (
        f" The last card was declined: {order['decline_code']}." if order["decline_code"] else ""
    )
    words = {
        "failed": "the bank refused the payment. Nothing was charged or credited.",
        "expired": "the checkout expired without a payment. Nothing was charged.",
        "processing": "a bank debit is pending since"
        f" {(order['processing_at'] or '')[:10]}. Its credits are posted when it succeeds, which"
        " takes up to two weeks.",
        "open": "not paid yet. The checkout page is open."
        if order["checkout_session_id"]
        else "the checkout failed before it reached Stripe. Nothing was charged.",
    }
    return Finding("ok", f"{title} {words[order['status']]}{declined}")


def _behind(title: str, found_at_stripe: OrderAtStripe) -> Finding:
    state = found_at_stripe.facts["state"]
    return Finding(
        "WRONG" if state == "paid" else "note",
        f"{title} {state} at Stripe, but no webhook arrived.",
        f"make reconcile SINCE={_day(found_at_stripe.created)}",
    )


def _paid(title: str, order: Mapping[str, Any]) -> Finding:
    paid = f"{title} paid {money(order['amount_paid'], order['currency_paid'])}"
    posted = order["credits_posted"]
    if posted != order["target"]:
        return Finding(
            "WRONG",
            f"{paid}. {posted:,} credits are posted instead of {order['target']:,}.",
            f"select purse.settle_purchase('{order['order_id']}', 'debt');",
        )
    if not order["withdrawn"]:
        return Finding("ok", f"{paid}. Its {order['credits']:,} credits were posted.")
    taken = order["credits"] - order["credits_posted"] - order["forgiven"]
    forgiven = f", {order['forgiven']:,} forgiven" if order["forgiven"] else ""
    return Finding(
        "ok",
        f"{paid}, of which {money(order['withdrawn'], order['currency_paid'])} was refunded or"
        f" disputed. {taken:,} of {order['credits']:,} credits were taken back{forgiven}.",
        cases=[
            f"{each['kind']} {each['id']}: {money(each['amount'], each['currency'])},"
            f" {each['status']}"
            for each in order["reversals"]
        ],
    )


def mismatch(order: Mapping[str, Any]) -> str:
    """Return what is wrong with a payment that is not settled by itself. Pure."""
    if not order["sealed"]:
        return "It carries no valid seal: this database did not begin it."
    asked = money(order["amount_subtotal"], order["currency_paid"])
    ordered = money(order["unit_amount"], order["currency"])
    return f"Stripe asked for {asked}, but the order was for {ordered}."


def _mismatch(title: str, order: Mapping[str, Any]) -> Finding:
    sentence = f"{title} {mismatch(order)}"
    if order["decision"] == "rejected":
        return Finding(
            "note", f"{sentence} Rejected by {order['decided_by']}: {order['decided_because']}."
        )
    return Finding(
        "WRONG",
        f"{sentence} It waits for your decision: true posts its credits, false does not.",
        f"select purse.decide_mismatch('{order['order_id']}', true, 'your name', 'why');",
    )


def _at_stripe(config: Settings, person: Mapping[str, Any]) -> dict[str, OrderAtStripe]:
    """Return the person's newest orders at Stripe, by order id."""
    found: dict[str, OrderAtStripe] = {}
    for customer in person["customers"]:
        if customer["livemode"] != config.livemode:
            continue
        with stripe_failures():
            try:
                listed = stripe_client().v1.checkout.sessions.list(
                    {
                        "customer": customer["customer_id"],
                        "limit": MOST_SESSIONS,
                        "expand": [*EXPAND_SESSIONS],
                    }
                )
            except stripe.InvalidRequestError:
                # The customer was deleted at Stripe.
                continue
        for session in listed.data:
            try:
                facts = facts_of_retrieved_session(session.to_dict(), retrieved_at=int(time.time()))
            except InvalidStripeObjectError:
                continue
            # If its customer was deleted, an order can have two sessions. At most one is paid.
            if facts and (facts["order_id"] not in found or facts["state"] == "paid"):
                found[facts["order_id"]] = OrderAtStripe(facts, session.created)
    return found
