# make study: the environment, then the main job on the embedded images.
# make test: the environment, then every kind of test but not every test: those marked slow are left out. Minutes.
# make test-all: every test, the slow ones included.
# make docs: the documentation as a site, into site/; make docs-serve shows it on this machine.
PYTHON ?= python3
BIN := .venv/bin
CHECK = import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) or sys.exit("Python 3.11 to 3.13 is needed, %s is %s: \
  name another, such as make $(or $(MAKECMDGOALS),study) PYTHON=python3.12, and remove .venv if it is of this one" \
  % (sys.executable, sys.version.split()[0]))

.PHONY: study test test-all lint docs docs-serve requirements

study: .venv/installed
	$(BIN)/python -m study run

test: .venv/installed-test
	$(BIN)/python -m pytest -m "not slow"

test-all: .venv/installed-test
	$(BIN)/python -m pytest

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# A site that asks nothing of a network: no notice of other versions, no fonts from elsewhere.
docs: export NO_MKDOCS_2_WARNING := 1
docs: .venv/installed-docs
	$(BIN)/python -m mkdocs build --strict --quiet

docs-serve: export DOCS_EXECUTE := false
docs-serve: .venv/installed-docs
	$(BIN)/python -m mkdocs serve

.venv/installed: requirements.txt
	@python=$(BIN)/python; test -x $$python || python=$(PYTHON); $$python -c '$(CHECK)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --require-hashes --requirement requirements.txt
	touch $@

.venv/installed-test: requirements-test.txt .venv/installed
	$(BIN)/python -m pip install --require-hashes --requirement requirements-test.txt
	touch $@

.venv/installed-docs: requirements-docs.txt .venv/installed
	$(BIN)/python -m pip install --require-hashes --requirement requirements-docs.txt
	touch $@

# Pins every dependency of pyproject.toml with hashes, for Python 3.11 to 3.13; needs uv.
requirements:
	uv pip compile pyproject.toml --extra test --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-annotate --no-header --output-file requirements-test.txt
	uv pip compile pyproject.toml --constraints requirements-test.txt --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file requirements.txt
	uv pip compile pyproject.toml --extra docs --constraints requirements-test.txt --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file requirements-docs.txt
	uv pip compile pyproject.toml --extra gpu --constraints requirements-test.txt --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file requirements-gpu.txt
