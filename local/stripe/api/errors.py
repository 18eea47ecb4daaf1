"""Errors in the shape the Stripe API gives them."""

from typing import Any


class StripeError(Exception):
    """A refusal that reaches the caller as `{"error": {...}}`."""

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
        """The error as JSON; absent parts are left out, as Stripe does."""
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
    """A request that failed validation: nothing ran, so no idempotency key keeps it."""


def no_such(kind: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeError:
    """The error for an id that names nothing: 404 in a URL, 400 in a parameter."""
    return StripeError(
        f"No such {kind}: '{object_id}'", status=status, code="resource_missing", param=param
    )
