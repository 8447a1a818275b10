# `make demo` shows what Usher does. `make test` checks it. Neither needs Docker or an AWS account.

SHELL = /bin/bash
PYTHON = python3
PORT = 4566
STATE = .local
AS = admin
ROWS = 100000
TEST_PORT = 4586
TEST_STATE = .local/test
SECONDS = 60
FUZZ = import pasted
FUNCTION = Imports
SEEDS = 3000
SEED =

export USHER_PORT = $(PORT)
export USHER_STATE = $(STATE)
tool = .venv/bin/python

# nextest runs the tests in parallel processes; without it cargo runs the same ones.
nextest := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
ifeq ($(nextest),yes)
# Always the whole workspace: for a part of it cargo would choose other features and build the SDK once more.
unit_tests = cargo nextest run --workspace --cargo-profile local
build_tests = $(unit_tests) --no-run
end_to_end = cargo nextest run --workspace --cargo-profile local --run-ignored only --no-tests fail
end_to_end_tests = $(end_to_end) -E 'not test(/^end_to_end::scale::/)'
large_file_test = $(end_to_end) -E 'test(/^end_to_end::scale::ten_thousand/)'
scale_test = $(end_to_end) -E 'test(/^end_to_end::scale::every_row/)'
chaos_test = $(unit_tests) -E 'test(/^chaos::/)'
else
unit_tests = cargo test --workspace --profile local
build_tests = $(unit_tests) --no-run
end_to_end = cargo test --workspace --profile local --test it -- --ignored
end_to_end_tests = $(end_to_end) --skip end_to_end::scale::
large_file_test = $(end_to_end) end_to_end::scale::ten_thousand
scale_test = $(end_to_end) end_to_end::scale::every_row
chaos_test = cargo test --workspace --profile local --test it -- chaos::
endif

# Pinned, and installed beside the state of the local clouds. It runs on the stable toolchain, since no sanitizer is asked for.
cargo_fuzz_version := 0.13.2
cargo_fuzz := .local/tools/cargo-fuzz-$(cargo_fuzz_version)/bin/cargo-fuzz

.PHONY: help up token demo test build template unit end-to-end as-on-aws scale chaos instructions bench fuzz deployable down clean prerequisites valgrind

help:
	@echo "make up      build, start the local cloud, deploy the template, seed organisation Acme"
	@echo "make token   print the admin's bearer token, or the operator's with AS=operator"
	@echo "make demo    make up, then invite people from real files, step by step"
	@echo "make test    run all tests, in a separate local cloud"
	@echo "make scale   a file of $(ROWS) rows end to end, while workers are killed"
	@echo "make instructions  count what a start and an answer cost, against the baseline"
	@echo "make chaos   random walks with failing calls, SEEDS=$(SEEDS) of them, or one SEED"
	@echo "make bench   print the benchmark table"
	@echo "make fuzz    read random files, SECONDS=$(SECONDS) for each of FUZZ=\"$(FUZZ)\""
	@echo "make deployable  build one function as it is deployed to AWS"
	@echo "make down    stop the local cloud"
	@echo "Variables: PORT=$(PORT) STATE=$(STATE) TEST_PORT=$(TEST_PORT) PYTHON=$(PYTHON)"

up: prerequisites .venv/ready
	@$(tool) infra/local/up.py

token: .venv/ready
	@$(tool) infra/local/bearer.py $(AS)

demo: prerequisites .venv/ready
	@$(tool) infra/local/demo.py

down: .venv/ready
	@$(tool) infra/local/down.py

test:
	@.ci/stage template $(MAKE) --no-print-directory template
	@.ci/stage 'unit and stories' $(MAKE) --no-print-directory unit
	@.ci/stage 'end to end' $(MAKE) --no-print-directory end-to-end

build: prerequisites
	$(build_tests)

# The template: expanded as AWS expands it, linted, and held to its contract.
template: .venv/ready
	$(tool) infra/local/expand.py .local/expanded.json
	.venv/bin/cfn-lint template.yaml .local/expanded.json
	PYTHONPATH=infra/local $(tool) -m unittest discover --start-directory tests/template

unit: prerequisites
	$(unit_tests)

# A local cloud for the tests alone, which is stopped whether they pass or not.
with_test_cloud = trap '$(MAKE) --no-print-directory down PORT=$(TEST_PORT) STATE=$(TEST_STATE)' EXIT; \
	.ci/stage '  deploy the template' $(MAKE) --no-print-directory up PORT=$(TEST_PORT) STATE=$(TEST_STATE) && \
	export USHER_STACK=$(CURDIR)/$(TEST_STATE)/stack.json

