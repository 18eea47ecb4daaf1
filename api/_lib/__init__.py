"""Modules that the endpoints share. The underscore keeps Vercel from making functions of them."""

__version__ = "0.1.0"

# The newest file of sql/. These functions need it in the database; GET /api/health looks for it.
SCHEMA_VERSION = "20261128000090"
