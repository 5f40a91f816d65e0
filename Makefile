# Every target sets up what it needs, so `make run` and `make test` work on a fresh clone.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/run.stamp
DEV := $(VENV)/dev.stamp
REPORTS := .reports
PARSERS := tests/fuzz
CAMPAIGNS := tests/chaos tests/disk tests/races tests/simulation tests/story
FAST := not slow and not browser and not bench
# What stands on client, sandbox and vault; its frameworks take as long to load as these to test.
ABOVE := tests/web tests/service tests/docs tests/examples tests/simulation
FAST_ONLY := $(ABOVE:%=--ignore=%)
ARGS ?=

# Nothing is looked up on the network while types are checked.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

# Tests are compiled once, not in each process of each run: that is a quarter of the fast suite.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: $(RUN) ## Start the service, with a local TikTok beside it, on http://127.0.0.1:8000
	@exec $(BIN)/tiktok-oauth serve $(ARGS)

.PHONY: test
test: lint types layers programs instructions suites ## Run every check and every test, as CI does

.PHONY: check
check: FAST_ONLY :=
check: lint types layers fast ## Run every check but the slow tests

.PHONY: fast
fast: $(DEV) ## Run the fast tests of client, sandbox and vault; ARGS="-k token" narrows them
	$(BIN)/python -m pytest -m "$(FAST)" -n auto --hypothesis-profile=quick $(FAST_ONLY) $(ARGS)

.PHONY: fuzz
fuzz: $(DEV) ## Run the parsers' property tests over a million examples
	$(BIN)/python -m pytest $(PARSERS) -n auto --hypothesis-profile=fuzz $(ARGS)

.PHONY: bench
bench: $(DEV) programs ## Measure every figure we promise, beside other libraries (20 minutes)
	@status=0; for part in run sandbox vault service; do \
	    $(BIN)/python bench/$$part.py $(ARGS) || status=1; done; exit $$status

.PHONY: sim
sim: $(DEV) ## Simulate 100,000 hostile worlds, every mutant and three simpler designs
	$(BIN)/python -m tests.simulation.run --mutants 1000 --baselines 300 $(ARGS)
	$(BIN)/python -m tests.simulation.run --to 100000 --keep build/simulation $(ARGS)
	$(BIN)/python -m tests.simulation.run --profile hard --to 10000 --keep build/simulation

.PHONY: chaos
chaos: $(DEV) programs ## Kill processes amid refreshes, 5,000 on SQLite and 2,000 on PostgreSQL
	$(BIN)/python -m tests.chaos --kills 3000 $(ARGS)
	$(BIN)/python -m tests.chaos --kills 1000 --role worker $(ARGS)
	$(BIN)/python -m tests.chaos --kills 1000 --role refresher $(ARGS)
	$(BIN)/python -m tests.chaos --kills 600 --with drops full jumps $(ARGS)
	$(BIN)/python -m tests.chaos --store pysqlite3 --kills 600 $(ARGS)
	$(BIN)/python -m tests.chaos --store postgres --kills 1200 $(ARGS)
	$(BIN)/python -m tests.chaos --store postgres --kills 400 --role worker $(ARGS)
	$(BIN)/python -m tests.chaos --store postgres --kills 400 --role refresher $(ARGS)
	$(BIN)/python -m tests.chaos --store postgres --kills 300 --with drops restarts jumps $(ARGS)
	RESEAL_KILLS=200 $(BIN)/python -m pytest tests/vault/test_resealing.py -k killing -m slow

.PHONY: disk
disk: $(DEV) programs ## Cut the power, and fail a call to the disk, at every step of a vault on SQLite
	$(BIN)/python -m tests.disk cuts $(ARGS)
	$(BIN)/python -m tests.disk calls $(ARGS)

.PHONY: story
story: $(DEV) ## Tell thirty days of 500 accounts, with kills, losses and an outage, in ten minutes
	$(BIN)/python -m tests.story $(ARGS)

