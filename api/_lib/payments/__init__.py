"""Payments by Stripe: checkout, webhook, facts of Stripe's objects, reconciliation.

Imports nothing of api._lib.files.
"""
