"""Automatic tax: a stated rate, added to the price or included in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.standins.stripe.harness import STARTER
from tests.standins.stripe.test_shapes import assert_shape, plain

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn

AUTOMATIC = {"automatic_tax": {"enabled": True}}


def priced(behavior: str | None, **changes: Any) -> list[dict[str, Any]]:
    price = {**STARTER["price_data"], **changes}  # type: ignore[dict-item]  # the SDK's dict
    if behavior:
        price["tax_behavior"] = behavior
    return [{"quantity": 1, "price_data": price}]


def taxed(stand_in: StandIn, behavior: str, **changes: Any) -> stripe.checkout.Session:
    return stand_in.session(
        **{
            **AUTOMATIC,
            "line_items": priced(behavior),
            "allow_promotion_codes": True,
            "invoice_creation": {"enabled": True},
            **changes,
        }
    )


def amounts(session: stripe.checkout.Session) -> tuple[int | None, int, int, int | None]:
    """Return subtotal, discount, tax and total."""
    totals = session.total_details
    assert totals is not None
    return (
        session.amount_subtotal,
        totals.amount_discount,
        totals.amount_tax,
        session.amount_total,
    )


def now(stand_in: StandIn, session: stripe.checkout.Session) -> stripe.checkout.Session:
    return stand_in.client.v1.checkout.sessions.retrieve(session.id)


def test_a_session_has_no_tax_until_the_buyer_is_somewhere(stand_in: StandIn) -> None:
    session = taxed(stand_in, "exclusive")
    assert amounts(session) == (499, 0, 0, 499)
    assert session.automatic_tax.status == "requires_location_inputs"
    assert_shape(plain(session))
    text = stand_in.page(session).look().text
    assert "$5.99" in text
    assert "20% added" in text
    assert amounts(now(stand_in, session)) == (499, 0, 100, 599)
    assert now(stand_in, session).automatic_tax.status == "complete"


@pytest.mark.parametrize(
    ("behavior", "code", "expected"),
    [
        ("exclusive", None, (499, 0, 100, 599)),
        ("inclusive", None, (499, 0, 83, 499)),
        ("exclusive", "PURSE20", (499, 99, 80, 480)),
        ("inclusive", "PURSE20", (499, 99, 67, 400)),
        ("exclusive", "PURSE100", (499, 499, 0, 0)),
        ("inclusive", "PURSE100", (499, 499, 0, 0)),
    ],
)
def test_what_is_paid_is_price_less_discount_and_the_tax_of_that(
    stand_in: StandIn, behavior: str, code: str | None, expected: tuple[int, int, int, int]
) -> None:
    session = taxed(stand_in, behavior)
    page = stand_in.page(session)
    if code:
        page.promote(code=code)
    assert page.pay().status_code == 303
    retrieved = stand_in.client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent", "invoice", "line_items"]}
    )
    assert amounts(retrieved) == expected
    paid = plain(retrieved)
    item = paid["line_items"]["data"][0]
    assert (item["amount_discount"], item["amount_tax"], item["amount_total"]) == expected[1:]
    if expected[3]:
        assert paid["payment_intent"]["amount_received"] == expected[3]
    invoice = paid["invoice"]
    assert (invoice["subtotal"], invoice["total"]) == (499, expected[3])
    assert invoice["total_taxes"][0]["amount"] == expected[2]
    assert invoice["total_taxes"][0]["tax_behavior"] == behavior
    assert invoice["total_excluding_tax"] == expected[3] - expected[2]
    assert_shape(invoice)


def test_a_code_that_is_removed_leaves_the_tax_of_the_full_price(stand_in: StandIn) -> None:
    session = taxed(stand_in, "exclusive")
    page = stand_in.page(session)
    page.promote(code="PURSE20")
    page.promote(remove="1")
    assert amounts(now(stand_in, session)) == (499, 0, 100, 599)


def test_the_rate_is_a_switch_of_the_control_room(own_stand_in: StandIn) -> None:
    assert own_stand_in.sim("account", tax_percent=19)["tax_percent"] == 19
    session = taxed(own_stand_in, "inclusive")
    own_stand_in.page(session).pay()
    assert amounts(now(own_stand_in, session)) == (499, 0, 80, 499)


def test_tax_is_rounded_to_what_can_be_charged(stand_in: StandIn) -> None:
    items = priced("exclusive", currency="kwd", unit_amount=4990)
    session = taxed(stand_in, "exclusive", line_items=items)
    stand_in.page(session).pay()
    assert amounts(now(stand_in, session)) == (4990, 0, 1000, 5990)


def test_without_the_parameter_there_is_no_tax(stand_in: StandIn) -> None:
    session = stand_in.session(line_items=priced("exclusive"))
    stand_in.page(session).pay()
    assert amounts(now(stand_in, session)) == (499, 0, 0, 499)


def test_a_customer_without_an_address_needs_leave_to_save_one(stand_in: StandIn) -> None:
    customer = stand_in.client.v1.customers.create({"email": "ada@example.com"})
    known = {"customer": customer.id, "customer_email": None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        taxed(stand_in, "exclusive", **known, customer_update={"name": "auto"})
    assert refused.value.code == "customer_tax_location_invalid"
    first = taxed(stand_in, "exclusive", **known, customer_update={"address": "auto"})
    stand_in.page(first).pay(country="FR")
    # Now it has one.
    second = taxed(stand_in, "exclusive", **known)
    assert second.customer == customer.id


@pytest.mark.parametrize("behavior", [None, "unspecified", "added"])
def test_a_price_says_how_it_is_meant(stand_in: StandIn, behavior: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand_in.session(**AUTOMATIC, line_items=priced(behavior))
    assert refused.value.param == "line_items[0][price_data][tax_behavior]"
