"""An offer is paid for once, however its buyer clicks and whenever Stripe's events arrive.

Stripe is a model here: pages that are open, then paid, expired or waiting for a bank. What happens
there is told to the database at once, later or never. A click is what api/_lib/payments/checkout.py
does: begin an order and, if its page was opened before, ask Stripe what became of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from tests.database.purse import Purse
from tests.offers import offered, terms
from tests.profiles import examples
from tests.stripe_events import Order

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

# What may become of a page, by what it is.
NEXT = {"open": ("paid", "processing", "expired"), "processing": ("paid", "failed")}
PAGES = st.integers(0, 1)
ACTS = st.one_of(
    st.tuples(st.just("click")),
    st.tuples(st.just("click that Stripe does not answer")),
    st.tuples(st.just("become"), PAGES, st.integers(0, 2)),
    st.tuples(st.just("tell"), PAGES),
    st.tuples(st.just("withdraw")),
)


@dataclass
class Shop:
    """A buyer with one offer, and the pages of its checkouts at Stripe."""

    purse: Purse
    offer: str
    pages: list[tuple[Order, str]] = field(default_factory=list)

    def click(self, *, answered: bool = True) -> str | None:
        """Begin a checkout as our server does; return the order, or None if it is refused."""
        for _ in range(2):
            try:
                begun = self.purse.call(
                    "begin_purchase", self.purse.user_id, self.offer, False, 1_000
                )
            except psycopg.Error as error:
                if error.diag.message_detail not in {"offer_bought", "offer_ended"}:
                    raise
                return None
            if begun["open_session_id"] is None:
                return self.open(begun, answered=answered)
            order, state = self.page_of(begun["open_session_id"])
            if state == "open":
                return order.order_id
            self.tell(order, state)
        return None

    def open(self, begun: dict[str, Any], *, answered: bool) -> str | None:
        """Open a page at Stripe for an order, and store its id before anybody gets it."""
        if not answered:
            self.purse.call("abandon_order", begun["order_id"])
            return None
        wanted = terms()
        order = Order(
            user_id=self.purse.user_id,
            order_id=begun["order_id"],
            package_id=self.offer,
            package_name=wanted["name"],
            credits=wanted["credits"],
            unit_amount=wanted["unit_amount"],
            valid_days=wanted["valid_days"],
        )
        self.pages.append((order, "open"))
        self.tell(order, "open")
        return order.order_id

    def page_of(self, session_id: str) -> tuple[Order, str]:
        """Return the order and the state of a page."""
        (page,) = (page for page in self.pages if page[0].session_id == session_id)
        return page

    def tell(self, order: Order, state: str) -> None:
        """Record what became of an order."""
        self.purse.call("record_facts", Jsonb(order.facts(state, at=int(time.time()))))

    def act(self, act: tuple[Any, ...]) -> None:
        """Do one thing of a history."""
        match act:
            case ("click",):
                self.click()
            case ("click that Stripe does not answer",):
                self.click(answered=False)
            case ("become", number, choice) if number < len(self.pages):
                order, state = self.pages[number]
                states = NEXT.get(state, (state,))
                self.pages[number] = (order, states[choice % len(states)])
            case ("tell", number) if number < len(self.pages):
                self.tell(*self.pages[number])
            case ("withdraw",):
                self.purse.database.execute(
                    "update offers set withdrawn_at = now() where id = %s", [self.offer]
                )

    def payable(self) -> int:
        """Return how many pages can be paid, are being paid or were paid."""
        return sum(state in {"open", "processing", "paid"} for _, state in self.pages)


@settings(max_examples=examples(2))
@given(history=st.lists(ACTS, min_size=1, max_size=25))
# A bank has not confirmed the payment, and the buyer clicks again.
@example([("click",), ("become", 0, 1), ("tell", 0), ("click",)])
# A payment whose event was lost, and a page that expired unheard.
@example([("click",), ("become", 0, 0), ("click",)])
@example([("click",), ("become", 0, 2), ("click",), ("become", 1, 0), ("click",)])
def test_an_offer_has_one_page_that_can_be_paid(
    stack: RunningStack, history: list[tuple[Any, ...]]
) -> None:
    with stack.connect() as database:
        purse = Purse(database)
        shop = Shop(purse, offered(database, purse.user_id))
        for act in history:
            shop.act(act)
            assert shop.payable() <= 1
        # Everything is told in the end, in any order: what was paid is credited, once.
        for order, state in reversed(shop.pages):
            shop.tell(order, state)
        paid = sum(state == "paid" for _, state in shop.pages)
        assert purse.balance == 20_000 * paid
        purse.adds_up()
