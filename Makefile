# Two commands for a fresh machine: `make quick` runs the quick sweep, `make test` all checks.

PYTHON ?= python3
JOBS ?= $(shell nproc)
SNAKEMAKE = .venv/bin/snakemake
CODE = workflow tests benchmarks

.PHONY: help setup quick sweep test lint bench clean

help:
	@echo "make quick   set up, fetch MNIST, run the quick sweep to its figures (minutes)"
	@echo "make test    set up, run every check that CI runs"
	@echo "make setup   create .venv with everything pinned in pyproject.toml"
	@echo "make sweep   run the paper's sweep (config.yaml)"
	@echo "make bench   measure the speed against the alternatives and the machine's limit"
	@echo "JOBS=4 and PYTHON=python3.12 may be set on the command line"

setup: .venv/installed

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --editable '.[test]'
	@touch $@

quick: setup
	$(SNAKEMAKE) -j$(JOBS) --configfile config/quick.yaml
	@echo
	@echo "Done. Look at:"
	@echo "  results/figures/   the paper's six figures and two tables, as PDF and PNG"
	@echo "  results/summary.csv   every number behind them"

sweep: setup
	$(SNAKEMAKE) -j$(JOBS)

test: setup lint
	.venv/bin/pytest

lint: setup
	.venv/bin/ruff check $(CODE)
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/snakefmt --check Snakefile workflow/rules
	$(SNAKEMAKE) --lint

bench: setup
	.venv/bin/python benchmarks/spectra.py
	.venv/bin/python benchmarks/training.py

clean:
	rm -rf results logs .snakemake
