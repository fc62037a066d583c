# Two commands for a newcomer: `make demo` and `make test`. Both set everything up first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
DEMO_ARGS ?=
BENCH_ARGS ?= all
TEST_ARGS ?=
.DEFAULT_GOAL := help
.PHONY: help setup peers demo test coverage lint bench clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 18

setup: $(STAMP) ## virtual environment with the package and its test tools

$(STAMP): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Shortcode needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 setup")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

peers: setup ## other makers' SMPP clients and tshark, for tests/peers (as root: apt-get)
	@.ci/peers

demo: setup ## the whole operator, with demo data and handsets
	@exec $(BIN)/shortcode demo $(DEMO_ARGS)

test: setup ## all tests, on both databases
	$(BIN)/python -m pytest -n auto --dist worksteal $(TEST_ARGS)

coverage: setup ## which lines and branches the tests reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(TEST_ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: setup ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: setup ## the pages that are made from the code: conformance, menus and prompts
	$(BIN)/python -m tests.docs.conformance.page
	$(BIN)/python -m tests.docs.menus_page
	$(BIN)/python -m tests.docs.prompts_page

bench: setup ## the figures of docs/reference/benchmarks.md
	$(BIN)/shortcode bench $(BENCH_ARGS)

clean: ## throw away the environment and caches
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
