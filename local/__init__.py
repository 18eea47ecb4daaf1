"""The whole product on one machine, no account anywhere: `make run`, and what the tests use."""
