"""session_facts.py: Checkout Sessions and PaymentIntents to the facts of an order."""

from __future__ import annotations

from typing import Any

import pytest

from api._lib.payments.order import InvalidOrderMetadataError
from api._lib.payments.session_facts import (
    EXPAND_SESSION,
    EXPAND_SESSIONS,
    facts_of_declined_payment,
    facts_of_retrieved_session,
    facts_of_session,
)
from tests.stripe_events import Order

ORDER = Order()
RETRIEVED_AT = 1_800_000_000


def state_of(session: dict[str, Any], **more: Any) -> str | None:
    facts = facts_of_session(session, occurred_at=1, **more)
    return facts and facts["state"]


@pytest.mark.parametrize(
    ("status", "payment_status", "state"),
    [
        ("open", "unpaid", "open"),
        ("open", "no_payment_required", "open"),
        ("complete", "paid", "paid"),
        ("a status of tomorrow", "paid", "paid"),
        ("complete", "no_payment_required", "paid"),
        ("complete", "unpaid", "processing"),
        ("expired", "unpaid", "expired"),
    ],
)
def test_a_sessions_state_follows_stripes_two_fields(
    status: str, payment_status: str, state: str
) -> None:
    assert state_of(ORDER.session(status, payment_status)) == state


def test_a_delayed_payment_that_fails_is_failed() -> None:
    session = ORDER.session("complete", "unpaid")
    assert state_of(session, payment_failed=True) == "failed"


def test_a_paid_session_is_paid_whatever_the_event_says() -> None:
    assert state_of(ORDER.session(), payment_failed=True) == "paid"


def test_facts_carry_the_whole_order() -> None:
    facts = facts_of_session(ORDER.session(), occurred_at=1_700_000_000)
    assert facts == ORDER.facts("paid")


def test_the_amount_is_a_fact_only_once_it_is_paid() -> None:
    facts = facts_of_session(ORDER.session("open", "unpaid"), occurred_at=1)
    assert facts is not None
    assert facts["amount_paid"] is None


@pytest.mark.parametrize(
    ("total", "tax", "discount"),
    [(399, 0, 100), (594, 95, 0), (499, 80, 0), (475, 76, 100), (0, 0, 499)],
    ids=["discount", "tax added", "tax included", "discount and tax", "nothing to pay"],
)
def test_discount_and_tax_change_what_was_paid_but_not_the_credits(
    total: int, tax: int, discount: int
) -> None:
    details = {"amount_discount": discount, "amount_shipping": 0, "amount_tax": tax}
    session = {**ORDER.session(), "amount_total": total, "total_details": details}
    facts = facts_of_session(session, occurred_at=1_700_000_000)
    assert facts == ORDER.facts("paid", amount_paid=total, amount_tax=tax, amount_discount=discount)
    assert (facts["amount_subtotal"], facts["credits"]) == (499, 500)


@pytest.mark.parametrize("invoice", ["in_1", {"id": "in_1", "object": "invoice"}])
def test_the_invoice_of_a_session_is_a_fact(invoice: Any) -> None:
    session = ORDER.session() | {"invoice": invoice, "invoice_creation": {"enabled": True}}
    facts = facts_of_session(session, occurred_at=1_700_000_000)
    assert facts == ORDER.facts("paid") | {"invoiced": True, "invoice_id": "in_1"}


@pytest.mark.parametrize(("creation", "invoiced"), [(None, False), ({"enabled": True}, True)])
def test_an_invoice_may_be_to_come(creation: Any, invoiced: Any) -> None:
    facts = facts_of_session(ORDER.session() | {"invoice_creation": creation}, occurred_at=1)
    assert facts is not None
    assert (facts["invoiced"], facts["invoice_id"]) == (invoiced, None)


@pytest.mark.parametrize("metadata", [None, {}, {"order_id": "somebody else's"}, [], "text", 1])
def test_what_is_not_ours_has_no_facts(metadata: Any) -> None:
    assert facts_of_session({**ORDER.session(), "metadata": metadata}, occurred_at=1) is None
    intent = {**ORDER.declined_intent(), "metadata": metadata}
    assert facts_of_declined_payment(intent, occurred_at=1) is None


@pytest.mark.parametrize("mode", ["subscription", "setup"])
def test_other_modes_have_no_facts(mode: str) -> None:
    assert facts_of_session({**ORDER.session(), "mode": mode}, occurred_at=1) is None


@pytest.mark.parametrize(
    "edit",
    [
        {"purse_order_id": "not a uuid"},
        {"purse_user_id": ""},
        {"purse_credits": "many"},
        {"purse_unit_amount": "4.99"},
        {"purse_credits": None},
        {"purse_user_id": ["x"]},
    ],
)
def test_an_order_edited_at_stripe_is_refused(edit: dict[str, Any]) -> None:
    session = {**ORDER.session(), "metadata": {**ORDER.metadata, **edit}}
    with pytest.raises(InvalidOrderMetadataError):
        facts_of_session(session, occurred_at=1)


def test_an_order_with_a_part_missing_is_refused() -> None:
    metadata = {name: value for name, value in ORDER.metadata.items() if name != "purse_credits"}
    with pytest.raises(InvalidOrderMetadataError):
        facts_of_session({**ORDER.session(), "metadata": metadata}, occurred_at=1)


def test_references_may_come_expanded() -> None:
    session = {**ORDER.session(), "payment_intent": {"id": "pi_x"}, "customer": {"id": "cus_x"}}
    facts = facts_of_session(session, occurred_at=1)
    assert facts is not None
    assert (facts["payment_intent_id"], facts["customer_id"]) == ("pi_x", "cus_x")


