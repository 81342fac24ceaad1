# The two commands that matter are `make run` and `make test`.
PYTHON ?= $(shell for v in python3 python3.14 python3.13 python3.12 python3.11; do \
	command -v $$v >/dev/null 2>&1 && $$v -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$v && break; done)
VENV := .venv/bin
export LC_ALL = C.UTF-8

.PHONY: help run setup setup-test test test-all soak checks lock screenshots bench

help:
	@echo "make run [FILES=\"a.jpg folder\"]  open the window (prints a table where there is no display)"
	@echo "make test                        all checks but the slow ones"
	@echo "make test-all                    all checks"
	@echo "make soak                        long fault tests"
	@echo "make bench                       measure speed"
	@echo "make screenshots                 make the pictures in docs/images"
	@echo "make lock                        choose versions anew"

setup:
	@test -n "$(PYTHON)" || { echo "Lightdesk needs Python 3.11 or newer: sudo apt-get install -y python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) packaging/bootstrap.py run

setup-test:
	@test -n "$(PYTHON)" || { echo "Lightdesk needs Python 3.11 or newer: sudo apt-get install -y python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) packaging/bootstrap.py test

run: setup
	@$(VENV)/python -m desktop $(FILES)

checks: setup-test
	$(VENV)/ruff check .
	$(VENV)/ruff format --check engine desktop
	$(VENV)/mypy engine desktop
	$(VENV)/lint-imports

test: checks
	$(VENV)/python -m pytest -m "not slow"

test-all: checks
	$(VENV)/python -m pip install -q --disable-pip-version-check torch==2.13.0
	$(VENV)/python -m pytest

soak: setup-test
	LIGHTDESK_SOAK_IMAGES=2000 LIGHTDESK_SOAK_KILLS=50 $(VENV)/python -m pytest tests/soak

bench: setup
	$(VENV)/python -m benchmarks.ingest $(FILES)

screenshots: setup
	$(VENV)/python -m benchmarks.screenshots $(FILES)

lock: setup-test
	$(VENV)/python packaging/lock.py
