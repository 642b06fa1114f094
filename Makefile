# Two commands for a fresh machine: `make quick` runs the quick sweep, `make test` all checks.

PYTHON ?= python3
JOBS ?= $(shell nproc)
SNAKEMAKE = .venv/bin/snakemake
IMPORTED = h5py, matplotlib.pyplot, numba, pandas, plotly.graph_objects, scipy.optimize, \
    snakemake.cli, snakemake.report.html_reporter, snakemake_executor_plugin_slurm_jobstep, torch
LOCKED = --constraint envs/lock.txt
PIP_INSTALL = .venv/bin/python -m pip install --quiet --no-compile $(LOCKED)
ONE_THREAD = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
CODE = workflow tests benchmarks envs examples docs
# Where it is set, as images of containers do, each process compiles all that it imports anew, which
# takes longer than most jobs.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup browser quick sweep study test slurm-test slurm-demo lint soak mutants bench \
    test-oldest test-newest docs pictures lock clean

help:
	@echo "make quick   set up, fetch MNIST, run the quick sweep to its figures (minutes)"
	@echo "make test    set up, run every check that CI runs, but those on SLURM"
	@echo "make setup   create .venv with the exact versions of envs/lock.txt"
	@echo "make slurm-test  test the sweep on a real SLURM cluster of four virtual nodes, with faults"
	@echo "                 of every kind (root on Debian; installs SLURM; CI runs it too)"
	@echo "make slurm-demo  run the quick sweep on such a cluster: which jobs ran where, at what cost"
	@echo "make test-oldest  test the library on the oldest versions that are allowed, make test-newest"
	@echo "                  all on the newest"
	@echo "make docs    write the library's pages to docs/api"
	@echo "make pictures  the pictures of the page in README and docs, from RESULTS=results"
	@echo "make lock    bring envs/ up to date with pyproject.toml"
	@echo "make soak    the long loops of kills and broken configs"
	@echo "make mutants changes of constants and comparisons that no unit test notices (hours);"
	@echo "             MUTANTS='--minutes 30 claims/networks.py' takes a part"
	@echo "make sweep   run the paper's sweep (config.yaml)"
	@echo "make study   run the paper's sweep and config/study.yaml, for docs/ (21 hours on two cores)"
	@echo "make bench   measure the speed against the alternatives and the machine's limit"
	@echo "JOBS=4 and PYTHON=python3.12 may be set on the command line"

setup: .venv/installed

# To compile every module of every package takes longer than to install them, and most are never
# imported. Those that are, are compiled here: later on, the user may not be allowed to write.
# torch by pip, whose settings say which build suits the machine, the rest by uv, which takes half
# the time; where only pip's settings lead to an index, all of it by pip.
.venv/installed: pyproject.toml envs/lock.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv
	$(PIP_INSTALL) uv torch
	.venv/bin/uv pip install --quiet --python .venv/bin/python $(LOCKED) --editable '.[docs,test]' \
	    || $(PIP_INSTALL) --editable '.[docs,test]'
	.venv/bin/python -c 'import $(IMPORTED)'
	@touch $@

quick: setup
	$(SNAKEMAKE) -j$(JOBS) --configfile config/quick.yaml
	@echo
	@echo "Done. Look at:"
	@echo "  results/report.html   everything, to look at in a browser"
	@echo "  results/variants.md   a verdict on each of the paper's claims, variant by variant"
	@echo "  results/paper/figures/  the paper's six figures and two tables, as PDF and PNG"

sweep: setup
	$(SNAKEMAKE) -j$(JOBS)

# What docs/results and the pages that are made from it have: the paper's sweep, that of
# config/study.yaml, and of three networks families and near sets, in folders of their own. Some 21
# hours on two cores; it resumes where it was stopped. Networks that both runs in the study's folder
# have are computed once.
study: setup
	mkdir -p sweep study study_maps
	$(SNAKEMAKE) -j$(JOBS) --directory sweep
	.venv/bin/python docs/publish.py sweep sweep
	$(SNAKEMAKE) -j$(JOBS) --directory study --configfile config/study.yaml \
	    config/between_networks.yaml
	.venv/bin/python docs/publish.py study between_networks --tables
	$(SNAKEMAKE) -j$(JOBS) --directory study --configfile config/study.yaml
	.venv/bin/python docs/publish.py study study
	$(SNAKEMAKE) -j$(JOBS) --directory study_maps --configfile config/families.yaml \
	    config/near_ood.yaml config/study_maps.yaml
	.venv/bin/python docs/publish.py study_maps maps
	.venv/bin/python docs/make_results.py

