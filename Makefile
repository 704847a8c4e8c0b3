# The verbs people type. `make` alone prints them.
#
# A fast linker needs no setting: rustc for x86_64 Linux links with its own lld. RUSTFLAGS stays
# alone as well, since changing it builds everything anew.

.DEFAULT_GOAL := help
.PHONY: help run demo show test storms check check-calendar bench chaos picture stack stack-stop clean

# Where an open shell may not look yet after rustup.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin

STACK  := deploy/local/stack
WITH   := deploy/local/with-stack
SUBAN  := $(or $(CARGO_TARGET_DIR),target)/release/suban
DATA   ?=
ROUNDS ?= 20

help: ## print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

# A past year needs a clock that has not started: a copy of its own, fresh each time.
run demo: export SUBAN_STACK := $(or $(SUBAN_STACK),$(if $(DATA),year,main))
run: prepare release ## the whole suite and a simulated city, until Ctrl-C (DATA=FILE: a year of real messages)
	@$(WITH) $(if $(DATA),--fresh) $(SUBAN) up $(if $(DATA),--data $(DATA))

demo: prepare release ## the same, ending by itself; fails if `suban check` finds anything
	@$(WITH) $(if $(DATA),--fresh) $(SUBAN) up --once $(if $(DATA),--data $(DATA))

show: export SUBAN_STACK := $(or $(SUBAN_STACK),main)
show: prepare release ## ten minutes for a visitor: his own complaint, its whole way, on a page; until Ctrl-C
	@$(WITH) $(SUBAN) up --show --tickets 120

test: export SUBAN_STACK := $(or $(SUBAN_STACK),test)
test: prepare-tests ## every test, on a stack of its own
	@deploy/local/run-tests

storms: export SUBAN_STACK := $(or $(SUBAN_STACK),test)
storms: prepare-tests release ## mass events at full size: a storm of 2,000 calls, 800 without water
	@$(WITH) --fresh cargo test --release --locked -p suban-tests --test stories storms:: -- --nocapture

check: prepare ## what must hold before a merge: format, lints, documentation
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked

check-calendar: export SUBAN_CALENDAR_PYTHON := $(CURDIR)/.local/calendar/bin/python
check-calendar: ## holidays and make-up days against an outside package (python3 with venv, PyPI)
	@python3 -m venv .local/calendar
	@$(SUBAN_CALENDAR_PYTHON) -m pip install --quiet --disable-pip-version-check chinesecalendar==1.11
	cargo test --locked -p suban-domain --test calendar -- --nocapture outside

bench: export SUBAN_STACK := $(or $(SUBAN_STACK),bench)
bench: prepare release ## the figures of docs/results.md, as JSON in .local/results
	@mkdir -p .local/results
	@$(WITH) --fresh deploy/local/run-benches $(SUBAN) .local/results

chaos: export SUBAN_STACK := $(or $(SUBAN_STACK),chaos)
chaos: prepare release ## kill processes at random under a playing city, then check (ROUNDS=20)
	@$(WITH) --fresh $(SUBAN) chaos --rounds $(ROUNDS)

picture: export SUBAN_STACK := $(or $(SUBAN_STACK),test)
picture: prepare-tests ## the pictures of docs/ (live, citizen, desk, work) anew, from a city that was just played
	cargo build --locked -p suban
	@$(WITH) --fresh env SUBAN_PICTURES=docs cargo test --locked -p suban-tests --test pages

stack: prepare ## start PostgreSQL, Redis and Kafka and leave them running (SUBAN_STACK=main)
	@$(STACK) up
	@echo 'for this shell:  eval "$$($(STACK) env)"'

stack-stop: ## stop them; their data stays
	@$(STACK) down

clean: ## stop every local copy, delete its data and everything built
	@for state in .local/*/state; do \
	  [ ! -f "$$state" ] || SUBAN_STACK=$$(basename "$$(dirname "$$state")") $(STACK) down --wipe; \
	done
	rm -rf .local
	cargo clean

.PHONY: prepare prepare-tests release
prepare:
	@deploy/prepare
prepare-tests:
	@deploy/prepare --browser
release:
	cargo build --release --locked -p suban
