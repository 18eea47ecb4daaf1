"""The API under /v1: parameters, endpoints, lists, errors and idempotency keys."""
