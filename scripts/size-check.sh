#!/usr/bin/env bash
# Prints the size of build/, wasm and JavaScript together, which is what a deployment uploads, and fails above the limit of 560 KB
# gzipped. `--print` only prints (a module without wasm-opt is larger than the one that counts).
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=env.sh
. "$(dirname "$0")/env.sh"

LIMIT_BYTES=560000

raw() { wc -c < "$1" | tr -d ' '; }
gzipped() { gzip -9 -c "$1" | wc -c | tr -d ' '; }

[ -s build/index_bg.wasm ] || die "nothing is built: make build-release"
read -r mode _ < build/.stamp || mode=unknown
wasm="$(gzipped build/index_bg.wasm)"
script="$(gzipped build/index.js)"
total=$((wasm + script))
say size "$(raw build/index_bg.wasm) bytes of wasm ($wasm gzipped), $(raw build/index.js) of JavaScript ($script gzipped); $mode"
[ "${1:-}" != --print ] || exit 0
[ "$mode" = release ] || die "the limit is for the release build: make build-release"
[ "$total" -lt "$LIMIT_BYTES" ] || die "$total bytes gzipped; the limit is $LIMIT_BYTES"
say size "$total bytes gzipped, below the limit of $LIMIT_BYTES"
