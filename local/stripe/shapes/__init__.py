"""Stripe's objects as JSON, at the pinned API version."""
