"""The API under /v1: authentication, parameters, endpoints, lists, errors, idempotency keys."""
