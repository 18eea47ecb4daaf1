"""Codes: a campaign's credits once for each person and address, refusals that tell nothing."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest

from api._lib.credits.codes import hash_of
from tests.database.campaigns import Campaign, campaign
from tests.database.purse import Purse

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import RunningStack

    Database = Connection[dict[str, Any]]

REFUSED = {"outcome": "refused"}
REDEEMED = {"outcome": "redeemed", "credits": 50, "campaign": "Book fair"}


def network() -> str:
    """Return a network address that nobody has tried from."""
    return f"network-{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Person:
    """Somebody with an address, who tries codes from a network address of their own."""

    database: Database
    id: str = field(default_factory=lambda: str(uuid4()))
    address: str = field(default_factory=lambda: f"{uuid4()}@example.com")

    def redeem(self, code: str, *, origin: str | None = None, by_user: int = 10) -> dict[str, Any]:
        """Redeem a code; `by_user` is how often this person may try in an hour."""
        row = self.database.execute(
            "select redeem_code(%s, %s, %s, %s, %s, 100) as answer",
            [self.id, self.address, origin or network(), hash_of(code), by_user],
        ).fetchone()
        assert row
        answer: dict[str, Any] = row["answer"]
        return answer

    def redeem_in_the_end(self, code: str) -> str:
        """Redeem a code however long others hold what it locks; return the outcome."""
        for _ in range(1_000):
            try:
                return str(self.redeem(code)["outcome"])
            except psycopg.errors.LockNotAvailable:
                continue
        raise AssertionError(f"{code} is locked for good")


@pytest.fixture
def purse(database: Database) -> Purse:
    return Purse(database)


def test_a_code_gives_a_lot_named_after_its_campaign(database: Database, purse: Purse) -> None:
    code = campaign(database, valid_days=30).code
    assert Person(database, purse.user_id).redeem(code) == REDEEMED
    row = database.execute(
        """
        select t.kind, t.amount, t.actor, t.reason, l.name, l.expires_at - t.created_at as lasts
        from credit_transactions t
        join credit_lots l on l.user_id = t.user_id
        join code_redemptions r on r.transaction_id = t.id
        where t.user_id = %s
        """,
        [purse.user_id],
    ).fetchone()
    assert row
    assert round(row.pop("lasts").total_seconds() / 86_400) == 30
    assert row == {
        "kind": "bonus",
        "amount": 50,
        "actor": "code",
        "reason": "Book fair",
        "name": "Book fair",
    }
    purse.adds_up()


def test_the_same_person_and_code_again_is_replayed_and_gives_nothing(
    database: Database, purse: Purse
) -> None:
    code = campaign(database, once=True).code
    assert Person(database, purse.user_id).redeem(code) == REDEEMED
    assert Person(database, purse.user_id).redeem(code) == {**REDEEMED, "outcome": "replayed"}
    assert purse.balance == 50


def test_a_campaign_gives_once_for_each_person_and_address(database: Database) -> None:
    made = campaign(database)
    assert made.add("ANOTHER" + made.code) == 1
    ada = Person(database, address=f"Ada-{made.code}@example.com")
    assert ada.redeem(made.code) == REDEEMED
    assert Person(database, ada.id).redeem("ANOTHER" + made.code) == REFUSED
    assert Person(database, address=f" ada-{made.code}@EXAMPLE.com").redeem(made.code) == REFUSED
    assert Person(database).redeem(made.code) == REDEEMED


def test_unknown_used_up_and_out_of_time_are_answered_alike(database: Database) -> None:
    used = campaign(database, once=True)
    assert Person(database).redeem(used.code)["outcome"] == "redeemed"
    codes = [
        used.code,
        "NOSUCHCODE",
        campaign(database, starts_at="2099-01-01T00:00:00Z").code,
        campaign(database, ends_at="2020-01-01T00:00:00Z").code,
    ]
    person = Person(database)
    assert [person.redeem(code) for code in codes] == [REFUSED] * 4
    assert Purse(database, person.id).balance == 0


def test_a_code_for_new_customers_is_for_people_who_never_bought(
    database: Database, purse: Purse
) -> None:
    code = campaign(database, new_customers_only=True).code
    assert Person(database).redeem(code) == REDEEMED
    purse.buy(10)
    assert Person(database, purse.user_id).redeem(code) == REFUSED
    assert purse.balance == 10
    # What a guest bought before they had an account counts as well.
    owner = Person(database)
    database.execute("select move_purse(%s, %s, 'ann', 'signed in')", [purse.user_id, owner.id])
    assert owner.redeem(code) == REFUSED


def test_of_many_people_at_once_one_gets_a_code_that_works_once(
    stack: RunningStack, database: Database
) -> None:
    code = campaign(database, once=True).code

    def try_it(_number: int) -> str:
        with stack.connect() as connection:
            return Person(connection).redeem_in_the_end(code)

    with ThreadPoolExecutor(8) as people:
        outcomes = sorted(people.map(try_it, range(8)))
    assert outcomes == ["redeemed"] + ["refused"] * 7


def test_two_accounts_of_one_address_at_once_are_given_it_once(
    stack: RunningStack, database: Database
) -> None:
    made = campaign(database)
    codes = [f"{made.code}{number}" for number in range(6)]
    assert made.add(*codes) == 6

    def try_it(code: str) -> str:
        with stack.connect() as connection:
            return Person(connection, address=made.code).redeem_in_the_end(code)

    with ThreadPoolExecutor(6) as people:
        outcomes = sorted(people.map(try_it, codes))
    assert outcomes == ["redeemed"] + ["refused"] * 5


def test_attempts_are_limited_for_a_user_and_a_network_address(database: Database) -> None:
    person = Person(database)
    assert [person.redeem("NOSUCHCODE", by_user=3) for _ in range(3)] == [REFUSED] * 3
    limited = person.redeem(campaign(database).code, by_user=3)
    assert limited["outcome"] == "limited"
    assert 3500 < limited["retry_after"] <= 3600

    origin, code = network(), campaign(database).code
    for _ in range(100):
        assert Person(database).redeem("NOSUCHCODE", origin=origin) == REFUSED
    assert Person(database).redeem(code, origin=origin)["outcome"] == "limited"
    assert Person(database).redeem(code) == REDEEMED


def test_a_person_past_their_limit_does_not_use_up_their_networks(database: Database) -> None:
    origin, noisy = network(), Person(database)
    outcomes = [noisy.redeem("NOSUCHCODE", origin=origin)["outcome"] for _ in range(110)]
    assert outcomes == ["refused"] * 10 + ["limited"] * 100
    assert Person(database).redeem(campaign(database).code, origin=origin) == REDEEMED


def test_after_an_hour_a_person_may_try_again_and_old_counts_go(database: Database) -> None:
    person = Person(database)
    assert person.redeem("NOSUCHCODE", by_user=1) == REFUSED
    assert person.redeem("NOSUCHCODE", by_user=1)["outcome"] == "limited"
    database.execute("update code_attempts set began_at = began_at - interval '1 hour'")
    assert person.redeem(campaign(database).code, by_user=1) == REDEEMED

    database.execute("delete from code_attempts")
    people = [Person(database) for _ in range(3)]
    for each in people:
        each.redeem("NOSUCHCODE")
    database.execute("update code_attempts set began_at = began_at - interval '2 days'")
    Person(database).redeem("NOSUCHCODE")
    row = database.execute("select count(*) as kept from code_attempts").fetchone()
    assert row == {"kept": 2}  # of the last person and their network address


def test_a_deleted_account_redeems_nothing_and_its_address_is_remembered(
    database: Database, purse: Purse
) -> None:
    code = campaign(database).code
    assert Person(database, purse.user_id, "gone@example.com").redeem(code) == REDEEMED
    database.execute("select forget_user(%s, 'ann', 'they asked')", [purse.user_id])
    with pytest.raises(psycopg.Error) as caught:
        Person(database, purse.user_id).redeem(code)
    assert caught.value.sqlstate == "PT403"
    assert Person(database, address="gone@example.com").redeem(code) == REFUSED
    row = database.execute(
        "select count(*) as n from code_redemptions where user_id = %s", [purse.user_id]
    ).fetchone()
    assert row == {"n": 0}


def test_codes_are_added_to_a_campaign_with_the_same_terms_only(database: Database) -> None:
    made = campaign(database)
    assert made.add(made.code) == 0
    assert made.add(made.code, "B" + made.code) == 1
    other = Campaign(database, made.code, {**made.terms, "credits": 51})
    with pytest.raises(psycopg.Error) as caught:
        other.add("C" + made.code)
    assert caught.value.sqlstate == "PT409"
    elsewhere = Campaign(database, made.code, {**made.terms, "id": made.terms["id"] + "-2"})
    with pytest.raises(psycopg.Error) as caught:
        elsewhere.add(made.code)
    assert caught.value.sqlstate == "PT409"


@pytest.mark.parametrize(
    "wrong",
    [
        {"credits": 0},
        {"credits": None},
        {"name": " "},
        {"id": "Not a word"},
        {"valid_days": 0},
        {"starts_at": "2027-01-02T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"},
    ],
)
def test_terms_that_make_no_sense_are_refused(database: Database, wrong: dict[str, Any]) -> None:
    with pytest.raises(psycopg.IntegrityError):
        campaign(database, **wrong)
