"""Modules that the endpoints share. The underscore keeps Vercel from making functions of them."""

__version__ = "0.1.0"
