# loadrig. `make help` lists the targets; each installs and builds what it needs by itself and does nothing twice.

SHELL := /bin/bash
.DEFAULT_GOAL := help
RUN_ARGS ?=
BENCH_ARGS ?=

LOADRIG := node --max-semi-space-size=32 build/js/harness/main.js
INSTALLED := node_modules/.package-lock.json
BUILT := build/js/.built
SOURCES := $(shell find harness scenarios configs systems engines -name '*.ts' 2>/dev/null)

.PHONY: help install build tensorrt check check-format check-lint check-types test run generate_engines run_harness preprocess_data tensorrt_headers bench bench-peers bench-openvino docs format clean clean_shallow

help: ## list the targets
	@grep -hE '^[a-z_-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

install: $(INSTALLED) ## install the packages (npm registry only)

$(INSTALLED): package.json package-lock.json .npmrc
	@command -v node >/dev/null && command -v npm >/dev/null || { echo 'loadrig needs Node.js 20.19 or newer with npm: see https://nodejs.org' >&2; exit 3; }
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); if (a < 20 || (a === 20 && b < 19)) { console.error(`loadrig needs Node.js 20.19 or newer; this is $${process.version}`); process.exit(3); }'
	npm ci --no-progress
	@touch $@

build: $(BUILT) ## compile TypeScript to build/js

$(BUILT): $(INSTALLED) $(SOURCES) tsconfig.json tsconfig.build.json
	@npx --no-install tsc -p tsconfig.build.json
	@$(LOADRIG) list config_schema > build/config.schema.json
	@touch $@

tensorrt: $(INSTALLED) ## build the native addon of the TensorRT engine (TENSORRT_INCLUDE: folders of its headers)
	@engines/tensorrt/build-native.sh build/native

check: $(INSTALLED) ## format, lint and types
	@$(MAKE) --no-print-directory -j2 check-format check-lint check-types

check-format: $(INSTALLED)
	npx --no-install prettier --check --log-level warn .

check-lint: $(INSTALLED)
	npx --no-install eslint . --max-warnings 0

check-types: $(INSTALLED)
	npx --no-install tsc -p tsconfig.json

test: check $(BUILT) ## check, then all tests
	npx --no-install vitest run

run: $(BUILT) ## generate_engines, then run_harness: make run RUN_ARGS="--quick"
	@$(LOADRIG) --action=run $(RUN_ARGS)

generate_engines: $(BUILT) ## build the engines that RUN_ARGS needs, and stop
	@$(LOADRIG) --action=generate_engines $(RUN_ARGS)

run_harness: $(BUILT) ## run with engines that exist already
	@$(LOADRIG) --action=run_harness $(RUN_ARGS)

preprocess_data: $(BUILT) ## tokenise the data set into build/preprocessed_data, and stop
	@$(LOADRIG) --action=preprocess_data $(RUN_ARGS)

tensorrt_headers: ## fetch TensorRT's headers with cargo, to compile the addon on a machine without TensorRT
	@engines/tensorrt/fetch-headers.sh build/tensorrt-headers

bench: $(BUILT) ## measure the driver and the engine (BENCH_ARGS="--json" for JSON)
	@node build/js/harness/bench/main.js $(BENCH_ARGS)

bench-openvino: $(BUILT) ## int8 beside OpenVINO, measured in turns (needs python3; installs it from PyPI)
	@node build/js/harness/bench/peers/openvino.js $(BENCH_ARGS)

bench-peers: $(BUILT) ## the driver beside the C++ LoadGen, measured in turns (needs python3 and g++)
	@node build/js/harness/bench/peers/main.js $(BENCH_ARGS)

docs: $(BUILT) ## write the generated pages again: docs/systems.md
	@$(LOADRIG) list systems --markdown > docs/systems.md

format: $(INSTALLED) ## rewrite all files in the house format
	npx --no-install prettier --write --log-level warn .

clean_shallow: ## remove compiled code only
	rm -rf build/js build/tsbuildinfo

clean: ## remove build/ whole: code, engines, preprocessed data AND logs
	rm -rf build
