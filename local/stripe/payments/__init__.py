"""Customers, checkout sessions, payments, refunds, disputes and balance transactions."""
