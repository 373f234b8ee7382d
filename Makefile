# Every command of the project. `make` alone lists them.
#
#   CARGO_TARGET_DIR=DIR   where cargo builds (default: target)
#   CARGO_BUILD_JOBS=N     parallel jobs (default: cores + 1)
#   SECONDS=N              make run: stop after N seconds
#
# What a run or a test leaves behind (reports, logs) lies in target/run of the checkout, wherever
# cargo builds.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
# A variable of its own in bash.
unexport SECONDS

CARGO := scripts/cargo.sh
STEP := scripts/step.sh
# The one profile of run, test and lint, so that nothing is compiled twice.
PROFILE := fast
BIN := $(CARGO_TARGET_DIR)/$(PROFILE)
RUN := $(CURDIR)/target/run
BENCH := $(CURDIR)/target/bench
# The runtime that the weights are measured on: built apart, so that nothing else is built again.
WEIGHTS := $(CARGO_TARGET_DIR)/weights
PEERS := $(BENCH)/venv/bin/python

# cargo-nextest where it is installed; it runs the tests of all crates side by side.
ifneq ($(shell command -v cargo-nextest),)
UNIT_TESTS = nextest run --workspace --locked --cargo-profile $(PROFILE) -E 'not package(bittensor-e2e)'
E2E_TESTS = nextest run --workspace --locked --cargo-profile $(PROFILE) -E 'package(bittensor-e2e)'
else
UNIT_TESTS = test --workspace --exclude bittensor-e2e --locked --profile $(PROFILE) --lib --bins --tests
E2E_TESTS = test --workspace --locked --profile $(PROFILE) --examples --test network -- --test-threads 1
endif

.PHONY: help
help: ## List the targets
	@printf 'Usage: make TARGET\n\n'
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n'

##@ Build and run

.PHONY: setup
setup: ## Install what the build needs (as root or in CI; otherwise print the line to run)
	@scripts/setup.sh

.PHONY: build
build: setup ## Build the node, the miner and the local network
	@$(STEP) build $(CARGO) build --workspace --profile $(PROFILE) --locked \
		--bin bittensor-node --bin bittensor-miner --bin localnet --example solve

.PHONY: run
run: build ## Start a local chain with six miners; SECONDS=n stops after n seconds
	@mkdir -p $(RUN)
	@$(BIN)/localnet $(if $(SECONDS),--seconds $(SECONDS)) --out $(RUN)

.PHONY: production
production: setup ## Build the node and the miner for deployment (slow)
	@# From another folder, so that .cargo/config.toml does not ask for the system's zstd: its
	@# version decides the compressed bytes of the runtime, and so the hash of the genesis block.
	@cd / && $(CURDIR)/$(STEP) production env -u ZSTD_SYS_USE_PKG_CONFIG OPENSSL_NO_VENDOR=1 \
		WASM_BUILD_TYPE=release WASM_BUILD_WORKSPACE_HINT=$(CURDIR) \
		$(CURDIR)/$(CARGO) build --manifest-path $(CURDIR)/Cargo.toml --workspace --locked \
		--profile production --bin bittensor-node --bin bittensor-miner
	@printf 'Binaries: %s\n' $(CARGO_TARGET_DIR)/production

.PHONY: clean
clean: ## Remove everything that was built and what runs left behind
	@$(CARGO) clean
	@rm -rf target/run e2e/js/node_modules docs/book

##@ Test

.PHONY: test
test: test-unit test-digests test-e2e test-js test-bench test-run ## Run every test, and a local network for two minutes

.PHONY: test-unit
test-unit: setup ## Run the tests of every crate but e2e
	@$(STEP) test-unit $(CARGO) $(UNIT_TESTS)

.PHONY: test-digests
test-digests: setup ## The pinned results of the engine, in a debug build and in a release
	@$(STEP) "test-digests (debug)" $(CARGO) test -p bittensor-contribution --locked --test engine digests
	@$(STEP) "test-digests (release)" $(CARGO) test -p bittensor-contribution --locked --release --test engine digests

.PHONY: test-bench
test-bench: build bench-tools bench-peers ## The peers' tests, and a small round of each benchmark
	@$(STEP) test-peers $(PEERS) -B bench/contribution/peers/test_peers.py
	@$(STEP) "bench-contribution --quick" $(BIN)/bench-contribution --quick --peers $(PEERS) \
		--out $(BENCH)/quick/contribution.json
	@$(STEP) "bench-chain --quick" $(BIN)/bench-chain --quick --out $(BENCH)/quick/chain.json \
		--work $(BENCH)/quick/chain

.PHONY: test-e2e
test-e2e: build ## Run the tests over real nodes and miners
	@$(STEP) test-e2e $(CARGO) $(E2E_TESTS)

.PHONY: test-js
test-js: build ## Run the polkadot-js client against a node (needs Node.js)
	@[ e2e/js/node_modules/.package-lock.json -nt e2e/js/package-lock.json ] || \
		$(STEP) "test-js: install" npm ci --prefix e2e/js --no-audit --no-fund --loglevel error
	@NODE_BIN=$(BIN)/bittensor-node $(STEP) test-js npm test --silent --prefix e2e/js

