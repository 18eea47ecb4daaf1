"""What was ordered, as it travels in Stripe's metadata, from which alone it can be rebuilt.

Our server writes it when checkout begins (https://docs.stripe.com/metadata); every name has a
prefix, since other integrations of the account write metadata too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api._lib.payments.stripe_fields import UnreadableError, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_ORDER_ID = "purse_order_id"
_PROJECT = "purse_project"
_VALID_DAYS = "purse_valid_days"


class NotAnOrderError(UnreadableError):
    """Metadata that names an order of ours, but not all of it: somebody edited it at Stripe."""


@dataclass(frozen=True)
class Order:
    """What was ordered, fixed before Stripe heard of it.

    Attributes:
        order_id: Our own id: Stripe's idempotency key, client_reference_id and metadata.
        user_id: The buyer's id in Supabase Auth.
        package_id: The package's id in the catalogue.
        package_name: Its name when it was ordered.
        credits: Credits ordered.
        unit_amount: Price in minor units of the currency.
        currency: ISO 4217, lower case.
        valid_days: Days from payment until what is left of the credits lapses; None is never.
    """

    order_id: str
    user_id: str
    package_id: str
    package_name: str
    credits: int
    unit_amount: int
    currency: str
    valid_days: int | None = None

    def metadata(self, project: str) -> dict[str, str]:
        """Return the order as Stripe metadata, marked with the project whose user ordered."""
        metadata = {
            _ORDER_ID: self.order_id,
            _PROJECT: project,
            "purse_user_id": self.user_id,
            "purse_package_id": self.package_id,
            "purse_package_name": self.package_name,
            "purse_credits": str(self.credits),
            "purse_unit_amount": str(self.unit_amount),
            "purse_currency": self.currency,
        }
        if self.valid_days is not None:
            metadata[_VALID_DAYS] = str(self.valid_days)
        return metadata


def order_in(metadata: Any) -> Order | None:
    """Return the order that metadata carries, or None if it is none of ours.

    Raises:
        NotAnOrderError: It names an order of ours but does not carry all of it.
    """
    if not isinstance(metadata, dict) or _ORDER_ID not in metadata:
        return None
    try:
        return Order(
            order_id=str(UUID(text(metadata, _ORDER_ID))),
            user_id=str(UUID(text(metadata, "purse_user_id"))),
            package_id=text(metadata, "purse_package_id"),
            package_name=text(metadata, "purse_package_name"),
            credits=int(text(metadata, "purse_credits")),
            unit_amount=int(text(metadata, "purse_unit_amount")),
            currency=text(metadata, "purse_currency"),
            valid_days=int(text(metadata, _VALID_DAYS)) if _VALID_DAYS in metadata else None,
        )
    except UnreadableError as error:
        raise NotAnOrderError(error.field) from None
    except ValueError:  # no UUID, or no number
        raise NotAnOrderError("metadata") from None


def is_marked(metadata: Mapping[str, Any], project: str) -> bool:
    """Whether the order was begun by this project, and not by another on the same account."""
    return metadata.get(_PROJECT) == project
