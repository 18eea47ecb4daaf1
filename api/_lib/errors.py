"""The errors that clients see: each has a stable code, an HTTP status and a sentence to act on."""

from __future__ import annotations


class PurseError(Exception):
    """An error that becomes the answer to a request.

    Args:
        message: A sentence for a person; never an exception's text.
        code: Overrides the class's stable snake_case code.
        headers: Further response headers, such as Retry-After.
        details: Further fields of the error object, for programs.
    """

    status = 500
    code = "internal_error"
    message = "Something went wrong on our side. Please try again."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        headers: dict[str, str] | None = None,
        details: dict[str, int] | None = None,
    ) -> None:
        self.message = message or self.message
        self.code = code or self.code
        self.headers = headers or {}
        self.details = details or {}
        super().__init__(f"{self.status} {self.code}")


class InvalidRequestError(PurseError):
    """400: the request cannot be understood."""

    status = 400
    code = "invalid_request"
    message = "The request is not valid."


class UnauthorizedError(PurseError):
    """401: the access token is missing or not valid."""

    status = 401
    code = "unauthorized"
    message = "Please sign in."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class AccountDeletedError(PurseError):
    """403: the account was deleted. Its token is still valid, but nothing is done for it."""

    status = 403
    code = "account_deleted"
    message = "This account was deleted."


class AddressRequiredError(PurseError):
    """403: only an account with an address may do this, and this is a guest's."""

    status = 403
    code = "address_required"
    message = "Add an e-mail address to your account first."


class ForbiddenError(PurseError):
    """403: the caller is known, and may not do this."""

    status = 403
    code = "forbidden"
    message = "You may not do this."


class InsufficientCreditsError(PurseError):
    """402: the user has fewer credits available than this costs. Nothing was spent."""

    status = 402
    code = "insufficient_credits"

    def __init__(self, *, available: int, required: int) -> None:
        super().__init__(
            f"This takes {required:,} credits and {max(available, 0):,} are available."
            " Buy a pack to go on.",
            details={"available": available, "required": required},
        )


class NotFoundError(PurseError):
    """404: there is no such path, package, feature, file or order."""

    status = 404
    code = "not_found"
    message = "There is nothing here."


class MethodNotAllowedError(PurseError):
    """405, with the methods that are allowed."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, allowed: str) -> None:
        super().__init__(f"Use {allowed} here.", headers={"Allow": allowed})


class ConflictError(PurseError):
    """409: contradicts what is already recorded."""

    status = 409
    code = "conflict"
    message = "This contradicts an earlier request."


class WrongLedgerModeError(ConflictError):
    """409: the Stripe key is a test key and the ledger is live, or the other way round."""

    code = "wrong_ledger_mode"

    def __init__(self, *, ledger_is_live: bool) -> None:
        super().__init__(
            "This site has a Stripe test key, but its database holds the live shop's credits."
            " Nothing can be bought here. Its owner has to give it a database of its own for tests."
            if ledger_is_live
            else "This site has a live Stripe key, but its database holds test credits. Nothing can"
            " be bought yet. Its owner has to run: make go-live"
        )


class BodyTooLargeError(PurseError):
    """413: the body is larger than this endpoint's limit."""

    status = 413
    code = "body_too_large"
    message = "The request body is too large."


class UnsupportedMediaTypeError(PurseError):
    """415: the body is not declared as JSON."""

    status = 415
    code = "unsupported_media_type"
    message = "Send JSON, with Content-Type: application/json."


class TooManyAttemptsError(PurseError):
    """429, with the seconds to wait."""

    status = 429
    code = "too_many_attempts"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            f"Too many attempts. Please try again in {retry_after_seconds} s.",
            headers={"Retry-After": str(retry_after_seconds)},
        )


class TooManyDeclinesError(PurseError):
    """429: too many of the user's payments were declined. Says when checkout opens again."""

    status = 429
    code = "too_many_declines"

    def __init__(self, retry_after_seconds: int) -> None:
        minutes = -(-retry_after_seconds // 60)
        super().__init__(
            "Too many payments were declined. Checkout opens again in"
            f" {minutes} {'minute' if minutes == 1 else 'minutes'}.",
            headers={"Retry-After": str(retry_after_seconds)},
        )


class StripeFailedError(PurseError):
    """502: Stripe did not answer, or failed. A retry may work."""

    status = 502
    code = "stripe_failed"
    message = "The payment service did not answer. Nothing was charged; please try again."


class StripeRefusedError(StripeFailedError):
    """502: Stripe refused our request: the key or the request is wrong. A retry does not help."""

    code = "stripe_refused"
    message = (
        "The payment service refused our request. Nothing was charged. We have to look into it."
    )


class UnsellablePriceError(StripeRefusedError):
    """502: Stripe does not charge the package's price. A retry does not help."""

    code = "unsellable_price"
    message = (
        "This pack cannot be sold at its present price. Nothing was charged; please choose another."
    )


class UnavailableError(PurseError):
    """503: a service that we depend on is unreachable, or switched off. Retry later."""

    status = 503
    code = "unavailable"
    message = "This is not available right now. Please try again shortly."

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        retry_after_seconds: int = 5,
    ) -> None:
        super().__init__(message, code=code, headers={"Retry-After": str(retry_after_seconds)})


class DatabaseUnavailableError(UnavailableError):
    """503: the database cannot be reached. The outcome is unknown; retry with the same key."""

    code = "database_unavailable"
    message = "The database cannot be reached right now. Nothing is lost; please try again."


class BusyError(DatabaseUnavailableError):
    """503: other requests hold the same account or order. Nothing was changed."""

    code = "busy"
    message = "Other requests are changing the same account. Nothing was changed; please try again."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=1)


class DatabaseReadOnlyError(DatabaseUnavailableError):
    """503: the database accepts no changes, as when its disk is full. Nothing was changed."""

    code = "database_read_only"
    message = "Nothing can be changed at the moment. Nothing is lost; please try again later."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=60)


class StorageUnavailableError(UnavailableError):
    """503: the file storage cannot be reached, or refuses our key. Nothing was charged."""

    code = "storage_unavailable"
    message = "The file storage cannot be reached right now. Nothing was charged; please try again."


class NotConfiguredError(UnavailableError):
    """503: settings that this endpoint needs are missing or wrong."""

    code = "not_configured"
    message = "This deployment is not configured yet. GET /api/health names what is missing."

    def __init__(self, problems: tuple[str, ...], message: str | None = None) -> None:
        super().__init__(message, retry_after_seconds=60)
        self.problems = problems


class PaymentsDisabledError(UnavailableError):
    """503: PAYMENTS_ENABLED is false."""

    code = "payments_disabled"
    message = "Payments are switched off at the moment. Please come back later."

    def __init__(self) -> None:
        super().__init__(retry_after_seconds=300)
