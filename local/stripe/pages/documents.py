"""Serve the receipt of a charge, and an invoice as a page and as a PDF."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from flask import Flask, Response

from local.stripe.pages.pdf import pdf_of
from local.stripe.pages.rendering import render
from local.stripe.payments.currencies import formatted
from local.stripe.shapes.checkout_session import MERCHANT

if TYPE_CHECKING:
    from local.stripe.store import Json, Store


class Documents:
    """The documents of the payments of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def register(self, app: Flask) -> None:
        """Add the pages to the application."""
        app.add_url_rule("/receipts/<charge_id>", "receipt", self.receipt)
        app.add_url_rule("/invoices/<invoice_id>", "invoice", self.invoice)
        app.add_url_rule("/invoices/<invoice_id>/pdf", "invoice_pdf", self.invoice_pdf)

    def receipt(self, charge_id: str) -> Response:
        """GET a charge's receipt, at its receipt_url."""
        charge = self._find("charge", charge_id)
        if charge is None or charge["receipt_url"] is None:
            return render("receipt.html", 404, charge=None)
        return render("receipt.html", charge=charge, paid_at=_moment(charge["created"]))

    def invoice(self, invoice_id: str) -> Response:
        """GET an invoice's page, at its hosted_invoice_url."""
        invoice = self._find("invoice", invoice_id)
        if invoice is None or invoice["hosted_invoice_url"] is None:
            return render("invoice.html", 404, invoice=None)
        return render("invoice.html", invoice=invoice, made_at=_moment(invoice["created"]))

    def invoice_pdf(self, invoice_id: str) -> Response:
        """GET an invoice as a PDF, at its invoice_pdf."""
        invoice = self._find("invoice", invoice_id)
        if invoice is None or invoice["invoice_pdf"] is None:
            return render("invoice.html", 404, invoice=None)
        lines = [
            f"Invoice {invoice['number']} from {MERCHANT}",
            f"{_moment(invoice['created']):%d %B %Y}",
            *(f"{line['description']} x {line['quantity']}" for line in invoice["lines"]["data"]),
            f"Total {formatted(invoice['total'], invoice['currency'])}",
        ]
        name = f"Invoice-{invoice['number']}.pdf"
        return Response(
            pdf_of(lines),
            mimetype="application/pdf",
            headers={"Content-Disposition": f"attachment; filename={name}"},
        )

    def _find(self, kind: str, object_id: str) -> Json | None:
        with self._store.transaction() as transaction:
            return transaction.find(kind, object_id)


def _moment(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
