# Two commands on a fresh machine: `make run` (a synthetic year to a tasking list) and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run test test-deep survive check serve schedule bench bench-large setup lock clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

setup: .venv/ready ## build the environment from the hash-pinned lock

run: .venv/ready ## a synthetic year of London, the whole job, the headline
	$(BIN)/misuse demo

test: .venv/ready ## every test but the deep ones, three files at once: some wait for a schedule
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder

test-deep: .venv/ready ## what `make test` leaves out: long simulations, whole years, a thousand examples of every property
	HYPOTHESIS_PROFILE=deep $(BIN)/python -m pytest -q -n 2 -m "deep or hypothesis"

survive: .venv/ready ## kill it five hundred times, fill its disk, feed it twenty thousand spoilt files; takes an hour
	$(BIN)/python -m tests.survival

check: .venv/ready ## formatting, lint, types, SQL lint, import layers, dependencies; every failure at once
	@$(BIN)/python -m tests.check

serve: .venv/ready ## the review room in a browser; docs/review-room.md says how to begin
	$(BIN)/misuse serve

schedule: .venv/ready ## the flows on their schedules
	$(BIN)/misuse schedule

bench: .venv/ready ## what the whole job costs at 1M and 10M calls, beside the raw engine and a script
	$(BIN)/python -m benchmarks.bench --size 1M --repeat 3 && $(BIN)/python -m benchmarks.bench --size 10M

bench-large: .venv/ready ## the same at 100M: some hours, and 80 GB of disk
	$(BIN)/python -m benchmarks.bench --size 100M

lock: ## pin every dependency anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --no-annotate --no-header -o requirements.lock

clean: ## remove the environment, not the data
	rm -rf .venv

.venv/ready: requirements.lock requirements-bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "misuse needs Python 3.11 or later")'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-bootstrap.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements.lock \
	  || $(BIN)/python -m pip install --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --no-index --editable .
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q src flows
	@touch $@
