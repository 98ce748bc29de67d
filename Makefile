# The commands of this repository; `make` alone lists them. What a command needs and this machine lacks is
# installed or named by scripts/prepare.sh before anything is built.

# Build output lies outside the tree and is shared between checkouts: what we depend on is compiled once.
cache := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/xtrace
export CARGO_TARGET_DIR ?= $(cache)/target
# Where rustup puts cargo, also when the shell has not been told yet.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

# Cargo.lock is part of the source: a build that would change it fails.
cargo := cargo
locked := --locked

# Passed on to the program: make run ARGS="--help"
ARGS ?=

.PHONY: help run demo bench profile test soak fuzz check fmt format-check lint doc where duckdb
.PHONY: prepare-build prepare-check prepare-test prepare-profile prepare-fuzz

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Build output: $(CARGO_TARGET_DIR) (set CARGO_TARGET_DIR to change it)"

run: prepare-build ## build in release mode and start the server on the embedded store in ./xtrace-data
	$(cargo) build $(locked) --release --package xtrace
	@exec "$(CARGO_TARGET_DIR)/release/xtrace" $(ARGS)

demo: prepare-build ## fill the running server with demo data
	$(cargo) build $(locked) --release --package xtrace
	@exec "$(CARGO_TARGET_DIR)/release/xtrace" demo $(ARGS)

bench: prepare-test ## measure both engines and the server; ARGS="--help" lists the choices
	$(cargo) build $(locked) --release --package xtrace --package xtrace-bench
	@exec "$(CARGO_TARGET_DIR)/release/xtrace-bench" $(ARGS)

profile: prepare-profile ## draw flame graphs of the server writing and reading; ARGS as for bench
	$(cargo) build $(locked) --release --package xtrace --package xtrace-bench
	@exec "$(CARGO_TARGET_DIR)/release/xtrace-bench" --profile "$(CARGO_TARGET_DIR)/profile" $(ARGS)

test: prepare-test ## run all tests on both engines, the rules of the tree included; ARGS narrows them down
	@scripts/test.sh $(ARGS)

# Rounds of each test of chance.
ROUNDS ?= 200

soak: prepare-test ## run the fault suite for many rounds (ROUNDS=200): kills, torn files, two servers on one database
	@XTRACE_SOAK_ROUNDS="$(ROUNDS)" scripts/test.sh --package xtrace --test it $(ARGS)

# What to fuzz, and for how long.
TARGET ?= build
SECONDS ?= 60

fuzz: prepare-fuzz ## look for inputs that break TARGET=native_batch (a name of fuzz/fuzz_targets) for SECONDS=60
	@scripts/fuzz.sh "$(TARGET)" "$(SECONDS)"

check: format-check lint doc ## check format, lints and documentation

format-check: prepare-check
	$(cargo) fmt --all --check

lint: prepare-check ## run clippy with warnings as errors
	RUSTC_WORKSPACE_WRAPPER="$(CURDIR)/scripts/clippy-per-checkout" $(cargo) check $(locked) --workspace --all-targets

# Private items are documented, for they are what who works here looks for, and may be linked. The --cfg keeps this
# checkout's documentation apart from that of another one (see scripts/rustc-per-checkout).
doc: prepare-check ## build the documentation of our crates, broken links as errors
	RUSTDOCFLAGS="-Dwarnings -Arustdoc::private_intra_doc_links --cfg=checkout_$$(printf %s '$(CURDIR)' | cksum | cut -d' ' -f1)" \
		$(cargo) doc $(locked) --workspace --no-deps --document-private-items

fmt: prepare-check ## format the code
	$(cargo) fmt --all

where: ## print the path of the binary that `run` has built
	@echo "$(CARGO_TARGET_DIR)/release/xtrace"

duckdb: ## fetch DuckDB's prebuilt library (run, test and bench do it as well)
	@scripts/fetch-duckdb.sh

prepare-build prepare-check prepare-test prepare-profile prepare-fuzz:
	@scripts/prepare.sh $(@:prepare-%=%)
