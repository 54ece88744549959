# shellcheck shell=bash disable=SC2034
# Where everything lives and which versions are used. Sourced by every script in this directory, never run.
#
# `.tools/` in the checkout holds links to what the set-up brought: bin/ (worker-build, wasm-bindgen, cargo-deny), node/ (where
# the system's Node is too old) and clients/ (Python environments). The things themselves live outside the checkout, each in a
# directory named after its version, so that a second clone - a clean one in CI, a work tree - finds them built:
#
#   TENANTRY_CACHE   default ${XDG_CACHE_HOME:-~/.cache}/tenantry; deleting it is safe, the next set-up fills it again
#
# Works with the bash 3.2 that macOS ships.

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
cd "$ROOT" || exit 1

TOOLS="$ROOT/.tools"
CACHE="${TENANTRY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/tenantry}"
STATE_DIR="${STATE_DIR:-.wrangler/state}"

# worker-build is published beside the crate `worker` and wasm-bindgen's CLI must be the very version of its crate, so both
# follow the lock file and cannot drift from it.
locked_version() {
  awk -v want="name = \"$1\"" '$0 == want { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock
}
WORKER_BUILD_VERSION="$(locked_version worker)"
WASM_BINDGEN_VERSION="$(locked_version wasm-bindgen)"
CARGO_DENY_VERSION=0.20.2
NODE_MINIMUM=22.12.0        # what wrangler and Miniflare ask for in their `engines`
NODE_VERSION="$(cat .node-version)" # brought on Linux where the system's is older

# Local development needs neither an account nor the internet: no metrics, no banner (which asks for the newest version), no
# download of the `cf` object, no registry of other local workers outside the state directory.
export WRANGLER_SEND_METRICS=false
export WRANGLER_HIDE_BANNER=true
export CLOUDFLARE_CF_FETCH_ENABLED=false
export WRANGLER_LOG_PATH="$ROOT/.wrangler/logs"

# Where rustup has just been brought, in Cloudflare's own builds, no profile has been read since.
if [ "${WORKERS_CI:-}" = 1 ]; then
  PATH="$HOME/.cargo/bin:$PATH"
fi
if [ -x "$TOOLS/node/bin/node" ]; then
  PATH="$TOOLS/node/bin:$PATH"
fi
# scripts/wasm-std-fallback.sh leaves here the name of the toolchain that has the wasm32 library, where rustup could not add it.
WASM_TOOLCHAIN=
if [ -s "$TOOLS/wasm-toolchain" ]; then
  WASM_TOOLCHAIN="$(cat "$TOOLS/wasm-toolchain")"
  # That compiler comes without a linker for wasm; the ordinary toolchain's serves.
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$(rustc --print sysroot)/lib/rustlib/$(rustc -vV | awk '/^host:/ { print $2 }')/bin/rust-lld"
  export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER
fi
export PATH

say() { printf '%-14s %s\n' "$1" "$2"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" = 0 ]; }

# Prints the SHA-256 of standard input.
sha256() {
  if have sha256sum; then sha256sum | cut -d' ' -f1; else shasum -a 256 | cut -d' ' -f1; fi
}

# version_at_least HAVE WANT: compares dotted numbers.
version_at_least() {
  awk -v have="$1" -v want="$2" 'BEGIN {
    split(have, h, "."); split(want, w, ".")
    for (i = 1; i <= 3; i++) { if (h[i] + 0 > w[i] + 0) exit 0; if (h[i] + 0 < w[i] + 0) exit 1 }
  }'
}

# Installs Debian packages where that needs no question; fails where it cannot.
apt_install() {
  if ! have apt-get || ! is_root; then return 1; fi
  DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# find_python MINIMUM: a Python at least so new that can make virtual environments, as `python`, and its `version`; pip asks nothing
# from then on.
find_python() {
  have python3 || apt_install python3 || die "python3 is missing ($1 or newer)"
  python="$(command -v python3)"
  version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
  version_at_least "$version" "$1" || die "python3 is $version; $1 or newer is needed"
  "$python" -c 'import venv, ensurepip' 2>/dev/null || apt_install python3-venv ||
    die "python3 cannot make virtual environments. On Debian: apt-get install python3-venv"
  export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1
}

# take_lock DIRECTORY: waits until no other living process holds it; released when the script ends. A directory, since creating
# one is atomic everywhere and macOS has no flock.
HELD_LOCK=
take_lock() {
  mkdir -p "$(dirname "$1")"
  local told=
  while ! mkdir "$1" 2>/dev/null; do
    local holder
    holder="$(cat "$1/pid" 2>/dev/null || true)"
    if [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; then
      rm -rf "$1"
      continue
    fi
    [ -n "$told" ] || { say waiting "for another set-up or build (process ${holder:-unknown})"; told=yes; }
    sleep 1
  done
  echo "$$" > "$1/pid"
  HELD_LOCK="$1"
  trap release_lock EXIT
}
release_lock() {
  [ -z "$HELD_LOCK" ] || rm -rf "$HELD_LOCK"
  HELD_LOCK=
}
