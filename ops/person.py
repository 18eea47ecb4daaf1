"""`make doctor EMAIL=…`: "I paid and got nothing." What happened to each order, and what to do."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import stripe

from api._lib.payments.retrieved_session import EXPAND_SESSIONS, facts_of_sighting
from api._lib.payments.stripe_client import stripe_client, stripe_failures
from api._lib.payments.stripe_fields import UnreadableError
from api._lib.settings import settings
from ops.command import day
from ops.findings import Finding
from ops.money import money

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from api._lib.payments.facts import OrderFacts
    from api._lib.settings import Settings

MOST_SESSIONS = 100


@dataclass(frozen=True)
class Sighting:
    """An order as Stripe has it now."""

    facts: OrderFacts
    created: int


def check_person(config: Settings, person: Mapping[str, Any]) -> Iterator[Finding]:
    """Say of the balance and of each order what is so and what to do."""
    if person["balance"] == person["ledger"]:
        yield Finding(
            "ok",
            f"Balance: {person['balance']:,} credits, user {person['user_id']}.",
            cases=[_lot(lot) for lot in person["lots"] if lot["remaining"] or lot["lapsed"]],
        )
    else:
        yield Finding(
            "WRONG",
            f"Balance {person['balance']:,}, but the transactions sum up to {person['ledger']:,}.",
            "make doctor says how to put it right.",
        )
    if person["balance"] < 0:
        yield Finding(
            "note", "Refunded credits were spent already; the next purchase pays the debt off."
        )
    at_stripe = _at_stripe(config, person)
    for order in person["orders"]:
        yield explain(order, at_stripe.pop(order["order_id"], None))
    for order_id, sighting in at_stripe.items():
        if sighting.facts["state"] == "paid":
            yield Finding(
                "WRONG",
                f"Order {order_id} is paid at Stripe, and unknown here.",
                f"make reconcile SINCE={day(sighting.created)}",
            )
    if not person["orders"] and not at_stripe:
        yield Finding(
            "note",
            "No order, here or at Stripe. Did they sign up, or pay, with another address? The"
            " session in Stripe's dashboard names the user (purse_user_id).",
        )


def _lot(lot: Mapping[str, Any]) -> str:
    """Say what is left of one lot. Pure."""
    parts = [f"{lot['name']} of {lot['created_at'][:10]}: {lot['remaining']:,} of"]
    parts.append(f"{lot['granted']:,} left")
    if lot["held"]:
        parts.append(f"({lot['held']:,} set aside for work under way)")
    if lot["lapsed"]:
        parts.append(f"({lot['lapsed']:,} lapsed)")
    if lot["expires_at"] and lot["remaining"] > 0:
        parts.append(f"until {lot['expires_at'][:10]}")
    return " ".join(parts)


def explain(order: Mapping[str, Any], sighting: Sighting | None) -> Finding:
    """Say what became of an order, and what to do. Pure."""
    began_at = order["created_at"][:16].replace("T", " ")
    title = f"{began_at}  {order['package_name']}, order {order['order_id']}:"
    if (
        sighting
        and sighting.facts["state"] != order["status"]
        and order["status"] in {"open", "processing"}
    ):
        return _behind(title, sighting)
    if order["status"] == "paid":
        return _paid(title, order)
    if order["status"] == "mismatch":
        return _mismatch(title, order)
    declined = (
        f" The last card was declined: {order['decline_code']}." if order["decline_code"] else ""
    )
    words = {
        "failed": "the bank refused the payment; nothing was charged, nothing credited.",
        "expired": "the checkout ran out unpaid; nothing was charged.",
        "processing": "a bank debit is under way since"
        f" {(order['processing_at'] or '')[:10]}; credits come when it succeeds, within two weeks.",
        "open": "not paid; the checkout page is open."
        if order["checkout_session_id"]
        else "the checkout failed before Stripe; nothing was charged.",
    }
    return Finding("ok", f"{title} {words[order['status']]}{declined}")


def _behind(title: str, sighting: Sighting) -> Finding:
    state = sighting.facts["state"]
    return Finding(
        "WRONG" if state == "paid" else "note",
        f"{title} {state} at Stripe, which the webhook did not tell us.",
        f"make reconcile SINCE={day(sighting.created)}",
    )


def _paid(title: str, order: Mapping[str, Any]) -> Finding:
    paid = f"{title} paid {money(order['amount_paid'], order['currency_paid'])}"
    posted = order["credits_posted"] - order["credits_forgiven"]
    if posted != order["target"]:
        return Finding(
            "WRONG",
            f"{paid}; {posted:,} credits are posted, {order['target']:,} are called for.",
            f"select purse.settle_purchase('{order['order_id']}', 'debt');",
        )
    if not order["withdrawn"]:
        return Finding("ok", f"{paid}; its {order['credits']:,} credits are in the balance.")
    taken = order["credits"] - order["credits_posted"]
    forgiven = f", {order['credits_forgiven']:,} forgiven" if order["credits_forgiven"] else ""
    return Finding(
        "ok",
        f"{paid}, of which {money(order['withdrawn'], order['currency_paid'])} went back;"
        f" {taken:,} of {order['credits']:,} credits were taken back{forgiven}.",
        cases=[
            f"{each['kind']} {each['id']}: {money(each['amount'], order['currency_paid'])},"
            f" {each['status']}"
            for each in order["reversals"]
        ],
    )


def _mismatch(title: str, order: Mapping[str, Any]) -> Finding:
    asked = money(order["amount_subtotal"], order["currency_paid"])
    ordered = money(order["unit_amount"], order["currency"])
    sentence = f"{title} Stripe asked for {asked}, ordered was {ordered}."
    if order["decision"] == "rejected":
        return Finding(
            "note", f"{sentence} Rejected by {order['decided_by']}: {order['decided_because']}."
        )
    return Finding(
        "WRONG",
        f"{sentence} It waits for a person: true posts its credits, false leaves it.",
        f"select purse.decide_mismatch('{order['order_id']}', true, 'your name', 'why');",
    )


def _at_stripe(config: Settings, person: Mapping[str, Any]) -> dict[str, Sighting]:
    """Return the person's newest orders as Stripe has them now."""
    found: dict[str, Sighting] = {}
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
                # The customer was deleted at Stripe, or with all test data.
                continue
        for session in listed.data:
            try:
                facts = facts_of_sighting(
                    session.to_dict(), project=settings().project, seen_at=int(time.time())
                )
            except UnreadableError:
                continue
            # An order may have two sessions, its first customer being gone; one is paid at most.
            if facts and (facts["order_id"] not in found or facts["state"] == "paid"):
                found[facts["order_id"]] = Sighting(facts, session.created)
    return found
