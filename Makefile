.DEFAULT_GOAL := help
PYTHON ?= python3
BIN ?= .venv/bin

.PHONY: help install check test lint types contracts golden fuzz bench emulator contract emulator-long live

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: ## a virtual environment in .venv with all that development needs
	$(PYTHON) -m venv .venv
	.venv/bin/pip install -q -e '.[dev]'

check: lint types contracts test ## everything that must be green before a commit lands

test: ## all tests
	$(BIN)/pytest -q -n auto --dist worksteal

lint: ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: ## mypy --strict
	$(BIN)/mypy

contracts: ## the layers of docs/architecture.md, as import contracts
	$(BIN)/lint-imports

golden: ## write the golden files anew; read the diff before you commit it
	$(BIN)/pytest -q tests/golden --write-golden

fuzz: ## the property tests with many more examples than `make test` takes
	$(BIN)/pytest -q tests/property --hypothesis-profile=fuzz
	for generator in queries operators edges claims author keys; do \
		$(BIN)/python -m benchmarks.fuzz --generator $$generator || exit 1; \
	done

contract: ## the tests that every adapter must pass; over Snowflake once more with the connector's next major version
	SQLBACKFILL_EMULATOR=long $(BIN)/pytest -q tests/contract
	SQLBACKFILL_EMULATOR=long $(BIN)/python -m tests.emulator.connector5

emulator-long: ## what takes long against Snowflake's emulator: every fault, the flagship's year
	SQLBACKFILL_EMULATOR=long $(BIN)/pytest -q tests/emulator

live: ## what needs a Snowflake account, with credentials from SNOWFLAKE_…
	$(BIN)/pytest -q -rs tests/live

emulator: ## Snowflake's emulator on loopback, in an environment of its own, and a profile for it
	$(BIN)/python -m tests.emulator

bench: ## CPU and memory against hand-written SQL, into benchmarks/RESULTS.md
	$(BIN)/pip install -q tpchgen-cli
	$(BIN)/python -m benchmarks
