.DEFAULT_GOAL := help
.PHONY: help setup demo test soak bench verifier lock clean

help: ## Say what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | while IFS="$$(printf '\t')" read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done

setup: ## Leave a working .venv/bin/assent; nothing to do when nothing changed
	@scripts/setup

demo: ## Set up, then run the main job on real MCP servers
	@scripts/setup demo
	@.venv/bin/assent demo

test: ## Set up, then run the whole test-suite
	@scripts/setup test
	@scripts/check

soak: ## The same tests with many more rounds, then fuzz the analysers
	@scripts/setup test
	@ASSENT_SOAK=1 scripts/check --timeout 3600
	@scripts/fuzz 300

bench: ## Set up, run the benchmarks, print a table and write build/bench.json
	@scripts/setup test
	@.venv/bin/python -m benchmarks.run --json build/bench.json

verifier: ## Build build/assent-verify.pyz, the offline verifier as one file
	@scripts/verifier

lock: ## Compute the locked dependencies again
	@scripts/setup
	@scripts/lock

clean: ## Remove what set-up, tests and builds have made
	rm -rf .venv .servers build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