def test_a_decline_leaves_the_order_open() -> None:
    facts = facts_of_declined_payment(ORDER.declined_intent("expired_card"), occurred_at=7)
    assert facts is not None
    assert (facts["state"], facts["decline_code"]) == ("open", "expired_card")


@pytest.mark.parametrize("field", ["ledger_id", "seal"])
def test_the_ledger_and_the_seal_are_told_as_the_metadata_has_them(field: str) -> None:
    metadata = {**ORDER.metadata, f"purse_{field}": "as it is"}
    facts = facts_of_session({**ORDER.session(), "metadata": metadata}, occurred_at=1)
    assert facts is not None
    assert facts[field] == "as it is"
    del metadata[f"purse_{field}"]
    facts = facts_of_session({**ORDER.session(), "metadata": metadata}, occurred_at=1)
    assert facts is not None
    assert facts[field] is None


def test_a_decline_does_not_say_which_intent_pays() -> None:
    facts = facts_of_declined_payment(ORDER.declined_intent(), occurred_at=1)
    assert facts is not None
    assert facts["payment_intent_id"] is None


def test_facts_of_a_decline_carry_the_whole_order() -> None:
    facts = facts_of_declined_payment(ORDER.declined_intent(), occurred_at=7)
    assert facts == ORDER.facts(
        "open",
        at=7,
        checkout_session_id=None,
        payment_intent_id=None,
        decline_code="insufficient_funds",
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "card_declined", "decline_code": "expired_card"}, "expired_card"),
        ({"code": "processing_error"}, "processing_error"),
        ({"code": "processing_error", "decline_code": None}, "processing_error"),
        ({}, "unknown"),
        (None, "unknown"),
    ],
)
def test_a_decline_says_what_stripe_says(error: dict[str, Any] | None, code: str) -> None:
    intent = {**ORDER.declined_intent(), "last_payment_error": error}
    facts = facts_of_declined_payment(intent, occurred_at=1)
    assert facts is not None
    assert facts["decline_code"] == code


@pytest.mark.parametrize("status", ["open", "expired"])
def test_an_order_without_payment_says_nothing_of_amounts(status: str) -> None:
    facts = facts_of_session(ORDER.session(status, "unpaid"), occurred_at=3)
    assert facts == ORDER.facts(status, at=3, payment_intent_id=None)


def test_what_was_asked_for_and_what_was_charged_are_kept_apart() -> None:
    session = {**ORDER.session(), "amount_subtotal": 600, "amount_total": 399, "currency": "eur"}
    facts = facts_of_session(session, occurred_at=1_700_000_000)
    assert facts == ORDER.facts("paid", amount_subtotal=600, amount_paid=399, currency_paid="eur")


def test_a_reference_to_nothing_is_none() -> None:
    session = {**ORDER.session(), "payment_intent": None, "customer": None}
    facts = facts_of_session(session, occurred_at=1_700_000_000)
    assert facts == ORDER.facts("paid", payment_intent_id=None, customer_id=None)


# Sessions that we retrieve ourselves, without an event. -----------------------------------------


def retrieved(status: str, payment_status: str, intent: Any = None) -> tuple[str, int]:
    session = {**ORDER.session(status, payment_status), "created": 1_700_000_000}
    facts = facts_of_retrieved_session(
        {**session, "payment_intent": intent}, retrieved_at=RETRIEVED_AT
    )
    assert facts is not None
    return facts["state"], facts["occurred_at"]


def intent(status: str) -> dict[str, Any]:
    return {"id": "pi_1", "status": status, "latest_charge": {"id": "ch_1", "created": 1_700_000_9}}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("processing", "processing"),
        ("requires_payment_method", "failed"),
        ("canceled", "failed"),
    ],
)
def test_the_intent_tells_a_debit_under_way_from_one_that_failed(status: str, state: str) -> None:
    assert retrieved("complete", "unpaid", intent(status)) == (state, RETRIEVED_AT)


def test_a_payment_dates_from_its_charge() -> None:
    assert retrieved("complete", "paid", intent("succeeded")) == ("paid", 1_700_000_9)


def test_an_intent_that_did_not_come_along_is_done_without() -> None:
    assert retrieved("complete", "paid", "pi_1") == ("paid", RETRIEVED_AT)
    assert retrieved("complete", "unpaid", "pi_1") == ("processing", RETRIEVED_AT)


def test_nothing_charged_is_paid() -> None:
    assert retrieved("complete", "no_payment_required") == ("paid", RETRIEVED_AT)


def test_a_declined_card_on_an_open_page_is_no_failure() -> None:
    assert retrieved("open", "unpaid", intent("requires_payment_method")) == ("open", 1_700_000_000)


def test_a_page_that_ran_out_is_expired() -> None:
    assert retrieved("expired", "unpaid") == ("expired", RETRIEVED_AT)


def test_a_retrieved_session_that_is_not_ours_has_no_facts() -> None:
    session = {**ORDER.session(), "created": 1, "metadata": {}}
    assert facts_of_retrieved_session(session, retrieved_at=RETRIEVED_AT) is None


def test_what_is_expanded_is_where_the_time_of_payment_is_read() -> None:
    (path,) = EXPAND_SESSION
    expanded: dict[str, Any] = {"created": 1_700_000_009}
    for name in reversed(path.split(".")):
        expanded = {"id": "pi_1", name: expanded}
    session = {**ORDER.session(), "payment_intent": None, **expanded, "id": ORDER.session_id}
    facts = facts_of_retrieved_session(session, retrieved_at=RETRIEVED_AT)
    assert facts is not None
    assert facts["occurred_at"] == 1_700_000_009
    assert (f"data.{path}",) == EXPAND_SESSIONS