# The large file comes last and alone: other invitations would wait behind its mails.
end-to-end: .venv/ready
	@$(with_test_cloud) && \
	.ci/stage '  as on AWS' $(MAKE) --no-print-directory as-on-aws PORT=$(TEST_PORT) STATE=$(TEST_STATE) && \
	.ci/stage '  stories' $(end_to_end_tests) && \
	.ci/stage '  file of 10,000 rows' $(large_file_test)

# Stacks beside that of a running local cloud, with the branches that AWS takes and the laptop does not.
as-on-aws: .venv/ready
	@PYTHONPATH=infra/local $(tool) -m unittest discover --start-directory tests/deployed

# Random walks with failing calls: SEEDS of them, or the one of SEED.
chaos: prerequisites
	USHER_CHAOS_SEEDS=$(SEEDS) USHER_CHAOS_SEED=$(SEED) $(chaos_test)

scale: .venv/ready
	@$(with_test_cloud) && export USHER_SCALE_ROWS=$(ROWS) && $(scale_test)

# What two functions cost as processes, held against tests/instructions.json: the programs of the local cloud, since those
# are built anyway. For those that are deployed see `make bench`. It asks for valgrind.
instructions: valgrind
	@cargo build --quiet --workspace --bins --profile local
	@AWS_LAMBDA_LOG_LEVEL=warn cargo run --quiet --profile local --bin bench instructions tests/instructions.json

# Built as it is deployed, in profiles of their own: the first time takes a quarter of an hour. It asks for valgrind.
bench: valgrind
	@cargo build --quiet --release --bin accept --bin invite
	@AWS_LAMBDA_LOG_LEVEL=warn cargo run --quiet --profile bench --bin bench

# Begins with the fixtures, and with what earlier runs found worth keeping. An input that breaks a promise is kept in
# fuzz/artifacts, and printed with the line that tries it again.
fuzz: $(cargo_fuzz)
	@for target in $(FUZZ); do \
		mkdir -p fuzz/corpus/$$target && echo "Fuzzing $$target for $(SECONDS) s" && \
		RUST_BACKTRACE=0 $(cargo_fuzz) run --sanitizer none --no-trace-compares $$target fuzz/corpus/$$target tests/fixtures -- \
			-seed=1 -max_total_time=$(SECONDS) -max_len=16384 -verbosity=0 -print_final_stats=1 || exit 1; \
	done

$(cargo_fuzz):
	@echo "Installing cargo-fuzz $(cargo_fuzz_version) (about a minute)"
	@cargo install --quiet --locked --version =$(cargo_fuzz_version) --root .local/tools/cargo-fuzz-$(cargo_fuzz_version) cargo-fuzz

# One function, by default the largest, as `sam build` makes it for AWS: to see that the tools of
# infra/requirements-aws.txt do, and how large it is. A few minutes.
deployable: .local/tools/aws/ready
	PATH="$(CURDIR)/.local/tools/aws/bin:$$PATH" SAM_CLI_TELEMETRY=0 sam build $(FUNCTION) --build-dir .local/aws --cache-dir .local/aws-cache
	@file .local/aws/$(FUNCTION)/bootstrap 2>/dev/null; ls -l .local/aws/$(FUNCTION)/bootstrap

.local/tools/aws/ready: infra/requirements-aws.txt infra/local/requirements.txt | prerequisites
	@echo "Installing what builds for AWS into .local/tools/aws (about a minute)"
	@$(PYTHON) -m venv .local/tools/aws
	@.local/tools/aws/bin/pip install --no-compile --quiet --disable-pip-version-check --requirement $<
	@touch $@

clean: down
	rm -rf .local .venv target fuzz/target fuzz/corpus fuzz/artifacts

valgrind:
	@command -v valgrind >/dev/null || { echo "Missing: valgrind, which counts instructions (Debian, Ubuntu: sudo apt install valgrind)"; exit 1; }

prerequisites:
	@command -v $(PYTHON) >/dev/null || { echo "Missing: Python 3.11 or newer, here as $(PYTHON)"; exit 1; }
	@$(PYTHON) infra/local/prerequisites.py

.venv/ready: infra/local/requirements.txt | prerequisites
	@echo "Installing the local cloud's tools into .venv (about a minute)"
	@$(PYTHON) -m venv .venv
	@.venv/bin/pip install --no-compile --quiet --disable-pip-version-check --requirement $<
	@touch $@
