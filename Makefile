# The two commands that matter: make run, make test.
#
# make run FILES="a.jpg folder" hands FILES to the shell as it stands. So quote a name with spaces once more:
#   make run FILES="'my photo.jpg' 'last summer'"        (and write $$ for a dollar sign)

# Any Python starts the set-up; packaging/bootstrap.py then takes the newest that will do, or PYTHON=... as given.
ANY_PYTHON = $(or $(PYTHON),$(shell command -v python3 || command -v python3.14 || command -v python3.13 || \
	command -v python3.12 || command -v python3.11))
PY := .venv/bin/python
NO_PYTHON := Lightdesk needs Python 3.11 or newer: sudo apt-get install -y python3 python3-venv
CHECKED := engine desktop packaging tests/house tests/conftest.py

.PHONY: help run test test-all checks soak bench bench-full screenshots lock clean ready-to-run ready-to-test
.DEFAULT_GOAL := help

test test-all checks soak bench bench-full screenshots: export LC_ALL = C.UTF-8

help:
	@echo 'make run [FILES="a.jpg folder"]   open the window; without a display, print a table'
	@echo 'make test                         all checks but the slow ones'
	@echo 'make test-all                     all checks'
	@echo 'make soak                         damaged pictures, kills and memory, for some minutes'
	@echo 'make bench FILES=FOLDER           measure speed and memory on one folder of JPEG photos: 18 minutes'
	@echo 'make bench-full FILES=FOLDER      searching by example at a million vectors, beside others: hours, goes on where it was cut'
	@echo 'make screenshots [FILES=FOLDER]   make the pictures in docs/images'
	@echo 'make lock                         choose versions anew'
	@echo 'make clean                        take away the environment and what checks leave behind'

ready-to-run ready-to-test:
	@test -n "$(ANY_PYTHON)" || { echo "$(NO_PYTHON)" >&2; exit 1; }
	@PYTHON="$(PYTHON)" exec "$(ANY_PYTHON)" packaging/bootstrap.py $(patsubst ready-to-%,%,$@)

run: ready-to-run
	@$(PY) packaging/build_model.py
	@exec $(PY) -m desktop $(if $(FILES),-- $(FILES))

checks: ready-to-test
	$(PY) -m ruff check .
	$(PY) -m ruff format --check $(CHECKED)
	$(PY) -m mypy engine desktop
	.venv/bin/lint-imports

test: checks
	$(PY) packaging/run_tests.py -m "not slow"

test-all: checks
	$(PY) -m pip install -q -q --disable-pip-version-check torch==2.13.0
	$(PY) packaging/run_tests.py --one-by-one

soak: ready-to-test
	LIGHTDESK_SOAK_IMAGES=20000 LIGHTDESK_SOAK_KILLS=200 LIGHTDESK_SOAK_PICTURES=20000 $(PY) packaging/run_tests.py tests/soak -o faulthandler_timeout=3600

bench: ready-to-test
	$(PY) -m benchmarks $(FILES) --out bench-results

bench-full: ready-to-test
	$(PY) -m benchmarks.similar_full $(FILES) --out bench-results

screenshots: ready-to-test
	$(PY) -m benchmarks.screenshots $(FILES)

lock: ready-to-test
	$(PY) packaging/lock.py

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
