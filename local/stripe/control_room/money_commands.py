"""The commands about money and the account: payments, refunds, disputes and payouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.stripe import clock
from local.stripe.api.errors import InvalidParameterError
from local.stripe.control_room.command_input import one_of, within
from local.stripe.payments import (
    balance_transactions,
    bank_debits,
    checkout_sessions,
    customers,
    disputes,
    payouts,
    refunds,
    taxes,
)
from local.stripe.payments.currencies import CURRENCIES

if TYPE_CHECKING:
    from local.stripe.store import Json, Transaction

MAX_AMOUNT = 10**12
MAX_RATE = 1_000_000
MAX_TAX_PERCENT = 100
SETTLEMENTS = ("succeeded", "failed")


def account(transaction: Transaction, fields: Json) -> Json:
    """Change the account as in the Dashboard: terms, settlement, and the rate of tax in per cent.

    An empty text removes the terms or the currency of settlement.
    """
    settlement, rate = balance_transactions.SETTLEMENT_SWITCH, balance_transactions.RATE_SWITCH
    if fields.get(settlement) not in {None, "", *CURRENCIES}:
        raise InvalidParameterError(f"{settlement} must be a three-letter code in lower case.")
    if rate in fields and not 0 < fields[rate] <= MAX_RATE:
        raise InvalidParameterError(f"{rate} must be above 0, and {MAX_RATE} at most.")
    for name in (checkout_sessions.TERMS_SWITCH, settlement, rate):
        if name in fields:
            transaction.set_switch(name, fields[name])
    if taxes.RATE_SWITCH in fields:
        percent = within(fields, taxes.RATE_SWITCH, 0, MAX_TAX_PERCENT)
        transaction.set_switch(taxes.RATE_SWITCH, percent)
    return {
        checkout_sessions.TERMS_SWITCH: transaction.switch(checkout_sessions.TERMS_SWITCH, ""),
        settlement: transaction.switch(settlement, ""),
        rate: transaction.switch(rate, 1.0),
        taxes.RATE_SWITCH: taxes.rate(transaction),
    }


def present(transaction: Transaction, fields: Json, session_id: str) -> Json:
    """Show the payer another currency, as Adaptive Pricing does. The session keeps its own."""
    session = checkout_sessions.retrieve(transaction, {}, session_id)
    session["presentment_details"] = {
        "presentment_amount": within(fields, "amount", 1, MAX_AMOUNT),
        "presentment_currency": one_of(fields, "currency", tuple(sorted(CURRENCIES))),
    }
    transaction.save(session)
    return session


def subscribe(transaction: Transaction, fields: Json, customer_id: str) -> Json:
    """Bill a customer in a currency, as a subscription made in the Dashboard does."""
    customer = customers.retrieve(transaction, {}, customer_id)
    customer["currency"] = one_of(fields, "currency", tuple(sorted(CURRENCIES)))
    transaction.save(customer)
    return customer


def pay_out(transaction: Transaction, fields: Json) -> Json:
    """Make an automatic payout of all that is available in a currency."""
    clock.catch_up(transaction)
    return payouts.pay_all(transaction, fields.get("currency", "usd"))


def settle_payout(transaction: Transaction, fields: Json, payout_id: str) -> Json:
    """Let a payout arrive, or come back from the bank."""
    return payouts.settle(transaction, payout_id, one_of(fields, "outcome", payouts.OUTCOMES))


def settle_session(transaction: Transaction, fields: Json, session_id: str) -> Json:
    """Let a bank debit succeed or fail."""
    outcome = one_of(fields, "outcome", SETTLEMENTS)
    session = checkout_sessions.retrieve(transaction, {}, session_id)
    bank_debits.settle(transaction, session, succeeded=outcome == "succeeded")
    return session


def refund(transaction: Transaction, fields: Json) -> Json:
    """Create a refund, as from Stripe's Dashboard."""
    if "amount" in fields:
        within(fields, "amount", 1, MAX_AMOUNT)
    return refunds.create(transaction, fields)


def settle_refund(transaction: Transaction, fields: Json, refund_id: str) -> Json:
    """Let a refund succeed, fail or be canceled."""
    return refunds.settle(
        transaction, refund_id, one_of(fields, "outcome", tuple(refunds.POSSIBLE_FROM))
    )


def dispute(transaction: Transaction, fields: Json) -> Json:
    """Open a dispute about a payment, as the payer's bank does."""
    return disputes.create(transaction, fields)


def act_on_dispute(transaction: Transaction, _fields: Json, dispute_id: str, action: str) -> Json:
    """Take the next step of a dispute."""
    return disputes.act(transaction, dispute_id, action)
