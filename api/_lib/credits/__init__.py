"""Spend credits at once, or hold them while work runs and capture them when it succeeds.

Imports nothing of api._lib.files.
"""
