"""What happens to money: checkout sessions, payments, refunds, disputes, balance transactions."""
