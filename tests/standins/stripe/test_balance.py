"""The balance, its transactions, and payouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

from tests.standins.stripe.harness import STARTER
from tests.standins.stripe.sdk_shapes import mismatches
from tests.standins.stripe.test_shapes import assert_shape, plain

if TYPE_CHECKING:
    from tests.standins.stripe.harness import StandIn

TWO_DAYS_SECONDS = 2 * 24 * 3600
# 2.9 % of 499, rounded down, and 30.
FEE = 44
EURO_PRICE: Any = {**STARTER, "price_data": {**STARTER["price_data"], "currency": "eur"}}


def listed(stand_in: StandIn, **params: Any) -> list[stripe.BalanceTransaction]:
    """All balance transactions that meet the filters, newest first."""
    wanted: Any = {"limit": 100, **params}
    return stand_in.client.v1.balance_transactions.list(wanted).data


def balance(stand_in: StandIn) -> dict[str, tuple[int, int]]:
    """Available and pending, by currency."""
    now = stand_in.client.v1.balance.retrieve()
    return {
        each.currency: (each.amount, later.amount)
        for each, later in zip(now.available, now.pending, strict=True)
    }


def refused(stand_in: StandIn, **params: Any) -> stripe.InvalidRequestError:
    """The error with which a list is refused."""
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        listed(stand_in, **params)
    return refusal.value


def test_a_payment_is_pending_less_its_fee_and_available_after_two_days(
    own_stand_in: StandIn,
) -> None:
    assert balance(own_stand_in) == {"usd": (0, 0)}
    charge = own_stand_in.charge(own_stand_in.pay())
    (entry,) = listed(own_stand_in, source=charge.id)
    assert (entry.amount, entry.fee, entry.net) == (499, FEE, 499 - FEE)
    assert (entry.status, entry.available_on) == ("pending", entry.created + TWO_DAYS_SECONDS)
    assert balance(own_stand_in) == {"usd": (0, 499 - FEE)}
    own_stand_in.sim("clock", advance_seconds=TWO_DAYS_SECONDS)
    assert balance(own_stand_in) == {"usd": (499 - FEE, 0)}
    assert listed(own_stand_in, source=charge.id)[0].status == "available"


def test_transactions_are_paged_and_found_by_type_source_and_time(stand_in: StandIn) -> None:
    charge = stand_in.charge(stand_in.pay())
    refunds = [
        stand_in.client.v1.refunds.create({"charge": charge.id, "amount": 10}).id for _ in range(3)
    ]
    newest = [entry.source for entry in listed(stand_in, limit=4)]
    assert newest == [*refunds[::-1], charge.id]
    assert [entry.source for entry in listed(stand_in, type="refund", limit=3)] == refunds[::-1]
    first = listed(stand_in, limit=2)
    following = listed(stand_in, limit=2, starting_after=first[-1].id)
    assert [entry.source for entry in following] == [refunds[0], charge.id]
    assert charge.id in [
        entry.source for entry in listed(stand_in, created={"gte": charge.created})
    ]
    assert listed(stand_in, created={"gt": charge.created + 3600}) == []


def test_the_source_is_expanded(stand_in: StandIn) -> None:
    intent = stand_in.pay()
    stand_in.client.v1.refunds.create({"payment_intent": intent, "amount": 10})
    stand_in.sim("disputes", payment_intent=intent)
    found = listed(stand_in, limit=3, expand=["data.source"])
    kinds = (stripe.Dispute, stripe.Refund, stripe.Charge)
    for entry, kind in zip(found, kinds, strict=True):
        assert isinstance(entry.source, kind)
        assert entry.source.payment_intent == intent


def test_an_automatic_payout_takes_all_that_is_available(own_stand_in: StandIn) -> None:
    own_stand_in.pay()
    own_stand_in.sim("clock", advance_seconds=TWO_DAYS_SECONDS)
    refund = own_stand_in.client.v1.refunds.create({"payment_intent": own_stand_in.pay()})
    payout = own_stand_in.sim("payouts", currency="usd")
    assert_shape(payout)
    assert (payout["amount"], payout["status"]) == (499 - FEE, "in_transit")
    assert payout["reconciliation_status"] == "in_progress"
    left = listed(own_stand_in, payout=payout["id"])
    assert [(entry.type, entry.net) for entry in left] == [
        ("payout", FEE - 499),
        ("charge", 499 - FEE),
    ]
    assert refund.id not in [entry.source for entry in left]
    assert balance(own_stand_in) == {"usd": (0, -FEE)}
    own_stand_in.sim("clock", advance_seconds=TWO_DAYS_SECONDS)
    arrived = own_stand_in.client.v1.payouts.retrieve(payout["id"])
    assert (arrived.status, arrived.reconciliation_status) == ("paid", "completed")
    assert [each.id for each in own_stand_in.client.v1.payouts.list().data] == [payout["id"]]


def test_a_payout_that_comes_back_is_available_again(own_stand_in: StandIn) -> None:
    own_stand_in.pay()
    own_stand_in.sim("clock", advance_seconds=TWO_DAYS_SECONDS)
    first = own_stand_in.sim("payouts", currency="usd")
    own_stand_in.sim(f"payouts/{first['id']}/settle", outcome="paid")
    failed = own_stand_in.sim(f"payouts/{first['id']}/settle", outcome="failed")
    assert_shape(failed)
    (back,) = listed(own_stand_in, type="payout_failure")
    assert_shape(plain(back))
    assert (back.reporting_category, back.net) == ("payout_reversal", 499 - FEE)
    again = own_stand_in.sim("payouts", currency="usd")
    assert [entry.type for entry in listed(own_stand_in, payout=again["id"])] == [
        "payout",
        "payout_failure",
    ]
    refusal = own_stand_in.http.post(
        f"/_sim/payouts/{first['id']}/settle", json={"outcome": "paid"}
    )
    assert refusal.status_code == 400


def test_nothing_available_cannot_be_paid_out(stand_in: StandIn) -> None:
    answer = stand_in.http.post("/_sim/payouts", json={"currency": "chf"})
    assert answer.status_code == 400
    assert "Nothing is available in CHF" in answer.json()["error"]["message"]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        stand_in.client.v1.payouts.create({"amount": 1, "currency": "chf"})
    assert refusal.value.code == "balance_insufficient"


def test_stripe_lists_no_transactions_of_a_payout_by_hand(own_stand_in: StandIn) -> None:
    own_stand_in.pay()
    own_stand_in.sim("clock", advance_seconds=TWO_DAYS_SECONDS)
    payout = own_stand_in.client.v1.payouts.create({"amount": 100, "currency": "usd"})
    assert_shape(plain(payout))
    assert payout.reconciliation_status == "not_applicable"
    assert "only be filtered on automatic" in str(refused(own_stand_in, payout=payout.id))
    assert balance(own_stand_in) == {"usd": (499 - FEE - 100, 0)}
    # The next automatic payout takes the rest.
    assert own_stand_in.sim("payouts")["amount"] == 499 - FEE - 100


def test_what_stripe_does_not_know_is_refused(stand_in: StandIn) -> None:
    assert refused(stand_in, payout="po_nothing").param == "payout"
    assert refused(stand_in, starting_after="txn_nothing").param == "starting_after"
    assert refused(stand_in, available_on=1).code == "parameter_unknown"


def test_another_currency_is_converted_as_the_account_settles(own_stand_in: StandIn) -> None:
    own_stand_in.sim("account", settlement_currency="usd", exchange_rate=1.0831)
    session = own_stand_in.session(line_items=[EURO_PRICE])
    assert own_stand_in.page(session).pay().status_code == 303
    (entry,) = listed(own_stand_in)
    assert (entry.amount, entry.currency, entry.exchange_rate) == (540, "usd", 1.0831)
    assert entry.fee == 45
    assert_shape(plain(entry))
    own_stand_in.sim("account", settlement_currency="")
    own_stand_in.pay()
    assert balance(own_stand_in) == {"usd": (0, 540 - 45 + 499 - FEE)}
    for wrong in ({"settlement_currency": "euro"}, {"exchange_rate": 0}):
        assert own_stand_in.http.post("/_sim/account", json=wrong).status_code == 400


def test_the_balance_has_stripes_shape(stand_in: StandIn) -> None:
    stand_in.pay()
    assert mismatches(plain(stand_in.client.v1.balance.retrieve()), stripe.Balance, "it") == []


def test_a_payout_is_played_by_its_buttons(own_stand_in: StandIn) -> None:
    own_stand_in.pay()
    own_stand_in.sim("clock", advance_seconds=TWO_DAYS_SECONDS)
    assert "Pay out USD" in own_stand_in.http.get("/_sim").text
    own_stand_in.http.post(
        "/_sim/payouts", data={"currency": "usd"}, headers={"Origin": own_stand_in.url}
    )
    page = own_stand_in.http.get("/_sim").text
    assert "It comes back" in page
    assert "Pay out USD" not in page
