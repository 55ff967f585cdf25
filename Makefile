# Targets for people; .ci/run calls `make test`. `make help` lists them.

# A shell variable would run the search once for each use; this runs it once, and only
# where an environment has to be made.
PYTHON ?= $(eval PYTHON := $$(shell scripts/pythons --first))$(PYTHON)

BIN := .venv/bin
SOURCES := src tests scripts demo examples $(wildcard docs/*.py) $(wildcard bench)

# 100 % of lines and branches, without exception: these modules are pure.
CORE := asked beatspec checkkeys context describe faults fields forms httpspec httptarget isystem \
	logspec machine model names policy request runs spec status statusdocument transitions values
empty :=
space := $(empty) $(empty)
comma := ,
CORE_FILES := $(subst $(space),$(comma),$(CORE:%=src/ncolony/%.py))

# What runs on every other Python: the quick tests. Folders that exist, that is.
QUICK := $(wildcard tests/unit tests/property tests/contract)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test tests bench stress bench-plugins generated docs lint format pytest \
	core-coverage changelog pythons wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

.venv/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "cannot make .venv: no CPython >= 3.11 with venv found; say PYTHON=/path" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: .venv/.installed ## a colony of real servers, watched, changed, stopped: a few seconds
	@demo/run $(CURDIR)/$(BIN)

# The quick checks first; the summary of the main test run once more at the very end,
# because that is the line people and CI look for.
test: lint docs changelog tests core-coverage wheel ## everything CI checks
	@echo
	@tail -n 1 .build/pytest.txt

# The main run waits for processes most of its time: what the others take is there to be had.
tests: .venv/.installed
	@$(MAKE) --no-print-directory --jobs=2 pytest pythons

bench: .venv/.installed ## this monitor beside a C loop and the supervisors installed here
	@test -f bench/run.py || { echo "cannot run bench/run.py: it is not there" >&2; exit 1; }
	$(BIN)/python bench/run.py $(BENCH)

stress: .venv/.installed ## orphans, crashes, output at full speed: figures beside their floors
	$(BIN)/python bench/stress.py $(STRESS)

bench-plugins: .venv/.installed ## what the scheduler and the checkers take, beside their bars
	$(BIN)/python bench/plugins.py
	$(BIN)/python bench/checks.py
	$(BIN)/python bench/jobs.py

lint: .venv/.installed ## ruff (rules and format) and mypy --strict
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/mypy --no-namespace-packages src/twisted/plugins/*.py

format: .venv/.installed ## let ruff format and mend what it can
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

# pipefail: the exit code is that of pytest, not that of tee.
pytest: .venv/.installed ## the tests, on .venv's Python, with branch coverage
	@mkdir -p .build
	$(BIN)/coverage erase
	set -o pipefail; $(BIN)/coverage run -m pytest $(PYTEST) | tee .build/pytest.txt
	$(BIN)/coverage report

core-coverage: .venv/.installed
	@test -f .coverage || { echo "cannot report coverage: run 'make pytest' first" >&2; exit 1; }
	$(BIN)/coverage report --include='$(CORE_FILES)' --fail-under=100

generated: .venv/.installed ## write anew the files that are made from the code
	$(BIN)/python scripts/generate.py

docs: .venv/.installed ## the documentation, in docs/_build/html; a warning is an error
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

changelog: .venv/.installed ## what the next release's news would say
	$(BIN)/towncrier build --draft

# One after the other, beside .venv's version. Not by the shell's "&", which has what it starts
# ignore SIGINT.
pythons: .venv/.installed ## the quick tests on every other supported Python found here
	@own=$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	others=$$(scripts/pythons | awk -v own="$$own" '$$1 != own { print "python-" $$1 }'); \
	test -z "$$others" || $(MAKE) --no-print-directory $$others

# In an environment of its own, made once; what it says is shown when it is through.
python-%:
	@set -e; mkdir -p .build; env=.venvs/$*; \
	if ! test $$env/.installed -nt pyproject.toml; then \
	    python=$$(scripts/pythons | awk '$$1 == "$*" { print $$2 }'); \
	    test -x $$env/bin/python || "$$python" -m venv $$env; \
	    $$env/bin/python -m pip install --quiet --editable '.[test]'; \
	    touch $$env/.installed; \
	fi; \
	nice $$env/bin/python -m pytest -q -p no:cacheprovider $(QUICK) </dev/null >.build/python-$*.txt 2>&1 \
	    || failed=1; \
	echo "CPython $*:"; cat .build/python-$*.txt; test -z "$$failed"

wheel: .venv/.installed ## build, install the wheel alone elsewhere, run a colony from it
	$(BIN)/python scripts/check_wheel.py

clean: ## remove everything that the other targets made
	rm -rf .build .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache \
	    .venv .venvs dist docs/_build
	find . -path ./.git -prune -o \( -name __pycache__ -o -name dropin.cache \) -print0 | xargs -0 rm -rf

SHELL := /bin/bash
.DELETE_ON_ERROR:
