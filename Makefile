# Every command of the project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run reconcile rebuild doctor test check migrate lock format tools bench cold-start

VENV := .venv/bin
# tests/requirements.txt holds every package, so the other lists take their versions from it.
COMPILE := $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate $(LOCK_ARGS)
export RESET PORT DATABASE_URL APPLY EMAIL SINCE ROUNDS SECONDS BASE

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the whole product locally, without any account (PORT=…; RESET=1 deletes its data)
	@./ops/venv.sh local/requirements.txt
	@exec $(VENV)/python -m local

doctor: ## Find problems and say what to do (EMAIL=… for one person's orders, SINCE=2026-11-01)
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.doctor $(if $(SINCE),--since "$$SINCE") $(if $(EMAIL),"$$EMAIL")

reconcile: ## Add to the ledger what it lacks and Stripe has (SINCE=2026-11-01, else since the last run)
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.reconcile $(if $(SINCE),--since "$$SINCE")

rebuild: ## Show what is missing in the ledger compared with Stripe alone; APPLY=1 writes it
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.rebuild

test: tools ## Install what the tests need and run all of them (ARGS=… goes to pytest)
	@$(VENV)/python -m pytest $(ARGS)

check: ## Lint, formatting and types: what CI checks before the tests
	@./ops/venv.sh tests/requirements.txt
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy api local ops server

format: ## Format the code
	@./ops/venv.sh tests/requirements.txt
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

migrate: ## Apply sql/ to the database in DATABASE_URL; safe to run again
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.migrate

bench: ## Measure spending beside the least that any ledger must do, on one Postgres (ROUNDS=5 SECONDS=4)
	@./ops/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.bench.spending

cold-start: tools ## Measure the cold starts as built by Vercel's own CLI (BASE=commit beside that commit)
	@$(VENV)/python -m tests.vercel.cold_start

lock: ## Pin every package with its hashes, from the .in files (LOCK_ARGS=--upgrade for newer ones)
	@./ops/venv.sh tests/requirements.txt
	@$(COMPILE) tests/requirements.in -o tests/requirements.txt && echo "wrote tests/requirements.txt"
	@for file in requirements ops/requirements server/requirements local/requirements; do \
		$(COMPILE) --constraints tests/requirements.txt $$file.in -o $$file.txt && echo "wrote $$file.txt"; \
	done

tools: ## Install what the tests need: Python packages, and a browser where one can be had
	@./ops/venv.sh tests/requirements.txt
	@./tests/tools/browser.sh
