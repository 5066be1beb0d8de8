# Two commands matter: `make report` and `make test`. The rest is for people who work on the code.
PYTHON ?= python3
BIN := .venv/bin
CORES ?= all
PIP := $(BIN)/pip install --disable-pip-version-check -q

.PHONY: report test check figures template licences audit bench lock clean help

report: .venv/ketameta ## the report, from data/raw/ to reports/index.html
	@$(BIN)/ketameta run --cores $(CORES)

test: .venv/ketameta ## every test
	@$(BIN)/pytest

check: .venv/ketameta ## style, types, and Snakemake's own lint
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules && $(BIN)/snakemake --lint

template: .venv/ketameta ## empty tables to fill, in template/
	$(BIN)/ketameta template template && $(BIN)/ketameta template template/tables.xlsx

licences: .venv/ketameta ## the licence of every package in the lock
	@$(BIN)/python .ci/licences.py

audit: .venv/ketameta ## known holes of the locked packages (needs the network; installs pip-audit apart)
	$(PYTHON) -m venv .venv/audit && .venv/audit/bin/pip install --disable-pip-version-check -q pip-audit
	.venv/audit/bin/pip-audit --require-hashes --disable-pip -r requirements.lock

figures: .venv/ketameta ## every figure as SVG, PDF and PNG, in reports/figures/
	@$(BIN)/snakemake --cores $(CORES) prints

bench: .venv/ketameta ## time the whole report and print a table
	$(BIN)/python tests/benchmarks/pipeline.py

lock: ## resolve requirements.lock again (needs uv and the network)
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev --no-annotate \
	  --no-header pyproject.toml -o requirements.lock

clean: ## remove everything that is made
	rm -rf .snakemake logs data/processed/*.parquet data/processed/*.sha256 .venv
	find reports -mindepth 1 -maxdepth 1 ! -name versions -exec rm -rf {} +

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

# Packages without a wheel are built by setuptools, itself from the lock: connection-pool (pure Python)
# and, on Python 3.14, immutables (needs a C compiler; Snakemake depends on it).
.venv/packages: requirements.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 15) else \
	  "ketameta needs Python 3.11 to 3.14, this is %d.%d: make PYTHON=python3.12 report" % v)'
	@test ! -L .venv || { echo ".venv is a link to $$(readlink .venv), which others may use; it is" \
	  "not in step with requirements.lock: run make there, or remove the link" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@awk '/^setuptools==/ {p = 1} p; p && !/\\$$/ {exit}' requirements.lock > .venv/setuptools.lock
	$(PIP) --require-hashes --no-deps -r .venv/setuptools.lock
	$(PIP) --require-hashes --no-deps --no-build-isolation -r requirements.lock
	@touch $@

.venv/ketameta: .venv/packages pyproject.toml
	$(PIP) --no-deps --no-build-isolation --no-index -e .
	@touch $@
