# Every command of the project. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run examples build pages types screenshots reconcile rebuild go-live forget export-user codes books doctor admin quick test soak check hashes migrate lock format tools bench bench-books bench-desk bench-large bench-outbox bench-pages bench-webhook cold-start

VENV := .venv/bin
WORKERS ?= 2
PYTEST := $(VENV)/python -m pytest
# tests/requirements.txt holds every package, so the other lists take their versions from it.
COMPILE := $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate $(LOCK_ARGS)
# The shell sets USER as well: only one that was given to make counts.
NAMED_USER = $(if $(filter command,$(origin USER)),"$$USER")
export MONTH SEAL BY ROWS RESET EMPTY PORT DATABASE_URL APPLY WHO WHY OUT LEDGER EMAIL ROLE SINCE CAMPAIGN CREDITS COUNT CODE DAYS FROM UNTIL NEW ROUNDS SECONDS USERS BASE PGLEDGER_SQL ONLY

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the whole product locally, without any account (PORT=…; RESET=1 deletes its data, EMPTY=1 adds no history)
	@./ops/venv.sh local/requirements.txt
	@exec $(VENV)/python -m local

examples: ## Serve the examples beside a running `make run`: a page on another origin and a Next.js app
	@./ops/venv.sh local/requirements.txt
	@exec $(VENV)/python -m examples

doctor: ## Find problems and say what to do (EMAIL=… for one person's orders, SINCE=2026-11-01)
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.doctor $(if $(SINCE),--since "$$SINCE") $(if $(EMAIL),"$$EMAIL")

reconcile: ## Add to the ledger what it lacks and Stripe has (SINCE=2026-11-01, else since the last run)
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.reconcile $(if $(SINCE),--since "$$SINCE")

rebuild: ## Show what is missing in the ledger compared with Stripe alone; APPLY=1 writes it (LEDGER=… of a lost database)
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.rebuild

go-live: ## Show how a test database becomes live; APPLY=1 WHO=… WHY=… does it
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.go_live

forget: ## Show what deleting a person would do (USER=id or address); APPLY=1 WHO=… WHY=… does it
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.forget $(NAMED_USER)

admin: ## Let somebody use the desk at /admin (EMAIL=…; ROLE=support reads only, ROLE=none ends it)
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.admin

export-user: ## Print all data of a person as JSON (USER=id or address, OUT=file)
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.export_user $(NAMED_USER)

# The shell may set NAME as well: only one that was given to make counts.
codes: ## Show what codes for credits would be made (CAMPAIGN= NAME= CREDITS= COUNT= or CODE=, WHO=); APPLY=1 makes them
	@./ops/venv.sh ops/requirements.txt
	@NAME=$(if $(filter command,$(origin NAME)),"$$NAME") $(VENV)/python -m ops.codes

books: ## Write a month's books as CSV (MONTH=2026-10, OUT=folder); SEAL=1 BY=… seals the month for good
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.books "$$MONTH"

quick: ## Run the pure and the database tests in about a minute (ARGS=… goes to pytest)
	@./ops/venv.sh tests/requirements.txt
	@$(PYTEST) -m "not npm" tests/unit tests/database $(ARGS)

test: tools ## Run all tests, on two workers (WORKERS=4 for more, ARGS=… goes to pytest)
	@$(PYTEST) -n $(WORKERS) --no-loadscope-reorder $(ARGS)

soak: tools ## Let the property and crash tests draw thousands of histories; takes long (ARGS=…)
	@PURSE_TEST_PROFILE=soak $(PYTEST) -n $(WORKERS) --no-loadscope-reorder \
		$(or $(ARGS),tests/properties tests/crashes tests/http/test_fuzz.py tests/unit)

check: ## Lint, formatting and types: what CI checks before the tests
	@./ops/venv.sh tests/requirements.txt
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy api local ops server examples

# Vercel's builder installs requirements.txt without its hashes, so they protect nothing there. This
# shows that the files which the index serves for the pinned versions are still those we locked.
hashes: ## Download what is deployed and compare it with the locked hashes
	@./ops/venv.sh tests/requirements.txt
	@for file in $(wildcard requirements.txt server/requirements.txt); do \
		folder=$$(mktemp -d) && \
		$(VENV)/uv pip install --quiet --require-hashes --no-deps --no-build --no-cache \
			--python-version "$$(cat .python-version)" --python-platform linux \
			--target "$$folder" -r "$$file" && rm -r "$$folder" && echo "$$file holds" || exit 1; \
	done

format: ## Format the code
	@./ops/venv.sh tests/requirements.txt
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

migrate: ## Apply sql/ to the database in DATABASE_URL; safe to run again
	@./ops/venv.sh ops/requirements.txt
	@$(VENV)/python -m ops.migrate

bench: ## Measure spending beside the least that any ledger must do, on one Postgres (ROUNDS=5 SECONDS=4 PGLEDGER_SQL=…)
	@./ops/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.bench.spending

bench-desk: ## Measure the desk's pages at 1,000,000 accounts and 12,000,000 ledger rows (8 GB of disk; USERS=…)
	@./ops/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.bench.desk

bench-large: ## Measure 10,000,000 ledger rows beside small tables (10 GB of disk; USERS=1000000)
	@./ops/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.bench.large

bench-books: ## Measure the books of the running month at 1,000,000 ledger rows (ROWS=…)
	@./ops/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.bench.books

bench-outbox: ## Measure how fast 20,000 deliveries of the outbox drain
	@./ops/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.bench.outbox

bench-pages: tools ## Measure how soon the pages are usable beside an older build, on slow 4G (BASE=… ROUNDS=5)
	@./tests/tools/nginx.sh
	@$(VENV)/python -m tests.bench.pages

bench-webhook: ## Measure the webhook's own Python beside signature check and JSON alone
	@./ops/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.bench.webhook

cold-start: tools ## Measure the cold starts as built by Vercel's own CLI (BASE=commit beside that commit)
	@$(VENV)/python -m tests.vercel.cold_start

# As vercel.json has it, for those who host the site themselves.
build: ## Build dist/ from public/ for a server of your own (needs Node.js 20)
	@npm ci --prefix bundle --ignore-scripts --no-audit --no-fund --silent
	@node bundle/build.mjs

lock: ## Pin every package with its hashes, from the .in files (LOCK_ARGS=--upgrade for newer ones)
	@./ops/venv.sh tests/requirements.txt
	@$(COMPILE) tests/requirements.in -o tests/requirements.txt && echo "wrote tests/requirements.txt"
	@for file in requirements ops/requirements server/requirements local/requirements; do \
		$(COMPILE) --constraints tests/requirements.txt $$file.in -o $$file.txt && echo "wrote $$file.txt"; \
	done

pages: ## Write the pages under public/ from templates/ (after a change of a template, a style sheet or an import)
	@./ops/venv.sh tests/requirements.txt
	@$(VENV)/python -m tests.tools.pages

types: tools ## Write public/openapi.d.ts from public/openapi.json
	@$(VENV)/python -m tests.tools.types

screenshots: tools ## Take a picture of every page in every state (OUT=folder, ONLY=files for a part)
	@$(VENV)/python -m tests.browser.screenshots

tools: ## Install what the tests need: Python packages, a browser and media programs where possible
	@./ops/venv.sh tests/requirements.txt
	@./tests/tools/browser.sh
	@./tests/tools/media.sh
