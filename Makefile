# The chores of mailbot; `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: docs pictures wheel help setup demo demo-cluster test attack test-crash test-takeover test-systemd real-run lint audit bench fuzz lock checker man
SHELL := bash

# A run of the demo leaves its files in OUT; TESTS picks tests or passes options: make test TESTS='tests/unit -x'
OUT ?=
SHEET ?=
DESK ?=
# Ids that `make checker` bakes in (`mailbot ids` writes them), and .toml files that declare tracks
IDS ?=
TRACKS ?=
TESTS ?=
# A folder of mails
DIR ?=
# Where the handbook is built, and what Sphinx keeps between two builds
HANDBOOK ?= mailbot/handbook
DOCTREES ?= build/doctrees
SECONDS ?= 60
SESSIONS ?= 10000
ATTACKS ?=
# Twice as many as there are cores, up to 8: a test waits for its servers about as long as it computes
WORKERS ?= -n $(shell n=$$((2 * $$(nproc))); echo $$((n < 8 ? n : 8))) --dist worksteal

# One thread for each process's linear algebra: the tests run side by side
export OPENBLAS_NUM_THREADS := 1
# Each test process loads mailbot: compiled once, in .venv and __pycache__, it loads in half the time
unexport PYTHONDONTWRITEBYTECODE

# The tests write what must be safe on disk, and wait for it, thousands of times: in memory, where there is plenty, they
# need not. pytest has its folders below this one; nothing means where it wants.
export PYTEST_DEBUG_TEMPROOT ?= $(shell awk '/^MemAvailable/ { exit $$2 < 12e6 }' /proc/meminfo 2>/dev/null && \
	! grep -q ' /dev/shm .*noexec' /proc/mounts && \
	df --output=avail /dev/shm 2>/dev/null | awk 'END { exit $$1 < 6e6 }' && [ -w /dev/shm ] && echo /dev/shm)

READY := .venv/ready
CLUSTER := .venv/cluster
BIN := .venv/bin

define with_systemd
bash .ci/packages && { command -v systemd-nspawn >/dev/null || bash .ci/apt-install systemd-container; } && \
	MAILBOT_TEST_SYSTEMD=1 $(BIN)/python -m pytest $(1) $(TESTS)
endef

help: ## List the chores
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 18

setup: $(READY) ## Make .venv with the command mailbot (PYTHON=... picks the interpreter)

$(READY): .ci/requirements.lock .ci/setup pyproject.toml
	@bash .ci/setup
	@touch $@

$(CLUSTER): .ci/cluster.lock $(READY)
	@$(BIN)/python -m pip install --quiet --quiet --require-hashes --requirement .ci/cluster.lock
	@touch $@

demo: setup ## Run a whole challenge offline (OUT=DIR keeps its files there; SHEET=1 plays a Google Sheet too, DESK=1 leaves the organizers' desk open, PRESET=... another challenge)
	@$(BIN)/mailbot demo $(if $(OUT),--out "$(OUT)") $(if $(SHEET),--sheet) $(if $(DESK),--desk) $(if $(PRESET),--preset "$(PRESET)")

demo-cluster: setup $(CLUSTER) ## Run the demo on two hosts with PostgreSQL and a Dask cluster; a worker and a leader are killed (OUT=DIR keeps its files)
	@bash .ci/packages
	@$(BIN)/python -m tests.clustered $(if $(OUT),"$(OUT)")

test: setup $(CLUSTER) ## Run every test; fetches Dovecot, exim4 and Chromium when missing (TESTS=... picks some)
	@bash .ci/packages
	@$(BIN)/python -m pytest $(WORKERS) $(TESTS)

test-crash: setup ## Kill the daemon at every crash point while mails flow; says what was lost or doubled
	@bash .ci/packages
	@$(BIN)/python -m tests.faults

test-takeover: setup ## End the daemon that leads in every way, with another one that stands by; says what was lost or doubled
	@bash .ci/packages
	@$(BIN)/python -m tests.faults.takeovers

