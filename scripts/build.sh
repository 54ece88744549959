#!/usr/bin/env bash
# Brings the viewer of /docs and the console into public/ and builds the wasm module into build/: `build.sh dev` without wasm-opt, `build.sh
# release` with it. Does nothing when the sources are those of the last build. A release satisfies `dev` too, so what CI builds
# for its size is what the tests then run.
#
# wrangler calls this without an argument, before it serves or deploys (wrangler.toml), and says in WRANGLER_COMMAND for which. Then
# what is missing is brought, so that `wrangler dev` alone serves in a fresh clone, with secrets and a database that has its schema.
# WASM_OPT_BIN names a wasm-opt to use; without it that of the npm package does, which runs in Node and takes its time.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

mode="${1:-}"
if [ -z "$mode" ]; then
  case "${WRANGLER_COMMAND:-dev}" in dev | types) mode=dev ;; *) mode=release ;; esac
fi
case "$mode" in dev | release) ;; *) die "build.sh takes dev or release, not '$mode'" ;; esac

missing=
for tool in worker-build wasm-bindgen; do
  [ -x "$TOOLS/bin/$tool" ] || missing="$missing $tool"
done
[ -x node_modules/.bin/esbuild ] || missing="$missing packages"
if [ -n "$missing" ]; then
  [ -n "${WRANGLER_COMMAND:-}" ] || die "not there yet:$missing. Run: make setup"
  scripts/setup.sh
  # The set-up may have brought the Node that the rest runs in.
  . scripts/env.sh
fi
[ "${WRANGLER_COMMAND:-}" != dev ] || scripts/local-state.sh

# What the module is made of. Native-only inputs (tests, benches) are not part of it.
fingerprint() {
  {
    find src -type f | LC_ALL=C sort
    for file in Cargo.toml Cargo.lock rust-toolchain.toml build.rs scripts/build.sh scripts/drop-unused.mjs scripts/order-functions.mjs \
      scripts/rustc-without-places.sh \
      scripts/wasm.mjs; do
      [ ! -f "$file" ] || echo "$file"
    done
  } | tr '\n' '\0' | xargs -0 cat | sha256
  echo "$WORKER_BUILD_VERSION $WASM_BINDGEN_VERSION $WASM_TOOLCHAIN"
}

take_lock "$ROOT/.tools/.build-lock"
scripts/build-docs.sh
scripts/build-console.sh
now="$(fingerprint | sha256)"
read -r built_mode built_from 2>/dev/null < build/.stamp || { built_mode=; built_from=; }
if [ "$built_from" = "$now" ] && [ -s build/index.js ] && [ -s build/index_bg.wasm ] &&
  { [ "$built_mode" = "$mode" ] || [ "$built_mode" = release ]; }; then
  say build "build/ is up to date ($built_mode)"
  exit 0
fi

say build "wasm32, $mode"
export WASM_BINDGEN_BIN="$TOOLS/bin/wasm-bindgen"
export ESBUILD_BIN="$ROOT/node_modules/.bin/esbuild"
if [ -n "$WASM_TOOLCHAIN" ]; then
  export RUSTUP_TOOLCHAIN="$WASM_TOOLCHAIN"
fi
rm -f build/.stamp
if [ "$mode" = release ]; then
  export RUSTC_WRAPPER="$ROOT/scripts/rustc-without-places.sh"
  # SHA-256 with its rounds in a loop: 3 KB less than with each of them written out.
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS='--cfg sha2_backend_soft="compact"'
fi
# Quiet when all goes well: what it prints goes to the terminal only when it fails or is asked for with VERBOSE=1.
log="$(mktemp)"
if [ "${VERBOSE:-}" = 1 ]; then
  "$TOOLS/bin/worker-build" --release --no-opt -- --locked
elif ! "$TOOLS/bin/worker-build" --release --no-opt -- --locked > "$log" 2>&1; then
  cat "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"

# Not by worker-build, which keeps the names of functions: a tenth of what a deployment uploads. They stay in a `dev` build, for
# profiles. The features are those that worker-build gives: newer encodings would run ahead of the runtime.
#
# What counts is the gzipped size. Inlining breaks up code that is alike (smaller raw, a tenth larger gzipped). Zeros in the data cost
# next to nothing, the segments that memory-packing would make around them do. So do passes that save a few bytes here and there and make
# code that was alike differ by them: the runtime's compiler finds the same values of locals again itself, and has no use for how
# addresses are aligned. And functions whose code is alike are put beside each
# other, within the reach of gzip's window: named so that they are when they are sorted by name.
features="--enable-mutable-globals --enable-sign-ext --enable-nontrapping-float-to-int --enable-bulk-memory
  --enable-multivalue --enable-reference-types --enable-exception-handling"
wasm_opt() {
  # shellcheck disable=SC2086 # Words.
  "${WASM_OPT_BIN:-$ROOT/node_modules/.bin/wasm-opt}" build/index_bg.wasm -o build/index_bg.wasm "$@" $features
}
if [ "$mode" = release ]; then
  # shellcheck disable=SC2086
  node scripts/drop-unused.mjs build $features
  wasm_opt -g -O3 --skip-pass=inlining-optimizing --skip-pass=memory-packing --skip-pass=local-cse --skip-pass=dae-optimizing \
    --skip-pass=simplify-locals --dealign --reorder-locals
  # shellcheck disable=SC2086
  node scripts/order-functions.mjs build/index_bg.wasm "${WASM_OPT_BIN:-$ROOT/node_modules/.bin/wasm-opt}" $features
fi
echo "$mode $now" > build/.stamp
scripts/size-check.sh --print
