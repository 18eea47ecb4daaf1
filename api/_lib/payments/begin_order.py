"""Record an order in the database, before Stripe hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api._lib import database
from api._lib.errors import (
    ConflictError,
    NotFoundError,
    TooManyAttemptsError,
    TooManyDeclinesError,
    WrongLedgerModeError,
)
from api._lib.payments.order import Order

if TYPE_CHECKING:
    from api._lib.settings import Settings
    from api._lib.web.auth import User

# What begin_purchase answers beside the seconds to wait if payments were declined.
_DECLINES = "declines:"

CHECKOUT_ENDED = "This checkout has ended. Start another one with a new Idempotency-Key."
OFFER_BOUGHT = "This offer was bought already, or its payment is being confirmed."
# begin_purchase's other conflicts -> the sentence for the person. The detail is the code.
_CONFLICTS = {
    "purse_moved": "The credits of this account have moved to another account. Sign in there.",
    "idempotency_key_reused": (
        "This Idempotency-Key was used for another checkout. Use a new one."
    ),
    "checkout_ended": CHECKOUT_ENDED,
    "offer_bought": OFFER_BOUGHT,
    "offer_ended": "This offer has ended. Pick another pack, or ask the shop for a new offer.",
}


@dataclass(frozen=True)
class CheckoutRequest:
    """What a buyer asks for.

    Attributes:
        package_id: A package of the catalogue, or an offer made to the buyer.
        currency: The currency that the buyer wishes to pay in (ISO 4217, lower case); None for the
            package's own, which also counts where the package has no price in it.
        locale: The language of Stripe's page, such as "de"; "auto" leaves it to the browser.
        return_url: An address within ALLOWED_ORIGINS for after the payment; None for our own page.
        cancel_url: The same for a buyer who does not pay.
        idempotency_key: Under the same key the same request opens one checkout.
        withdrawal_waiver: The words with which the buyer gave up the right of withdrawal, as they
            saw them; None if they were not asked.
    """

    package_id: str
    currency: str | None = None
    locale: str = "auto"
    return_url: str | None = None
    cancel_url: str | None = None
    idempotency_key: str | None = None
    withdrawal_waiver: str | None = None


@dataclass(frozen=True)
class BegunOrder:
    """An order that is recorded in the database, and the buyer's Stripe customer.

    Attributes:
        order: What is bought.
        ordered_at: When it was recorded, in seconds since 1970 (UTC).
        customer_id: The Stripe customer, or None if the user has none yet.
        customer_has_email: Whether the customer has the user's present e-mail address.
        customer_key: The idempotency key for creating that customer.
        return_url: Where the buyer goes after the payment; None for our own page.
        cancel_url: Where the buyer goes who does not pay; None for our own page.
        open_session_id: Of an offer whose checkout was opened before: that Checkout Session.
    """

    order: Order
    ordered_at: int
    customer_id: str | None
    customer_has_email: bool
    customer_key: str
    return_url: str | None
    cancel_url: str | None
    open_session_id: str | None = None


def begin_order(user: User, request: CheckoutRequest, config: Settings) -> BegunOrder:
    """Record an order at the catalogue's present price.

    Raises:
        NotFoundError: No such package on sale, and no such offer to this user.
        WrongLedgerModeError: The ledger is live and the Stripe key a test key, or vice versa.
        ConflictError: The user's purse has moved, the key names another or an ended checkout, the
            shop asks for other consent than was given, or the offer was bought or has ended.
        TooManyAttemptsError: The user has reached the limit of orders a minute.
        TooManyDeclinesError: The user has reached the limit of declined payments an hour.
        DatabaseUnavailableError: The database cannot be reached.
    """
    _require_waiver(request.withdrawal_waiver, config.refunds.waiver)
    try:
        row: dict[str, Any] = database.call(
            "begin_purchase",
            p_user_id=user.id,
            p_package_id=request.package_id,
            p_livemode=config.livemode,
            p_orders_per_minute=config.orders_per_minute,
            p_declines_per_hour=config.declines_per_hour,
            p_email=user.email,
            p_idempotency_key=request.idempotency_key,
            p_return_url=request.return_url,
            p_cancel_url=request.cancel_url,
            p_currency=request.currency,
        )
    except database.DatabaseError as error:
        if error.code == "PT404":
            raise NotFoundError(
                "There is no such package on sale.", code="unknown_package"
            ) from None
        if error.code == "PT409" and error.detail in _CONFLICTS:
            raise ConflictError(_CONFLICTS[error.detail], code=error.detail) from None
        if error.code == "PT409":
            is_live = error.detail == "ledger_is_live"
            raise WrongLedgerModeError(ledger_is_live=is_live) from None
        if error.code == "PT429":
            detail = error.detail or "60"
            if detail.startswith(_DECLINES):
                raise TooManyDeclinesError(int(detail.removeprefix(_DECLINES))) from None
            raise TooManyAttemptsError(int(detail)) from None
        raise
    if request.withdrawal_waiver is not None:
        # Nobody can pay the order before this is recorded: Stripe hears of it later.
        database.call(
            "record_waiver",
            p_user_id=user.id,
            p_order_id=row["order_id"],
            p_wording=request.withdrawal_waiver,
        )
    order = Order(
        order_id=row["order_id"],
        user_id=user.id,
        package_id=row["package_id"],
        package_name=row["package_name"],
        credits=row["credits"],
        unit_amount=row["unit_amount"],
        currency=row["currency"],
        valid_days=row["valid_days"],
        ledger_id=row["ledger_id"],
        seal=row["seal"],
    )
    return BegunOrder(
        order,
        ordered_at=row["ordered_at"],
        customer_id=row["customer_id"],
        customer_has_email=row["customer_has_email"],
        customer_key=row["customer_key"],
        return_url=row["return_url"],
        cancel_url=row["cancel_url"],
        open_session_id=row["open_session_id"],
    )


def _require_waiver(given: str | None, asked: str | None) -> None:
    """Refuse a checkout without the consent that the shop asks for, or with another one."""
    if given is None and asked is not None:
        raise ConflictError(
            "Agree to the waiver of the right of withdrawal first. GET /api/config has its words.",
            code="waiver_required",
        )
    if given != asked:
        raise ConflictError(
            "The words about the right of withdrawal have changed. Read them again.",
            code="waiver_changed",
        )
