"""Operators' commands for a deployment or the local stack: migrate, doctor, reconcile, rebuild."""
