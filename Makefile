# Two commands matter: `make run` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
PORT   ?= 8000
CKAN_PORT ?= 5000
CKAN_VERSION ?= 2.12.0
PY     := $(VENV)/bin/python

.PHONY: run run-ckan test lint types format audit faults bench amqp-bench clean
run: $(VENV)/.runtime
	@$(PY) -m demo.run --port $(PORT)

# the portal beside a real CKAN with our extension; needs PostgreSQL, psql and Redis on this machine
run-ckan: $(VENV)/.runtime
	@$(PY) ckanext/dev/run.py --port $(PORT) --ckan-port $(CKAN_PORT) --ckan-version $(CKAN_VERSION)

test: $(VENV)/.development
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy portal packager stats pusher ckanpackager_import messaging demo
	$(PY) .ci/audit
	$(PY) -m pytest

# known vulnerabilities of what is installed; says so where nobody can be asked
audit: $(VENV)/.development
	$(PY) .ci/audit

lint: $(VENV)/.development
	$(VENV)/bin/ruff check .

format: $(VENV)/.development
	$(VENV)/bin/ruff format .

types: $(VENV)/.development
	$(VENV)/bin/mypy portal packager stats pusher ckanpackager_import messaging demo

# real processes that are killed, stopped and cut off, the long forms included: a table, and var/faults.json
faults: $(VENV)/.development
	$(PY) -m tests.faults

# how fast packages are made, beside what they are held against; BENCH="--help" says how to measure beside a real CKAN
bench: $(VENV)/.development
	$(PY) -m benchmarks.bench $(BENCH)

# needs RabbitMQ's programs, and for its second half PostgreSQL on 127.0.0.1:5432
amqp-bench: $(VENV)/.development
	$(PY) -m benchmarks.amqp

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.development: requirements.txt requirements-parquet.txt requirements-s3.txt requirements-dev.txt | $(VENV)/bin/python
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.runtime

clean:
	rm -rf $(VENV) var
