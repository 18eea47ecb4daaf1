"""Checkout makes an invoice after the payment, and asks for the buyer's tax id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.standins.stripe.test_shapes import assert_shape, plain

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn

PAGES = {"invoice_creation": {"enabled": True}, "tax_id_collection": {"enabled": True}}
MAY_SAVE = {"name": "auto", "address": "auto"}


def invoiced(stand_in: StandIn, **changes: Any) -> stripe.checkout.Session:
    customer = stand_in.client.v1.customers.create({"email": "ada@example.com"})
    return stand_in.session(
        customer=customer.id,
        customer_email=None,
        **{**PAGES, "customer_update": MAY_SAVE, **changes},
    )


def invoice_of(stand_in: StandIn, session: stripe.checkout.Session) -> stripe.Invoice:
    retrieved = stand_in.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["invoice"]})
    assert isinstance(retrieved.invoice, stripe.Invoice)
    return retrieved.invoice


def events_of(stand_in: StandIn, invoice: stripe.Invoice) -> list[str]:
    found = []
    for event in reversed(stand_in.client.v1.events.list({"limit": 100}).data):
        subject = plain(event)["data"]["object"]
        if invoice.id in {subject["id"], subject.get("invoice")}:
            found.append(event.type)
    return found


def test_a_payment_makes_a_paid_invoice_with_its_addresses(stand_in: StandIn) -> None:
    session = invoiced(stand_in)
    assert session.invoice is None
    assert stand_in.page(session).pay().status_code == 303
    invoice = invoice_of(stand_in, session)
    assert (invoice.status, invoice.total, invoice.amount_paid) == ("paid", 499, 499)
    customer = stand_in.client.v1.customers.retrieve(str(session.customer))
    assert invoice.number == f"{customer.invoice_prefix}-0001"
    assert_shape(plain(invoice))
    page = stand_in.http.get(str(invoice.hosted_invoice_url))
    assert page.status_code == 200
    assert f"Invoice {invoice.number}" in page.text
    assert "$4.99" in page.text
    pdf = stand_in.http.get(str(invoice.invoice_pdf))
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-1.4")
    assert b"Total $4.99" in pdf.content


def test_the_events_of_an_invoice_end_before_the_session_is_completed(stand_in: StandIn) -> None:
    session = invoiced(stand_in)
    stand_in.page(session).pay()
    events = events_of(stand_in, invoice_of(stand_in, session))
    assert events == [
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
        "invoice_payment.paid",
        "checkout.session.completed",
    ]


def test_a_second_invoice_has_the_next_number(stand_in: StandIn) -> None:
    first = invoiced(stand_in)
    stand_in.page(first).pay()
    second = stand_in.session(
        customer=str(first.customer), customer_email=None, **PAGES, customer_update=MAY_SAVE
    )
    stand_in.page(second).pay()
    number = str(invoice_of(stand_in, second).number)
    assert number == str(invoice_of(stand_in, first).number).replace("-0001", "-0002")
    listed = stand_in.client.v1.invoices.list({"customer": str(first.customer), "status": "paid"})
    assert [each.number for each in listed.data] == [number, invoice_of(stand_in, first).number]


def test_without_the_parameter_there_is_no_invoice(stand_in: StandIn) -> None:
    session = stand_in.session()
    stand_in.page(session).pay()
    assert stand_in.client.v1.checkout.sessions.retrieve(session.id).invoice is None


def test_a_declined_card_makes_no_invoice(stand_in: StandIn) -> None:
    session = invoiced(stand_in)
    assert stand_in.page(session).pay("4000000000000002").status_code == 402
    assert stand_in.client.v1.checkout.sessions.retrieve(session.id).invoice is None


def test_a_bank_debit_makes_its_invoice_once_the_money_is_there(stand_in: StandIn) -> None:
    session = invoiced(stand_in)
    stand_in.page(session).pay_by_bank()
    assert stand_in.client.v1.checkout.sessions.retrieve(session.id).invoice is None
    stand_in.sim(f"sessions/{session.id}/settle", outcome="succeeded")
    assert invoice_of(stand_in, session).status == "paid"


def test_a_free_order_has_an_invoice_over_nothing(stand_in: StandIn) -> None:
    session = invoiced(stand_in, allow_promotion_codes=True)
    page = stand_in.page(session)
    page.promote(code="PURSE100")
    page.pay()
    invoice = invoice_of(stand_in, session)
    assert (invoice.total, invoice.subtotal, invoice.status) == (0, 499, "paid")
    assert_shape(plain(invoice))
    assert "invoice_payment.paid" not in events_of(stand_in, invoice)


def test_a_discount_stands_on_the_invoice(stand_in: StandIn) -> None:
    session = invoiced(stand_in, allow_promotion_codes=True)
    page = stand_in.page(session)
    page.promote(code="PURSE20")
    page.pay()
    invoice = invoice_of(stand_in, session)
    assert (invoice.total, invoice.subtotal) == (400, 499)
    assert_shape(plain(invoice))
    assert plain(invoice)["total_discount_amounts"][0]["amount"] == 99


def test_a_tax_id_stands_on_the_invoice_and_the_business_becomes_the_customers_name(
    stand_in: StandIn,
) -> None:
    session = invoiced(stand_in)
    business = {"country": "DE", "tax_id": "de 123456789", "business_name": "Garden Books"}
    stand_in.page(session).pay(**business)
    invoice = invoice_of(stand_in, session)
    assert plain(invoice)["customer_tax_ids"] == [{"type": "eu_vat", "value": "DE123456789"}]
    assert invoice.customer_name == "Garden Books"
    customer = stand_in.client.v1.customers.retrieve(str(session.customer))
    assert (customer.name, plain(customer)["address"]["country"]) == ("Garden Books", "DE")
    paid = stand_in.client.v1.checkout.sessions.retrieve(session.id)
    assert_shape(plain(paid))
    assert_shape(plain(customer))
    assert_shape(plain(invoice))
    assert "DE123456789" in stand_in.http.get(str(invoice.hosted_invoice_url)).text


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"tax_id": "DE123456789"}, "Enter the name of the business."),
        ({"country": "XX"}, "Choose one of the countries."),
    ],
)
def test_details_that_cannot_be_are_asked_for_again(
    stand_in: StandIn, fields: dict[str, str], problem: str
) -> None:
    answer = stand_in.page(invoiced(stand_in)).pay(**fields)
    assert answer.status_code == 422
    assert problem in answer.text


def test_only_a_session_that_collects_tax_ids_asks_for_them(stand_in: StandIn) -> None:
    assert 'name="tax_id"' in stand_in.page(invoiced(stand_in)).look().text
    assert 'name="tax_id"' not in stand_in.page(stand_in.session()).look().text


@pytest.mark.parametrize("update", [None, {"address": "auto"}, {"name": "never"}])
def test_tax_ids_of_a_customer_need_leave_to_change_the_name(
    stand_in: StandIn, update: dict[str, str] | None
) -> None:
    customer = stand_in.client.v1.customers.create({"email": "ada@example.com"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand_in.session(customer=customer.id, customer_email=None, customer_update=update, **PAGES)
    assert (refused.value.http_status, refused.value.code) == (400, None)
    assert "set `customer_update[name]` to `auto`" in str(refused.value)


def test_a_guests_tax_id_needs_no_leave(stand_in: StandIn) -> None:
    session = stand_in.session(**PAGES)
    stand_in.page(session).pay(tax_id="DE123456789", business_name="Garden Books")
    assert invoice_of(stand_in, session).customer is None


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"customer_update": {"name": "auto"}}, "customer_update"),
        ({"customer_update": {"name": "yes"}}, "customer_update[name]"),
        ({"customer_update": {"email": "auto"}}, "customer_update[email]"),
        ({"invoice_creation": {"enabled": "yes"}}, "invoice_creation[enabled]"),
        ({"tax_id_collection": {"required": "never"}}, "tax_id_collection[enabled]"),
    ],
    ids=str,
)
def test_parameters_that_cannot_be_are_refused_by_name(
    stand_in: StandIn, changes: dict[str, Any], param: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand_in.session(**changes)
    assert refused.value.param == param


def test_an_unknown_invoice_is_not_found(stand_in: StandIn) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand_in.client.v1.invoices.retrieve("in_1nothing")
    assert refused.value.code == "resource_missing"
    assert stand_in.http.get("/invoices/in_1nothing").status_code == 404
    assert stand_in.http.get("/invoices/in_1nothing/pdf").status_code == 404
