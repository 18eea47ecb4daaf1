"""Find people for staff, and say in words what happened to their orders."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from api._lib.desk.asking import ask
from api._lib.settings import settings


def find_people(actor_id: str, query: str, after: str | None) -> dict[str, Any]:
    """Return people by an id, an address or a part of a name, as desk_find in sql/ answers.

    The ledger does not know charges, so Stripe is asked which payment a charge belongs to; after
    the caller's role was checked.

    Raises:
        PurseError: As ask() does.
        StripeFailedError: Stripe did not answer.
    """
    found: dict[str, Any] = ask("desk_find", actor_id, p_query=query, p_after=after)
    if found["is_charge"]:
        payment_intent_id = _payment_of_charge(query.strip())
        if payment_intent_id is not None:
            found = ask("desk_find", actor_id, p_query=payment_intent_id)
    return {name: found[name] for name in ("people", "searched", "next")}


def verdict(actor_id: str, user_id: str) -> dict[str, Any]:
    """Return doctor's findings about a person: {findings: [{level, sentence, remedy, cases}]}.

    Compares the orders with Stripe's.

    Raises:
        PurseError: As ask() does.
        StripeFailedError: Stripe did not answer.
    """
    # Imported here: it brings Stripe's SDK, which would double the cold start.
    from api._lib.desk.verdict import check_person  # noqa: PLC0415

    person = ask("desk_verdict", actor_id, p_user_id=user_id)
    findings = check_person(settings(), person)
    return {"findings": [{**asdict(each), "cases": list(each.cases)} for each in findings]}


def _payment_of_charge(charge_id: str) -> str | None:
    # Imported here for the same reason.
    import stripe  # noqa: PLC0415

    from api._lib.payments.stripe_client import stripe_client, stripe_failures  # noqa: PLC0415

    with stripe_failures():
        try:
            charge = stripe_client().v1.charges.retrieve(charge_id)
        except stripe.InvalidRequestError:
            # No such charge.
            return None
    payment = charge.payment_intent
    return payment if isinstance(payment, str) else None
