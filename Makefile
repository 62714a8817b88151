# One command each; every one sets up what it needs, once, and says so.
#   make run            ParkHub with a living demo lot on this machine (data in .parkhub)
#   make test           everything that must hold
#   make test-training  train every model a little, export it, compare both (installs torch into .venv-training)
#   make bench          the measurements of speed in tests/bench
#   make lighthouse     Lighthouse's marks for drivers' pages on a phone (needs node 18 or later and npm); PAGES=all for every page, DESK=1 for the console's on a desk
#   make accuracy       the measurements of accuracy, on the labelled pictures in DATA; SECTIONS=plates,clips for some
#   make lint           the checks of make test that read code only
#   make format         bring the code into its form
#   make shots          pictures of every page into tests/browser/shots; LANGUAGES=de,fr for others than English, PAGES=lot,stay for some
#   make texts          bring new texts for drivers into the catalogues in frontend/locales, to be translated there

PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PARKHUB_DATA_DIR ?= $(CURDIR)/.parkhub
# A line per picture would carry the owner's password out of sight.
PARKHUB_LOG_LEVEL ?= warning
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
NEEDS := pyproject.toml constraints.txt
TRAINING := .venv-training
TRAINING_PIP := $(TRAINING)/bin/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
DATA ?= ../shared/data
SCORE ?= ../shared/eval/score.py
SECTIONS ?=

.DEFAULT_GOAL := help
.PHONY: help run test test-training bench lighthouse accuracy lint format shots texts packages

help:
	@sed -n 's/^#   //p' Makefile

run: $(VENV)/.installed
	@PARKHUB_DATA_DIR="$(PARKHUB_DATA_DIR)" PARKHUB_LOG_LEVEL="$(PARKHUB_LOG_LEVEL)" exec $(BIN)/parkhub up --demo

# One worker more than cores, because many tests wait; a file stays in one, so that its slow fixtures are made once. In
# the order of their folders: those in the browser, of which some files are one long test, begin and many short ones end.
# Hundreds of processes start: whatever the caller's environment says, what one has compiled the next one uses.
test: export PYTHONDONTWRITEBYTECODE :=
test: lint packages
	$(BIN)/python -m pytest --numprocesses=$$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist=loadfile --no-loadscope-reorder

test-training: $(TRAINING)/.installed
	$(TRAINING)/bin/python -m pytest tests/training

bench: $(VENV)/.installed-bench
	@for file in tests/bench/bench_*.py; do echo "$$file"; $(BIN)/python "$$file" || exit 1; done

# Its programs come from npm into a folder that git ignores, all of their versions from the lock file beside it.
LIGHTHOUSE := tests/bench/lighthouse
lighthouse: $(VENV)/.installed-test packages $(LIGHTHOUSE)/node_modules/.package-lock.json
	@$(BIN)/python tests/bench/lighthouse.py $(if $(PAGES),--pages $(PAGES)) $(if $(DESK),--desk)

$(LIGHTHOUSE)/node_modules/.package-lock.json: $(LIGHTHOUSE)/package-lock.json
	@command -v npm >/dev/null || { echo "Lighthouse needs node and npm (Debian: apt install nodejs npm)."; exit 1; }
	@npm ci --prefix $(LIGHTHOUSE) --ignore-scripts --no-audit --no-fund

accuracy: $(VENV)/.installed-bench
	@$(BIN)/python tests/bench/accuracy.py --data "$(DATA)" --score "$(SCORE)" $(if $(SECTIONS),--only $(SECTIONS))

lint: $(VENV)/.installed-test
	$(BIN)/lint-imports --no-logo
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

shots: $(VENV)/.installed-test packages
	@$(BIN)/python tests/browser/shots.py

POT := $(CURDIR)/build/parkhub.pot
BABEL := $(BIN)/pybabel --quiet

texts: $(VENV)/.installed-test
	@mkdir -p build
	@$(BABEL) extract -F frontend/locales/babel.cfg -k marked --add-location=file --sort-by-file -o $(POT) .
	@for code in de es fr pt; do $(BABEL) update -N --ignore-obsolete --ignore-pot-creation-date -w 120 \
	  -i $(POT) -l $$code -o frontend/locales/$$code.po || exit 1; done

packages:
	@.ci/packages

$(VENV)/.installed: $(NEEDS) | $(BIN)/python
	@echo "Installing ParkHub into $(VENV); this takes about a minute …"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: $(NEEDS) | $(BIN)/python
	@echo "Installing ParkHub and what its tests need into $(VENV); this takes about a minute …"
	@$(PIP) --editable '.[test]'
	@touch $(VENV)/.installed $@

$(VENV)/.installed-bench: $(NEEDS) | $(BIN)/python
	@echo "Installing ParkHub and what its measurements need into $(VENV); this takes about a minute …"
	@$(PIP) --editable '.[test,bench]'
	@touch $(VENV)/.installed $(VENV)/.installed-test $@

# torch first and alone: resolved together with the rest, an installer may take another build of it.
# Ultralytics brings an OpenCV with windows, which needs libGL; the one without, in the same folder, comes last.
$(TRAINING)/.installed: $(NEEDS) | $(TRAINING)/bin/python
	@echo "Installing torch, then ParkHub and what its training needs, into $(TRAINING); this takes some minutes …"
	@$(TRAINING_PIP) torch
	@$(TRAINING_PIP) --editable '.[training,ultralytics,test]'
	@$(TRAINING_PIP) --force-reinstall --no-deps opencv-python-headless
	@touch $@

$(BIN)/python $(TRAINING)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "ParkHub needs Python 3.11 or later, and $(PYTHON) is not there."; \
	  echo "Install it (Debian: apt install python3.11 python3.11-venv), or name another: make PYTHON=python3.12 …"; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments. Install the missing part (Debian: apt install python3.11-venv)."; \
	  exit 1; }
	@echo "Making a virtual environment in $(@:/bin/python=) …"
	@$(PYTHON) -m venv $(@:/bin/python=)
