# What the shell says of it would make every process compile everything, and the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test test-proxy check soak bench docs screenshots clean

help:  ## Says what there is.
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /	/'

setup:
	@scripts/setup

run: setup  ## Runs everything on this machine: MariaDB, Redis, a sample estate, worker and API on port 8586.
	@exec .venv/bin/thirdeye dev

test: setup  ## The whole test suite against real servers of its own.
	@test -n "$$THIRDEYE_TEST_MYSQLD" || scripts/mysql >/dev/null || echo "test: what runs on MySQL is skipped" >&2
	@scripts/setup browser || echo "test: what runs in a browser is skipped" >&2
	@rm -f .coverage .coverage.*
	@.venv/bin/python -m coverage run -m pytest -m 'not soak' -n 4 --dist loadfile --no-loadscope-reorder
	@.venv/bin/python -m coverage combine --quiet
	@.venv/bin/python -m coverage report --fail-under=90

test-proxy: setup  ## OpenMetadata's own proxy resource against a real ThirdEye, where Maven and Java are there.
	@scripts/test_proxy

check: setup  ## Lints, types, imports.
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-cache >/dev/null || .venv/bin/lint-imports --no-cache

soak: setup  ## The long runs.
	@scripts/setup soak
	@.venv/bin/python -m pytest -m soak

bench: setup  ## Requests per second against peers; prints ratios.
	@.venv/bin/python -m bench.serve

docs: setup  ## The documentation as one book, in build/book; warnings are errors.
	@scripts/setup docs
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/python -W error -m mkdocs build --strict
	@echo "build/book/index.html; with search: .venv-docs/bin/python -m http.server --bind 127.0.0.1 --directory build/book 8000"

screenshots: setup  ## Pictures of the page's views, for people, in docs/screenshots.
	@scripts/setup browser
	@.venv/bin/python -m tests.browser.screenshots

clean:  ## Removes what these commands made.
	rm -rf deploy/openmetadata-proxy/target .venv .venv-bench .node-bench .venv-docs .venv-soak build .thirdeye .coverage .coverage.* .mypy_cache .ruff_cache .hypothesis
