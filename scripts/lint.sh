#!/usr/bin/env bash
# What is checked without running the project: formatting, clippy for both targets (the wasm32 one with the compiler that has that
# target), licences and sources of the dependencies, landed migrations, the scripts themselves.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

step() { printf '\n== %s\n' "$*"; "$@"; }
wasm() {
  if [ -n "$WASM_TOOLCHAIN" ]; then RUSTUP_TOOLCHAIN="$WASM_TOOLCHAIN" "$@"; else "$@"; fi
}

scripts/setup.sh --with-cargo-deny
# The set-up may have brought the toolchain that the wasm32 lints run in.
. scripts/env.sh

step cargo fmt --all --check
step scripts/check-migrations.sh
step cargo clippy --locked --workspace --all-targets -- -D warnings
step wasm cargo clippy --locked --lib --target wasm32-unknown-unknown -- -D warnings
step "$TOOLS/bin/cargo-deny" --locked check --hide-inclusion-graph bans licenses sources
if have shellcheck || { [ "${CI:-}" = true ] && apt_install shellcheck; }; then
  step shellcheck -x scripts/*.sh .ci/run
else
  printf '\n== shellcheck is not installed: the scripts were not checked\n'
fi
