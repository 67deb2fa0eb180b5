# The project's commands. Continuous integration (.ci/run) calls these and nothing else.
#
# The stamp says that node_modules is what package-lock.json names, built for this version of Node; the
# compiler keeps its own account of what it has built.

NODE_ABI := $(shell node -p process.versions.modules 2>/dev/null)
INSTALLED := node_modules/.installed-$(NODE_ABI)
VITEST := node node_modules/vitest/vitest.mjs run

.DEFAULT_GOAL := help
.PHONY: help setup build run test laws mutants conformance interop bench faults sim soak load fuzz pack fresh lint format proto reset ci

help: ## this list
	@echo "make COMMAND [ARGS=...]"
	@sed -n 's/^\([a-z]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(INSTALLED) ## install the dependencies (make does it by itself when they have changed)

$(INSTALLED): package-lock.json
	@sh scripts/check-machine.sh
	@echo "installing dependencies and compiling SQLite: about 3 minutes, once"
	@npm ci --no-progress
	@touch $@

build: $(INSTALLED) ## compile everything into dist folders, and bundle the command
	@node node_modules/typescript/bin/tsc -b
	@node scripts/bundle.mjs

run: build ## start Flagstream with demo flags (ARGS="--port-base 9000 --data DIR"); Ctrl-C stops it
	@exec node packages/cli/bin/flagstream.js dev --seed demo $(ARGS)

# NODE only from the command line: npm puts a variable of that name into its children's environment.
test: $(INSTALLED) ## run every test (ARGS="part of a file name"; NODE=24 for another Node)
ifeq ($(origin NODE),command line)
	@exec node scripts/on-node.mjs test $(NODE) $(ARGS)
else
	@exec node scripts/test.mjs $(ARGS)
endif

laws: $(INSTALLED) ## the engine's laws at full size, with their figures: some minutes (ARGS="part of a file name")
	@exec node scripts/laws.mjs $(ARGS)

mutants: $(INSTALLED) ## break the engine everywhere and name the test that notices (ARGS="part of a file name"; --fresh)
	@exec node scripts/mutants/main.mjs $(ARGS)

conformance: $(INSTALLED) ## judge by other systems' cases, in ../shared/conformance (ARGS="another folder")
	@exec node --conditions=source --import tsx test/conformance/main.ts $(ARGS)

interop: build ## run foreign clients and flagd's evaluator against us, as far as their toolchains are here
	@exec node scripts/interop.mjs $(ARGS)

bench: build ## measure, and print the figures beside a bare gRPC server's and other systems' SDKs (NODE=24 for another Node)
ifeq ($(origin NODE),command line)
	@exec node scripts/on-node.mjs bench $(NODE) $(ARGS)
else
	@exec node --conditions=source --import tsx test/bench/main.ts $(ARGS)
endif

soak: build ## what must not grow: start-up over 500,000 revisions, memory over 1,000,000 changes, ten minutes of clients that come and go (ARGS="start-up", "changes" or "clients")
	@exec node --import tsx test/soak/main.ts $(ARGS)

load: build ## ten thousand clients on one evaluator, laggards, killed nodes, ten times the load (ARGS="push --clients 1000")
	@exec node --import tsx test/load/main.ts $(ARGS)

sim: $(INSTALLED) ## simulate the whole cluster (SEED=7 replays one; SEEDS=1..1000 runs a range; ARGS=mutants hunts planted bugs)
	@exec node scripts/sim.mjs $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) $(ARGS)

faults: build ## every row of the failure table and every crash point, on real processes: some half an hour (ARGS="7 8 crash --short")
	@FLAGSTREAM_TEST_BUILT=1 exec node --conditions=source --import tsx test/faults/main.ts $(ARGS)

fuzz: build ## send hostile input to every listener, 100,000 each (SEED=7 INPUTS=2000; ARGS="evaluator --from 54" for one)
	@exec node --conditions=source --import tsx test/fuzz/main.ts $(if $(SEED),--seed $(SEED)) $(if $(INPUTS),--inputs $(INPUTS)) $(ARGS)

pack: build ## make the tarball that npm can install, and the SDK's own
	@node scripts/pack.mjs $(ARGS)
	@node scripts/pack-client.mjs $(ARGS)

fresh: ## do what a stranger does: clone, run, change a flag, stop, test
	@exec node scripts/fresh.mjs

lint: $(INSTALLED) ## formatter, linter, type checker, proto rules, house rules
	@$(VITEST) --project system test/repository

format: $(INSTALLED) ## rewrite the sources in the project's format
	@node_modules/.bin/biome check --write .

proto: $(INSTALLED) ## check proto/ and generate the code from it
	@node_modules/.bin/buf lint
	@node_modules/.bin/buf breaking --against proto/released.binpb
	@node scripts/generate.mjs

reset: ## remove ./data, all flags and their history (YES=1: without asking)
	@sh scripts/reset.sh $(YES)

ci: ## what continuous integration runs
	@exec bash .ci/run
