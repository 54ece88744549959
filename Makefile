# Everything that the project can be asked to do. The recipes are scripts/*.sh; what they need they set up themselves.
#
#   PORT, STATE_DIR     where `make dev` listens (8787) and keeps its local D1 (.wrangler/state); where `make serve` does (8787, state)
#   HOST, SECRETS       the address on which `make serve` listens (127.0.0.1), and the file of its secrets (secrets.env)
#   TO                  where `make backup` copies the data of STATE_DIR to
#   UPSTREAM_PORT       where the upstream listens that it starts beside the gate (8788)
#   SEEDS, REPLAY       which runs `make simulate` makes: seeds as in 1..10000, or the choices that a failed one has printed
#   TARGET, SECONDS     what `make fuzz` looks at (all that there is), and how long at each (60); scripts/fuzz.sh has more
#   TENANTRY_CACHE      where tools are kept between clones (~/.cache/tenantry)
#   VERBOSE=1           shows what a build prints

.DEFAULT_GOAL := help
.PHONY: help setup build build-release dev serve backup console test simulate fuzz bench pictures lint deploy clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Bring all that building and serving needs; quick when it is there
	@scripts/setup.sh

build: setup ## Build the wasm module into build/, without wasm-opt
	@scripts/build.sh dev

build-release: setup ## Build it as it is deployed, and check its size
	@scripts/build.sh release
	@scripts/size-check.sh

dev: ## Serve on http://127.0.0.1:8787 with a local D1 and an upstream to try, until interrupted
	@exec scripts/dev.sh

serve: ## Serve an installation on this machine: the release build, its data in state/
	@exec scripts/serve.sh

backup: ## Copy the data of an installation on this machine, which may be serving: TO=<a new directory>
	@scripts/with-tools.sh node scripts/backup.mjs "$${STATE_DIR:-state}" "$(TO)"

console: setup ## Serve the console on http://127.0.0.1:5173 as it is being changed, against what `make dev` serves
	@scripts/build-console.sh --types
	@exec scripts/with-tools.sh vite --config console/vite.config.mjs

test: ## Run every test; the last line says what passed
	@scripts/test.sh

simulate: ## Run chosen moves of many callers at once and look at what must hold after each; SEEDS=1..10000
	@scripts/simulate.sh

fuzz: ## Send what nobody thought of, guided by the code that it reaches, and look at what must hold; SECONDS=60
	@scripts/fuzz.sh

bench: setup ## Measure the module beside a bare worker and beside Hono; BENCH_QUICK=1 for a quick look
	@scripts/bench.sh

pictures: ## Make the README's pictures anew, from the console as it is
	@scripts/pictures.sh

lint: ## Formatting, lints for both targets, licences, landed migrations
	@scripts/lint.sh

deploy: ## Apply the migrations and deploy, after checking that the secrets exist
	@scripts/deploy.sh

clean: ## Remove what builds made here; tools and the local D1 stay
	rm -rf build target