# The page of the report is tested in a real browser.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	    test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	    && apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } || { \
	    echo "The tests need Chromium: install it (Debian: apt-get install chromium)"; exit 1; }

# The tests of one file stay together. One process more than there are cores, because many wait for
# a job; one thread in each, because those of a linear algebra library would wait for one another.
test: setup browser lint
	$(ONE_THREAD) .venv/bin/pytest -n $$(($(JOBS) + 1)) --dist loadfile --no-loadscope-reorder \
	    --durations=10

# On clusters that tests/slurm/cluster.sh installs, starts and stops; needs root on Debian. Faults
# are waited for more than computed, so that they run beside the sweep, on a cluster of their own.
slurm-test: setup
	.venv/bin/pytest -n 2 --dist loadfile tests/slurm

slurm-demo: setup
	.venv/bin/python tests/slurm/demo.py

# The long loops of kills and broken configs, which `make test` shortens.
soak: setup
	JACSPEC_SOAK=1 .venv/bin/pytest -s tests/workflow/test_kills.py tests/workflow/test_nothing_is_lost.py \
	    tests/unit/test_fuzz.py tests/unit/test_reduction.py

# Each change to a copy of the library, and the unit tests of its package.
mutants: setup
	.venv/bin/python tests/mutants.py $(MUTANTS)

lint: setup
	.venv/bin/ruff check $(CODE)
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(SNAKEMAKE) --lint

# Writes benchmarks/results.md; leave the machine alone meanwhile.
bench: setup
	.venv/bin/python benchmarks/run_all.py

# What depends most on the versions of NumPy, SciPy, h5py and numba.
LIBRARY_TESTS = $(patsubst %,tests/unit/test_%.py,compiled_eigenvalues data_shards derived_sources \
    determinants eigenvalues engine jacobians network random_sources rounding spectra_shards storage \
    theorems weights)

# The library on the oldest versions of its dependencies, and all on the newest, that pyproject.toml
# allows; PYTHON says on which Python.
test-oldest: .venv-oldest/installed
	$(ONE_THREAD) .venv-oldest/bin/python -m pytest -q -n $(JOBS) $(LIBRARY_TESTS)

.venv-oldest/installed: pyproject.toml
	$(PYTHON) -m venv .venv-oldest
	$(PYTHON) envs/requirements.py oldest > .venv-oldest/constraints.txt
	.venv-oldest/bin/python -m pip install --quiet --constraint .venv-oldest/constraints.txt \
	    --editable '.[compiled,figures,torch]' hypothesis pytest pytest-xdist pyyaml
	@touch $@

test-newest: .venv-newest/installed
	$(ONE_THREAD) .venv-newest/bin/python -m pytest -q -n $(JOBS) tests/unit

.venv-newest/installed: pyproject.toml
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/python -m pip install --quiet --editable '.[test]'
	@touch $@

# The pictures of the page in README and docs, from the results of a finished sweep.
RESULTS = results
pictures: setup browser
	.venv/bin/python docs/make_pictures.py $(RESULTS)

# Pages of the library from its docstrings.
docs: setup
	PDOC_ALLOW_EXEC=1 .venv/bin/python -W error::UserWarning docs/make_api.py

# Brings envs/lock.txt and envs/jacspec.yaml up to date with pyproject.toml; versions that still
# suit it stay (for the newest, remove envs/lock.txt first). What the CUDA builds of torch bring
# along is left to torch, which pins it.
lock:
	.venv/bin/uv pip compile --quiet --no-annotate --no-header --universal --python-version 3.11 \
	    --fork-strategy fewest --extra test --extra docs --output-file envs/lock.txt pyproject.toml
	sed -i -E '/^(nvidia|cuda)-|^triton==/d' envs/lock.txt
	.venv/bin/python envs/requirements.py conda > envs/jacspec.yaml

clean:
	rm -rf results logs .snakemake
