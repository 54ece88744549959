#!/usr/bin/env bash
# Brings all that building and serving needs: the wasm32 target, worker-build, wasm-bindgen, Node and the packages of
# package-lock.json. Every step looks before it acts, so a second run only looks. What the tests need besides comes with
# scripts/setup-clients.sh and scripts/chromium.sh.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

# Cloudflare's own builds come without Rust, and ask nobody.
if [ "${WORKERS_CI:-}" = 1 ] && ! have cargo; then
  say rust "rustup, as https://rustup.rs has it"
  curl --proto '=https' --tlsv1.2 -fsS https://sh.rustup.rs | sh -s -- -y --quiet --profile minimal --default-toolchain none
  PATH="$HOME/.cargo/bin:$PATH"
fi
{ have cargo && have rustc; } || die "Rust is missing. Install rustup (https://rustup.rs) and run this again."
have cc || apt_install gcc libc6-dev || die "a C compiler is missing. On Debian: apt-get install gcc libc6-dev; on macOS: xcode-select --install"
HOST="$(rustc -vV | awk '/^host:/ { print $2 }')"
[ -n "$HOST" ] || die "rustc does not run here: rustc -vV said nothing. rust-toolchain.toml names the toolchain it wants"

mkdir -p "$TOOLS/bin" "$CACHE"

wasm_target() {
  if [ -n "$WASM_TOOLCHAIN" ]; then
    if [ -d "$(RUSTUP_TOOLCHAIN=$WASM_TOOLCHAIN rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null)" ]; then
      say wasm32 "there (toolchain $WASM_TOOLCHAIN)"
      return
    fi
    rm -f "$TOOLS/wasm-toolchain"
  fi
  # TENANTRY_WASM_FALLBACK=always takes the other way without trying this one: for its test.
  if [ "${TENANTRY_WASM_FALLBACK:-}" != always ]; then
    if [ -d "$(rustc --print target-libdir --target wasm32-unknown-unknown)" ]; then
      say wasm32 there
      return
    fi
    say wasm32 "rustup target add wasm32-unknown-unknown"
    if have rustup && rustup target add wasm32-unknown-unknown; then
      return
    fi
  fi
  say wasm32 "rustup cannot bring it here; building it from Debian's source of the standard library"
  scripts/wasm-std-fallback.sh
}

# cargo_tool CRATE BINARY VERSION: an unoptimised build of a tool, in the cache, linked from .tools/bin. They spend their time in
# files and child processes, so the half of the build time that optimising takes would never come back.
cargo_tool() {
  local place="$CACHE/$1-$3-$HOST"
  if "$TOOLS/bin/$2" --version 2>/dev/null | grep -qF "$3"; then
    say "$2" "$3 there"
    return
  fi
  if ! "$place/bin/$2" --version 2>/dev/null | grep -qF "$3"; then
    say "$2" "building $3 (once, a few minutes)"
    # Whatever shapes the project's own build has no say in how its tools are built.
    env -u CARGO_TARGET_DIR -u RUSTFLAGS -u CARGO_BUILD_TARGET \
      cargo install --locked --debug --quiet --force --bin "$2" --root "$place" "$1@$3"
  fi
  ln -sfn "$place/bin/$2" "$TOOLS/bin/$2"
  say "$2" "$3 linked"
}

node_new_enough() {
  local version
  version="$(node --version 2>/dev/null)" || return 1
  version_at_least "${version#v}" "$NODE_MINIMUM"
}

node_runtime() {
  have npm || apt_install npm || die "npm is missing. Install Node $NODE_MINIMUM or newer, with npm."
  if node_new_enough; then
    say node "$(node --version)"
    return
  fi
  local found platform
  found="$(node --version 2>/dev/null || echo none)"
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) platform=linux-x64 ;;
    Linux-aarch64) platform=linux-arm64 ;;
    *) die "Node $NODE_MINIMUM or newer is needed; found: $found" ;;
  esac
  local place="$CACHE/node-$NODE_VERSION-$platform"
  if [ ! -x "$place/node_modules/node-$platform/bin/node" ]; then
    say node "the system's ($found) is older than $NODE_MINIMUM; bringing $NODE_VERSION"
    mkdir -p "$place"
    npm install --loglevel=error --no-save --ignore-scripts --no-audit --no-fund --prefix "$place" "node-$platform@$NODE_VERSION" > /dev/null
  fi
  ln -sfn "$place/node_modules/node-$platform" "$TOOLS/node"
  PATH="$TOOLS/node/bin:$PATH"
  node_new_enough || die "the Node that npm brought does not run: $place"
  say node "$(node --version), in .tools"
}

# Whether `npm ci` or its like has put there what package-lock.json pins. Without this, `wrangler dev` in a fresh clone would take
# away the very packages that it runs from.
installed_as_locked() {
  node -e '
    const { readFileSync } = require("node:fs");
    const packages = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
    const there = packages("node_modules/.package-lock.json");
    const wanted = Object.entries(packages("package-lock.json")).filter(([name]) => name !== "");
    const isThere = ([name, { version, optional }]) => (name in there ? there[name].version === version : optional);
    process.exit(wanted.every(isThere) ? 0 : 1);
  ' 2>/dev/null &&
    node_modules/.bin/esbuild --version > /dev/null 2>&1
}

node_packages() {
  local stamp
  stamp="$( { cat package-lock.json; node --version; echo "$HOST"; } | sha256)"
  if [ "$(cat node_modules/.setup-stamp 2>/dev/null)" = "$stamp" ] || installed_as_locked; then
    say npm "packages there"
    return
  fi
  say npm "installing what package-lock.json pins"
  # Not `npm ci`: it refuses a lock file that lacks the optional package of another platform (workerd has one for each), and a
  # mirror of the registry need not have them all. This takes the lock file's versions and checksums just the same, and leaves it
  # alone. None of the packages needs an install script, so none is run.
  rm -rf node_modules
  npm install --loglevel=error --prefer-offline --no-save --ignore-scripts --no-audit --no-fund > /dev/null
  echo "$stamp" > node_modules/.setup-stamp
}

take_lock "$CACHE/locks/setup"
wasm_target
cargo_tool worker-build worker-build "$WORKER_BUILD_VERSION"
cargo_tool wasm-bindgen-cli wasm-bindgen "$WASM_BINDGEN_VERSION"
node_runtime
node_packages
if [ "${1:-}" = --with-cargo-deny ]; then
  cargo_tool cargo-deny cargo-deny "$CARGO_DENY_VERSION"
fi
