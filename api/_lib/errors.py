"""Every error a client can be told about: a stable code, an HTTP status, a sentence to act on."""

from __future__ import annotations


class PurseError(Exception):
    """A request that ends in an error answer.

    Args:
        message: A sentence for the person who reads it; never an exception's text.
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
    """401: no access token, or one that does not hold."""

    status = 401
    code = "unauthorized"
    message = "Please sign in."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, headers={"WWW-Authenticate": "Bearer"})


class InsufficientCreditsError(PurseError):
    """402: fewer credits are free than this costs. Nothing was spent."""

    status = 402
    code = "insufficient_credits"

    def __init__(self, *, available: int, required: int) -> None:
        super().__init__(
            f"This takes {required:,} credits and {max(available, 0):,} are available."
            " Buy a pack to go on.",
            details={"available": available, "required": required},
        )


class NotFoundError(PurseError):
    """404: no such thing."""

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


class BodyTooLargeError(PurseError):
    """413: more bytes than this endpoint reads."""

    status = 413
    code = "body_too_large"
    message = "The request body is too large."


class UnsupportedMediaTypeError(PurseError):
    """415: not JSON."""

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


class StripeFailedError(PurseError):
    """502: Stripe did not answer, or refused."""

    status = 502
    code = "stripe_failed"
    message = "The payment service did not answer. Nothing was charged; please try again."


class UnavailableError(PurseError):
    """503: something we depend on is away, or switched off; the client should come back."""

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
    """503: the database is away. Nothing was recorded, or the caller cannot know: ask again."""

    code = "database_unavailable"
    message = "The database cannot be reached right now. Nothing is lost; please try again."


class StorageUnavailableError(UnavailableError):
    """503: the file storage is away, or refuses us. Nothing was charged."""

    code = "storage_unavailable"
    message = "The file storage cannot be reached right now. Nothing was charged; please try again."


class NotConfiguredError(UnavailableError):
    """503: this deployment lacks settings that the endpoint needs."""

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
