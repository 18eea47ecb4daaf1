"""credits/paid.py: paid() holds credits, runs the block, then captures or releases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api._lib.credits.paid import paid
from api._lib.credits.spending import capture, release
from api._lib.database import DatabaseError
from api._lib.errors import (
    ConflictError,
    InsufficientCreditsError,
    InvalidRequestError,
    NotFoundError,
)
from api._lib.http_client import supabase_http
from api._lib.settings import settings
from local.environment import functions_settings
from tests.database.purse import Purse, key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support import RunningStack


class WorkFailedError(Exception):
    """An error of the app's own work."""


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


def test_work_that_ends_is_paid_for(purse: Purse) -> None:
    with paid("docx_processing", purse.user_id) as work:
        assert purse.available == 495
        assert purse.balance == 500
    assert work.spent is not None
    assert (work.spent.credits, work.spent.balance) == (5, 495)
    assert purse.ledger()[-1] == ("spend", -5)


def test_work_that_fails_costs_nothing_and_its_error_is_the_caller_s(purse: Purse) -> None:
    with pytest.raises(WorkFailedError), paid("docx_processing", purse.user_id):
        raise WorkFailedError
    assert purse.available == 500
    assert purse.holds() == [("released", 0)]


def test_work_that_is_interrupted_costs_nothing(purse: Purse) -> None:
    with pytest.raises(KeyboardInterrupt), paid("docx_processing", purse.user_id):
        raise KeyboardInterrupt
    assert purse.holds() == [("released", 0)]


def test_work_nobody_can_pay_for_does_not_begin(purse: Purse) -> None:
    with (
        pytest.raises(InsufficientCreditsError) as refused,
        paid("premium_export", purse.user_id, quantity=34),
    ):
        raise AssertionError
    assert refused.value.details == {"available": 500, "required": 510}
    assert purse.holds() == []


def test_work_may_turn_out_cheaper_or_free(purse: Purse) -> None:
    with paid("docx_processing", purse.user_id, quantity=3) as work:
        work.charge = 7
    with paid("docx_processing", purse.user_id) as free:
        free.charge = 0
    assert free.spent is None
    assert purse.balance == 493
    assert purse.holds() == [("captured", 7), ("released", 0)]


def test_the_same_work_is_paid_for_once(purse: Purse) -> None:
    same = key()
    with paid("docx_processing", purse.user_id, idempotency_key=same):
        pass
    with (
        pytest.raises(ConflictError) as refused,
        paid("docx_processing", purse.user_id, idempotency_key=same),
    ):
        raise AssertionError
    assert refused.value.code == "hold_captured"
    assert purse.balance == 495


def test_work_that_died_may_be_taken_up_again_under_its_key(purse: Purse) -> None:
    same = key()
    purse.hold(key=same)
    with paid("docx_processing", purse.user_id, idempotency_key=same):
        pass
    assert purse.balance == 495
    assert purse.holds() == [("captured", 5)]


def test_work_that_failed_may_be_tried_again_under_its_key(purse: Purse) -> None:
    same = key()
    for _ in range(2):
        with (
            pytest.raises(WorkFailedError),
            paid("docx_processing", purse.user_id, idempotency_key=same),
        ):
            raise WorkFailedError
    with paid("docx_processing", purse.user_id, idempotency_key=same) as work:
        pass
    assert work.spent is not None
    assert purse.balance == 495
    assert purse.holds() == [("released", 0), ("released", 0), ("captured", 5)]


def test_work_that_was_paid_and_given_back_says_so(purse: Purse) -> None:
    same = key()
    with paid("docx_processing", purse.user_id, idempotency_key=same) as work:
        pass
    assert work.spent is not None
    purse.reverse(work.spent.transaction_id)
    with (
        pytest.raises(ConflictError) as refused,
        paid("docx_processing", purse.user_id, idempotency_key=same),
    ):
        raise AssertionError
    assert refused.value.code == "spend_reversed"
    assert purse.balance == 500


def test_work_may_turn_out_dearer_up_to_a_bound(purse: Purse) -> None:
    with paid("docx_processing", purse.user_id, at_most=20) as work:
        work.charge = 17
    assert work.spent is not None
    assert (work.spent.credits, work.spent.balance) == (17, 483)
    assert purse.holds() == [("captured", 17)]


@pytest.mark.parametrize(("at_most", "charge"), [(None, 6), (20, 21), (20, -1)])
def test_a_charge_out_of_bounds_is_named_and_leaves_no_hold(
    purse: Purse, at_most: int | None, charge: int
) -> None:
    with (
        pytest.raises(InvalidRequestError) as refused,
        paid("docx_processing", purse.user_id, at_most=at_most) as work,
    ):
        work.charge = charge
    assert refused.value.code == "charge_out_of_bounds"
    assert refused.value.message == f"The charge must be from 1 to {at_most or 5} credits."
    assert purse.available == 500
    assert purse.holds() == [("released", 0)]


@pytest.mark.parametrize(
    ("charge", "error"),
    [(4.5, InvalidRequestError), ("5", InvalidRequestError), (2**70, DatabaseError)],
)
def test_a_charge_that_is_no_number_of_credits_leaves_no_hold(
    purse: Purse, charge: Any, error: type[Exception]
) -> None:
    with pytest.raises(error), paid("docx_processing", purse.user_id, at_most=20) as work:
        work.charge = charge
    assert purse.available == 500
    assert purse.holds() == [("released", 0)]


def test_a_charge_beyond_what_is_free_is_refused_and_leaves_no_hold(purse: Purse) -> None:
    purse.spend(98)
    with (
        pytest.raises(InsufficientCreditsError) as refused,
        paid("docx_processing", purse.user_id, at_most=20) as work,
    ):
        work.charge = 11
    assert refused.value.details == {"available": 10, "required": 11}
    assert purse.available == 10
    assert purse.holds() == [("released", 0)]


def test_work_that_took_too_long_is_not_charged_and_says_so(purse: Purse) -> None:
    with (
        pytest.raises(ConflictError) as refused,
        paid("docx_processing", purse.user_id, hold_seconds=60),
    ):
        purse.time_passes(secs=61)
    assert refused.value.code == "hold_lapsed"
    assert purse.balance == 500


def test_what_is_not_there_is_said_in_the_words_of_each(purse: Purse) -> None:
    with pytest.raises(NotFoundError, match="unknown_feature"), paid("teleport", purse.user_id):
        raise AssertionError
    for end in (capture, release):
        with pytest.raises(NotFoundError, match="unknown_hold"):
            end(purse.user_id)


def test_it_serves_as_a_decorator_too(purse: Purse) -> None:
    @paid("docx_processing", purse.user_id)
    def process() -> str:
        return "done"

    assert process() == "done"
    assert purse.balance == 495
