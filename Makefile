# Everything there is to do with this project. `make` alone lists it.
#
# Needs Python 3.11 or newer with pip and venv. What is installed goes into .venv, pinned and hash-checked by
# requirements/; a target whose environment is up to date starts at once.

UPSTREAM ?= https://api.openai.com/v1
ARGS ?=
JOBS ?= 2

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet install
# The tools of the locked requirements, Node.js and npm among them, come before those of the machine.
WITH_TOOLS = PATH="$(CURDIR)/$(VENV)/bin:$$PATH"

# Stamps: each is as new as what it stands for, so nothing is installed twice and a changed lock is never missed.
RUN := $(VENV)/.requirements-run
DEV := $(VENV)/.requirements-dev
PROJECT := $(VENV)/.project

.DEFAULT_GOAL := help
.PHONY: help run demo test check types docs-check fix bench lock clean

help: ## list the targets
	@echo 'make TARGET, where TARGET is one of'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-13s%s\n", $$1, $$2 }'

run: $(PROJECT) ## start the proxy in front of UPSTREAM (default https://api.openai.com/v1); ARGS="..." adds flags
	@exec $(VENV)/bin/costproxy serve --upstream $(UPSTREAM) $(ARGS)

demo: $(PROJECT) ## a first look without an API key: simulated applications talk to a simulated upstream
	@exec $(VENV)/bin/costproxy demo $(ARGS)

test: $(DEV) ## prove everything: lint, types, generated files, all tests
	@$(WITH_TOOLS) sh scripts/setup-tests
	@$(MAKE) --no-print-directory check docs-check
	@echo '== tests, $(JOBS) at a time'
	@$(PY) -m pytest -n $(JOBS) --dist loadfile -m 'not serial' --durations 10 $(ARGS)
	@echo '== tests that must run alone'
	@$(PY) -m pytest -m serial $(ARGS)

check: $(DEV) ## the quick part of test: lint, format, types
	@echo '== lint and format'
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@echo '== types'
	@$(PY) -m mypy

docs-check: $(DEV) ## the generated files are what their generators write
	@echo '== generated files'
	@$(PY) scripts/generate_docs.py --check

fix: $(DEV) ## let the linter and the formatter mend what they can
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

bench: $(DEV) ## measure what the proxy adds to a request
	@$(PY) benchmarks/run.py $(ARGS)

lock: $(DEV) ## pin the requirements again; ARGS=--upgrade takes newer releases
	@$(WITH_TOOLS) sh scripts/lock $(ARGS)

clean: ## remove what these targets made
	rm -rf $(VENV) .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache tests/clients/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made anew, so that a release that left the lock leaves the environment too.
$(RUN): requirements/run.txt
	@test -n "$(PYTHON)" || { echo 'make: no Python 3.11 or newer found; name one with PYTHON=...' >&2; exit 1; }
	@echo '== environment: what the proxy needs'
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PIP) --require-hashes --only-binary :all: -r requirements/run.txt
	@touch $@

$(PROJECT): pyproject.toml costproxy/__init__.py $(RUN)
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(DEV): requirements/dev.txt $(RUN) | $(PROJECT)
	@echo '== environment: what the tests need (about a minute)'
	@$(PIP) --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@
