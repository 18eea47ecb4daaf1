"""Delete a person at Stripe: close their open checkouts, delete their customers.

Payments stay at Stripe: the shop has to keep them, and the ledger needs their refunds and disputes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import stripe

from api._lib.payments.stripe_client import expire_session, stripe_client, stripe_failures
from api._lib.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_CUSTOMERS = 100


def forget_at_stripe(
    user_id: str,
    *,
    customers: Mapping[str, bool],
    email: str | None,
    session_ids: Sequence[str],
) -> list[str]:
    """Close a person's open Checkout Sessions and delete their customers. Safe to repeat.

    Args:
        user_id: The account.
        customers: The customers that we know of, and whether each is of live mode.
        email: The person's address, by which a customer is found whose id was never stored.
        session_ids: Sessions that may be open.

    Returns:
        The customers that Stripe does not have any more: those of this deployment's mode. Another
        deployment's key has to delete the rest.

    Raises:
        StripeFailedError: Stripe failed or refused.
    """
    config = settings()
    if config.stripe_secret_key is None:
        return []
    with stripe_failures():
        for session_id in session_ids:
            expire_session(stripe_client(), session_id)
        ours = [each for each, livemode in customers.items() if livemode == config.livemode]
        deleted = list(dict.fromkeys([*ours, *_made_for(user_id, email)]))
        for customer_id in deleted:
            _delete(customer_id)
    return deleted


def delete_customer(customer_id: str) -> None:
    """Delete a customer that was created while its account was deleted.

    Raises:
        StripeFailedError: Stripe failed or refused.
    """
    with stripe_failures():
        _delete(customer_id)


def _made_for(user_id: str, email: str | None) -> list[str]:
    """Return the customers with this address that a checkout of this account has made."""
    if not email:
        return []
    listed = stripe_client().v1.customers.list({"email": email, "limit": MOST_CUSTOMERS})
    return [
        customer.id
        for customer in listed.data
        if customer.to_dict()["metadata"].get("purse_user_id") == user_id
    ]


def _delete(customer_id: str) -> None:
    try:
        stripe_client().v1.customers.delete(customer_id)
    except stripe.InvalidRequestError as error:
        # It is deleted already.
        if error.code != "resource_missing":
            raise
