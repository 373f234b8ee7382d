# Every command of the project. `make` alone lists them.
#
#   CARGO_TARGET_DIR=DIR   where cargo builds (default: target)
#   CARGO_BUILD_JOBS=N     parallel jobs (default: cores + 1)
#   SECONDS=N              make run, make localnet: stop after N seconds; make soak: each of its two parts
#
# Runs and tests write reports and logs to target/run of the checkout, wherever cargo builds.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))
# Bash has a variable of this name.
unexport SECONDS

CARGO := scripts/cargo.sh
# `cargo test` with a filter that must match.
CARGO_TEST := scripts/cargo-test.sh
STEP := scripts/step.sh
# The one profile of run, test and lint, so that nothing is compiled twice.
PROFILE := fast
BIN := $(CARGO_TARGET_DIR)/$(PROFILE)
RUN := $(CURDIR)/target/run
BENCH := $(CURDIR)/target/bench
# Where `bittensor-miner fetch` puts things.
CACHE := $(or $(BITTENSOR_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bittensor)
# A separate target folder for the runtime with benchmarks, so that the others are not rebuilt.
WEIGHTS := $(CARGO_TARGET_DIR)/weights
CONTENDERS := $(BENCH)/venv/bin/python
# Python with JAX.
LEARNER := $(BENCH)/learning/bin/python
PY_VENV := $(CURDIR)/target/py/venv

# cargo-nextest, if it is installed, runs the tests of all crates in parallel.
ifneq ($(shell command -v cargo-nextest),)
UNIT_TESTS = nextest run --workspace --locked --cargo-profile $(PROFILE) -E 'not package(bittensor-e2e)'
E2E_TESTS = nextest run --workspace --locked --cargo-profile $(PROFILE) --profile e2e -E 'package(bittensor-e2e)'
FAULT_TESTS = nextest run --workspace $(UPGRADE) --locked --cargo-profile $(PROFILE) --profile faults --run-ignored all
else
UNIT_TESTS = test --workspace --exclude bittensor-e2e --locked --profile $(PROFILE) --lib --bins --tests
E2E_TESTS = test --workspace --locked --profile $(PROFILE) --examples --test network -- --test-threads 1
FAULT_TESTS = test --workspace $(UPGRADE) --locked --profile $(PROFILE) --test network -- --test-threads 1 \
	--include-ignored --nocapture faults:: offence:: partition:: stall:: upgrade::
endif

# The next version of the runtime, for the test that upgrades to it.
UPGRADE := --features bittensor-next-runtime/std
# The program that writes chains with many components.
LARGE_CHAINS := build --workspace --profile $(PROFILE) --locked --bin bench-chain

# The compressed runtime of a profile.
RUNTIME_FILE := wbuild/bittensor-runtime/bittensor_runtime.compact.compressed.wasm
# Signs over the hash of the metadata of the runtime in the file RUNTIME.
HASH_TEST = --workspace --locked --profile $(PROFILE) --test runtime -- --ignored --nocapture metadata_hash

.PHONY: help
help: ## List the targets
	@printf 'Usage: make TARGET\n\n'
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z0-9-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n'

##@ Build and run

.PHONY: setup
setup: ## Install missing packages (as root or with CI=true; otherwise print the command)
	@scripts/setup.sh

.PHONY: build
build: setup ## Build the node, the miner and the local network
	@$(STEP) build $(CARGO) build --workspace --profile $(PROFILE) --locked \
		--bin bittensor-node --bin bittensor-miner --bin localnet --example solve

.PHONY: run
run: build ## Start a local chain with six miners; SECONDS=n stops after n seconds
	@mkdir -p $(RUN)
	@$(BIN)/localnet $(if $(SECONDS),--seconds $(SECONDS)) --out $(RUN)

.PHONY: localnet
localnet: build ## Start four validators at fixed ports, and print the line that joins a fifth node
	@$(BIN)/localnet --validators $(if $(SECONDS),--seconds $(SECONDS)) --out $(CURDIR)/target/localnet

.PHONY: production
production: setup ## Build the node and the miner for deployment (slow)
	@$(STEP) production scripts/production.sh build --workspace --bin bittensor-node --bin bittensor-miner
	@RUNTIME=$(CARGO_TARGET_DIR)/production/$(RUNTIME_FILE) $(STEP) "production: metadata hash" $(CARGO_TEST) $(HASH_TEST)
	@printf 'Binaries: %s\n' $(CARGO_TARGET_DIR)/production

.PHONY: reproduce
reproduce: setup ## Build the runtime of production twice from nothing, compare, and print its hashes (slow)
	@$(STEP) reproduce scripts/reproduce.sh $(CARGO_TARGET_DIR)/reproduce
	@RUNTIME=$(CARGO_TARGET_DIR)/reproduce/first/production/$(RUNTIME_FILE) \
		$(STEP) "reproduce: metadata hash" $(CARGO_TEST) $(HASH_TEST)

.PHONY: clean
clean: ## Remove build outputs, and the reports and logs of runs
	@$(CARGO) clean
	@rm -rf target/run e2e/js/node_modules docs/book

##@ Test

.PHONY: test
test: test-unit test-try-runtime test-doc test-digests test-models test-e2e test-js test-py test-bench experiment-quick test-run ## Run every test, and a local network for two minutes

.PHONY: test-unit
test-unit: setup ## Run the tests of every crate but e2e
	@# Tensors are computed on one thread, as in a miner.
	@RAYON_NUM_THREADS=1 $(STEP) test-unit $(CARGO) $(UNIT_TESTS)

# The feature is one of most crates of the runtime, which are compiled once more: minutes, once.
.PHONY: test-try-runtime
test-try-runtime: setup ## Run the checks of all pallets over blocks, upgrades and damaged states
	@SKIP_WASM_BUILD=1 $(STEP) test-try-runtime $(CARGO_TEST) --workspace --features bittensor-runtime/try-runtime \
		--locked --profile $(PROFILE) --test runtime try_runtime::

.PHONY: test-doc
test-doc: setup ## Run the examples in the documentation of the code
	@$(STEP) test-doc $(CARGO) test --doc --workspace --locked --profile $(PROFILE)

.PHONY: test-digests
test-digests: setup ## Check the engine's pinned results in a debug and a release build
	@$(STEP) "test-digests (debug)" $(CARGO_TEST) -p bittensor-contribution --locked --test engine digests
	@$(STEP) "test-digests (release)" $(CARGO_TEST) -p bittensor-contribution --locked --release --test engine digests

# The smaller ones of the pretrained models; the tests of the others run where they have been fetched.
MODELS := textgenrnn use-v3

.PHONY: test-models
test-models: build ## Fetch two pretrained models, and compare their vectors with those of the reference implementations
	@$(STEP) "test-models: fetch" $(BIN)/bittensor-miner fetch $(MODELS) --cache-dir $(CACHE)
	@BITTENSOR_REQUIRED_MODELS="$(MODELS)" $(STEP) test-models $(CARGO_TEST) --workspace --locked --profile $(PROFILE) \
		--test nucleus pretrained::

.PHONY: test-bench
test-bench: build bench-tools bench-contenders bench-learner ## Test the contenders, and run each benchmark with a small input
	@$(STEP) test-contenders $(CONTENDERS) -B bench/contribution/contenders/test_contenders.py
	@$(STEP) "bench-contribution --quick" $(BIN)/bench-contribution --quick --python $(CONTENDERS) \
		--out $(BENCH)/quick/contribution.json
	@$(STEP) "bench-chain --quick" $(BIN)/bench-chain --quick --out $(BENCH)/quick/chain.json \
		--work $(BENCH)/quick/chain
	@$(STEP) "bench-miner --quick" $(BIN)/bench-miner --quick --python $(LEARNER) --out $(BENCH)/quick/miner.json

.PHONY: test-e2e
test-e2e: build ## Run the tests over real nodes and miners
	@$(STEP) test-e2e $(CARGO) $(E2E_TESTS)

.PHONY: test-faults
test-faults: build ## Do to four validators all that the tests know, also what takes long, and say how long recovery took
	@$(STEP) "test-faults: large chains" $(CARGO) $(LARGE_CHAINS)
	@$(STEP) test-faults $(CARGO) $(FAULT_TESTS)

.PHONY: test-js
test-js: build ## Run the JavaScript clients against a node (needs Node.js)
	@[ e2e/js/node_modules/.package-lock.json -nt e2e/js/package-lock.json ] || \
		$(STEP) "test-js: install" npm ci --prefix e2e/js --no-audit --no-fund --loglevel error
	@NODE_BIN=$(BIN)/bittensor-node $(STEP) test-js npm test --silent --prefix e2e/js

.PHONY: test-py
test-py: build ## Run substrate-interface against a node (needs Python 3.10 to 3.13)
	@$(STEP) "test-py: install" bench/contribution/contenders/setup.sh $(PY_VENV) e2e/py/requirements.txt
	@NODE_BIN=$(BIN)/bittensor-node $(STEP) test-py $(PY_VENV)/bin/python -B e2e/py/test_chain.py

.PHONY: test-run
test-run: build ## Run a local network for two minutes, check its report, and that every panel of the dashboard shows it
	@$(STEP) "run SECONDS=120" ops/grafana/record.py $(RUN) $(MAKE) run SECONDS=120

.PHONY: parity
parity: setup ## Compare fetched pretrained models with their reference implementations (needs Python 3.11 to 3.13)
	@$(STEP) "parity: build" $(CARGO) build --workspace --profile $(PROFILE) --locked --example pretrained
	@$(STEP) "parity: Python" bench/contribution/contenders/setup.sh $(BENCH)/parity bench/parity/requirements.txt
	@$(STEP) parity $(BENCH)/parity/bin/python -B bench/parity/parity.py $(BIN)/examples/pretrained

##@ Measure

.PHONY: bench-contribution
bench-contribution: bench-tools bench-contenders ## Measure the engine and its contenders (about 11 minutes)
	@$(STEP) bench-contribution $(BIN)/bench-contribution --python $(CONTENDERS)

.PHONY: bench-chain
bench-chain: build bench-tools ## Measure epochs of up to 65,536 components on a node (90 minutes)
	@$(STEP) bench-chain $(BIN)/bench-chain

.PHONY: soak
soak: build bench-tools ## Run four validators for SECONDS (600) without load, then under it; report slots, finality, growth
	@$(STEP) soak $(BIN)/bench-chain --soak $(or $(SECONDS),600) --components 4096 --out $(BENCH)/soak.json

.PHONY: bench-miner
bench-miner: bench-tools bench-learner ## Measure training beside JAX, and the overhead of attribution (a minute)
	@$(STEP) bench-miner $(BIN)/bench-miner --python $(LEARNER)

.PHONY: bench-tools
bench-tools: setup
	@mkdir -p $(BENCH)/quick
	@$(STEP) "bench: native contenders" $(CARGO) build -p bittensor-bench-native --release --locked
	@$(STEP) "bench: build" $(CARGO) build --workspace --profile $(PROFILE) --locked \
		--bin bench-contribution --bin bench-chain --bin bench-miner

.PHONY: bench-contenders
bench-contenders: setup
	@$(STEP) "bench: Python contenders" bench/contribution/contenders/setup.sh $(BENCH)/venv

.PHONY: bench-learner
bench-learner: setup
	@$(STEP) "bench: JAX" bench/contribution/contenders/setup.sh $(BENCH)/learning \
		bench/miner/contenders/requirements.txt

.PHONY: weights
weights: weights-tools ## Measure the weights of calls and steps, and write runtime/src/weights
	@$(STEP) weights scripts/weights.sh $(BIN)/bench-weights \
		$(WEIGHTS)/$(PROFILE)/wbuild/bittensor-runtime/bittensor_runtime.wasm runtime/src/weights

.PHONY: weights-tools
weights-tools: setup
	@CARGO_TARGET_DIR=$(WEIGHTS) $(STEP) "weights: runtime" $(CARGO) build -p bittensor-runtime \
		--features runtime-benchmarks --profile $(PROFILE) --locked --lib
	@# The tool depends on a test runtime of the SDK that does not compile outside of the SDK and is
	@# not needed here.
	@SKIP_WASM_BUILD=1 $(STEP) "weights: tool" $(CARGO) build --workspace --profile $(PROFILE) --locked \
		--bin bench-weights --features bittensor-bench-weights/cli

# `make experiment RESULTS=experiments/results` runs what the committed results lack, into them.
RESULTS := $(RUN)/experiments

.PHONY: experiment
experiment: build experiment-tools ## Run the experiments of the book on the fetched corpora, and compare (about 90 minutes on two cores)
	@$(STEP) fetch $(BIN)/bittensor-miner fetch corpora --cache-dir $(CACHE)
	@$(STEP) experiment $(BIN)/experiments run experiments/configs/members.toml experiments/configs/sweep.toml \
		experiments/configs/bids.toml experiments/configs/run.toml --corpus $(CACHE)/corpora --prune --results $(RESULTS)
	@$(STEP) fetch-models $(BIN)/bittensor-miner fetch use-v3 minilm-l6 glove-50 --cache-dir $(CACHE)
	@$(STEP) experiment-inputs $(BIN)/experiments inputs experiments/configs/inputs.toml --corpus $(CACHE)/corpora \
		--models $(CACHE) --results $(RESULTS)
	@$(STEP) experiment-results $(BIN)/experiments write --results $(RESULTS)
	@$(BIN)/experiments check --results $(RESULTS)
	@$(BIN)/experiments compare --results $(RESULTS)

.PHONY: experiment-network
experiment-network: build experiment-tools ## Run the experiment of section 9 over real processes, and draw the dashboard (20 minutes)
	@$(STEP) fetch $(BIN)/bittensor-miner fetch models corpora evaluation --cache-dir $(CACHE)
	@$(STEP) experiment-network ops/grafana/record.py $(RUN)/network $(BIN)/localnet \
		--cast experiments/configs/network.toml --seconds 900 --corpus $(CACHE)/corpora --out $(RUN)/network
	@$(STEP) "dashboard: Python" bench/contribution/contenders/setup.sh $(BENCH)/dashboard ops/grafana/requirements.txt
	@$(STEP) dashboard $(BENCH)/dashboard/bin/python -B ops/grafana/draw.py $(RUN)/network docs/src/guides/dashboard.svg
	@$(STEP) experiment-similarity scripts/similarity.sh $(BIN)/bittensor-miner $(RUN)/network $(CACHE)/corpora $(CACHE)
	@$(BIN)/experiments network $(RUN)/network

.PHONY: experiment-quick
experiment-quick: experiment-tools ## Run a short experiment on the corpus of the repository
	@$(STEP) experiment-quick $(BIN)/experiments run experiments/configs/quick.toml --results $(RUN)/experiment
	@$(BIN)/experiments write --results $(RUN)/experiment
	@$(BIN)/experiments compare --results $(RUN)/experiment --with $(RUN)/experiment

.PHONY: experiment-tools
experiment-tools: setup
	@$(STEP) experiment-tools $(CARGO) build --workspace --profile $(PROFILE) --locked --bin experiments

##@ Lint

.PHONY: lint
lint: lint-lock lint-features lint-fmt lint-toml lint-typos lint-shell lint-sizes lint-deny lint-pages lint-ops lint-clippy lint-docs ## Run every check that is not a test

.PHONY: lint-lock
lint-lock: ## Check that Cargo.lock has one version of each SDK crate
	@$(STEP) "lint: lock" scripts/check-lock.sh

.PHONY: lint-features
lint-features: ## Check that tests do not change the features of the binaries' crates
	@$(STEP) "lint: features" scripts/check-features.sh

.PHONY: lint-fmt
lint-fmt: setup ## Check the format of Rust files
	@$(STEP) "lint: fmt" $(CARGO) fmt --all --check

.PHONY: lint-toml
lint-toml: ## Check the format of TOML files
	@RUST_LOG=warn $(STEP) "lint: toml" scripts/tool.sh taplo fmt --check

.PHONY: lint-typos
lint-typos: ## Check the spelling
	@$(STEP) "lint: typos" scripts/tool.sh typos

.PHONY: lint-shell
lint-shell: ## Check shell scripts
	@$(STEP) "lint: shell" scripts/tool.sh shellcheck --severity warning .ci/run \
		$$(git ls-files --cached --others --exclude-standard -- '*.sh')

.PHONY: lint-deny
lint-deny: ## Check the licences and sources of dependencies
	@$(STEP) "lint: deny" scripts/check-deny.sh

.PHONY: lint-sizes
lint-sizes: ## Check that no file has more than 500 lines
	@$(STEP) "lint: sizes" scripts/check-sizes.sh

.PHONY: lint-pages
lint-pages: ## Build the book, and check links and the map from the paper to the code
	@$(STEP) "lint: pages" scripts/check-docs.sh

.PHONY: lint-ops
lint-ops: ## Check the alerts, the dashboard, the service units and the Dockerfile in ops
	@$(STEP) "lint: ops" scripts/check-ops.sh

# Clippy and rustdoc run without SKIP_WASM_BUILD: if it were set here, lint and build would each
# rerun the runtime's build script after the other.
.PHONY: lint-clippy
lint-clippy: setup ## Run clippy; warnings are errors
	@$(STEP) "lint: clippy" $(CARGO) clippy --workspace --all-targets --profile $(PROFILE) --locked -- -D warnings

.PHONY: lint-docs
lint-docs: setup ## Check links in the documentation of the code
	@RUSTDOCFLAGS="-D warnings" $(STEP) "lint: rustdoc" $(CARGO) doc --workspace --no-deps --profile $(PROFILE) --locked --quiet

.PHONY: fmt
fmt: ## Format Rust and TOML files
	@$(CARGO) fmt --all
	@RUST_LOG=warn scripts/tool.sh taplo fmt

.PHONY: pr
pr: lint test ## Run what CI runs: do this before you open a pull request

##@ Generate

.PHONY: metadata
metadata: setup ## Write client/metadata.scale, which the tests of the client read
	@$(STEP) "metadata (build)" $(CARGO) build --workspace --profile $(PROFILE) --locked --example metadata
	@$(STEP) metadata $(BIN)/examples/metadata client/metadata.scale

.PHONY: chain-specs
chain-specs: build ## Write the plain and the raw specification of each built-in chain to chain-specs
	@$(BIN)/bittensor-node export-chain-spec --chain dev --output chain-specs/development.json
	@$(BIN)/bittensor-node export-chain-spec --chain dev --raw --output chain-specs/development-raw.json
	@$(BIN)/bittensor-node export-chain-spec --chain local --output chain-specs/local.json
	@$(BIN)/bittensor-node export-chain-spec --chain local --raw --output chain-specs/local-raw.json
	@$(BIN)/bittensor-node export-chain-spec --chain testnet --output chain-specs/testnet.json
	@$(BIN)/bittensor-node export-chain-spec --chain testnet --raw --output chain-specs/testnet-raw.json

.PHONY: docs
docs: ## Build the book in docs/book
	@scripts/tool.sh mdbook build docs
