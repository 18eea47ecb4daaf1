"""payments/refunds.py: a crash at any step refunds once and freezes nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from api._lib import database as ledger
from api._lib.errors import ConflictError, NotFoundError, PurseError
from api._lib.payments.refunds import RefundWish, go_on, quote_refund, refund
from api._lib.payments.refunds_due import finish_due
from tests import plain_http, shop
from tests.database.purse import key
from tests.http import refunding
from tests.support import until
from tests.unit.functions import client
from tests.unit.scripted_server import scripted_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from tests.http.refunding import Bought
    from tests.support import RunningStack
    from tests.unit.scripted_server import Exchange

    Database = Connection[dict[str, Any]]

REFUNDS = "/v1/refunds"
# Each call is tried twice.
BOTH_TRIES = 2


@pytest.fixture(autouse=True)
def _as_function(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with refunding.as_function(stack, monkeypatch):
        yield


@pytest.fixture
def bought(stack: RunningStack, database: Database) -> Bought:
    return refunding.buy(stack, database, stack.sign_up())


def finish() -> None:
    assert finish_due(seconds=60).refused == ()


def is_refunded_once(bought: Bought, amount: int = 499) -> None:
    """Assert that Stripe and the ledger agree about one refund."""
    assert [made.amount for made in bought.at_stripe()] == [amount]
    assert bought.state() == [("done", None)]
    assert bought.purse.available == bought.purse.balance
    bought.purse.adds_up()


def test_a_refund_takes_what_is_unused_at_stripe_and_in_the_ledger(bought: Bought) -> None:
    bought.purse.spend(20)
    quote = quote_refund(bought.purchase_id)
    assert (quote["refundable"], quote["amount"], quote["credits"]) == (True, 399, 400)
    made = refund(bought.wish(amount=399))
    assert (made.status, made.amount, made.credits, made.replayed) == ("done", 399, 400, False)
    (at_stripe,) = bought.at_stripe()
    assert at_stripe.id == made.stripe_refund_id
    assert at_stripe.metadata is not None
    assert at_stripe.metadata.to_dict() == {"purse_refund_id": made.refund_id}
    assert bought.purse.balance == 0
    is_refunded_once(bought, 399)


def test_the_same_request_again_is_the_same_refund(bought: Bought) -> None:
    wish = bought.wish()
    first = refund(wish)
    assert refund(wish) == replace(first, replayed=True)
    is_refunded_once(bought)


def test_a_crash_before_stripe_is_asked_is_made_good(bought: Bought) -> None:
    wish = bought.wish()
    ledger.call(
        "begin_refund",
        p_purchase_id=wish.purchase_id,
        p_actor=wish.actor,
        p_reason=wish.reason,
        p_idempotency_key=wish.idempotency_key,
    )
    assert bought.purse.available == 0
    finish()
    is_refunded_once(bought)


def test_a_crash_after_the_claim_is_made_good(bought: Bought) -> None:
    begun = bought.purse.call("begin_refund", bought.purchase_id, "ann", "asked", key())
    bought.purse.call("claim_refund", begun["refund_id"])
    finish()
    assert bought.state() == [("begun", None)]
    bought.make_due()
    finish()
    is_refunded_once(bought)


@pytest.mark.parametrize("is_key_known", [True, False])
def test_a_crash_after_stripe_made_it_is_made_good(
    stack: RunningStack, bought: Bought, *, is_key_known: bool
) -> None:
    """Stripe forgets keys after a day. The refund is then found by its metadata."""
    with shop.no_webhooks(stack):
        begun = bought.purse.call("begin_refund", bought.purchase_id, "ann", "asked", key())
        claimed = bought.purse.call("claim_refund", begun["refund_id"])
        shop.stripe_client(stack).v1.refunds.create(
            {
                "payment_intent": claimed["payment_intent_id"],
                "amount": claimed["amount"],
                "reason": "requested_by_customer",
                "metadata": {"purse_refund_id": begun["refund_id"]},
            },
            {"idempotency_key": f"refund-{begun['refund_id']}"} if is_key_known else {},
        )
        bought.make_due()
        assert bought.purse.available == 0
        finish()
    is_refunded_once(bought)


def test_an_answer_of_stripe_that_is_lost_is_made_good(stack: RunningStack, bought: Bought) -> None:
    with shop.no_webhooks(stack):
        with shop.trouble(stack, fail_next=BOTH_TRIES, after_commit=True, path=REFUNDS):
            assert refund(bought.wish()).status == "begun"
        assert (bought.purse.balance, bought.purse.available) == (500, 0)
        bought.make_due()
        finish()
    is_refunded_once(bought)


def test_the_webhook_finishes_a_refund_whose_worker_died(
    stack: RunningStack, bought: Bought
) -> None:
    with shop.trouble(stack, fail_next=BOTH_TRIES, after_commit=True, path=REFUNDS):
        refund(bought.wish())
    until(lambda: bought.state() == [("done", None)], "the webhook settles it")
    is_refunded_once(bought)


def test_while_stripe_is_down_the_credits_stay_pinned(stack: RunningStack, bought: Bought) -> None:
    wish = bought.wish()
    with shop.trouble(stack, fail_next=1000, status=500, path="/v1/"):
        assert refund(wish).status == "begun"
        assert refund(wish).status == "begun"
        bought.make_due()
        finish()
        assert bought.purse.refused(
            "spend_credits", bought.user.id, "docx_processing", 1, key()
        ) == ("PT402")
    assert bought.state() == [("begun", None)]


def test_an_outage_of_stripe_passes(stack: RunningStack, bought: Bought) -> None:
    with shop.trouble(stack, fail_next=BOTH_TRIES, status=429, path=REFUNDS):
        assert refund(bought.wish()).status == "begun"
    bought.make_due()
    finish()
    is_refunded_once(bought)


def test_an_error_of_the_search_for_a_lost_refund_refuses_nothing(
    stack: RunningStack, bought: Bought
) -> None:
    """Stripe made the refund. As long as we cannot see that, it must not end as never made."""
    with shop.no_webhooks(stack):
        with shop.trouble(stack, fail_next=BOTH_TRIES, after_commit=True, path=REFUNDS):
            made = refund(bought.wish())
        bought.make_due()
        with shop.trouble(stack, fail_next=1, status=402, path=REFUNDS):
            assert go_on(made.refund_id).status == "begun"
        with pytest.raises(ConflictError, match="in_progress"):
            refund(bought.wish())
        bought.make_due()
        assert go_on(made.refund_id).status == "done"
    is_refunded_once(bought)


def test_a_refusal_of_stripe_ends_it_and_frees_the_credits(
    stack: RunningStack, bought: Bought
) -> None:
    with shop.no_webhooks(stack):
        shop.stripe_client(stack).v1.refunds.create({"payment_intent": bought.payment_intent})
        refused = refund(bought.wish())
    assert (refused.status, refused.refusal) == ("refused", "charge_already_refunded")
    assert (bought.purse.available, bought.purse.holds()) == (500, [("released", 0)])
    assert len(bought.at_stripe()) == 1


def test_an_amount_that_stripe_does_not_have_any_more_is_refused(
    stack: RunningStack, bought: Bought
) -> None:
    with shop.no_webhooks(stack):
        shop.refund(stack, _session_of(bought), 1)
        refused = refund(bought.wish())
    assert (refused.status, refused.refusal) == ("refused", "refused_by_stripe")
    assert bought.purse.available == 500


def test_credits_that_were_spent_after_the_hold_lapsed_are_not_refunded(bought: Bought) -> None:
    bought.purse.call("begin_refund", bought.purchase_id, "ann", "asked", key())
    bought.purse.time_passes(days=4)
    bought.purse.spend()
    finish()
    assert bought.state() == [("refused", "credits_used")]
    assert (bought.at_stripe(), bought.purse.available) == ([], 495)


def test_a_refund_that_fails_later_gives_the_credits_back(
    stack: RunningStack, database: Database
) -> None:
    bought = refunding.buy(stack, database, stack.sign_up(), "4000 0000 0000 5126")
    made = refund(bought.wish())
    assert (made.status, bought.purse.balance) == ("done", 0)
    stack.simulate(f"refunds/{made.stripe_refund_id}/settle", outcome="failed")
    until(lambda: bought.state() == [("failed", "failed")], "the failure arrives")
    assert bought.purse.available == 500
    assert quote_refund(bought.purchase_id)["amount"] == 499


def test_a_pending_refund_takes_the_credits_at_once(
    stack: RunningStack, database: Database
) -> None:
    bought = refunding.buy(stack, database, stack.sign_up(), "4000 0000 0000 7726")
    assert refund(bought.wish()).status == "done"
    assert (bought.at_stripe()[0].status, bought.purse.balance) == ("pending", 0)


def test_two_people_at_once_make_one_refund(bought: Bought) -> None:
    def try_it(actor: str) -> str:
        try:
            return refund(bought.wish(actor=actor)).status
        except PurseError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(try_it, ("ann@example.com", "bob@example.com")))
    assert outcomes[0] == "done"
    assert outcomes[1] in {"in_progress", "refunded"}
    is_refunded_once(bought)


def test_many_clicks_with_one_key_make_one_refund(bought: Bought) -> None:
    wish = bought.wish()
    with ThreadPoolExecutor(4) as pool:
        outcomes = {made.refund_id for made in pool.map(refund, [wish] * 4)}
    assert len(outcomes) == 1
    until(lambda: bought.state() == [("done", None)], "it is done")
    is_refunded_once(bought)


@pytest.mark.parametrize("job", ["/api/reconcile", "/api/deliver"])
def test_the_jobs_finish_what_was_interrupted(
    stack: RunningStack, bought: Bought, job: str
) -> None:
    bought.purse.call("begin_refund", bought.purchase_id, "ann", "asked", key())
    assert stack.scheduled(job).status_code == 200
    is_refunded_once(bought)


def test_a_refund_that_cannot_be_recorded_holds_up_no_other(
    stack: RunningStack, database: Database, bought: Bought, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = refunding.buy(stack, database, stack.sign_up())
    begun = [
        each.purse.call("begin_refund", each.purchase_id, "ann", "asked", key())
        for each in (bought, other)
    ]

    def stripe(exchange: Exchange) -> tuple[int, bytes]:
        """Ask the stand-in, and spoil the first refund's answer."""
        names = ("Authorization", "Content-Type", "Idempotency-Key")
        answer = plain_http.request(
            exchange.command,
            f"{stack.stripe_api_base}{exchange.path}",
            content=exchange.body,
            headers={name: exchange.headers[name] for name in names if name in exchange.headers},
        )
        made = answer.raise_for_status().json()
        if made.get("metadata") == {"purse_refund_id": begun[0]["refund_id"]}:
            made["status"] = "unheard_of"
        return 200, json.dumps(made).encode()

    with (
        shop.no_webhooks(stack),
        scripted_server(stripe) as server,
        refunding.as_function(stack, monkeypatch, STRIPE_API_BASE=server.url),
    ):
        answer = client("cron").get(
            "/?job=deliver", headers={"Authorization": f"Bearer {stack.cron_secret}"}
        )
        # The scheduler shows a run as failed by its status.
        assert answer.status_code == 500
        report = answer.get_json()
        assert (report["refunds_refused"], report["complete"]) == (1, True)
        assert bought.state() == [("begun", None)]
        is_refunded_once(other)


def test_what_cannot_be_refunded_is_refused_with_its_reason(
    stack: RunningStack, bought: Bought
) -> None:
    refund(bought.wish())
    with pytest.raises(ConflictError) as refusal:
        refund(bought.wish())
    assert (refusal.value.code, refusal.value.message) == (
        "refunded",
        "This payment was refunded already.",
    )
    with pytest.raises(NotFoundError):
        refund(bought.wish(user_id=stack.sign_up().id))
    session_id = shop.begin(stack, bought.user)
    shop.pay_by_bank(stack, session_id)
    until(lambda: shop.purchase(stack, session_id)["status"] == "processing", "it is pending")
    pending = str(shop.purchase(stack, session_id)["id"])
    with pytest.raises(ConflictError) as refusal:
        refund(RefundWish(pending, "ann", "asked", key()))
    assert refusal.value.code == "pending"


def _session_of(bought: Bought) -> str:
    row = bought.purse.database.execute(
        "select checkout_session_id from purchases where id = %s", [bought.purchase_id]
    ).fetchone()
    assert row is not None
    return str(row["checkout_session_id"])
