# Every target does its own set-up and does it once: `make run` on a fresh clone is enough.
#   PYTHON=python3.13 make test    another interpreter
#   VENV=.venv-mine make test      another virtual environment

SHELL := bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
BENCH ?= --n 20000

# What runs, what its tests need besides, and what the linters need besides.
EXTRAS_run := email,simulator,postgres
EXTRAS_test := $(EXTRAS_run),test
EXTRAS_lint := $(EXTRAS_test),lint
COVERS_run := run
COVERS_test := run test
COVERS_lint := run test lint

WEB := $(if $(wildcard web/package.json),web/dist/.built)
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

.PHONY: help setup run test test-newest pytest lint bench clean FORCE

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.ready-lint $(WEB) ## .venv with everything, and web/dist

run: $(VENV)/.ready-run $(WEB) ## the whole product on 127.0.0.1:8080 (CARILLON_LISTEN); its state is under var/
	@exec $(BIN)/carillon run --demo

test: lint ## lint, then every test
	@$(BIN)/python -m pytest

lint: $(VENV)/.ready-lint $(WEB) ## ruff, mypy, import rules, the browser code's types
	@failed=; \
	check() { echo "lint: $$1"; shift; said=$$("$$@" 2>&1) || { echo "$$said"; failed=yes; }; }; \
	check ruff $(BIN)/ruff check --quiet .; \
	check format $(BIN)/ruff format --quiet --check .; \
	check types $(BIN)/mypy --no-error-summary; \
	check imports $(BIN)/lint-imports --no-logo; \
	$(if $(WEB),check web deploy/setup/npm $(VENV) run --silent check;) \
	test -z "$$failed"

bench: $(VENV)/.ready-run $(WEB) ## the embedded benchmark, short (BENCH="--n 100000" for another length)
	@$(BIN)/python -m bench.embedded $(BENCH)

test-newest: ## unit and contract tests on the newest Python found
	@python=$$(deploy/setup/find_python newest) && \
	version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])') && \
	$(MAKE) pytest VENV=".venv-$$version" PYTHON="$$python" TESTS="tests/unit tests/contract"

# Tests without linters, for `test-newest`.
pytest: $(VENV)/.ready-test $(WEB)
	@$(BIN)/python -m pytest $(TESTS)

clean: ## removes what the other targets made, except var/
	rm -rf .venv .venv-* *.egg-info web/dist web/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov

# An interpreter asked for by name is compared with the one in place each time.
$(VENV)/pyvenv.cfg: $(if $(PYTHON),FORCE)
	@PYTHON="$(PYTHON)" deploy/setup/make_venv $(VENV)

$(VENV)/.ready-%: $(VENV)/pyvenv.cfg pyproject.toml
	@deploy/setup/install $(VENV) $(EXTRAS_$*)
	@touch $(COVERS_$*:%=$(VENV)/.ready-%)

web/dist/.built: $(WEB_SOURCES) web/node_modules/.package-lock.json
	@echo "setup: web pages"
	@deploy/setup/npm $(VENV) run --silent build
	@touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | $(VENV)/pyvenv.cfg
	@echo "setup: browser packages"
	@deploy/setup/npm $(VENV) ci --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@
