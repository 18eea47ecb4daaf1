"""An order: what was bought, and how it is written into Stripe's metadata and read back.

Our server writes the metadata when checkout begins (https://docs.stripe.com/metadata), so the order
can be rebuilt from Stripe alone. Every name has the prefix purse_, because other integrations on
the same account write metadata too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from api._lib.payments.stripe_fields import InvalidStripeObjectError, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_ORDER_ID = "purse_order_id"
_LEDGER_ID = "purse_ledger_id"
_SEAL = "purse_seal"
_VALID_DAYS = "purse_valid_days"
_CANONICAL_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class InvalidOrderMetadataError(InvalidStripeObjectError):
    """Metadata with the id of an order, but with other parts missing or wrong.

    Our server always writes all of them, so somebody edited the metadata at Stripe.
    """


@dataclass(frozen=True)
class Order:
    """What was bought. It is fixed before the first request to Stripe.

    Attributes:
        order_id: Our own id. Stripe gets it as idempotency key, client_reference_id and metadata.
        user_id: The buyer's id in Supabase Auth.
        package_id: The package's id in the catalogue.
        package_name: The package's name at the time of the order.
        credits: Credits ordered.
        unit_amount: Price in minor units of the currency.
        currency: ISO 4217, lower case.
        valid_days: Days from payment until unspent credits expire; None if they never do.
        ledger_id: The ledger that began the order; None in metadata that does not say.
        seal: The database's proof that it began this order (sql/*_seals.sql); None as above.
    """

    order_id: str
    user_id: str
    package_id: str
    package_name: str
    credits: int
    unit_amount: int
    currency: str
    valid_days: int | None
    ledger_id: str | None
    seal: str | None

    def metadata(self) -> dict[str, str]:
        """Return the order as Stripe metadata."""
        metadata = {
            _ORDER_ID: self.order_id,
            "purse_user_id": self.user_id,
            "purse_package_id": self.package_id,
            "purse_package_name": self.package_name,
            "purse_credits": str(self.credits),
            "purse_unit_amount": str(self.unit_amount),
            "purse_currency": self.currency,
        }
        if self.valid_days is not None:
            metadata[_VALID_DAYS] = str(self.valid_days)
        if self.ledger_id is not None:
            metadata[_LEDGER_ID] = self.ledger_id
        if self.seal is not None:
            metadata[_SEAL] = self.seal
        return metadata


def order_in(metadata: Any) -> Order | None:
    """Return the order in an object's metadata, or None if there is none of ours.

    Raises:
        InvalidOrderMetadataError: It has the id of an order, but other parts are missing or wrong.
    """
    if not isinstance(metadata, dict) or _ORDER_ID not in metadata:
        return None
    try:
        return Order(
            order_id=_uuid(metadata, _ORDER_ID),
            user_id=_uuid(metadata, "purse_user_id"),
            package_id=text(metadata, "purse_package_id"),
            package_name=text(metadata, "purse_package_name"),
            credits=int(text(metadata, "purse_credits")),
            unit_amount=int(text(metadata, "purse_unit_amount")),
            currency=text(metadata, "purse_currency"),
            valid_days=int(text(metadata, _VALID_DAYS)) if _VALID_DAYS in metadata else None,
            ledger_id=_text_or_none(metadata, _LEDGER_ID),
            seal=_text_or_none(metadata, _SEAL),
        )
    except InvalidStripeObjectError as error:
        raise InvalidOrderMetadataError(error.field) from None
    except ValueError:  # not a UUID, or not a number
        raise InvalidOrderMetadataError("metadata") from None


def _uuid(metadata: Mapping[str, Any], field: str) -> str:
    """Return a UUID in lower case with hyphens. Parsing takes longer than recognising that form."""
    value = text(metadata, field)
    return value if _CANONICAL_UUID.fullmatch(value) else str(UUID(value))


def _text_or_none(metadata: Mapping[str, Any], field: str) -> str | None:
    """Return a text; None if it is missing, because the database decides what that means."""
    return text(metadata, field) if field in metadata else None
