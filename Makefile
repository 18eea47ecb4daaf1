# Every command of the project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run reconcile rebuild doctor test check migrate lock format tools bench cold-start

VENV := .venv/bin
export RESET PORT DATABASE_URL APPLY EMAIL SINCE ROUNDS SECONDS

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the whole product here, no account needed (PORT=… moves it, RESET=1 begins anew)
	@./local/venv.sh local/requirements.txt
	@exec $(VENV)/python -m local

doctor: ## Say what is wrong and what to do about it (EMAIL=… one person's orders, SINCE=2026-11-01)
	@./local/venv.sh local/requirements.txt
	@$(VENV)/python -m ops.doctor $(if $(SINCE),--since "$$SINCE") $(if $(EMAIL),"$$EMAIL")

reconcile: ## Put into the ledger what Stripe has and it lacks (SINCE=2026-11-01, else the last run)
	@./local/venv.sh local/requirements.txt
	@$(VENV)/python -m ops.reconcile $(if $(SINCE),--since "$$SINCE")

rebuild: ## Show what the ledger would be by Stripe alone; APPLY=1 writes what is missing
	@./local/venv.sh local/requirements.txt
	@$(VENV)/python -m ops.rebuild

test: tools ## Install what the tests need and run all of them (ARGS=… goes to pytest)
	@$(VENV)/python -m pytest $(ARGS)

check: ## Lint, formatting and types: what CI checks before the tests
	@./local/venv.sh tests/requirements.txt
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy api local ops server

format: ## Put the code into its form
	@./local/venv.sh tests/requirements.txt
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

migrate: ## Apply sql/ to the database in DATABASE_URL; safe to run again
	@./local/venv.sh local/requirements.txt
	@$(VENV)/python -m ops.migrate

bench: ## Measure spending beside the least that any ledger must do, on one Postgres (ROUNDS=5 SECONDS=4)
	@./local/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.bench.spending

cold-start: tools ## Measure the functions' cold starts as built by Vercel's own CLI
	@$(VENV)/python -m tests.vercel.cold_start

lock: ## Pin every package and its hashes anew from the .in files
	@./local/venv.sh tests/requirements.txt
	@for file in requirements local/requirements tests/requirements; do \
		$(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
			$(LOCK_ARGS) $$file.in -o $$file.txt && echo "wrote $$file.txt"; \
	done

tools: ## Install what the tests need: Python packages, a browser and media programs where possible
	@./local/venv.sh tests/requirements.txt
	@./tests/tools/browser.sh
	@./tests/tools/media.sh
