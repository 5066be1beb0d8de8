# Two commands matter: `make report` and `make test`. The rest is for people who work on the code.
# The report needs the packages of requirements.lock, everything else those of requirements-dev.lock too.
PYTHON ?= python3
BIN := .venv/bin
CORES ?= all
PIP := $(BIN)/pip install --disable-pip-version-check -q
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

.PHONY: report test test-fast live check figures template licences audit bench scale lock clean help

report: .venv/ketameta ## the report, from data/raw/ to reports/index.html
	@$(BIN)/ketameta run --cores $(CORES)

test: .venv/dev ## every test, on every core
	@$(BIN)/pytest -q -n auto --dist worksteal

test-fast: .venv/dev ## the tests that need no run, no R and no browser: an answer within a minute
	@$(BIN)/pytest -q -n auto --dist worksteal -m "not slow"

live: .venv/dev ## what must hold of data/raw and analyses.yaml whatever they say
	@$(BIN)/pytest -q tests/live

check: .venv/dev ## style, types, Snakemake's own lint, and what the workflows of GitHub may do
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow && $(BIN)/snakemake --lint
	$(BIN)/zizmor --offline --no-progress --quiet --strict-collection .github/workflows

template: .venv/ketameta ## empty tables to fill, in template/
	$(BIN)/ketameta template template && $(BIN)/ketameta template template/tables.xlsx

licences: .venv/dev ## the licence of every package in the lock
	@$(BIN)/python .ci/licences.py

audit: .venv/ketameta ## known holes of the locked packages (needs the network; installs pip-audit apart)
	$(PYTHON) -m venv .venv/audit && .venv/audit/bin/pip install --disable-pip-version-check -q pip-audit
	.venv/audit/bin/pip-audit --require-hashes --disable-pip -r requirements.lock -r requirements-dev.lock \
	  -r requirements-slurm.lock

figures: .venv/ketameta ## every figure as SVG, PDF and PNG, in reports/figures/
	@$(BIN)/snakemake --cores $(CORES) prints

bench: .venv/dev ## time the report, a comparison of extractions and the models beside R, and print tables
	$(BIN)/python tests/benchmarks/pipeline.py
	$(BIN)/python -m tests.benchmarks.compare
	$(BIN)/python -m tests.benchmarks.multiverse
	$(BIN)/python -m tests.benchmarks.network
	$(BIN)/python -m tests.benchmarks.models

scale: .venv/dev ## cost of each stage with the tables 1 and 10 times as long (SIZES="1 10 50")
	@$(BIN)/python -m tests.benchmarks.scale $(SIZES)

lock: ## resolve the lock files again (needs uv and the network)
	$(COMPILE) --extra build pyproject.toml -o requirements.lock
	set -e; for extra in dev slurm; do \
	  $(COMPILE) --extra build --extra $$extra -c requirements.lock pyproject.toml -o requirements.part; \
	  awk 'NR == FNR {known[$$0] = 1; next} /==/ {own = !($$0 in known)} own' requirements.lock \
	    requirements.part > requirements-$$extra.lock; rm requirements.part; done

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

.venv/dev: .venv/ketameta requirements-dev.lock
	$(PIP) --require-hashes --no-deps --no-build-isolation -r requirements-dev.lock
	@touch $@

# beside the other packages, for PYTHONPATH: where it is found, each start of Snakemake takes longer
.venv/slurm: .venv/packages requirements-slurm.lock
	rm -rf $@
	$(PIP) --require-hashes --no-deps --target $@ -r requirements-slurm.lock