.PHONY: test-run
test-run: ## Run a local network for two minutes and check its report
	@$(STEP) "run SECONDS=120" $(MAKE) run SECONDS=120

##@ Measure

.PHONY: bench-contribution
bench-contribution: bench-tools bench-peers ## The engine and its peers side by side (about 11 minutes)
	@$(STEP) bench-contribution $(BIN)/bench-contribution --peers $(PEERS)

.PHONY: bench-chain
bench-chain: build bench-tools ## Epochs of up to 65,536 components on a real node (an hour and a half)
	@$(STEP) bench-chain $(BIN)/bench-chain --markdown $(BENCH)/chain.md

.PHONY: bench-tools
bench-tools: setup
	@mkdir -p $(BENCH)/quick
	@$(STEP) "bench: native contenders" $(CARGO) build -p bench-native --release --locked
	@$(STEP) "bench: build" $(CARGO) build --workspace --profile $(PROFILE) --locked \
		--bin bench-contribution --bin bench-chain

.PHONY: bench-peers
bench-peers: setup
	@$(STEP) "bench: peers" bench/contribution/peers/setup.sh $(BENCH)/venv

.PHONY: weights
weights: weights-tools ## Measure what calls and steps cost, and write runtime/src/weights
	@$(STEP) weights scripts/weights.sh $(BIN)/bench-weights \
		$(WEIGHTS)/$(PROFILE)/wbuild/bittensor-runtime/bittensor_runtime.wasm runtime/src/weights

.PHONY: weights-tools
weights-tools: setup
	@CARGO_TARGET_DIR=$(WEIGHTS) $(STEP) "weights: runtime" $(CARGO) build -p bittensor-runtime \
		--features runtime-benchmarks --profile $(PROFILE) --locked --lib
	@# The tool brings a test runtime of the SDK that does not compile outside of it, and that it
	@# does not need here.
	@SKIP_WASM_BUILD=1 $(STEP) "weights: tool" $(CARGO) build --workspace --profile $(PROFILE) --locked \
		--bin bench-weights --features bench-weights/cli

##@ Lint

.PHONY: lint
lint: lint-lock lint-features lint-pages lint-fmt lint-clippy lint-docs lint-metadata ## Run every check that is not a test

.PHONY: lint-lock
lint-lock: ## One version of each SDK crate in Cargo.lock
	@$(STEP) "lint: lock" scripts/check-lock.sh

.PHONY: lint-features
lint-features: ## The same features of every crate in binaries and tests
	@$(STEP) "lint: features" scripts/check-features.sh

.PHONY: lint-pages
lint-pages: ## Links in the pages, and the map from the paper to the code
	@$(STEP) "lint: pages" scripts/check-docs.sh

.PHONY: lint-fmt
lint-fmt: ## Formatting
	@$(STEP) "lint: fmt" cargo fmt --all --check

# Both without SKIP_WASM_BUILD: the runtime's build script runs again whenever it appears or
# vanishes, so setting it here would make lint and build undo each other's work.
.PHONY: lint-clippy
lint-clippy: setup ## Clippy, with warnings denied
	@$(STEP) "lint: clippy" $(CARGO) clippy --workspace --all-targets --profile $(PROFILE) --locked -- -D warnings

.PHONY: lint-docs
lint-docs: setup ## Links in the documentation of the code
	@RUSTDOCFLAGS="-D warnings" $(STEP) "lint: rustdoc" $(CARGO) doc --workspace --no-deps --profile $(PROFILE) --locked --quiet

.PHONY: lint-metadata
lint-metadata: setup ## miner/metadata.scale is the runtime's
	@$(STEP) "lint: metadata (build)" $(CARGO) build --workspace --profile $(PROFILE) --locked --example metadata
	@$(STEP) "lint: metadata" scripts/metadata.sh $(BIN)/examples/metadata --check

.PHONY: fmt
fmt: ## Format the code
	@cargo fmt --all

##@ Generate

.PHONY: metadata
metadata: setup ## Write miner/metadata.scale, what clients know of the chain
	@$(STEP) "metadata (build)" $(CARGO) build --workspace --profile $(PROFILE) --locked --example metadata
	@$(STEP) metadata scripts/metadata.sh $(BIN)/examples/metadata

.PHONY: chain-specs
chain-specs: build ## Write the specification of each named chain to chain-specs
	@$(BIN)/bittensor-node export-chain-spec --chain dev --raw --output chain-specs/development.json
	@$(BIN)/bittensor-node export-chain-spec --chain local --raw --output chain-specs/local.json

.PHONY: docs
docs: ## Build the book in docs/book (needs mdbook)
	@if command -v mdbook >/dev/null; then mdbook build docs; \
	else printf 'mdbook is not installed (cargo install mdbook); the pages are readable in docs/src\n'; fi
