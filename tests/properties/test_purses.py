"""Any history of a purse, against a small model: buying, spending, time, and changes of mind.

Every request is made of the database and of the model, and both must answer alike or refuse alike.
After every step the two hold the same, lot by lot, and the database explains itself. At the end it
must still say of every earlier moment what was so then.
"""

from __future__ import annotations

import time
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from tests.database.ledger import record
from tests.database.purse import Purse
from tests.profiles import examples
from tests.properties.compared_purse import ComparedPurse, Purchase, Refund, Request
from tests.properties.model import PRICES, Bought, Hold, Refused, Spend
from tests.stripe_events import Order, Reversal

if TYPE_CHECKING:
    from tests.support import RunningStack

CREDITS = st.integers(1, 40)
DAYS = st.sampled_from([None, None, 1, 3])
FEATURES = st.sampled_from(sorted(PRICES))
QUANTITIES = st.integers(1, 4)
POLICIES = st.sampled_from(["debt", "debt", "clamp"])
# Which of those there are: an index, so that drawing is cheap and shrinks to the first.
WHICH = st.integers(0, 50)
HALF_A_DAY = 12 * 60 * 60
DAY = 2 * HALF_A_DAY
RANKS = {"pending": 1, "succeeded": 2, "failed": 3}


class Purses(ComparedPurse):
    """What may happen to one user's purse."""

    def price(self, credits_: int) -> int:
        """Return what so many credits cost, in minor units: each one."""
        return credits_

    # What comes in ------------------------------------------------------------------------------

    @initialize(packs=st.lists(st.tuples(CREDITS, DAYS), max_size=3), gift=st.booleans())
    def some_credits_are_there(self, packs: list[tuple[int, int | None]], *, gift: bool) -> None:
        """Begin with something in the purse: a history is short."""
        for credits_, days in packs:
            self.a_pack_is_bought(credits_, days, 0, 0, "debt")
        if gift:
            self.something_is_given(10, "bonus", 1)

    @rule(
        credits_=CREDITS,
        days=DAYS,
        days_ago=st.sampled_from([0, 0, 0, 2]),
        refunded=st.sampled_from([0, 0, 0, 7, 40]),
        policy=POLICIES,
    )
    def a_pack_is_bought(
        self, credits_: int, days: int | None, days_ago: int, refunded: int, policy: str
    ) -> None:
        """Paid some hours ago, so that no pack and no gift ever lapse at the same moment."""
        order = Order(
            user_id=self.purse.user_id,
            credits=credits_,
            unit_amount=self.price(credits_),
            valid_days=days,
        )
        lapses = {} if days is None else {"lapses": self.model.now - days_ago + days - 0.25}
        paid_at = int(time.time()) - 6 * 3600 - days_ago * 86_400
        purchase = Purchase(order, Bought(credits_, **lapses), paid_at)
        self.purchases.append(purchase)
        if refunded:
            self.refunds.append(Refund(purchase, Reversal(order), refunded))
            self.tells_of(self.refunds[-1], "succeeded", policy)
        self.tells_again(len(self.purchases) - 1, policy)

    @precondition(lambda self: self.purchases)
    @rule(which=WHICH, policy=POLICIES)
    def tells_again(self, which: int, policy: str) -> None:
        """Stripe tells of a payment, for the first time or again."""
        purchase = self.purchases[which % len(self.purchases)]
        record(self.database, purchase.order.facts("paid", at=purchase.paid_at), policy=policy)
        purchase.told = True
        self.model.settle(purchase.model, policy)

    @rule(credits_=CREDITS, kind=st.sampled_from(["bonus", "correction"]), days=DAYS)
    def something_is_given(self, credits_: int, kind: str, days: int | None) -> None:
        self.asks_under_a_key(
            "grant_credits",
            {"credits": credits_, "kind": kind, "who": "ann", "why": "because", "until": days},
            lambda: self.model.grant(credits_, days),
        )

    @rule(credits_=CREDITS)
    def something_is_corrected_away(self, credits_: int) -> None:
        why = {"kind": "correction", "who": "ann", "why": "because", "until": None}
        self.asks_under_a_key(
            "grant_credits", {"credits": -credits_, **why}, lambda: self.model.correct(credits_)
        )

    # What goes out ------------------------------------------------------------------------------

    @rule(feature=FEATURES, quantity=QUANTITIES)
    def something_is_spent(self, feature: str, quantity: int) -> None:
        spends: list[Spend] = []

        def expect() -> dict[str, Any]:
            spend, answer = self.model.spend(PRICES[feature] * quantity)
            spends.append(spend)
            return answer

        request = self.asks_under_a_key(
            "spend_credits", {"feature": feature, "quantity": quantity}, expect
        )
        if request:
            self.requests[-1] = replace(request, spend=spends[0])
            self.spends.append((request.answer["transaction_id"], spends[0]))

    @rule(feature=FEATURES, quantity=QUANTITIES, half_days=st.sampled_from([1, 9]))
    def something_is_held(self, feature: str, quantity: int, half_days: int) -> None:
        holds: list[Hold] = []

        def expect() -> dict[str, Any]:
            hold, answer = self.model.hold(PRICES[feature] * quantity, half_days / 2)
            holds.append(hold)
            return answer

        request = self.asks_under_a_key(
            "hold_credits",
            {"feature": feature, "quantity": quantity, "until": half_days * HALF_A_DAY},
            expect,
        )
        if request:
            self.requests[-1] = replace(request, hold=holds[0])
            self.holds.append((request.answer["hold_id"], holds[0]))

    @precondition(lambda self: self.holds)
    @rule(
        which=WHICH,
        credits_=st.sampled_from([None, None, 1, 4, 10, 30]),
        at_most=st.sampled_from([None, 3, 20, 30]),
    )
    def a_hold_is_captured(self, which: int, credits_: int | None, at_most: int | None) -> None:
        hold_id, hold = self.holds[-1 - which % len(self.holds)]
        spends: list[Spend] = []

        def expect() -> dict[str, Any]:
            spend, answer = self.model.capture(hold, credits_, at_most)
            spends.extend([spend] if spend else [])
            return answer

        answer = self.asks("capture_hold", (hold_id, credits_, at_most), expect)
        if answer:
            hold.captured.setdefault("transaction_id", answer["transaction_id"])
            assert answer["transaction_id"] == hold.captured["transaction_id"]
            self.spends.extend((answer["transaction_id"], spend) for spend in spends)

    @precondition(lambda self: self.holds)
    @rule(which=WHICH)
    def a_hold_is_released(self, which: int) -> None:
        hold_id, hold = self.holds[-1 - which % len(self.holds)]
        self.asks("release_hold", (hold_id,), lambda: self.model.release(hold))

    @precondition(lambda self: self.spends)
    @rule(which=WHICH)
    def a_spend_is_undone(self, which: int) -> None:
        transaction_id, spend = self.spends[-1 - which % len(self.spends)]
        days = int(self.model.now - self.undone_at.setdefault(transaction_id, self.model.now))
        if days:
            # A replay says what had lapsed by then. Passing time has moved the lots, but not the
            # ledger: so the lots are moved back for it, after what has lapsed since is written.
            self.look()
            self.shift(-days)
        answer = self.asks(
            "reverse_spend",
            (int(transaction_id), "ann", "it failed"),
            lambda: self.model.reverse(spend),
        )
        if days:
            self.shift(days)
        assert (answer is None) == self.model.deleted

    # What is asked again ------------------------------------------------------------------------

    @precondition(lambda self: self.requests)
    @rule(which=WHICH)
    def a_request_comes_again(self, which: int) -> None:
        """A reversed spend is refused; a hold that ended unpaid is held anew."""
        request = self.requests[-1 - which % len(self.requests)]
        hold, arguments = request.hold, self.in_order(request.arguments, request.key)
        if self.model.deleted and request.arguments.get("credits", 1) > 0:
            assert self.purse.refused(request.function, *arguments) == "PT403"
            return
        spend = request.spend or (hold and hold.spend)
        if spend and spend.undone:
            assert self.purse.refused(request.function, *arguments) == "PT409"
            return
        if hold and hold.status in ("released", "lapsed"):
            self.something_is_held_anew(request, hold)
            return
        answer = self.purse.call(request.function, *arguments)
        if hold is None:
            assert answer == {**request.answer, "replayed": True}
        else:
            expected = self.model.of_hold(hold, replayed=True)
            assert {name: answer[name] for name in expected} == expected
            assert answer["hold_id"] == request.answer["hold_id"]

    def something_is_held_anew(self, request: Request, ended: Hold) -> None:
        """Hold again under the key that an ended hold has freed."""
        holds: list[Hold] = []

        def expect() -> dict[str, Any]:
            days = request.arguments["until"] / DAY
            hold, answer = self.model.hold(ended.parts.total(), days)
            holds.append(hold)
            return answer

        answer = self.asks(request.function, self.in_order(request.arguments, request.key), expect)
        if answer:
            place = self.requests.index(request)
            self.requests[place] = replace(request, answer=answer, hold=holds[0])
            self.holds.append((answer["hold_id"], holds[0]))

    @precondition(lambda self: self.requests)
    @rule(
        which=WHICH,
        other=st.sampled_from(
            [
                ("spend_credits", {"feature": "docx_processing", "quantity": 7}),
                ("hold_credits", {"feature": "docx_processing", "quantity": 7, "until": 60}),
                (
                    "grant_credits",
                    {"credits": 41, "kind": "bonus", "who": "ann", "why": "so", "until": None},
                ),
            ]
        ),
    )
    def another_request_comes_under_a_used_key(
        self, which: int, other: tuple[str, dict[str, Any]]
    ) -> None:
        function, arguments = other
        used = self.requests[-1 - which % len(self.requests)].key
        refused = "PT403" if self.model.deleted else "PT409"
        assert self.purse.refused(function, *self.in_order(arguments, used)) == refused

    # What money does ----------------------------------------------------------------------------

    @precondition(lambda self: self.purchases)
    @rule(which=WHICH, amount=st.integers(1, 40), policy=POLICIES)
    def money_goes_back(self, which: int, amount: int, policy: str) -> None:
        purchase = self.purchases[-1 - which % len(self.purchases)]
        self.refunds.append(Refund(purchase, Reversal(purchase.order), amount))
        self.tells_of(self.refunds[-1], "pending", policy)

    @precondition(lambda self: self.refunds)
    @rule(which=WHICH, status=st.sampled_from(["failed", *RANKS]), policy=POLICIES)
    def a_refund_moves(self, which: int, status: str, policy: str) -> None:
        self.tells_of(self.refunds[-1 - which % len(self.refunds)], status, policy)

    def tells_of(self, refund: Refund, status: str, policy: str) -> None:
        """Stripe tells how far a refund has come, perhaps late."""
        record(self.database, refund.reversal.refund(refund.amount, status), policy=policy)
        if RANKS[status] > RANKS.get(refund.status, 0):
            refund.status = status
        purchase = refund.purchase
        order = purchase.order
        back = sum(
            each.amount
            for each in self.refunds
            if each.purchase is purchase and each.status not in ("", "failed")
        )
        back = min(back, order.unit_amount)
        purchase.model.withdrawn = ceil(order.credits * back / order.unit_amount)
        if purchase.told:
            self.model.settle(purchase.model, policy)

    # Where the purse goes ---------------------------------------------------------------------

    @rule()
    def the_purse_moves_to_another_account(self) -> None:
        """All is as before but the keys, which are another user's."""
        other = Purse(self.database)

        def expect() -> dict[str, Any]:
            if self.model.deleted:
                raise Refused("PT403")
            if self.model.held:
                raise Refused("PT409")
            return {"credits": self.model.balance, "replayed": False}

        arguments = (self.purse.user_id, other.user_id, "ann", "signed in")
        answer = self.asks("move_purse", arguments, expect)
        if answer is None:
            return
        assert self.purse.call("move_purse", *arguments) == {**answer, "replayed": True}
        assert self.purse.balance == 0
        self.purse.adds_up()
        self.left.append(self.purse)
        self.purse = other
        # Keys are each account's own.
        self.requests.clear()
        self.unused_keys.clear()
        self.holds.clear()

    @precondition(lambda self: not self.model.deleted)
    @rule(really=st.sampled_from([False, False, True]), confirmed=st.booleans())
    def the_account_is_deleted(self, *, really: bool, confirmed: bool) -> None:
        """A history goes on after it: money comes and goes, and everybody else is refused."""
        if not really:
            return
        balance = self.model.balance if confirmed else None
        arguments = (self.purse.user_id, "ann", "they asked", balance)
        answer = self.asks("forget_user", arguments, self.model.delete)
        assert answer is not None
        assert self.purse.call("forget_user", *arguments) == {**answer, "replayed": True}

    # What time does -----------------------------------------------------------------------------

    @rule(days=st.sampled_from([1, 1, 2, 5]))
    def time_passes(self, days: int) -> None:
        self.shift(days)
        if self.model.time_passes(days):
            # The next movement or read takes what a hold had kept from a refund. Explaining
            # foresees that only until something follows, so it is compared and written here.
            now = self.purse.call("explain_balance", self.purse.user_id)
            assert self.told(now) == (self.account(), self.model.contents())
            self.look()

    @rule(clean_up=st.booleans())
    def somebody_looks(self, *, clean_up: bool) -> None:
        if clean_up:
            self.purse.call("expire_credits", 1000)
        else:
            assert self.look() == self.model.balance


def test_any_history_of_a_purse_is_what_the_model_makes_of_it(stack: RunningStack) -> None:
    with stack.connect() as database:
        # What a crash would lose is of no use to anybody here.
        database.execute("set synchronous_commit = off")
        Purses.database = database
        run_state_machine_as_test(
            Purses,
            settings=settings(max_examples=examples(cost=2), stateful_step_count=12),
        )
