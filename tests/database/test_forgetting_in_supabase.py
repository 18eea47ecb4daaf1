"""A user is deleted in Supabase Auth, before or after the account is deleted here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.database.forgetting import customer_of, doctor, finish, forget, unfinished
from tests.database.purse import Purse, key

if TYPE_CHECKING:
    from psycopg import Connection

    from tests.support import Accounts, RunningStack

    Database = Connection[dict[str, Any]]


def test_a_user_that_is_deleted_in_supabase_leaves_the_ledger_whole(
    stack: RunningStack, database: Database, accounts: Accounts
) -> None:
    user = stack.sign_up()
    purse = Purse(database, user.id)
    purse.buy(500)
    purse.spend()
    purse.call("begin_purchase", user.id, "starter", False, 10)
    purse.call("link_stripe_customer", user.id, False, "cus_" + key())
    assert user.id not in purse.call("doctor_deleted")["gone"]
    accounts.delete(user)
    assert purse.ledger() == [("purchase", 500), ("spend", -5)]
    assert purse.balance == 495
    # Doctor says that the rest has to be deleted too.
    assert user.id in purse.call("doctor_deleted")["gone"]
    assert forget(purse)["credits_given_up"] == 495
    assert user.id not in purse.call("doctor_deleted")["gone"]


def test_while_supabase_has_the_user_a_deployment_of_either_mode_goes_on(
    stack: RunningStack, database: Database, accounts: Accounts
) -> None:
    """Each can delete the user there, whatever customers are left."""
    user = stack.sign_up()
    purse = Purse(database, user.id)
    customer_of(purse, livemode=True)
    forget(purse)
    assert UUID(user.id) in unfinished(purse, livemode=False)
    accounts.delete(user)
    assert UUID(user.id) not in unfinished(purse, livemode=False)


def test_a_user_who_comes_back_in_supabase_stays_refused(
    stack: RunningStack, database: Database, accounts: Accounts
) -> None:
    user = stack.sign_up()
    purse = Purse(database, user.id)
    forget(purse)
    assert finish(purse) is False
    accounts.delete(user)
    assert finish(purse) is True
    accounts.restore(user)
    assert purse.refusal("refresh_credits", user.id, 20) == ("PT403", "account_deleted")
    (left,) = doctor(purse)["left_behind"]
    assert left["what"] == ["a user in Supabase Auth"]
    accounts.delete(user)


def test_a_person_is_found_by_address(stack: RunningStack, database: Database) -> None:
    user = stack.sign_up()
    purse = Purse(database, user.id)
    assert str(purse.call("find_user", f" {user.email.upper()} ")) == user.id
    assert purse.call("find_user", "nobody@example.com") is None
