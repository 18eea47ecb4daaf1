"""Spend credits: at once, or held while work runs and captured when it succeeds."""
