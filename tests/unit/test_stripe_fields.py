"""stripe_fields.py: an object whose field is missing or wrong is refused, and the field named."""

from __future__ import annotations

from typing import Any

import pytest

from api._lib.payments.facts import facts_of_event
from api._lib.payments.order import InvalidOrderMetadataError
from api._lib.payments.stripe_fields import InvalidStripeObjectError
from tests.stripe_events import Order, Reversal, event

ORDER = Order()
REVERSAL = Reversal(ORDER)
DECLINE = {**ORDER.declined_intent(), "last_payment_error": {"decline_code": "a", "code": "b"}}
OBJECTS: dict[str, dict[str, Any]] = {
    "checkout.session.completed": ORDER.session(),
    "checkout.session.expired": ORDER.session("expired", "unpaid"),
    "payment_intent.payment_failed": DECLINE,
    "refund.updated": REVERSAL.refund_object(250),
    "charge.dispute.closed": REVERSAL.dispute_object(499, "won", moves=2),
}
# Of each event: the fields that facts are made of, each with what it may not be.
NO_TEXT: list[Any] = [None, 7, True, ["x"], {}, "half a \ud83d"]
NO_NUMBER: list[Any] = [None, "7", 7.0, True, [7], float("inf"), float("nan")]
NO_FLAG: list[Any] = [None, 0, "false", []]
NO_REFERENCE: list[Any] = [7, False, "", ["x"], {}, {"id": None}, {"id": ["x"]}, "\ud83d"]
FIELDS: dict[str, dict[str, list[Any]]] = {
    "checkout.session.completed": {
        "id": NO_TEXT,
        "mode": NO_TEXT,
        "payment_status": NO_TEXT,
        "amount_subtotal": NO_NUMBER,
        "amount_total": NO_NUMBER,
        "total_details": [
            None,
            7,
            [],
            {},
            *({"amount_tax": wrong, "amount_discount": 0} for wrong in NO_NUMBER),
            *({"amount_tax": 0, "amount_discount": wrong} for wrong in NO_NUMBER),
        ],
        "invoice": NO_REFERENCE,
        "invoice_creation": [7, [], {}, {"enabled": None}, {"enabled": 1}],
        "currency": NO_TEXT,
        "livemode": NO_FLAG,
        "payment_intent": NO_REFERENCE,
        "customer": NO_REFERENCE,
    },
    "checkout.session.expired": {"status": NO_TEXT[1:]},
    "payment_intent.payment_failed": {
        "livemode": NO_FLAG,
        "customer": NO_REFERENCE,
        "last_payment_error": [7, "declined", ["declined"], {"code": 7}, {"decline_code": ["x"]}],
    },
    "refund.updated": {
        "id": NO_TEXT,
        "payment_intent": NO_REFERENCE,
        "amount": NO_NUMBER,
        "currency": NO_TEXT,
        "status": NO_TEXT[1:],
        "created": NO_NUMBER,
    },
    "charge.dispute.closed": {
        "id": NO_TEXT,
        "payment_intent": NO_REFERENCE,
        "amount": NO_NUMBER,
        "currency": NO_TEXT,
        "status": NO_TEXT,
        "livemode": NO_FLAG,
        "created": NO_NUMBER,
        "balance_transactions": [None, 7, {}, [7], [None], [{}], [{"amount": "-499"}]],
    },
}
MISSING = [(type_, field) for type_, fields in FIELDS.items() for field in fields]
MISTYPED = [
    (type_, field, value)
    for type_, fields in FIELDS.items()
    for field, values in fields.items()
    for value in values
]


def facts_with(type_: str, stripe_object: dict[str, Any]) -> Any:
    return facts_of_event(event(type_, stripe_object))


@pytest.mark.parametrize("type_", OBJECTS)
def test_whole_they_are_read(type_: str) -> None:
    assert facts_with(type_, OBJECTS[type_]) is not None


@pytest.mark.parametrize(("type_", "field"), MISSING)
def test_without_a_field_they_are_refused(type_: str, field: str) -> None:
    stripe_object = {name: value for name, value in OBJECTS[type_].items() if name != field}
    with pytest.raises(InvalidStripeObjectError) as refused:
        facts_with(type_, stripe_object)
    assert refused.value.field == field


@pytest.mark.parametrize(("type_", "field", "value"), MISTYPED)
def test_with_something_else_in_a_field_they_are_refused(
    type_: str, field: str, value: Any
) -> None:
    with pytest.raises(InvalidStripeObjectError):
        facts_with(type_, {**OBJECTS[type_], field: value})


@pytest.mark.parametrize("name", ORDER.metadata)
@pytest.mark.parametrize("value", [7, 1.5, float("inf"), None, ["x"], {}, "half a \ud83d"])
def test_an_order_is_texts(name: str, value: Any) -> None:
    session = {**ORDER.session(), "metadata": {**ORDER.metadata, name: value}}
    with pytest.raises(InvalidOrderMetadataError) as refused:
        facts_with("checkout.session.completed", session)
    assert refused.value.field == name


@pytest.mark.parametrize("edit", [{"purse_user_id": "nobody"}, {"purse_credits": "many"}])
def test_an_order_that_is_none_is_refused_for_its_metadata(edit: dict[str, str]) -> None:
    session = {**ORDER.session(), "metadata": {**ORDER.metadata, **edit}}
    with pytest.raises(InvalidOrderMetadataError) as refused:
        facts_with("checkout.session.completed", session)
    assert refused.value.field == "metadata"


def test_a_refunds_status_that_we_do_not_know_is_refused_by_name() -> None:
    refund = REVERSAL.refund_object(250, "a status of tomorrow")
    with pytest.raises(InvalidStripeObjectError) as refused:
        facts_with("refund.updated", refund)
    assert refused.value.field == "status"


def test_a_refusal_says_which_field_and_not_what_it_holds() -> None:
    refund = {**REVERSAL.refund_object(250), "amount": "somebody@example.com"}
    with pytest.raises(InvalidStripeObjectError) as refused:
        facts_with("refund.updated", refund)
    assert repr(refused.value) == "InvalidStripeObjectError('amount')"


@pytest.mark.parametrize("payment_status", ["unpaid", "no_payment_required"])
def test_a_session_without_a_status_yet_is_open(payment_status: str) -> None:
    session = {**ORDER.session("open", payment_status), "status": None}
    assert facts_with("checkout.session.expired", session)["state"] == "open"
