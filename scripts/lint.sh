#!/usr/bin/env bash
# What is checked without running the project: formatting, clippy for both targets (the wasm32 one with the compiler that has that
# target), the links in the comments of the code, licences and sources of the dependencies, landed migrations, the changelog, the types
# of the console, of the scripts and tests in JavaScript and in Python, the console's ban on what could run or keep what it must not,
# spelling, the scripts themselves.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

step() { printf '\n== %s\n' "$*"; "$@"; }
wasm() {
  if [ -n "$WASM_TOOLCHAIN" ]; then RUSTUP_TOOLCHAIN="$WASM_TOOLCHAIN" "$@"; else "$@"; fi
}

# What would let a text become a script, and what would leave something behind in a browser. The theme is the one thing that is kept.
console_bans() {
  ! grep -rnE '\{@html|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage' console/src |
    grep -v '^console/src/theme.ts:.*localStorage' | grep . >&2 || die "the console must not use these"
}
console_types() {
  scripts/build-console.sh --types
  node_modules/.bin/svelte-check --workspace console --tsconfig ./tsconfig.json --fail-on-warnings
}

scripts/setup.sh --with-cargo-deny
scripts/setup-checks.sh
# The set-up may have brought the toolchain that the wasm32 lints run in.
. scripts/env.sh

step cargo fmt --all --check
step scripts/check-migrations.sh
step node scripts/release-notes.mjs --check
step console_bans
step console_types
step node_modules/.bin/tsc --project tsconfig.json
step "$TOOLS/checks/bin/mypy"
step "$TOOLS/checks/bin/codespell"
step cargo clippy --locked --workspace --all-targets -- -D warnings
step wasm cargo clippy --locked --lib --target wasm32-unknown-unknown -- -D warnings
RUSTDOCFLAGS="-D warnings" step cargo doc --locked --workspace --no-deps --document-private-items
step "$TOOLS/bin/cargo-deny" --locked check --hide-inclusion-graph bans licenses sources
if have shellcheck || { [ "${CI:-}" = true ] && apt_install shellcheck; }; then
  step shellcheck -x scripts/*.sh .ci/run
else
  printf '\n== shellcheck is not installed: the scripts were not checked\n'
fi