attack: setup ## Play every attack against a running daemon, a line each (ATTACKS="word ..." picks some)
	@bash .ci/packages
	@$(BIN)/python -m tests.hostile.attacks $(ATTACKS)

test-long: setup $(CLUSTER) ## Run the tests that are too long for every time, and SESSIONS=10000 with an IMAP server that errs
	@bash .ci/packages
	@$(BIN)/python -m pytest $(WORKERS) -m long $(TESTS)
	@MAILBOT_TEST_LEDGER=postgresql $(BIN)/python -m pytest $(WORKERS) tests/flow/test_flow.py
	@MAILBOT_TEST_LEDGER=postgresql $(BIN)/python -m tests.faults
	@$(BIN)/python -m tests.faults.mutated $(SESSIONS)

test-systemd: setup ## Run the service under a real systemd in a container; needs root, fetches systemd-container when missing
	@$(call with_systemd,tests/systemd/test_service.py)

real-run: setup ## Serve 200 mails under a real systemd, throw the host away, restore: the same board; writes build/real-run.json
	@$(call with_systemd,tests/systemd/test_real_run.py)

lint: setup ## Check style, format, types, layers and plain English
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python -m tests.prose

audit: setup ## Look up weaknesses and licences of every package; fetches pip-audit when missing
	@[ -x build/pip-audit/bin/pip-audit ] || { $(BIN)/python -m venv --clear build/pip-audit && \
		build/pip-audit/bin/python -m pip install --quiet --quiet 'pip-audit>=2.9,<3'; } || echo "pip-audit could not be fetched" >&2
	@$(BIN)/python -m tests.audit build/pip-audit/bin/pip-audit

bench: setup $(CLUSTER) ## Measure speed; writes build/bench.json
	@mkdir -p build
	@$(BIN)/python -m tests.bench

fuzz: setup ## Throw mutated mails, archives, files and messages at their readers for SECONDS=600; fetches atheris when missing
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet 'atheris>=3,<4'
	@$(BIN)/python -m tests.fuzz $(SECONDS)

corpus: setup ## Read the mails below DIR=... by mailbot and by Python's email package; says where the two differ
	@$(if $(DIR),,echo "make corpus DIR=FOLDER" >&2; exit 2;) $(BIN)/python -m tests.corpus "$(DIR)"

checker: setup ## Write the teams' checker, one file for any Python 3.11: build/checker.pyz (IDS=ids.txt bakes ids in)
	@$(BIN)/python -m scoring.pack build/checker.pyz $(if $(IDS),--ids "$(IDS)") $(TRACKS:%=--track "%")

docs: setup ## Build the handbook, mailbot/handbook/index.html, which `mailbot docs` opens; strict: no dead link, no orphan
	@$(BIN)/sphinx-build -q -a -W --keep-going -d "$(DOCTREES)" -c docs/site docs "$(HANDBOOK)"

pictures: setup ## Make the pictures of the handbook from the demo: docs/pictures/
	@$(BIN)/python -m tests.pictures

wheel: docs ## Build the wheel, with the handbook in it: dist/
	@$(BIN)/python -m hatchling build --target wheel

man: setup ## Write the manual page: build/mailbot.1
	@mkdir -p build
	@$(BIN)/mailbot man > build/mailbot.1

lock: setup ## Choose the newest packages anew and pin them with their hashes
	@$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --group dev \
		--extra boxes --extra demo --extra desk --extra parquet --extra postgres --extra text \
		--universal --python-version 3.11 --fork-strategy fewest \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --output-file .ci/requirements.lock
	@echo hatchling | $(BIN)/uv pip compile pyproject.toml - --quiet --constraint .ci/requirements.lock \
		--extra boxes --extra desk --extra parquet --extra postgres --extra text \
		--universal --python-version 3.11 --fork-strategy fewest \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --output-file .ci/runtime.lock
	@echo distributed | $(BIN)/uv pip compile - --quiet --constraint .ci/requirements.lock \
		--universal --python-version 3.11 --fork-strategy fewest \
		--generate-hashes --no-emit-index-url --no-annotate --no-header --output-file .ci/cluster.lock
