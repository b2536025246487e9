# `make demo` and `make test` do all of their own set-up. Needs Python 3.11+, Java 17+, Maven; no root.
.DEFAULT_GOAL := help
.PHONY: help setup servers lint check test demo bench clean

export UV_PYTHON_DOWNLOADS := never
export FOREBAY_STATE ?= .forebay
BIN := .venv/bin
# uv from PATH, else one of our own
UV := $(or $(shell command -v uv),.forebay/uv/bin/uv)

help:
	@echo "make demo    the whole pipeline on invented records, on servers of this machine (KEEP=1: leave them running)"
	@echo "make test    every check and every test"
	@echo "make check   format, lint, types, import walls, and the tests that need no server"
	@echo "make bench   speed and memory on this machine"
	@echo "make setup   the Python environment in .venv"
	@echo "make clean   removes the environment, caches and the data of local servers"

.forebay/uv/bin/uv:
	@mkdir -p .forebay
	@python3 -m venv .forebay/uv >/dev/null 2>&1 && .forebay/uv/bin/python -m pip install --quiet uv \
	  || python3 -m pip install --quiet --upgrade --target .forebay/uv uv \
	  || { echo "Could not install uv. Needed: python3 with venv or pip (on Debian: apt-get install python3-venv)," \
	       "or uv itself on PATH." >&2; exit 1; }

# What .venv has, else Python 3.11 where it is, else any newer one; the distribution's first, for that is built with a
# profile, and one compiled without runs all steps a tenth slower. `make setup SETUP_PYTHON=…` takes another.
SETUP_PYTHON ?= $(or $(shell [ -x .venv/bin/python ] && echo .venv/bin/python),$(wildcard /usr/bin/python3.11),$(shell \
  $(UV) python find 3.11 >/dev/null 2>&1 && echo 3.11 || echo '>=3.11'))

# Compiled at once: else a worker without leave to write starts 2 s later
setup: $(filter .forebay/%,$(UV))
	@$(UV) sync --quiet --locked --all-extras --compile-bytecode --python "$(SETUP_PYTHON)"

# Names what is missing of Java and Maven, and fetches Kafka once
servers: setup
	@$(BIN)/python -m console.local.jars .forebay/jars

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(BIN)/pytest -n 2 -m "not servers"

test: servers lint
	$(BIN)/pytest -n 3 --dist worksteal

demo: servers
	@$(BIN)/forebay demo

bench: servers
	@$(BIN)/forebay bench

clean:
	@if [ -e "$(FOREBAY_STATE)/local.json" ]; then \
	  echo "Local servers are up: run \`$(BIN)/forebay down\` first." >&2; exit 1; fi
	rm -rf .venv .forebay .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
