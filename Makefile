# The commands of this project. Each creates or updates .venv from the hash-locked files when it has to.
#   make run     the service, and one whole trade to look at        make check   lint, format, types, floors
#   make test    make check, then every test                        make bench   what a metered call costs
#   make test-fast   no faults, fuzzing, end-to-end, Java, browser  make test-long   more faults, deep fuzzing, soaks
#   make test-spark   the Spark engine of quality checks, in an environment of its own (.venv-spark); needs Java 17
#   make messages   collect the texts for people into the Chinese catalogue
#   make examples   record the examples of the API reference from a played trade
#   make lock    recreate requirements*.txt from pyproject.toml     make clean   remove .venv and caches, not data
#                (make lock UPGRADE=--upgrade takes newer versions)
# Another interpreter: PYTHON=python3.13 make run. Another data folder: DATA_DIR=/srv/market make run.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" --quiet

# Asked for another interpreter than the one .venv was made with: say so rather than run the wrong one.
ifneq ($(origin PYTHON),file)
ifneq ($(wildcard $(BIN)/python),)
ifneq ($(shell $(PYTHON) -V 2>&1),$(shell $(BIN)/python -V 2>&1))
ifneq ($(MAKECMDGOALS),clean)
$(error $(VENV) was made with $(shell $(BIN)/python -V 2>&1), not with $(PYTHON): run make clean first)
endif
endif
endif
endif

.PHONY: run test test-fast test-long test-spark check bench messages examples lock clean
.DELETE_ON_ERROR:

# A hundred processes start in the tests; without bytecode each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

run: $(VENV)/runtime.stamp
	@exec $(BIN)/market up --demo $(if $(DATA_DIR),--data-dir $(DATA_DIR))

# Tests run on as many workers as there are processors, up to MAX_WORKERS; a part of them: make test TESTS=tests/pricing
MAX_WORKERS ?= 8
TESTS ?=
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses $(MAX_WORKERS)

test: check
	$(PYTEST) $(TESTS)

test-fast: $(VENV)/development.stamp
	$(PYTEST) -m "not (e2e or processes or faults or fuzz or java or browser or long)" --hypothesis-profile fast $(TESTS)

test-long: $(VENV)/development.stamp
	CONTRACT_EXAMPLES=10 CONTRACT_PHASES=coverage,fuzzing,stateful FAULT_ROUNDS=10 \
		$(PYTEST) -m "fuzz or faults or hypothesis or long" --hypothesis-profile deep $(TESTS)

# pyspark is 450 MB and optional: its tests have an environment of their own.
SPARK_VENV ?= .venv-spark

test-spark:
	@if command -v java >/dev/null 2>&1; then \
		$(MAKE) --no-print-directory VENV=$(SPARK_VENV) $(SPARK_VENV)/spark.stamp && \
		$(SPARK_VENV)/bin/python -m pytest -m spark tests/quality/spark; \
	else \
		echo "Skipped: Spark needs a Java runtime, and there is none: sudo apt-get install openjdk-17-jre-headless"; \
	fi

check: $(VENV)/development.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/development.stamp
	$(BIN)/python -m tests.benchmarks

# Installing the project itself needs its build backend and no index: both are in the lock.
$(VENV)/runtime.stamp: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(call install,requirements.txt)

$(VENV)/development.stamp: requirements-dev.txt pyproject.toml | $(VENV)/bin/python
	$(call install,requirements-dev.txt)
	@touch $(VENV)/runtime.stamp

# pyspark is published as source only; what it is built with is locked too, so that building it asks no index.
$(VENV)/spark.stamp: requirements-spark.txt requirements-spark-build.txt $(VENV)/development.stamp
	@echo "Installing requirements-spark.txt into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark-build.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation \
		-r requirements-spark.txt
	@touch $@

define install
	@echo "Installing $(1) into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
endef

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "No $(PYTHON) here: sudo apt-get install python3 python3-venv, or name another with PYTHON=python3.13 make" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed and $(PYTHON) is $$($(PYTHON) -V 2>&1): name another with PYTHON=python3.13 make" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make environments: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# What people read is written as Message("…") in the source; the catalogue keeps the translations.
messages: $(VENV)/development.stamp
	$(BIN)/pybabel -q extract --keywords=Message --no-default-keywords --sort-output --no-location \
		-o $(VENV)/messages.pot contracts infra listings market pricing quality
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --width=110 \
		-i $(VENV)/messages.pot -d infra/translations -l zh

# Plays every operation against a fresh service, and keeps what was sent and answered for the reference.
examples: $(VENV)/development.stamp
	$(BIN)/python -m tests.reference

lock: | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(LOCK) $(UPGRADE) --extra build -o requirements.txt
	$(LOCK) $(UPGRADE) --extra build --extra dev --constraint requirements.txt -o requirements-dev.txt
	$(LOCK) $(UPGRADE) --extra build --extra spark --constraint requirements-dev.txt -o requirements-spark.txt
	echo 'setuptools>=80' | $(BIN)/uv pip compile - --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" --quiet $(UPGRADE) -o requirements-spark-build.txt

clean:
	rm -rf $(VENV) $(SPARK_VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
