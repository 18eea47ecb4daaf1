"""balance_facts.py: a BalanceTransaction to its facts."""

from __future__ import annotations

from typing import Any

import pytest

from api._lib.payments.balance_facts import facts_of_balance_transaction
from api._lib.payments.stripe_fields import InvalidStripeObjectError

CHARGE = {"id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": 1000}
ENTRY: dict[str, Any] = {
    "id": "txn_1",
    "object": "balance_transaction",
    "amount": 1080,
    "available_on": 1_800_172_800,
    "balance_type": "payments",
    "created": 1_800_000_000,
    "currency": "usd",
    "exchange_rate": 1.08,
    "fee": 61,
    "net": 1019,
    "reporting_category": "charge",
    "source": {**CHARGE, "currency": "eur"},
    "type": "charge",
}


def test_a_charge_tells_its_payment_in_both_currencies() -> None:
    assert facts_of_balance_transaction(ENTRY) == {
        "id": "txn_1",
        "type": "charge",
        "reporting_category": "charge",
        "balance_type": "payments",
        "amount": 1080,
        "fee": 61,
        "net": 1019,
        "currency": "usd",
        "exchange_rate": "1.08",
        "source_id": "ch_1",
        "payment_intent_id": "pi_1",
        "source_amount": 1000,
        "source_currency": "eur",
        "created": 1_800_000_000,
        "available_on": 1_800_172_800,
    }


@pytest.mark.parametrize(
    ("source", "source_id"),
    [
        (None, None),
        ("po_1", "po_1"),
        ({"id": "po_1", "object": "payout", "amount": 400, "currency": "usd"}, "po_1"),
        ({"id": "tr_1", "object": "transfer"}, "tr_1"),
    ],
)
def test_what_is_about_no_payment_tells_its_source_alone(source: Any, source_id: str) -> None:
    facts = facts_of_balance_transaction({**ENTRY, "source": source})
    assert facts["source_id"] == source_id
    assert facts["payment_intent_id"] is facts["source_amount"] is facts["source_currency"] is None


def test_a_charge_without_a_payment_intent_is_nobodys() -> None:
    source = {**ENTRY["source"], "payment_intent": None}
    assert facts_of_balance_transaction({**ENTRY, "source": source})["payment_intent_id"] is None


def test_no_digit_of_a_rate_is_lost() -> None:
    for rate, text in ((None, None), (1, "1"), (0.1, "0.1"), (1e-7, "1e-07")):
        assert (
            facts_of_balance_transaction({**ENTRY, "exchange_rate": rate})["exchange_rate"] == text
        )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": None}, "id"),
        ({"amount": "1080"}, "amount"),
        ({"amount": 2**63, "net": 2**63 - 61}, "amount"),
        ({"fee": None}, "fee"),
        ({"net": 1}, "net"),
        ({"currency": ""}, "currency"),
        ({"created": -1}, "created"),
        ({"available_on": 10**11}, "available_on"),
        ({"exchange_rate": "1.08"}, "exchange_rate"),
        ({"exchange_rate": float("nan")}, "exchange_rate"),
        ({"exchange_rate": 0}, "exchange_rate"),
        ({"source": 7}, "source"),
        ({"source": CHARGE}, "currency"),
        ({"source": {**ENTRY["source"], "payment_intent": 7}}, "payment_intent"),
        ({"reporting_category": None}, "reporting_category"),
        ({"balance_type": None}, "balance_type"),
    ],
    ids=str,
)
def test_a_field_that_is_missing_or_wrong_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidStripeObjectError) as refused:
        facts_of_balance_transaction({**ENTRY, **change})
    assert refused.value.field == field
