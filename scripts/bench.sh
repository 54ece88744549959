#!/usr/bin/env bash
# `make bench`: builds the three workers as they would be deployed and measures them in turns (benches/bench.mjs says how, and which
# variables shorten it). The table goes to standard output; it is kept in docs/performance.md by hand, with its machine and date.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

scripts/build.sh release
mkdir -p target/benches
# As build.sh does, for a crate of its own with a lock file of its own. What is measured alone needs no other worker.
[[ "${BENCH_ONLY:-}" =~ ^(gate|heavy|work|console)$ ]] || (
  export WASM_BINDGEN_BIN="$TOOLS/bin/wasm-bindgen" ESBUILD_BIN="$ROOT/node_modules/.bin/esbuild"
  export WASM_OPT_BIN="${WASM_OPT_BIN:-$ROOT/node_modules/.bin/wasm-opt}" CARGO_TARGET_DIR="$ROOT/target"
  [ -z "$WASM_TOOLCHAIN" ] || export RUSTUP_TOOLCHAIN="$WASM_TOOLCHAIN"
  cd benches/limit
  if [ ! -s build/index_bg.wasm ] || [ src/lib.rs -nt build/index_bg.wasm ] || [ Cargo.lock -nt build/index_bg.wasm ]; then
    say build "the limit (benches/limit)"
    "$TOOLS/bin/worker-build" --release -- --locked > "$ROOT/target/limit.log" 2>&1 ||
      { cat "$ROOT/target/limit.log" >&2; exit 1; }
  fi
)
node_modules/.bin/esbuild benches/hono/worker.ts --bundle --minify --format=esm --target=es2022 --log-level=warning \
  --outfile=target/benches/hono.js
NODE_NO_WARNINGS=1 exec node benches/bench.mjs
