"""Errors as the Stripe API reports them."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An error that the caller receives as `{"error": {...}}`."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.param = param
        self.kind = kind

    def body(self) -> dict[str, Any]:
        """Return the JSON body. Members without a value are left out, as at Stripe."""
        error: dict[str, Any] = {}
        if self.code:
            error["code"] = self.code
            slug = self.code.replace("_", "-")
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{slug}"
        error["message"] = self.message
        if self.param:
            error["param"] = self.param
        error["type"] = self.kind
        return {"error": error}


class InvalidParameterError(StripeError):
    """The request failed validation. Nothing ran, so the error is not stored under its key."""


def no_such(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeError:
    """Return the error for an unknown id: status 404 for an id in the URL, 400 in a parameter."""
    return StripeError(
        f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param
    )
