# Everything a developer types. `make` lists it. What a target does is a script in scripts/.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run dev test check e2e bench fuzz openapi clean

# The address of `make run` and `make dev`.
LISTEN ?= 127.0.0.1:8080
# How long `make fuzz` runs each target.
FUZZ_SECONDS ?= 600
export LISTEN

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## build, then serve http://127.0.0.1:8080 with people to sign in as (LISTEN=host:port for another address)
	@scripts/run

dev: ## the same from a debug build, with pages that reload as they are edited
	@scripts/dev

test: ## install what is missing where that is allowed, then run every test
	@scripts/test

check: ## format, lints, licences of dependencies, types
	@scripts/check

e2e: ## only the tests in a browser
	@scripts/e2e

bench: ## measure: cost of a delivered letter, cold opening of a long document
	@scripts/bench

fuzz: ## look for bytes that break the guard or the frame readers (FUZZ_SECONDS=600 each)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh

openapi: ## write server/openapi.json anew, and the client's types from it
	@scripts/openapi

clean: ## remove what was built and the packages of the client; ./data stays
	@rm -rf target web-client/dist web-client/node_modules tests/*/node_modules benches/*/node_modules
