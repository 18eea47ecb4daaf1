"""The whole product on one machine, without any account: `make run`, and what tests need."""
