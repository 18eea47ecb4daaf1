"""Settings of the invoices that Stripe makes for packs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api._lib.environment_reader import EnvironmentReader


@dataclass(frozen=True)
class InvoiceSettings:
    """What a Checkout Session asks Stripe for besides the payment.

    Attributes:
        invoices: Whether Stripe makes an invoice after the payment, and collects tax ids for it.
    """

    invoices: bool


def read_invoice_settings(read: EnvironmentReader) -> InvoiceSettings:
    """Read the settings from the environment; problems are noted with the reader."""
    return InvoiceSettings(invoices=read.choice("INVOICES", "off", "on") == "on")