.PHONY: soak
soak: $(DEV) ## Ask a service for tokens for half an hour, while they are refreshed
	SOAK_MINUTES=30 $(BIN)/python -m pytest tests/service/api/test_soak.py -s $(ARGS)

.PHONY: fuzz-api
fuzz-api: $(DEV) ## Try the service's API with 5,000 requests made from its description
	API_CASES=5000 $(BIN)/python -m pytest tests/service/api/test_openapi.py -s $(ARGS)

.PHONY: docs
docs: $(DEV) ## Build the documentation into docs/_build
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build

.PHONY: dist
dist: $(DEV) ## Make sdist, wheel and bill of materials in dist/, the same bytes each time
	@rm -rf dist && tools/dist dist

.PHONY: matrix
matrix: dist ## Install the wheel with each extra, and on each Python at hand, and use it
	$(BIN)/python tools/matrix.py dist $(ARGS)

.PHONY: picture
picture: $(DEV) programs ## Photograph the dashboard at work, for the README (6 minutes)
	$(BIN)/python tools/picture.py

.PHONY: fmt
fmt: $(DEV) ## Format the code and mend what ruff can
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

.PHONY: lint
lint: $(DEV) ## Check style and formatting, and the container files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/hadolint examples/deploy/Containerfile*

.PHONY: types
types: $(DEV) ## Check the types, and that the public ones are complete
	$(BIN)/mypy
	$(BIN)/python tools/public_types.py

.PHONY: layers
layers: $(DEV) ## Check that imports run downwards only
	$(BIN)/lint-imports --no-logo

.PHONY: lock
lock: ## Pin the newest versions of all requirements (needs uv)
	tools/lock

.PHONY: clean
clean: ## Remove everything that make has made
	rm -rf $(VENV) $(REPORTS) docs/_build build dist .coverage .coverage.*
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/%.stamp: requirements/%.txt pyproject.toml tools/setup
	@tools/setup $*

# The steps of `make test` that are of little use alone.

.PHONY: programs
programs:
	@tools/system-package chromium "for the browser tests" chromium chromium-browser google-chrome
	@tools/system-package valgrind "to count instructions" valgrind
	@tools/system-package strace "to count syncs" strace
	@tools/system-package curl "for the example in shell" curl
	@tools/system-package systemd "to check the units" systemd-analyze
	@tools/system-package redis-server "for the jobs of RQ" redis-server
	@PATH="$$PATH:$$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)" \
	    tools/system-package postgresql "for the database tests" initdb

.PHONY: instructions
instructions: $(DEV)
	$(BIN)/python bench/instructions.py --check

# Every test is in one of the suites; one that is still empty (pytest says 5) is no failure.
# Coverage would slow down twenty thousand examples and thousands of simulated worlds, and spoil
# timings: three suites go without.
.PHONY: suites
suites: $(DEV)
	@rm -rf $(REPORTS) && mkdir $(REPORTS) && $(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m "$(FAST)" --junit-xml=$(REPORTS)/fast.xml
	$(BIN)/python -m pytest -m bench --junit-xml=$(REPORTS)/bench.xml || [ $$? -eq 5 ]
	$(BIN)/coverage run -m pytest -m "(slow or browser) and not bench" \
	    $(CAMPAIGNS:%=--ignore=%) --junit-xml=$(REPORTS)/slow.xml || [ $$? -eq 5 ]
	$(BIN)/python -m pytest -m slow $(CAMPAIGNS) --junit-xml=$(REPORTS)/campaigns.xml
	$(BIN)/python -m pytest $(PARSERS) -n auto --hypothesis-profile=thorough \
	    --junit-xml=$(REPORTS)/thorough.xml
	@$(BIN)/python -m pytest --collect-only --quiet > $(REPORTS)/collected.txt
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage json --quiet -o $(REPORTS)/coverage.json
	@$(BIN)/python tools/gates.py $(REPORTS)
