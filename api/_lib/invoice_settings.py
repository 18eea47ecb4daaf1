"""Settings of the invoices that Stripe makes for packs, and of the tax that it computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

if TYPE_CHECKING:
    from api._lib.environment_reader import EnvironmentReader

TaxBehavior = Literal["inclusive", "exclusive"]


@dataclass(frozen=True)
class InvoiceSettings:
    """What a Checkout Session asks Stripe for besides the payment.

    Attributes:
        invoices: Whether Stripe makes an invoice after the payment, and collects tax ids for it.
        tax_behavior: Whether the prices of packs include tax, or tax is added to them; None if
            Stripe computes no tax.
    """

    invoices: bool
    tax_behavior: TaxBehavior | None


def read_invoice_settings(read: EnvironmentReader) -> InvoiceSettings:
    """Read the settings from the environment; problems are noted with the reader."""
    is_automatic = read.choice("TAX", "off", "automatic") == "automatic"
    behavior = read.first("TAX_BEHAVIOR")
    if behavior not in {None, "inclusive", "exclusive"}:
        read.problems.append("TAX_BEHAVIOR must be inclusive or exclusive")
    elif is_automatic and not behavior:
        # No default: a price that is shown without its tax, or taxed twice, is a costly mistake.
        read.problems.append("TAX=automatic needs TAX_BEHAVIOR=inclusive or exclusive")
    elif behavior and not is_automatic:
        read.problems.append("TAX_BEHAVIOR needs TAX=automatic")
    return InvoiceSettings(
        invoices=read.choice("INVOICES", "off", "on") == "on",
        tax_behavior=cast("TaxBehavior | None", behavior) if is_automatic else None,
    )
