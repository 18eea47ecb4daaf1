"""Two people's histories stay apart, whatever one of them asks for."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api._lib.credits.history import KINDS
from tests import shop
from tests.database.purse import Purse, key
from tests.profiles import examples
from tests.stripe_events import Order, event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from tests.support import RunningStack, User

    Database = Connection[dict[str, Any]]

CREDITS, EXPORT = "/api/credits", "/api/credits/export"


@dataclass(frozen=True)
class Owner:
    """Somebody with a history.

    Attributes:
        user: Who it is.
        open_session: A checkout of theirs that is not paid yet.
        private: Ids and texts that are only theirs.
        entries: The ids of their ledger rows.
    """

    user: User
    open_session: str
    private: frozenset[str]
    entries: tuple[str, ...]


@pytest.fixture(scope="module")
def owners(stack: RunningStack) -> Iterator[tuple[Owner, Owner]]:
    """Two people who did the same, with texts of their own."""
    with stack.connect() as database:
        yield owner(stack, database, "Ada"), owner(stack, database, "Ben")


def owner(stack: RunningStack, database: Database, name: str) -> Owner:
    user = stack.sign_up()
    purse = Purse(database, user.id)
    bought, failed = Order(user_id=user.id), Order(user_id=user.id)
    for told in (
        event("checkout.session.completed", bought.session()),
        event("payment_intent.payment_failed", failed.declined_intent()),
        event("checkout.session.expired", failed.session("expired", "unpaid")),
    ):
        assert stack.deliver(told).status_code == 200
    begun = purse.call(
        "begin_file",
        *(user.id, "txt_upload", f"{name}s 100%_\\.txt", 10, "text/plain", key()),
        900,
        [],
    )
    ((hold_id,),) = (
        row.values()
        for row in database.execute(
            "select hold_id::text from files where id = %s", [begun["file"]["id"]]
        )
    )
    purse.capture(hold_id)
    purse.grant(5, reason=f"For {name} alone")
    entries = tuple(
        entry["id"] for entry in stack.get(CREDITS, headers=user.auth).json()["transactions"]
    )
    open_session = shop.begin(stack, user)
    private = {
        *(f"{name}s 100%", f"For {name} alone", user.id, user.email),
        *(bought.order_id, failed.order_id, bought.session_id, failed.session_id, open_session),
    }
    shown = stack.get(f"{CREDITS}?payments=true&session_id={open_session}", headers=user.auth)
    assert {each for each in private if each in shown.text} >= {
        *(f"{name}s 100%", f"For {name} alone", bought.order_id, failed.order_id)
    }
    return Owner(user, open_session, frozenset(private), entries)


TEXTS = st.one_of(
    st.sampled_from(["%", "_", "\\", "Ada", "Ben", "alone", "100%_\\", "'--", "a" * 80, "%" * 80]),
    st.text(max_size=90),
)
NUMBERS = st.one_of(st.integers().map(str), st.sampled_from(["9" * 18, "9" * 19, "9" * 400, "0"]))


@st.composite
def queries(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Draw parameters that make sense and others, some of them twice; {…} are the other's."""
    values = {
        "kind": st.lists(st.sampled_from([*KINDS, "x"]), max_size=14).map(",".join),
        "feature": st.sampled_from(["txt_upload", "docx_processing", "", "x'--"]),
        "q": TEXTS | st.sampled_from(["{name}"]),
        "cursor": st.sampled_from(["{first}", "{last}"]) | NUMBERS,
        "limit": NUMBERS | st.sampled_from(["1", "100"]),
        "session_id": st.sampled_from(["{session}", "cs_none", "cs_" + "a" * 250]),
        "payments": st.sampled_from(["true", "false"]),
        "balances": NUMBERS | st.sampled_from(["1", "366"]),
        "usage": st.sampled_from(["true", "1"]),
        "user_id": st.sampled_from(["{user}"]),
        "p_user_id": st.sampled_from(["{user}"]),
        "action": st.sampled_from(["export", "x", ""]),
    }
    names = draw(st.lists(st.sampled_from(sorted(values)), max_size=6))
    return [(name, draw(values[name])) for name in names]


@settings(max_examples=examples(cost=2))
@given(
    query=queries(), path=st.sampled_from([CREDITS, CREDITS, CREDITS, EXPORT]), first=st.booleans()
)
def test_nothing_of_anothers_history_is_ever_in_an_answer(
    stack: RunningStack,
    owners: tuple[Owner, Owner],
    query: list[tuple[str, str]],
    path: str,
    first: bool,
) -> None:
    asking, other = owners if first else owners[::-1]
    known = {
        "{name}": next(text for text in sorted(other.private) if text.startswith("For ")),
        "{first}": other.entries[-1],
        "{last}": str(int(other.entries[0]) + 1),
        "{session}": other.open_session,
        "{user}": other.user.id,
    }
    sent = [(name, known.get(value, value).encode("utf-8", "replace")) for name, value in query]
    answer = stack.get(f"{path}?{urlencode(sent)}", headers=asking.user.auth)
    assert answer.status_code in {200, 400, 404, 429}
    assert answer.headers["cache-control"] == "no-store"
    text = answer.content.decode()
    assert not [private for private in other.private if private in text]
    if answer.status_code == 200 and answer.headers["content-type"] == "application/json":
        body = answer.json()
        assert {entry["id"] for entry in body["transactions"]} <= set(asking.entries)
        assert body["purchase"] is None
        assert body["purchase_lookup"] in {None, "not_found", "pending"}
    elif answer.status_code == 200:
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len(rows) <= len(asking.entries) + 1


def test_the_pause_before_stripe_is_asked_again_is_the_persons_and_not_the_sessions(
    stack: RunningStack, owners: tuple[Owner, Owner], database: Database
) -> None:
    asking, other = owners

    def asked(session_id: str) -> Any:
        query = f"{CREDITS}?session_id={session_id}"
        return stack.get(query, headers=asking.user.auth).json()["purchase_lookup"]

    database.execute("delete from stripe_lookups where user_id = %s", [asking.user.id])
    assert asked("cs_one") == "not_found"
    # However long the answers take.
    database.execute(
        "update stripe_lookups set looked_up_at = looked_up_at + interval '1 hour'"
        " where user_id = %s",
        [asking.user.id],
    )
    assert {asked(each) for each in ("cs_one", "cs_two", other.open_session)} == {"pending"}
