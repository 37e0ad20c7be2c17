# rsgraph: two commands, `make demo` and `make test`. Each sets up all that it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
TESTS ?=
BENCHMARKS ?= segment_statistics memberships seams unet_inference places whole_tile matching matching_gpu interruption journal opened brushing propagation gallery point_map session evaluation neighbourhoods projection house first_maps first_brush repeated estimates tile_maps fuzz
TABLES ?= graph_networks neighbours superpixels layers
WORKERS ?= 2
VIRTUAL := QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1280x800x24"

# Or every process of the tests would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup system screen demo test checks lint types law tests slow wheel bench sample screenshots tables lock clean

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

setup: system .venv/.ready ## create the environment .venv from requirements.lock (CPU torch)

# requirements.lock pins versions only. Where pip would take a CUDA build of torch and you want the CPU one,
# set PIP_INDEX_URL or PIP_FIND_LINKS before `make setup`; an environment that has torch already is kept.
.venv/.ready: requirements.lock pyproject.toml plugins/napari-rsgraph/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("rsgraph needs Python 3.11 or newer; set PYTHON=/path/to/python3.11") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e plugins/napari-rsgraph
	@touch $@

system: # system packages: installed by apt as root, else listed
	@bash .ci/system-packages

screen: # and those that windows on a virtual screen need
	@bash .ci/system-packages screen

demo: setup ## make a coastal scene, run the main job on it, leave the workspace `demo`
	$(BIN)/rsgraph run experiment=demo workspace=demo
	@echo; echo "Now label it: $(BIN)/rsgraph label demo"

# Side by side: mypy would leave a core idle. What fails first is said first, and the others are waited for.
test: setup screen ## lint, types, import law, tests
	$(MAKE) --jobs 2 tests checks

checks:
	@set -e; for name in lint types law; do $(MAKE) $$name; done

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

law:
	$(BIN)/lint-imports --no-cache

tests:
	OMP_NUM_THREADS=1 $(VIRTUAL) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --max-worker-restart 0 -m "not slow" $(TESTS)

# Windows that share the screen come one after the other. What has a screen of its own, or none, goes side by side:
# tampered files, windows in the hand, and readers under fuzz (FUZZ_SECONDS=20 for less than three minutes of each kind).
HANDS = $(wildcard plugins/napari-rsgraph/tests/test_hand*.py)
slow: setup screen ## the long tests: sweeps, whole runs, windows, the wheel, tampered and changed files
	$(VIRTUAL) $(BIN)/python -m pytest -m slow $(or $(TESTS),$(addprefix --ignore ,tests/tampered tests/fuzz $(HANDS)))
	$(if $(TESTS),,OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow tests/tampered $(HANDS) tests/fuzz)

wheel: setup ## build the wheel, configs inside
	$(BIN)/python -m build --wheel --no-isolation

# In the order of the list: `matching` and `projection` work on what `whole_tile` leaves in experiments/.work/tile.
bench: setup screen ## the benchmarks: each times its peer in the same run and prints the ratio
	@set -e; for name in $(BENCHMARKS); do echo "== $$name"; $(VIRTUAL) $(BIN)/python -m experiments.benchmarks.$$name; done
	$(BIN)/python -m experiments.benchmarks.scaling
	$(BIN)/python -m experiments.benchmarks.table

sample: setup ## make the sample that the package brings anew, from its own scene
	$(BIN)/python -m experiments.sample

screenshots: demo screen ## the README's pictures of the viewer
	$(VIRTUAL) $(BIN)/python plugins/napari-rsgraph/screenshots.py demo

tables: setup ## the published tables (experiments/README.md); TABLES="eurosat" for others by name
	@set -e; for name in $(TABLES); do echo "== $$name"; $(BIN)/python -m experiments.$$name; done

lock: ## write requirements.lock from the environment
	@(echo "# Versions that make test passes with, on Python 3.11. Made by: make lock"; \
	  $(BIN)/python -m pip freeze --exclude-editable | grep -vE '^(rsgraph|napari-rsgraph|pip|wheel)' | sed -E 's/\+cpu$$//') > requirements.lock

clean: ## remove the environment and the demo
	rm -rf .venv demo .rsgraph-cache mlflow.db mlartifacts
