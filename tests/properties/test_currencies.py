"""In every currency an order settles as it was begun, and in no other way."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api._lib.money import decimals, money
from api._lib.payments.order import Order
from api._lib.payments.session_facts import facts_of_session
from local.stripe.payments.currencies import CURRENCIES, minimum_charge, step
from tests.database.ledger import record
from tests.database.purse import Purse
from tests.profiles import examples

if TYPE_CHECKING:
    from psycopg import Connection

    Database = Connection[dict[str, Any]]

MOST = 99_999_999
AMOUNTS = st.integers(1, MOST)


@dataclass(frozen=True)
class Sale:
    """A pack at 4.99 USD with one further price, and what a payment of it says.

    `asked` is the buyer's currency. The payment is in the order's currency and amount, unless
    `paid_currency` or `extra` say otherwise. `presented` is what Adaptive Pricing showed.
    """

    currency: str
    price: int
    asked: str | None
    paid_currency: str | None
    extra: int
    presented: tuple[str, int] | None


@st.composite
def sales(draw: st.DrawFn) -> Sale:
    """Draw a sale; the further price is one that Stripe charges."""
    places = draw(st.sampled_from([0, 2, 3]))
    known = sorted(each for each in CURRENCIES - {"usd"} if decimals(each) == places)
    currency = draw(st.sampled_from(known))
    least, by = minimum_charge(currency), step(currency)
    price = draw(st.integers(-(-least // by), MOST // by)) * by
    anything = st.sampled_from(sorted(CURRENCIES))
    return Sale(
        currency=currency,
        price=price,
        asked=draw(st.one_of(st.just(currency), st.none(), anything)),
        paid_currency=draw(st.one_of(st.none(), st.none(), anything)),
        extra=draw(st.sampled_from([0, 0, 0, 1, -1])),
        presented=draw(st.one_of(st.none(), st.tuples(anything, AMOUNTS))),
    )


def paid_as_begun(sale: Sale) -> Sale:
    """Return the sale at the further price, paid as it was begun."""
    return replace(sale, asked=sale.currency, paid_currency=None, extra=0)


def begin(database: Database, sale: Sale) -> Order:
    """Offer the pack, order it, and take it off sale again."""
    user_id, pack = str(uuid.uuid4()), f"pack_{uuid.uuid4().hex[:12]}"
    database.execute(
        "insert into credit_packages (id, name, credits, unit_amount) values (%s, 'Own', 500, 499)",
        [pack],
    )
    database.execute(
        "insert into package_prices values (%s, %s, %s)", [pack, sale.currency, sale.price]
    )
    row = database.execute(
        "select begin_purchase(p_user_id => %s, p_package_id => %s, p_livemode => false,"
        " p_orders_per_minute => 10, p_currency => %s) as begun",
        [user_id, pack, sale.asked],
    ).fetchone()
    database.execute("delete from credit_packages where id = %s", [pack])
    assert row is not None
    names = ("order_id", "package_id", "package_name", "credits", "unit_amount", "currency")
    more = ("valid_days", "ledger_id", "seal")
    return Order(user_id=user_id, **{name: row["begun"][name] for name in (*names, *more)})


def session(order: Order, sale: Sale) -> dict[str, Any]:
    """Return the paid Checkout Session of an order, as the sale says."""
    amount = order.unit_amount + sale.extra
    shown = sale.presented and {
        "presentment_currency": sale.presented[0],
        "presentment_amount": sale.presented[1],
    }
    return {
        "id": f"cs_test_{order.order_id}",
        "mode": "payment",
        "status": "complete",
        "payment_status": "paid",
        "livemode": False,
        "metadata": order.metadata(),
        "amount_subtotal": amount,
        "amount_total": amount,
        "currency": sale.paid_currency or order.currency,
        "customer": None,
        "payment_intent": f"pi_{order.order_id}",
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "invoice_creation": {"enabled": False},
        "invoice": None,
        "presentment_details": shown,
    }


@settings(max_examples=examples(cost=10))
@given(sale=sales())
def test_an_order_settles_as_it_was_begun_and_as_that_alone(database: Database, sale: Sale) -> None:
    order = begin(database, sale)
    is_further = sale.asked == sale.currency
    expected = (sale.currency, sale.price) if is_further else ("usd", 499)
    assert (order.currency, order.unit_amount) == expected
    facts = facts_of_session(session(order, sale), occurred_at=1_700_000_000)
    assert facts is not None
    record(database, dict(facts))
    row = database.execute(
        "select status, currency, unit_amount from purchases where id = %s", [order.order_id]
    ).fetchone()
    as_begun = sale.paid_currency in {None, order.currency} and sale.extra == 0
    assert row is not None
    assert (row["currency"], row["unit_amount"]) == expected
    assert row["status"] == ("paid" if as_begun else "mismatch")
    purse = Purse(database, order.user_id)
    assert purse.balance == (500 if as_begun else 0)
    purse.adds_up()


@settings(max_examples=examples(cost=10))
@given(sale=sales().map(paid_as_begun))
def test_a_quote_is_an_amount_that_stripe_takes_back_in_the_orders_currency(
    database: Database, sale: Sale
) -> None:
    order = begin(database, sale)
    facts = facts_of_session(session(order, sale), occurred_at=1_700_000_000)
    record(database, dict(facts or {}))
    purse = Purse(database, order.user_id)
    purse.spend(20)  # at 5 credits each
    quote = purse.call("quote_refund", order.order_id)
    assert (quote["currency"], quote["decimals"]) == (sale.currency, decimals(sale.currency))
    assert quote["amount"] % step(sale.currency) == 0
    # 400 of 500 credits are unused: the step below or at four fifths of the price.
    assert quote["amount"] == sale.price * 4 // 5 // step(sale.currency) * step(sale.currency)
    written = money(quote["amount"], sale.currency).removesuffix(f" {sale.currency.upper()}")
    assert int(written.replace(",", "").replace(".", "")) == quote["amount"]
    assert len(written.partition(".")[2]) == decimals(sale.currency)
