"""credits/batches.py: charge_many() charges many users in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api._lib.credits.batches import MAX_CHARGES, Charge, charge_many
from api._lib.credits.spending import Spent
from api._lib.http_client import supabase_http
from api._lib.settings import settings
from local.environment import functions_settings
from tests.database.purse import Purse, key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack


@pytest.fixture
def purse(stack: RunningStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Purse]:
    """A purse with 500 credits; this process has the settings of a function."""
    for name, value in functions_settings(stack).items():
        monkeypatch.setenv(name, value)
    _forget()
    with stack.connect() as connection:
        purse = Purse(connection)
        purse.buy(500)
        yield purse
        # Another process would have settings and a client of its own.
        supabase_http().close()
    _forget()


def _forget() -> None:
    settings.cache_clear()
    supabase_http.cache_clear()


def test_each_charge_has_its_own_outcome(purse: Purse) -> None:
    first = Charge(purse.user_id, "docx_processing", 1, key())
    charges = [
        first,
        Charge(purse.user_id, "docx_processing", 1000, key()),
        Charge(purse.user_id, "docx_processing", 2, key()),
        first,
        Charge(purse.user_id, "docx_processing", 2, first.idempotency_key),
        Charge(purse.user_id, "unheard_of", 1, key()),
        Charge(purse.user_id, "docx_processing", 0, key()),
        Charge(purse.user_id, "docx_processing", 1, ""),
    ]
    outcomes = charge_many(charges)
    assert [outcome.charge for outcome in outcomes] == charges
    spent = outcomes[0].spent
    assert spent is not None
    assert spent == Spent(spent.transaction_id, 5, 495, replayed=False)
    assert outcomes[2].spent is not None
    assert outcomes[2].spent.balance == purse.balance == 485
    assert outcomes[3].spent == Spent(spent.transaction_id, 5, 495, replayed=True)
    errors = [outcome.error for outcome in outcomes]
    assert [error and (error.status, error.code) for error in errors] == [
        None,
        (402, "insufficient_credits"),
        None,
        None,
        (409, "idempotency_key_reused"),
        (404, "unknown_feature"),
        (400, "invalid_quantity"),
        (400, "invalid_idempotency_key"),
    ]
    assert errors[1] is not None
    assert errors[1].details == {"available": 495, "required": 5000}


def test_a_batch_again_is_replayed(purse: Purse) -> None:
    charges = [Charge(purse.user_id, "docx_processing", 1, key()) for _ in range(3)]
    spent = [outcome.spent for outcome in charge_many(charges)]
    again = [outcome.spent for outcome in charge_many(charges)]
    assert [each and (each.transaction_id, each.replayed) for each in again] == [
        each and (each.transaction_id, True) for each in spent
    ]
    assert purse.balance == 485


def test_a_reversed_charge_is_not_replayed(purse: Purse) -> None:
    charge = Charge(purse.user_id, "docx_processing", 1, key())
    [outcome] = charge_many([charge])
    assert outcome.spent is not None
    purse.reverse(outcome.spent.transaction_id)
    [again] = charge_many([charge])
    assert again.error is not None
    assert (again.error.status, again.error.code) == (409, "spend_reversed")
    assert purse.balance == 500


def test_the_key_of_several_holds_is_refused_once(purse: Purse) -> None:
    held = key()
    for _ in range(2):
        purse.call("release_hold", purse.hold(key=held)["hold_id"])
    [outcome] = charge_many([Charge(purse.user_id, "docx_processing", 1, held)])
    assert outcome.error is not None
    assert outcome.error.code == "idempotency_key_reused"


def test_a_key_used_within_a_batch_is_refused_before_an_invalid_quantity(purse: Purse) -> None:
    used = key()
    outcomes = charge_many(
        [Charge(purse.user_id, "docx_processing", quantity, used) for quantity in (1, 0)]
    )
    assert [outcome.error and outcome.error.code for outcome in outcomes] == [
        None,
        "idempotency_key_reused",
    ]


def test_a_locked_user_is_busy(stack: RunningStack, purse: Purse) -> None:
    charge = Charge(purse.user_id, "docx_processing", 1, key())
    with stack.connect() as other, other.transaction():
        other.execute("select from user_credits where user_id = %s for update", [purse.user_id])
        [outcome] = charge_many([charge])
    assert (outcome.busy, outcome.spent, outcome.error) == (True, None, None)
    [outcome] = charge_many([charge])
    assert outcome.spent is not None


def test_too_many_charges_are_an_error_of_the_program(purse: Purse) -> None:
    charge = Charge(purse.user_id, "docx_processing", 1, key())
    assert charge_many([]) == []
    with pytest.raises(ValueError, match="at most 500"):
        charge_many([charge] * (MAX_CHARGES + 1))
